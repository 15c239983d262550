//! As much of HTTP/1.1 (RFC 9112) as MCP's streamable transport needs, blocking, one message a connection.

use std::{
    io::{self, BufRead, Read},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

/// The longest head of a message, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;

/// A connection whose reads can be given a time.
pub(crate) trait ReadTime: Read {
    /// How long a read may take from now on.
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()>;
}

impl ReadTime for TcpStream {
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(at_most)
    }
}

impl ReadTime for UnixStream {
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(at_most)
    }
}

/// A connection that is read until a moment, however its bytes drip in.
#[derive(Debug)]
pub(crate) struct Timed<S> {
    /// The connection.
    pub(crate) stream: S,
    /// When its time is over; `None`: never.
    pub(crate) until: Option<Instant>,
}

impl<S: ReadTime> Read for Timed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(until) = self.until {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.read_within(Some(left))?;
        }
        self.stream.read(buffer)
    }
}

/// The first line and the fields of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The request line or the status line.
    pub(crate) start: String,
    /// Names in lower case, values trimmed.
    fields: Vec<(String, String)>,
}

impl Head {
    /// Reads a head; `None` when the stream ends before one begins.
    ///
    /// # Errors
    /// Those of the stream; and when it is no head, or longer than [`HEAD_BYTES_MAX`].
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut left = HEAD_BYTES_MAX;
        let start = read_line(reader, &mut left)?;
        if start.is_empty() {
            return Ok(None);
        }
        let mut fields = Vec::new();
        loop {
            let line = read_line(reader, &mut left)?;
            if line.is_empty() {
                return Ok(Some(Self { start, fields }));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| invalid("a header field without a colon"))?;
            if name.is_empty() || name.contains([' ', '\t']) {
                return Err(invalid("a header field with a blank in its name"));
            }
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The value of a field that stands at most once.
    ///
    /// # Errors
    /// When it stands twice.
    pub(crate) fn field(&self, name: &str) -> io::Result<Option<&str>> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() {
            return Err(invalid("a header field that stands twice"));
        }
        Ok(value)
    }

    /// The status code of an answer.
    #[must_use]
    pub(crate) fn status(&self) -> Option<u16> {
        let (version, rest) = self.start.split_once(' ')?;
        let code = rest.get(..3)?;
        (version.starts_with("HTTP/1.")).then(|| code.parse().ok())?
    }

    /// Method and target of a request.
    #[must_use]
    pub(crate) fn request(&self) -> Option<(&str, &str)> {
        let mut words = self.start.split(' ');
        let request = (words.next()?, words.next()?);
        (words.next()?.starts_with("HTTP/1.") && words.next().is_none()).then_some(request)
    }

    /// True where the media type is `wanted`, whatever its parameters.
    #[must_use]
    pub(crate) fn is_type(&self, wanted: &str) -> bool {
        let value = self.field("content-type").ok().flatten().unwrap_or_default();
        value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(wanted))
    }

    /// How the body that follows ends. `answers` is true for an answer, which may end with its connection.
    ///
    /// # Errors
    /// When that is not clear.
    pub(crate) fn framing(&self, answers: bool) -> io::Result<Framing> {
        let length = self.field("content-length")?;
        match self.field("transfer-encoding")? {
            Some(coding) if coding.eq_ignore_ascii_case("chunked") && length.is_none() => return Ok(Framing::Chunked),
            Some(_) => return Err(invalid("a transfer coding beside a length, or one other than chunked")),
            None => {}
        }
        match length {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map(Framing::Length).map_err(|_| invalid("a length that is no number"))
            }
            Some(_) => Err(invalid("a length that is no number")),
            None if answers => Ok(Framing::UntilEnd),
            None => Ok(Framing::Length(0)),
        }
    }
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After a last chunk of nothing.
    Chunked,
    /// With the connection.
    UntilEnd,
}

