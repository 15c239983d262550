//! Server-sent events, as far as MCP uses them: the data of each event is one message.

use std::io::{self, BufRead, Read};

/// The messages of an event stream.
#[derive(Debug)]
pub(crate) struct Events<R> {
    reader: R,
    bytes_max: usize,
}

impl<R: BufRead> Events<R> {
    /// Reads events with at most `bytes_max` bytes of data each.
    pub(crate) fn new(reader: R, bytes_max: usize) -> Self {
        Self { reader, bytes_max }
    }

    /// The data of the next event that has any; `None` at the end of the stream. An event that the stream breaks off is none.
    ///
    /// # Errors
    /// Those of the stream, and when an event is too large.
    pub(crate) fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut data: Option<Vec<u8>> = None;
        loop {
            let mut line = Vec::new();
            let limit = u64::try_from(self.bytes_max).unwrap_or(u64::MAX).saturating_add(16);
            let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            if line.pop() != Some(b'\n') {
                return if read as u64 == limit { Err(too_large()) } else { Ok(None) };
            }
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            if line.is_empty() {
                if data.as_ref().is_some_and(|data| !data.is_empty()) {
                    return Ok(data);
                }
                data = None;
                continue;
            }
            let Some(value) = line.strip_prefix(b"data:") else { continue };
            let value = value.strip_prefix(b" ").unwrap_or(value);
            let whole = data.get_or_insert_default();
            if !whole.is_empty() {
                whole.push(b' ');
            }
            whole.extend_from_slice(value);
            if whole.len() > self.bytes_max {
                return Err(too_large());
            }
        }
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an event that is too large")
}

#[cfg(test)]
mod tests {
    use super::Events;

    fn events(text: &str, bytes_max: usize) -> (Vec<String>, bool) {
        let mut events = Events::new(text.as_bytes(), bytes_max);
        let mut found = Vec::new();
        loop {
            match events.read() {
                Ok(Some(data)) => found.push(String::from_utf8(data).unwrap()),
                Ok(None) => return (found, true),
                Err(_) => return (found, false),
            }
        }
    }

    #[test]
    fn the_data_of_each_event_is_a_message() {
        let text = ": hello\n\nevent: message\nid: 1\ndata: {\"a\":\ndata:1}\n\ndata:\n\nretry: 5\n\r\ndata: {}\r\n\r\ndata: cut off\n";
        assert_eq!(events(text, 100), (vec!["{\"a\": 1}".to_owned(), "{}".to_owned()], true));
    }

    #[test]
    fn an_event_has_a_limit() {
        assert_eq!(events("data: 12345\n\n", 5), (vec!["12345".to_owned()], true));
        assert!(!events("data: 123456\n\n", 5).1);
        assert!(!events(&"x".repeat(1000), 5).1);
        assert!(!events("data: 1234\ndata: 5\n\n", 5).1);
    }
}
