//! Lines of MCP's stdio transport, however the bytes arrive, and messages beside a lenient reader.

use std::io::{BufReader, Read};

use ccc_mcp::{
    frame::{Frame, Frames},
    message::{self, Line, Message},
};
use serde_json::Value;

/// The longest line that is taken here, in bytes.
const LINE_BYTES_MAX: usize = 512;

/// Hands out a few bytes a read.
struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

/// Lines do not depend on how bytes arrive; a message that is taken is the only one that a lenient reader finds in its line.
///
/// # Panics
/// Where it is not.
pub fn mcp_lines(input: &[u8]) {
    let whole = frames(input, input.len().max(1), 8192);
    for (per_read, capacity) in [(1, 1), (3, 2), (7, 64)] {
        assert_eq!(frames(input, per_read, capacity), whole, "bytes that came otherwise are other lines");
    }
    for frame in &whole {
        if let Frame::Line(line) = frame {
            assert!(line.len() <= LINE_BYTES_MAX && !line.contains(&b'\n'));
            one_reading(line);
        }
    }
}

fn frames(bytes: &[u8], per_read: usize, capacity: usize) -> Vec<Frame> {
    let mut frames = Frames::new(BufReader::with_capacity(capacity, Dripping(bytes, per_read)), LINE_BYTES_MAX);
    std::iter::from_fn(|| frames.read().unwrap()).collect()
}

fn one_reading(line: &[u8]) {
    let taken = match message::read(line) {
        Err(malformed) => return assert!(malformed.code < 0 && !malformed.what.is_empty()),
        Ok(Line::Batch(elements)) => return elements.iter().for_each(|element| drop(message::one(element))),
        Ok(Line::One(taken)) => taken,
    };
    let text = std::str::from_utf8(line).expect("a message is UTF-8");
    let rest = text.strip_suffix('\r').unwrap_or(text);
    assert!(!rest.contains(['\r', '\n']), "a reader of other line ends finds another message");
    let seen: Value = serde_json::from_str(rest).expect("a message is JSON");
    let members = seen.as_object().expect("a message is an object");
    let methods: Vec<_> = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case("method")).collect();
    match taken {
        Message::Request { method, .. } | Message::Notification { method, .. } => {
            assert!(matches!(methods[..], [(name, Value::String(seen))] if name == "method" && *seen == method));
        }
        Message::Answer { .. } => assert!(methods.is_empty(), "an answer that is a request to others"),
    }
}
