//! HTTP/1 messages (RFC 9112) read from a blocking stream: a head, and a body whose end is beyond doubt.
//!
//! Lines are taken apart by `httparse`; what it would let pass for the sake of old peers is refused before: a message with two
//! readings is none. Used for the bridge's answers and by `ccc-mcp` on both of its sides.

use std::io::{self, BufRead, Read};

use httparse::Status;

/// The most fields of a head.
pub const FIELDS_MAX: usize = 128;
/// The most bytes of the line in front of a chunk.
pub const CHUNK_LINE_BYTES_MAX: usize = 256;
/// The most bytes of the fields behind the last chunk, which nobody reads.
pub const TRAILER_BYTES_MAX: usize = 64 << 10;

/// Why bytes are not a message, as a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl Malformed {
    /// What is wrong with what was read, where an error of a stream says that.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<Malformed> for io::Error {
    fn from(fault: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// As it was written: methods differ by case.
    pub method: String,
    /// What is asked of.
    pub target: String,
    /// The fields.
    pub fields: Fields,
    version: Version,
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerHead {
    /// 200 to 599: an answer that others follow is none here.
    pub status: u16,
    /// The fields.
    pub fields: Fields,
    version: Version,
}

/// The fields of a head in their order: names in lower case, values without blanks around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After a last chunk of nothing.
    Chunked,
    /// With the connection.
    UntilEnd,
}

impl RequestHead {
    /// Reads the head of a request; `None` when the stream ends before one begins.
    ///
    /// # Errors
    /// Those of the stream; and [`Malformed`] when it is no head, or one of more than `bytes_max` bytes.
    pub fn read(reader: &mut impl BufRead, bytes_max: usize) -> io::Result<Option<Self>> {
        let Some(bytes) = read_head(reader, bytes_max)? else { return Ok(None) };
        Ok(Some(Self::parse(&bytes)?))
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        one_reading(bytes)?;
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Request::new(&mut fields);
        whole(head.parse(bytes), bytes)?;
        let (Some(method), Some(target)) = (head.method, head.path) else { return Err(NO_HEAD) };
        Ok(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            version: Version::of(head.version),
            fields: Fields::of(head.headers),
        })
    }

    /// How the body that follows ends; without a word on it, there is none.
    ///
    /// # Errors
    /// When that is not clear.
    pub fn framing(&self) -> Result<Framing, Malformed> {
        Ok(self.fields.framing(self.version)?.unwrap_or(Framing::Length(0)))
    }
}

impl AnswerHead {
    /// Reads the head of an answer.
    ///
    /// # Errors
    /// Those of the stream, which may end before; and [`Malformed`] when it is no head, or one of more than `bytes_max` bytes.
    pub fn read(reader: &mut impl BufRead, bytes_max: usize) -> io::Result<Self> {
        let bytes = read_head(reader, bytes_max)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Self::parse(&bytes)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        one_reading(bytes)?;
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        whole(head.parse(bytes), bytes)?;
        let status = head.code.filter(|status| (200..=599).contains(status)).ok_or(NO_STATUS)?;
        Ok(Self { status, version: Version::of(head.version), fields: Fields::of(head.headers) })
    }

    /// How the body that follows ends; without a word on it, with its connection.
    ///
    /// # Errors
    /// When that is not clear.
    pub fn framing(&self) -> Result<Framing, Malformed> {
        let is_bare = matches!(self.status, 204 | 304);
        let unsaid = if is_bare { Framing::Length(0) } else { Framing::UntilEnd };
        Ok(self.fields.framing(self.version)?.unwrap_or(unsaid))
    }

    /// Whether the server says that it speaks HTTP/1.1.
    #[must_use]
    pub fn is_http_1_1(&self) -> bool {
        self.version == Version::Http11
    }

    /// Whether the server takes another request on this connection.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        let mut options = self.fields.all("connection").flat_map(|value| value.split(|byte| *byte == b','));
        self.is_http_1_1() && !options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    }
}

impl Version {
    fn of(minor: Option<u8>) -> Self {
        if minor == Some(1) { Self::Http11 } else { Self::Http10 }
    }
}

