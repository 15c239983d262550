//! The event stream: hints that something changed, never acted on without a
//! signed read.

use std::time::Duration;

use ccc_protocol::bodies::Hint;

use crate::answer;
use crate::bridge::{Bridge, Tries};
use crate::connection::{Broken, EndlessBody};
use crate::error::CallError;
use crate::request::{Request, deadline_after};
use crate::sse::{self, Events};
use crate::timed::Patience;

/// The most bytes of one event.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where to resume after it.
    pub id: Option<u64>,
    /// What it hints at.
    pub hint: Hint,
}

/// What a stream sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// The server is there, and nothing happened.
    Alive,
    /// Something did.
    Event(Event),
}

/// An open event stream, whose head was proved to come from the server.
#[derive(Debug)]
pub struct EventStream {
    events: Events<EndlessBody>,
    address: String,
}

impl Bridge {
    /// Opens the event stream after the event `last_id`. It ends after an hour
    /// at the latest; opening another one is the caller's.
    ///
    /// # Errors
    /// When no head came that can be believed, or the stream is refused.
    pub fn events(&self, last_id: Option<u64>) -> Result<EventStream, CallError> {
        let mut tries = Tries::default();
        loop {
            let request = Request { last_event_id: last_id, ..Request::get("/events", deadline_after(None)) };
            let mut connection = self.connect(request.deadline)?;
            let (head, framing, signed) = self.exchange(&mut connection, &request)?;
            if head.status == 200 {
                self.believe_stream(&head, &signed)?;
                let events = Events::new(connection.into_body(framing), EVENT_BYTES_MAX);
                return Ok(EventStream { events, address: self.address().to_string() });
            }
            let body = connection.read_body(framing, request.deadline).map_err(|broken| self.no_answer(broken))?;
            let (answer, verified) = self.believe(&head, body, &signed)?;
            if !self.mend_clock(&request, &head, &answer, verified, &mut tries)? {
                return Err(answer.problem().map_or_else(CallError::malformed_problem, CallError::refused));
            }
        }
    }
}

impl EventStream {
    /// The next event, or nothing when the stream has ended. A server sends
    /// something from time to time even when nothing happens, so `silence` is
    /// how long the line may be still.
    ///
    /// # Errors
    /// When the connection is lost or still for too long, or what comes is not
    /// an event. The stream is over then.
    pub fn next(&mut self, silence: Duration) -> Result<Option<Event>, CallError> {
        loop {
            match self.next_sign(silence)? {
                Some(Sign::Alive) => {}
                Some(Sign::Event(event)) => return Ok(Some(event)),
                None => return Ok(None),
            }
        }
    }

    /// The next event or sign of life, or nothing when the stream has ended.
    ///
    /// # Errors
    /// As [`EventStream::next`].
    pub fn next_sign(&mut self, silence: Duration) -> Result<Option<Sign>, CallError> {
        self.events.get_mut().get_mut().get_mut().patience = Patience::Still(silence);
        let event = self.events.read_sign().map_err(|error| Broken::from(error).into_error(&self.address))?;
        Ok(match event {
            Some(event) if event.data.is_empty() => Some(Sign::Alive),
            Some(event) => Some(Sign::Event(read_event(&event)?)),
            None => None,
        })
    }
}

fn read_event(event: &sse::Event) -> Result<Event, CallError> {
    let hint = answer::body(&event.data).map_err(|error| CallError::malformed(error.to_string()))?;
    let id = event.id.as_deref().and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
    Ok(Event { id, hint })
}

#[cfg(test)]
mod tests {
    use super::read_event;
    use crate::sse;

    #[test]
    fn an_event_is_a_hint() {
        let event =
            |id: &str, data: &[u8]| read_event(&sse::Event { id: Some(id.as_bytes().to_vec()), data: data.to_vec() });
        let hint = br#"{"seq":42,"kind":"queued","id":null}"#;
        let read = event("42", hint).unwrap();
        assert_eq!((read.id, read.hint.seq, read.hint.kind.as_str()), (Some(42), 42, "queued"));
        assert_eq!(event("x", hint).unwrap().id, None);
        assert!(event("1", b"{").is_err());
        assert!(event("1", b"\xff").is_err());
    }
}
