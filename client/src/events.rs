//! The event stream: hints that something changed, never acted on without a
//! signed read.

use std::time::{Duration, Instant};

use ccc_protocol::bodies::Hint;

use crate::answer;
use crate::bridge::{Bridge, Tries};
use crate::connection::{BodyPart, Connection};
use crate::error::CallError;
use crate::request::{Request, deadline_after};

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

/// An open event stream, whose head was proved to come from the server.
#[derive(Debug)]
pub struct EventStream {
    connection: Connection,
    part: BodyPart,
    text: Vec<u8>,
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
            let (head, signed) = self.exchange(&mut connection, &request)?;
            let framing = head.framing().map_err(CallError::malformed)?;
            if head.status == 200 {
                self.believe_stream(&head, &signed)?;
                let address = self.address().to_string();
                return Ok(EventStream { connection, part: BodyPart::new(framing), text: Vec::new(), address });
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
    /// an event.
    pub fn next(&mut self, silence: Duration) -> Result<Option<Event>, CallError> {
        loop {
            while let Some(block) = self.take_block() {
                if let Some(event) = read_block(&block)? {
                    return Ok(Some(event));
                }
            }
            if self.text.len() > EVENT_BYTES_MAX {
                return Err(CallError::malformed("an event without an end"));
            }
            let before = self.text.len();
            let more = self.connection.read_part(&mut self.part, &mut self.text, Instant::now() + silence);
            let more = more.map_err(|broken| broken.into_error(&self.address))?;
            if !more && self.text.len() == before {
                return Ok(None);
            }
        }
    }

    /// The lines up to the next empty one.
    fn take_block(&mut self) -> Option<Vec<u8>> {
        let end = self.text.windows(2).position(|pair| pair == b"\n\n")?;
        let mut block: Vec<u8> = self.text.drain(..end + 2).collect();
        block.truncate(end);
        Some(block)
    }
}

/// Reads the lines of one event; nothing for a comment, which only keeps the
/// line warm.
fn read_block(block: &[u8]) -> Result<Option<Event>, CallError> {
    let text = std::str::from_utf8(block).map_err(|_| CallError::malformed("an event that is not UTF-8"))?;
    let mut id = None;
    let mut data = String::new();
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => id = value.parse().ok(),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    if data.is_empty() {
        return Ok(None);
    }
    let hint = answer::body(data.as_bytes()).map_err(|error| CallError::malformed(error.to_string()))?;
    Ok(Some(Event { id, hint }))
}

#[cfg(test)]
mod tests {
    use super::read_block;

    #[test]
    fn a_block_is_an_event_or_a_comment() {
        let event = read_block(b"id: 42\nevent: queued\ndata: {\"seq\":42,\"kind\":\"queued\",\"id\":null}").unwrap();
        let event = event.unwrap();
        assert_eq!((event.id, event.hint.seq, event.hint.kind.as_str()), (Some(42), 42, "queued"));
        assert_eq!(read_block(b": still here").unwrap(), None);
        assert!(read_block(b"data: {").is_err());
        assert!(read_block(b"data: \xff").is_err());
    }
}