impl Fields {
    fn of(parsed: &[httparse::Header<'_>]) -> Self {
        let field = |field: &httparse::Header<'_>| (field.name.to_ascii_lowercase(), field.value.trim_ascii().to_vec());
        Self(parsed.iter().map(field).collect())
    }

    /// Names and values, as they are signed.
    #[must_use]
    pub fn as_slice(&self) -> &[(String, Vec<u8>)] {
        &self.0
    }

    /// The value of a field that stands at most once; `name` is in lower case.
    ///
    /// # Errors
    /// When it stands twice.
    pub fn only(&self, name: &str) -> Result<Option<&str>, Malformed> {
        let mut values = self.all(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Malformed("a field that stands twice"));
        }
        value.map(|value| std::str::from_utf8(value).map_err(|_| NOT_TEXT)).transpose()
    }

    /// True where the media type is `wanted`, whatever its parameters.
    #[must_use]
    pub fn is_type(&self, wanted: &str) -> bool {
        let value = self.only("content-type").ok().flatten().unwrap_or_default();
        value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(wanted))
    }

    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_slice())
    }

    /// What the fields say of the body's end; `None`: nothing.
    fn framing(&self, version: Version) -> Result<Option<Framing>, Malformed> {
        match (self.only("content-length")?, self.only("transfer-encoding")?) {
            (None, None) => Ok(None),
            (Some(length), None) => content_length(length).map(Some),
            // RFC 9112, 6.1: chunks in HTTP/1.0 are a sign of somebody between who did not understand them.
            (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") && version == Version::Http11 => {
                Ok(Some(Framing::Chunked))
            }
            (_, Some(_)) => Err(Malformed("a body of uncertain length")),
        }
    }
}

/// A body, read up to where it ends and no further.
#[derive(Debug)]
pub struct Body<R> {
    reader: R,
    framing: Framing,
    /// Bytes left of the body or of its chunk.
    left: u64,
    within_chunks: bool,
    ended: bool,
}

impl<R: BufRead> Body<R> {
    /// The body that follows in `reader`.
    pub fn new(reader: R, framing: Framing) -> Self {
        let left = match framing {
            Framing::Length(length) => length,
            Framing::Chunked => 0,
            Framing::UntilEnd => u64::MAX,
        };
        Self { reader, framing, left, within_chunks: false, ended: false }
    }

