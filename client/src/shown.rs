//! Output for a person's eye, in which everything is made visible on its way.

use std::io::{self, Write};

use ccc_protocol::visible;

/// A terminal or a file behind the table of visible text, line by line. What is not UTF-8 shows as `�`.
#[derive(Debug)]
pub struct Shown<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Shown<W> {
    /// In front of `out`.
    pub fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = visible::marked_lines(&String::from_utf8_lossy(&std::mem::take(&mut self.line)));
        self.out.write_all(line.as_bytes())
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(line);
            if line.ends_with(b"\n") {
                self.write_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_line()?;
        self.out.flush()
    }
}

impl<W: Write> Drop for Shown<W> {
    fn drop(&mut self) {
        // Whoever must know whether it was written flushes before.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unseen_is_written_out_however_it_is_cut() {
        let mut out = Vec::new();
        let text = "a\u{1b}[2J\u{202e}b\nc\u{3164}".as_bytes();
        let mut shown = Shown::new(&mut out);
        for byte in text {
            shown.write_all(&[*byte]).unwrap();
        }
        shown.write_all(&[b'\n', 0xff]).unwrap();
        drop(shown);
        assert_eq!(String::from_utf8(out).unwrap(), "a␛[2J‹U+202E›b\nc‹U+3164›\n\u{fffd}");
    }
}
