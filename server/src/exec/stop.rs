//! The word to end a run before its time.

use tokio::sync::watch;

/// Where that word comes, with its reason.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<String>>);

impl Stop {
    /// Comes when this says why.
    #[must_use]
    pub fn when(reason: watch::Receiver<Option<String>>) -> Self {
        Self(reason)
    }

    /// A word that never comes.
    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self(watch::channel(None).1)
    }

    /// Waits for the word. Where nobody can give it any more, for ever.
    pub(super) async fn comes(&mut self) -> String {
        match self.0.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            _ => std::future::pending().await,
        }
    }

    /// The word, where it has come already.
    pub(super) fn has_come(&self) -> Option<String> {
        self.0.borrow().clone()
    }
}