    /// What is read from.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The body whole.
    ///
    /// # Errors
    /// Those of the stream; and [`Malformed`] when it is longer than `bytes_max`, as soon as that is known.
    pub fn read_whole(mut self, bytes_max: usize) -> io::Result<Vec<u8>> {
        let max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let mut body = Vec::new();
        if matches!(self.framing, Framing::Length(length) if length > max) {
            return Err(TOO_LARGE.into());
        }
        self.by_ref().take(max.saturating_add(1)).read_to_end(&mut body)?;
        if body.len() > bytes_max { Err(TOO_LARGE.into()) } else { Ok(body) }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        if self.within_chunks && !read_line(&mut self.reader, &mut 2)?.is_empty() {
            return Err(Malformed("a chunk longer than it says").into());
        }
        self.within_chunks = true;
        self.left = chunk_length(&read_line(&mut self.reader, &mut { CHUNK_LINE_BYTES_MAX })?)?;
        if self.left == 0 {
            let mut left = TRAILER_BYTES_MAX;
            while !read_line(&mut self.reader, &mut left)?.is_empty() {}
            self.ended = true;
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Body<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 && self.framing == Framing::Chunked && !self.ended {
            self.next_chunk()?;
        }
        if self.left == 0 || self.ended {
            return Ok(&[]);
        }
        let read = self.reader.fill_buf()?;
        if read.is_empty() && self.framing != Framing::UntilEnd {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.ended = read.is_empty();
        let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(read.len());
        Ok(read.get(..here).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
        self.left = self.left.saturating_sub(amount as u64);
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

const NO_HEAD: Malformed = Malformed("a head that is none");
const NO_STATUS: Malformed = Malformed("a status that is none");
const NOT_TEXT: Malformed = Malformed("a head that is not text");
const NO_END: Malformed = Malformed("a line or head without an end");
const STRAY_BREAK: Malformed = Malformed("a head with a stray line break");
const TOO_LARGE: Malformed = Malformed("a body larger than any answer");
const NO_CHUNK: Malformed = Malformed("a chunk without a length");
const NO_LENGTH: Malformed = Malformed("a Content-Length that is none");

/// The bytes of a head with the empty line that ends it; `None` where the stream ends before it begins.
fn read_head(reader: &mut impl BufRead, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut left = bytes_max;
    loop {
        let line = match read_line(reader, &mut left) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && head.is_empty() && left == bytes_max => {
                return Ok(None);
            }
            line => line?,
        };
        head.extend_from_slice(&line);
        head.extend_from_slice(b"\r\n");
        if line.is_empty() {
            return Ok(Some(head));
        }
    }
}

/// A line without its end, which takes its length from `left`.
fn read_line(reader: &mut impl BufRead, left: &mut usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let limit = u64::try_from(*left).unwrap_or(u64::MAX);
    let read = reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
    *left -= read;
    match line.as_slice() {
        [text @ .., b'\r', b'\n'] => {
            let length = text.len();
            line.truncate(length);
            Ok(line)
        }
        [.., b'\n'] => Err(STRAY_BREAK.into()),
        _ if *left == 0 => Err(NO_END.into()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Refuses what `httparse` takes from old peers: blank lines in front, a line break in other clothes, bytes that are not text.
fn one_reading(head: &[u8]) -> Result<(), Malformed> {
    let text = std::str::from_utf8(head).map_err(|_| NOT_TEXT)?;
    let is_stray = |line: &str| line.contains(['\r', '\n', '\0']);
    if text.starts_with("\r\n") || text.split("\r\n").any(is_stray) { Err(STRAY_BREAK) } else { Ok(()) }
}

fn whole(parsed: httparse::Result<usize>, head: &[u8]) -> Result<(), Malformed> {
    match parsed {
        Ok(Status::Complete(length)) if length == head.len() => Ok(()),
        Ok(_) => Err(NO_HEAD),
        Err(error) => Err(fault(error)),
    }
}

fn fault(error: httparse::Error) -> Malformed {
    match error {
        httparse::Error::HeaderName => Malformed("a field without a proper name"),
        httparse::Error::HeaderValue => Malformed("a field with a stray byte in its value"),
        httparse::Error::NewLine => STRAY_BREAK,
        httparse::Error::Status => NO_STATUS,
        httparse::Error::Token => NO_HEAD,
        httparse::Error::TooManyHeaders => Malformed("a head with too many fields"),
        httparse::Error::Version => Malformed("something else than HTTP/1.1"),
    }
}

fn content_length(value: &str) -> Result<Framing, Malformed> {
    let digits = Some(value).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).map(Framing::Length).ok_or(NO_LENGTH)
}

/// The length that a chunk's first line tells; what follows a `;` is ignored.
fn chunk_length(line: &[u8]) -> Result<u64, Malformed> {
    const DIGITS_MAX: usize = 15;
    let digits = std::str::from_utf8(line).map_err(|_| NO_CHUNK)?.split(';').next().unwrap_or_default();
    let digits = digits.trim_matches([' ', '\t']);
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(NO_CHUNK);
    }
    u64::from_str_radix(digits, 16).map_err(|_| NO_CHUNK)
}

#[cfg(test)]
mod tests {
    use super::{
        AnswerHead, Body, CHUNK_LINE_BYTES_MAX, FIELDS_MAX, Framing, Malformed, RequestHead, TRAILER_BYTES_MAX,
        chunk_length,
    };
    use std::io::{self, BufRead, BufReader, Read};

    fn answer(head: &str) -> io::Result<AnswerHead> {
        AnswerHead::read(&mut format!("{head}\r\n\r\nrest").as_bytes(), 1 << 16)
    }

    fn request(head: &str) -> io::Result<Option<RequestHead>> {
        RequestHead::read(&mut format!("{head}\r\n\r\nrest").as_bytes(), 1 << 16)
    }

    fn framing(fields: &str) -> io::Result<Framing> {
        Ok(answer(&format!("HTTP/1.1 200 OK\r\n{fields}"))?.framing()?)
    }

    fn body(text: &str, framing: Framing) -> io::Result<String> {
        let mut body = String::new();
        Body::new(text.as_bytes(), framing).read_to_string(&mut body).map(|_| body)
    }

    #[test]
    fn a_head_is_read_with_its_fields_and_no_further() {
        let mut bytes = &b"HTTP/1.1 202 Accepted\r\nContent-Length:  5 \r\nX-Y:\ta:b\r\n\r\nhello"[..];
        let head = AnswerHead::read(&mut bytes, 100).unwrap();
        assert_eq!((head.status, head.framing(), bytes), (202, Ok(Framing::Length(5)), &b"hello"[..]));
        assert_eq!(head.fields.as_slice()[1], ("x-y".to_owned(), b"a:b".to_vec()));
        assert!(head.keeps_alive() && head.is_http_1_1());
        assert_eq!(answer("HTTP/1.1 200\r\nA: b").unwrap().status, 200);
        let head =
            request("POST /mcp?x=1 HTTP/1.1\r\nContent-Type: Text/Event-Stream; charset=utf-8").unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.target.as_str()), ("POST", "/mcp?x=1"));
        assert!(head.fields.is_type("text/event-stream"));
    }

    #[test]
    fn a_stream_that_ends_before_a_head_carries_none() {
        assert_eq!(RequestHead::read(&mut &b""[..], 100).unwrap(), None);
        for cut in ["GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nA: b\r\n"] {
            let error = RequestHead::read(&mut cut.as_bytes(), 100).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut:?}");
        }
    }

    #[test]
    fn a_head_has_a_limit_of_bytes_and_of_fields() {
        let head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        assert!(AnswerHead::read(&mut head.as_bytes(), head.len()).is_ok());
        let over = AnswerHead::read(&mut head.as_bytes(), head.len() - 1).unwrap_err();
        assert_eq!(Malformed::of(&over), Some(Malformed("a line or head without an end")));
        let endless = AnswerHead::read(&mut BufReader::new(io::repeat(b'a')), 1 << 16).unwrap_err();
        assert!(Malformed::of(&endless).is_some());
        let fields = |count: usize| answer(&format!("HTTP/1.1 200 OK{}", "\r\na: b".repeat(count)));
        assert!(fields(FIELDS_MAX).is_ok() && fields(FIELDS_MAX + 1).is_err());
    }

    #[test]
    fn a_head_with_two_readings_is_refused() {
        for head in [
            "HTTP/2.0 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 100 Continue", "HTTP/1.1 +20 OK",
            "http/1.1 200 OK", "HTTP/1.1  200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nno colon",
            "HTTP/1.1 200 OK\r\n folded: x", "HTTP/1.1 200 OK\r\na: b\r\n folded", "HTTP/1.1 200 OK\r\nname : x",
            "HTTP/1.1 200 OK\r\n: x", "HTTP/1.1 200 OK\r\na: b\nc: d", "HTTP/1.1 200 OK\r\na: b\rc: d",
            "HTTP/1.1 200 OK\na: b", "HTTP/1.1 200 O\nK", "HTTP/1.1 200 OK\r\na: \0", "HTTP/1.1 200 OK\r\na: \u{7f}",
        ] {
            assert!(answer(head).is_err(), "{head:?}");
        }
        for head in [
            "GET / HTTP/1.1 x", "GET  / HTTP/1.1", "GET /", "GET / HTTP/1.9", " GET / HTTP/1.1", "\r\nGET / HTTP/1.1",
            "GET / HTTP/1.1\r\na b: c", "GET / HTTP/1.1\r\nno colon", "GET /\tx HTTP/1.1", "G@T / HTTP/1.1",
        ] {
            assert!(request(head).is_err(), "{head:?}");
        }
        assert!(AnswerHead::read(&mut &b"HTTP/1.1 200 OK\r\na: \xff\r\n\r\n"[..], 100).is_err());
    }

    #[test]
    fn a_body_has_one_length() {
        assert_eq!(framing("transfer-encoding: Chunked").unwrap(), Framing::Chunked);
        assert_eq!(framing("x: y").unwrap(), Framing::UntilEnd);
        for fields in [
            "content-length: 5\r\ncontent-length: 5",
            "content-length: 5\r\ntransfer-encoding: chunked",
            "content-length: +5",
            "content-length:",
            "content-length: 5, 5",
            "content-length: 99999999999999999999",
            "transfer-encoding: gzip",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        ] {
            assert!(framing(fields).is_err(), "{fields}");
            let asked = request(&format!("POST / HTTP/1.1\r\n{fields}")).unwrap().unwrap();
            assert!(asked.framing().is_err(), "{fields}");
        }
        assert!(answer("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked").unwrap().framing().is_err());
        assert_eq!(answer("HTTP/1.1 204 No Content").unwrap().framing(), Ok(Framing::Length(0)));
        assert_eq!(request("GET / HTTP/1.1").unwrap().unwrap().framing(), Ok(Framing::Length(0)));
    }

    #[test]
    fn a_field_that_counts_once_stands_once() {
        let head = answer("HTTP/1.1 200 OK\r\na: 1\r\nA: 2\r\nb: 3").unwrap();
        assert!(head.fields.only("a").is_err());
        assert_eq!((head.fields.only("b"), head.fields.only("c")), (Ok(Some("3")), Ok(None)));
    }

    #[test]
    fn a_connection_is_kept_unless_it_says_otherwise() {
        for (head, kept) in [
            ("HTTP/1.1 200 OK", true),
            ("HTTP/1.1 200 OK\r\nconnection: keep-alive", true),
            ("HTTP/1.1 200 OK\r\nconnection: x, Close", false),
            ("HTTP/1.0 200 OK", false),
        ] {
            assert_eq!(answer(head).unwrap().keeps_alive(), kept, "{head}");
        }
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        assert_eq!(body("hello rest", Framing::Length(5)).unwrap(), "hello");
        assert_eq!(body("hello", Framing::UntilEnd).unwrap(), "hello");
        let chunks = "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: x\r\n\r\nrest";
        assert_eq!(body(chunks, Framing::Chunked).unwrap(), "hello");
        for cut in [
            "3\r\nhe", "3\r\nhel\r\n", "3\r\nhello\r\n0\r\n\r\n", "3\nhel\r\n0\r\n\r\n", "3\r\nhel\n0\r\n\r\n", "z\r\n",
        ] {
            assert!(body(cut, Framing::Chunked).is_err(), "{cut:?}");
        }
        assert!(body("hell", Framing::Length(5)).is_err());
        let mut rest = chunks.as_bytes();
        let mut reader = Body::new(&mut rest, Framing::Chunked);
        while !reader.fill_buf().unwrap().is_empty() {
            reader.consume(1);
        }
        assert_eq!(rest, b"rest");
    }

    #[test]
    fn a_body_has_a_limit_and_so_have_the_lines_between_its_chunks() {
        let whole = |text: &str, framing, max| Body::new(text.as_bytes(), framing).read_whole(max);
        assert_eq!(whole("hello", Framing::Length(5), 5).unwrap(), b"hello");
        // Told beforehand: nothing of it is read.
        assert!(Malformed::of(&whole("", Framing::Length(6), 5).unwrap_err()).is_some());
        assert!(whole("hello!", Framing::UntilEnd, 5).is_err());
        assert!(whole("6\r\nhello!\r\n0\r\n\r\n", Framing::Chunked, 5).is_err());
        let extended = |bytes: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(bytes - 4));
        assert!(body(&extended(CHUNK_LINE_BYTES_MAX), Framing::Chunked).is_ok());
        assert!(body(&extended(CHUNK_LINE_BYTES_MAX + 1), Framing::Chunked).is_err());
        let trailed = |bytes: usize| format!("0\r\n{}\r\n\r\n", "x".repeat(bytes - 4));
        assert!(body(&trailed(TRAILER_BYTES_MAX), Framing::Chunked).is_ok());
        assert!(body(&trailed(TRAILER_BYTES_MAX + 1), Framing::Chunked).is_err());
    }

    #[test]
    fn a_chunk_tells_its_length() {
        assert_eq!((chunk_length(b"1F"), chunk_length(b"0 ;x=y")), (Ok(31), Ok(0)));
        for line in [&b""[..], b"-1", b"0x1", b"+1", b"1 1", b"fffffffffffffffff", b"\xff"] {
            assert!(chunk_length(line).is_err());
        }
    }
}
