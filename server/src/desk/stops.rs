//! The way to what runs, for whoever wants it to end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ccc_protocol::TicketId;
use tokio::sync::watch;

use crate::exec::Stop;

/// Every run under way, by its ticket.
#[derive(Debug, Clone, Default)]
pub(super) struct Stops(Arc<Mutex<HashMap<TicketId, watch::Sender<Option<String>>>>>);

impl Stops {
    /// A run begins; the word to end it comes here until [`Stops::over`].
    pub(super) fn begin(&self, id: TicketId) -> Stop {
        let (ends, stop) = watch::channel(None);
        self.runs().insert(id, ends);
        Stop::when(stop)
    }

    /// Ends this run, for this reason, where it still runs.
    pub(super) fn stop(&self, id: TicketId, reason: String) {
        if let Some(ends) = self.runs().get(&id) {
            ends.send_replace(Some(reason));
        }
    }

    /// Ends every run, for this reason.
    pub(super) fn stop_all(&self, reason: &str) {
        for ends in self.runs().values() {
            ends.send_replace(Some(reason.to_owned()));
        }
    }

    /// The run has ended.
    pub(super) fn over(&self, id: TicketId) {
        self.runs().remove(&id);
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<TicketId, watch::Sender<Option<String>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