/// Reads a body and stops where it ends.
#[derive(Debug)]
pub(crate) struct Body<R> {
    reader: R,
    framing: Framing,
    /// Bytes left of the body or of its chunk.
    left: u64,
    ended: bool,
    within_chunks: bool,
}

impl<R: BufRead> Body<R> {
    /// The body that follows in `reader`.
    pub(crate) fn new(reader: R, framing: Framing) -> Self {
        let left = match framing {
            Framing::Length(length) => length,
            Framing::Chunked => 0,
            Framing::UntilEnd => u64::MAX,
        };
        Self { reader, framing, left, ended: false, within_chunks: false }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut line_bytes_max = 128;
        if self.within_chunks && !read_line(&mut self.reader, &mut line_bytes_max)?.is_empty() {
            return Err(invalid("a chunk longer than it says"));
        }
        self.within_chunks = true;
        let line = read_line(&mut self.reader, &mut line_bytes_max)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(digits, 16).map_err(|_| invalid("a chunk without a length"))?;
        if self.left == 0 {
            let mut trailer_bytes_max = HEAD_BYTES_MAX;
            while !read_line(&mut self.reader, &mut trailer_bytes_max)?.is_empty() {}
            self.ended = true;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.framing == Framing::Chunked && !self.ended {
            self.next_chunk()?;
        }
        if self.left == 0 || self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        self.left -= read as u64;
        if read == 0 && self.framing != Framing::UntilEnd {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.ended |= read == 0;
        Ok(read)
    }
}

/// A line without its end; empty at the end of the stream.
fn read_line(reader: &mut impl BufRead, left: &mut usize) -> io::Result<String> {
    let mut line = Vec::new();
    let limit = u64::try_from(*left).unwrap_or(u64::MAX);
    let read = reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
    *left -= read;
    if read > 0 && line.pop() != Some(b'\n') {
        return Err(invalid("a line that is too long or has no end"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| invalid("bytes that are not UTF-8"))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Body, Framing, Head};
    use std::io::Read;

    fn head(text: &str) -> std::io::Result<Option<Head>> {
        Head::read(&mut text.as_bytes())
    }

    fn body(text: &str, framing: Framing) -> std::io::Result<String> {
        let mut body = String::new();
        Body::new(text.as_bytes(), framing).read_to_string(&mut body).map(|_| body)
    }

    #[test]
    fn a_head_is_read_to_its_end() {
        let answer = head("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\nX: a:b \r\n\r\nrest")
            .unwrap()
            .unwrap();
        assert_eq!((answer.status(), answer.field("x").unwrap()), (Some(200), Some("a:b")));
        assert!(answer.is_type("text/event-stream"));
        let request = head("POST /mcp HTTP/1.1\r\n\r\n").unwrap().unwrap();
        assert_eq!(request.request(), Some(("POST", "/mcp")));
        assert_eq!(head("").unwrap(), None);
    }

    #[test]
    fn an_unclear_head_is_refused() {
        for text in ["GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\na b: c\r\n\r\n", "GET / HT"] {
            assert!(head(text).is_err(), "{text:?}");
        }
        assert!(head(&format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 17))).is_err());
        for fields in [
            "Content-Length: 1\r\nContent-Length: 2",
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "Content-Length: +1",
            "Transfer-Encoding: gzip",
        ] {
            let head = head(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).unwrap().unwrap();
            assert!(head.framing(false).is_err(), "{fields}");
        }
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        assert_eq!(body("hello rest", Framing::Length(5)).unwrap(), "hello");
        assert_eq!(body("hello", Framing::UntilEnd).unwrap(), "hello");
        assert_eq!(body("3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: x\r\n\r\nrest", Framing::Chunked).unwrap(), "hello");
        for cut in ["3\r\nhe", "3\r\nhel\r\n", "3\r\nhello\r\n0\r\n\r\n", "z\r\n"] {
            assert!(body(cut, Framing::Chunked).is_err(), "{cut:?}");
        }
        assert!(body("hell", Framing::Length(5)).is_err());
    }
}
