//! Lines of the stdio transport: bytes between line feeds, kept exactly as they came, never more than a limit.
//!
//! A carriage return in front of the line feed stays part of the line. A sequence of UTF-8 that arrives in several reads
//! is whole when its line is. A line over the limit is reported with the id found in it and skipped; the stream goes on.

use std::io::{self, BufRead, Read, Write};

use crate::id::{Id, IdScanner};

/// U+FEFF in UTF-8, which some runtimes write before their first output. JSON has none (RFC 8259, 8.1); one at the start of a line is
/// no part of it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What stands between two line feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A line as it came, without its line feed.
    Line(Vec<u8>),
    /// A line over the limit, of which nothing was kept.
    TooLong {
        /// How long it was.
        bytes: u64,
        /// The id of the message, when it shows one.
        id: Option<Id>,
        /// True where the message asks, so that the id is of its sender's choosing.
        asks: bool,
    },
}

/// The lines of a stream.
#[derive(Debug)]
pub struct Frames<R> {
    reader: R,
    line_bytes_max: usize,
}

impl<R: BufRead> Frames<R> {
    /// Reads lines of at most `line_bytes_max` bytes, the line feed not counted.
    pub fn new(reader: R, line_bytes_max: usize) -> Self {
        Self { reader, line_bytes_max }
    }

    /// The next line that is not blank; `None` at the end of the stream. What follows the last line feed is a line too.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn read(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let mut line = Vec::new();
            let limit = u64::try_from(self.line_bytes_max).unwrap_or(u64::MAX).saturating_add(1);
            let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            if line.last() == Some(&b'\n') {
                line.pop();
            } else if line.len() > self.line_bytes_max {
                return self.skip_line(&line).map(Some);
            }
            if line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(Frame::Line(line)));
            }
        }
    }

    fn skip_line(&mut self, head: &[u8]) -> io::Result<Frame> {
        let mut scanner = IdScanner::default();
        scanner.feed(head);
        let mut bytes = head.len() as u64;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            scanner.feed(part);
            bytes += part.len() as u64;
            let over = end.is_some() || chunk.is_empty();
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if over {
                return Ok(Frame::TooLong { bytes, id: scanner.id(), asks: scanner.asks() });
            }
        }
    }
}

/// Writes `line` and its line feed in one piece, and flushes.
///
/// # Errors
/// Those of the stream.
pub fn write_line(out: &mut dyn Write, line: &[u8]) -> io::Result<()> {
    let mut framed = Vec::with_capacity(line.len() + 1);
    framed.extend_from_slice(line);
    framed.push(b'\n');
    out.write_all(&framed)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::{Frame, Frames, write_line};
    use crate::id::Id;
    use proptest::prelude::{any, prop, proptest};
    use std::io::{self, BufReader, Read};

    /// A stream that hands out a few bytes a read.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn frames(bytes: &[u8], per_read: usize, line_bytes_max: usize) -> Vec<Frame> {
        let mut frames = Frames::new(BufReader::with_capacity(7, Dripping(bytes, per_read)), line_bytes_max);
        std::iter::from_fn(|| frames.read().unwrap()).collect()
    }

    fn line(text: &str) -> Frame {
        Frame::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn utf8_split_anywhere_arrives_whole() {
        let text = "{\"a\":\"é😀漢\"}\n{\"b\":2}\n";
        for per_read in 1..8 {
            assert_eq!(frames(text.as_bytes(), per_read, 100), [line("{\"a\":\"é😀漢\"}"), line("{\"b\":2}")]);
        }
    }

    #[test]
    fn a_carriage_return_stays_and_blank_lines_are_no_messages() {
        assert_eq!(frames(b"{}\r\n\r\n  \n{}\n", 3, 100), [line("{}\r"), line("{}")]);
    }

    #[test]
    fn one_byte_order_mark_at_the_start_of_a_line_is_no_part_of_it() {
        let text = "\u{feff}{\"id\":0}\n{}\n\u{feff}\n\u{feff}\u{feff}{}\n{\"a\":\"\u{feff}\"}\n";
        for per_read in 1..5 {
            let expected = [line("{\"id\":0}"), line("{}"), line("\u{feff}{}"), line("{\"a\":\"\u{feff}\"}")];
            assert_eq!(frames(text.as_bytes(), per_read, 100), expected);
        }
    }

    #[test]
    fn the_last_line_needs_no_line_feed() {
        assert_eq!(frames(b"{}\n{\"a\":", 2, 100), [line("{}"), line("{\"a\":")]);
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_over_is_skipped_with_its_id() {
        let long = format!("{{\"result\":\"{}\",\"id\":\"q-1\"}}", "x".repeat(50));
        let input = format!("0123456789\n{long}\n{{}}\n");
        let too_long = Frame::TooLong { bytes: long.len() as u64, id: Some(Id::Text("q-1".into())), asks: false };
        assert_eq!(frames(input.as_bytes(), 4, 10), [line("0123456789"), too_long.clone(), line("{}")]);
        assert_eq!(frames(long.as_bytes(), 4, 10), [too_long], "at the end of the stream");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut written = Vec::new();
        write_line(&mut written, b"{\"a\":1}\r").unwrap();
        write_line(&mut written, b"{}").unwrap();
        assert_eq!(frames(&written, 5, 100), [line("{\"a\":1}\r"), line("{}")]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_arrive(
            bytes in prop::collection::vec(prop::sample::select(b"{}[]\":,id1\\ \r\n\xc3\xa9".to_vec()), 0..200),
            per_read in 1_usize..9,
            limit in 1_usize..40,
            _seed in any::<u8>(),
        ) {
            let whole = frames(&bytes, usize::MAX, limit);
            assert_eq!(frames(&bytes, per_read, limit), whole);
            let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty() || l.len() > limit).collect();
            assert_eq!(lines.len(), whole.len());
            for (expected, found) in lines.iter().zip(&whole) {
                match found {
                    Frame::Line(found) => assert_eq!(found, expected),
                    Frame::TooLong { bytes, .. } => assert_eq!(*bytes, expected.len() as u64),
                }
            }
        }
    }
}
