//! HTTP/1.1 as a client reads it: one head, and a body whose length is beyond
//! doubt. An answer with two readings is refused.

use ccc_protocol::signing::Fields;

/// The most bytes of an answer's head.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Why bytes are not an answer, as a phrase.
pub(crate) type Malformed = &'static str;

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

/// How the body of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With a chunk of length zero.
    Chunked,
}

impl Head {
    /// Reads a head, without the empty line that ends it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a head that is not ASCII")?;
        if text.contains('\0') || text.replace("\r\n", "").contains(['\r', '\n']) {
            return Err("a head with a stray line break");
        }
        let mut lines = text.split("\r\n");
        let status = status(lines.next().unwrap_or_default())?;
        let fields = lines.map(field).collect::<Result<_, _>>()?;
        Ok(Self { status, fields })
    }

    /// How long the body is.
    pub(crate) fn framing(&self) -> Result<Framing, Malformed> {
        let lengths = self.all("content-length");
        let encodings = self.all("transfer-encoding");
        match (lengths.as_slice(), encodings.as_slice()) {
            ([length], []) => content_length(length),
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            ([], []) if self.status == 204 || self.status == 304 => Ok(Framing::Length(0)),
            _ => Err("a body of uncertain length"),
        }
    }

    /// Whether the server will take another request on this connection.
    pub(crate) fn keeps_alive(&self) -> bool {
        !self.all("connection").iter().any(|value| value.eq_ignore_ascii_case(b"close"))
    }

    /// The value of a field that was sent once, as text.
    pub(crate) fn text<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match self.all(name).as_slice() {
            [value] => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> Vec<&'a [u8]> {
        self.fields[..].values(name).collect()
    }
}

fn status(line: &str) -> Result<u16, Malformed> {
    let rest = line.strip_prefix("HTTP/1.1 ").ok_or("something else than HTTP/1.1")?;
    let digits = rest.get(..3).ok_or("a status line without a status")?;
    match (digits.parse(), rest.get(3..4)) {
        (Ok(status @ 200..=599), None | Some(" ")) if digits.bytes().all(|b| b.is_ascii_digit()) => Ok(status),
        _ => Err("a status that is none"),
    }
}

fn field(line: &str) -> Result<(String, Vec<u8>), Malformed> {
    let (name, value) = line.split_once(':').ok_or("a field without a colon")?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err("a field without a proper name");
    }
    Ok((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).as_bytes().to_vec()))
}

fn content_length(value: &[u8]) -> Result<Framing, Malformed> {
    std::str::from_utf8(value)
        .ok()
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .map(Framing::Length)
        .ok_or("a Content-Length that is none")
}

/// The length that a chunk's first line tells; what follows a `;` is ignored.
pub(crate) fn chunk_length(line: &[u8]) -> Result<u64, Malformed> {
    let text = std::str::from_utf8(line).map_err(|_| "a chunk without a length")?;
    let digits = text.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
    if digits.is_empty() || digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("a chunk without a length");
    }
    u64::from_str_radix(digits, 16).map_err(|_| "a chunk without a length")
}

#[cfg(test)]
mod tests {
    use super::{Framing, Head, chunk_length};

    fn framing(fields: &str) -> Result<Framing, &'static str> {
        Head::parse(format!("HTTP/1.1 200 OK\r\n{fields}").as_bytes())?.framing()
    }

    #[test]
    fn a_head_is_read_with_its_fields() {
        let head = Head::parse(b"HTTP/1.1 202 Accepted\r\nContent-Length:  5 \r\nX-Y: a:b").unwrap();
        assert_eq!(head.status, 202);
        assert_eq!(head.text("x-y"), Some("a:b"));
        assert_eq!(head.framing(), Ok(Framing::Length(5)));
        assert!(head.keeps_alive());
        assert!(Head::parse(b"HTTP/1.1 200\r\nA: b").is_ok());
    }

    #[test]
    fn a_body_has_one_length() {
        assert_eq!(framing("transfer-encoding: Chunked"), Ok(Framing::Chunked));
        for fields in [
            "x: y",
            "content-length: 5\r\ncontent-length: 5",
            "content-length: 5\r\ntransfer-encoding: chunked",
            "content-length: +5",
            "content-length: 5, 5",
            "content-length: 99999999999999999999",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        ] {
            assert!(framing(fields).is_err(), "{fields}");
        }
    }

    #[test]
    fn a_head_with_two_readings_is_refused() {
        for head in [
            "HTTP/1.0 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 100 Continue", "HTTP/1.1 +20 OK",
            "HTTP/1.1 200 OK\r\nno colon", "HTTP/1.1 200 OK\r\n folded: x", "HTTP/1.1 200 OK\r\nname : x",
            "HTTP/1.1 200 OK\r\na: b\nc: d", "HTTP/1.1 200 OK\r\na: b\rc: d", "HTTP/1.1 200 OK\r\na: \0",
        ] {
            assert!(Head::parse(head.as_bytes()).is_err(), "{head:?}");
        }
    }

    #[test]
    fn a_chunk_tells_its_length() {
        assert_eq!(chunk_length(b"1F"), Ok(31));
        assert_eq!(chunk_length(b"0 ;x=y"), Ok(0));
        for line in [&b""[..], b"-1", b"0x1", b"+1", b"1 1", b"fffffffffffffffff", b"\xff"] {
            assert!(chunk_length(line).is_err());
        }
    }
}
