//! Server-sent events (WHATWG HTML, 9.2), read from a blocking stream. Names of events and times to come back are left out: nobody
//! here goes by them.

use std::io::{self, BufRead};

use crate::http1::Malformed;

/// What a line may have in front of the data in it, in bytes: the field's name, a colon and a blank.
const FIELD_BYTES_MAX: usize = 16;

/// The events of a stream.
#[derive(Debug)]
pub struct Events<R> {
    reader: R,
    data_bytes_max: usize,
    /// True once the first line was read.
    begun: bool,
    /// True where a line feed that follows belongs to the line before.
    after_return: bool,
}

/// An event with data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Its place in the stream, where it tells one.
    pub id: Option<Vec<u8>>,
    /// Its lines of data, with a line feed between them.
    pub data: Vec<u8>,
}

impl<R: BufRead> Events<R> {
    /// Reads events with at most `data_bytes_max` bytes of data each.
    pub fn new(reader: R, data_bytes_max: usize) -> Self {
        Self { reader, data_bytes_max, begun: false, after_return: false }
    }

    /// What is read from.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The next event that has data; `None` at the end of the stream. An event that the stream breaks off is none.
    ///
    /// # Errors
    /// Those of the stream, and [`Malformed`] when an event is too large. The stream is over then.
    pub fn read(&mut self) -> io::Result<Option<Event>> {
        loop {
            match self.read_sign()? {
                Some(event) if event.data.is_empty() => {}
                found => return Ok(found),
            }
        }
    }

    /// The same, also where it has no data: a stream that has nothing to tell says so that it is alive.
    ///
    /// # Errors
    /// As [`Events::read`].
    pub fn read_sign(&mut self) -> io::Result<Option<Event>> {
        let mut event = Event::default();
        let mut has_data = false;
        while let Some(line) = self.read_line()? {
            if line.is_empty() {
                return Ok(Some(event));
            }
            match field(&line) {
                (b"data", value) => {
                    if has_data {
                        event.data.push(b'\n');
                    }
                    has_data = true;
                    event.data.extend_from_slice(value);
                }
                (b"id", value) => event.id = Some(value.to_vec()),
                _ => {}
            }
            if event.data.len() > self.data_bytes_max {
                return Err(TOO_LARGE.into());
            }
        }
        Ok(None)
    }

    /// A line without its end; `None` where the stream ends first.
    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        while !self.take_part(&mut line)? {
            if line.len() > self.data_bytes_max.saturating_add(FIELD_BYTES_MAX) {
                return Err(TOO_LARGE.into());
            }
            if self.reader.fill_buf()?.is_empty() {
                return Ok(None);
            }
        }
        if !std::mem::replace(&mut self.begun, true)
            && let Some(rest) = line.strip_prefix(b"\xef\xbb\xbf")
        {
            line = rest.to_vec();
        }
        Ok(Some(line))
    }

    /// Moves what there is of a line; true once that is all of it.
    fn take_part(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        let mut here = self.reader.fill_buf()?;
        let mut used = 0;
        if let (true, Some((b'\n', rest))) = (self.after_return, here.split_first()) {
            (here, used) = (rest, 1);
        }
        self.after_return &= used == 0 && here.is_empty();
        let end = here.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        line.extend_from_slice(here.get(..end.unwrap_or(here.len())).unwrap_or_default());
        self.after_return |= end.and_then(|end| here.get(end)) == Some(&b'\r');
        used += end.map_or(here.len(), |end| end + 1);
        self.reader.consume(used);
        Ok(end.is_some())
    }
}

const TOO_LARGE: Malformed = Malformed("an event that is too large");

/// Name and value of a line; a comment has no name.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return (line, b"") };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::{Event, Events};
    use std::io::{self, BufReader};

    fn events_of(text: &str, data_bytes_max: usize, buffer_bytes: usize) -> (Vec<Event>, bool) {
        let mut events = Events::new(BufReader::with_capacity(buffer_bytes, text.as_bytes()), data_bytes_max);
        let mut found = Vec::new();
        loop {
            match events.read() {
                Ok(Some(event)) => found.push(event),
                Ok(None) => return (found, true),
                Err(_) => return (found, false),
            }
        }
    }

    fn events(text: &str, data_bytes_max: usize) -> (Vec<String>, bool) {
        let (found, whole) = events_of(text, data_bytes_max, 1000);
        (found.into_iter().map(|event| String::from_utf8(event.data).unwrap()).collect(), whole)
    }

    #[test]
    fn the_data_of_each_event_is_a_message() {
        let text = ": hello\n\nevent: message\nid: 1\ndata: {\"a\":\ndata:1}\n\ndata:\n\nretry: 5\n\r\ndata: {}\r\n\r\ndata: cut off\n";
        assert_eq!(events(text, 100), (vec!["{\"a\":\n1}".to_owned(), "{}".to_owned()], true));
        assert_eq!(events("data\ndata: a\ndata\n\n", 100).0, ["\na\n"]);
    }

    #[test]
    fn an_id_belongs_to_its_event_alone() {
        let (found, _) = events_of("id: 42\ndata: a\n\nid: 7\n\ndata: b\n\n", 100, 1000);
        let ids: Vec<_> = found.into_iter().map(|event| event.id).collect();
        assert_eq!(ids, [Some(b"42".to_vec()), None]);
    }

    #[test]
    fn lines_end_in_three_ways_however_the_bytes_arrive() {
        let expected = events("\u{feff}data: a\ndata: b\n\ndata: c\n\n", 100);
        assert_eq!(expected.0, ["a\nb", "c"]);
        for end in ["\n", "\r", "\r\n"] {
            let text = "\u{feff}data: a\ndata: b\n\ndata: c\n\n".replace('\n', end);
            for buffer_bytes in 1..9 {
                let (found, whole) = events_of(&text, 100, buffer_bytes);
                let data: Vec<_> = found.into_iter().map(|event| String::from_utf8(event.data).unwrap()).collect();
                assert_eq!((data, whole), expected, "{end:?} {buffer_bytes}");
            }
        }
    }

    #[test]
    fn an_event_has_a_limit() {
        assert_eq!(events("data: 12345\n\n", 5), (vec!["12345".to_owned()], true));
        assert!(!events("data: 123456\n\n", 5).1);
        assert!(!events(&"x".repeat(1000), 5).1);
        assert!(!events("data: 1234\ndata: 5\n\n", 5).1);
        let mut endless = Events::new(BufReader::new(io::repeat(b'x')), 5);
        assert!(endless.read().is_err());
    }
}
