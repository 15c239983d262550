//! Server-sent events: hints that something changed, pushed to whoever listens. Never acted on without a signed read,
//! so a stream may end at any time and lose nothing: the listener resumes by `Last-Event-ID`.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use ccc_protocol::bodies::Hint;
use hyper::body::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::{interval, sleep},
};

use crate::{
    desk::Hints,
    keyring::{Keyring, Known},
    shares::Place,
};

/// The body of an event stream: pieces of whole events. It ends when its [`pump`] does.
#[derive(Debug)]
pub struct EventStream(mpsc::Receiver<Bytes>);

/// Until when a stream lives.
#[derive(Debug)]
pub(crate) struct Term {
    /// Who listens: the stream ends when the secrets file says something else about them.
    pub user: Arc<Known>,
    pub keys: watch::Receiver<Arc<Keyring>>,
    /// The listener's place: held for the stream's life, given back by its drop.
    pub _place: Place,
    pub lifetime: Duration,
}

/// How many pieces may wait for a slow listener before its stream ends.
const PIECES_WAITING_MAX: usize = 64;
/// From how many bytes on a piece takes no further event. Events that come together are one piece.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// How often a stream says that it is alive: a console tells its person after a few seconds of silence. It also finds out whether the
/// listener is.
const BEAT: Duration = Duration::from_secs(2);

/// A comment line, which listeners pass over.
const ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// Starts a stream of these hints.
#[must_use]
pub(crate) fn stream(hints: Hints, term: Term) -> EventStream {
    let (events, stream) = mpsc::channel(PIECES_WAITING_MAX);
    tokio::spawn(pump(hints, term, events));
    EventStream(stream)
}

impl EventStream {
    /// The next piece, which holds one event or more that came together.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.poll_recv(cx)
    }
}

/// Passes hints on until the listener is gone, too slow, or no longer who it was.
async fn pump(mut hints: Hints, mut term: Term, events: mpsc::Sender<Bytes>) {
    let mut beat = interval(BEAT);
    let mut end = std::pin::pin!(sleep(term.lifetime));
    loop {
        let next = tokio::select! {
            () = events.closed() => return,
            () = &mut end => return,
            changed = term.keys.changed() => match changed {
                Ok(()) if term.user_is_unchanged() => continue,
                _ => return,
            },
            _ = beat.tick() => ALIVE,
            hint = hints.next() => match hint {
                Some(hint) => piece(&hint, &mut hints),
                None => return,
            },
        };
        if events.try_send(next).is_err() {
            return;
        }
    }
}

impl Term {
    fn user_is_unchanged(&mut self) -> bool {
        self.keys.borrow_and_update().holds(&self.user)
    }
}

/// This hint, and those that came with it.
fn piece(first: &Hint, hints: &mut Hints) -> Bytes {
    let mut piece = event(first);
    while piece.len() < PIECE_BYTES_MAX
        && let Some(hint) = hints.next_here()
    {
        piece.push_str(&event(&hint));
    }
    Bytes::from(piece)
}

fn event(hint: &Hint) -> String {
    let data = serde_json::to_string(hint).unwrap_or_default();
    format!("id: {}\ndata: {data}\n\n", hint.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_data_under_its_sequence() {
        let hint = Hint { seq: 7, kind: "approved\nid: 9".into(), id: None };
        let text = event(&hint);
        assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), 2, "{text}");
        assert!(text.starts_with("id: 7\ndata: {") && text.ends_with("}\n\n"));
    }
}
