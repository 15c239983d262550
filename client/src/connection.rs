//! One connection to the server: a request out, an answer in, every size
//! bounded and every wait with a deadline.

use std::io;
use std::time::Instant;

use crate::error::CallError;
use crate::http::{Framing, HEAD_BYTES_MAX, Head, chunk_length};
use crate::stream::Stream;

/// The most bytes of an answer's body.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why no answer came from a connection.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection ended, or the deadline passed.
    Lost(io::Error),
    /// What came is not an answer.
    Malformed(&'static str),
}

impl Broken {
    /// What the caller is told, of a server at `address`.
    pub(crate) fn into_error(self, address: &str) -> CallError {
        match self {
            Self::Lost(cause) => CallError::Lost { address: address.to_owned(), cause },
            Self::Malformed(fault) => CallError::malformed(fault),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

impl From<&'static str> for Broken {
    fn from(fault: &'static str) -> Self {
        Self::Malformed(fault)
    }
}

/// A connection and what was read from it and not yet used.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    unread: Vec<u8>,
}

/// Where in a body the reading stands.
#[derive(Debug)]
pub(crate) struct BodyPart {
    framing: Framing,
    /// What is left of the body, or of the chunk that is being read.
    left: u64,
    started: bool,
    ended: bool,
}

impl BodyPart {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(left) => Self { framing, left, started: true, ended: left == 0 },
            Framing::Chunked => Self { framing, left: 0, started: false, ended: false },
        }
    }
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Whether another request can go out: nothing unread, nothing closed.
    pub(crate) fn is_reusable(&mut self) -> bool {
        self.unread.is_empty() && self.stream.is_quiet()
    }

    pub(crate) fn send(&mut self, request: &[u8], deadline: Instant) -> io::Result<()> {
        self.stream.write_all(request, deadline)
    }

    pub(crate) fn read_head(&mut self, deadline: Instant) -> Result<Head, Broken> {
        let head = self.read_until(b"\r\n\r\n", HEAD_BYTES_MAX, deadline)?;
        Ok(Head::parse(&head)?)
    }

    pub(crate) fn read_body(&mut self, framing: Framing, deadline: Instant) -> Result<Vec<u8>, Broken> {
        if matches!(framing, Framing::Length(length) if length > ANSWER_BYTES_MAX) {
            return Err(Broken::Malformed("a body larger than any answer"));
        }
        let mut body = Vec::new();
        let mut part = BodyPart::new(framing);
        while self.read_part(&mut part, &mut body, deadline)? {
            if body.len() as u64 > ANSWER_BYTES_MAX {
                return Err(Broken::Malformed("a body larger than any answer"));
            }
        }
        Ok(body)
    }

    /// Appends some more of a body to `body`; `false` when it has ended.
    pub(crate) fn read_part(
        &mut self,
        part: &mut BodyPart,
        body: &mut Vec<u8>,
        deadline: Instant,
    ) -> Result<bool, Broken> {
        if part.left == 0 && part.framing == Framing::Chunked && !part.ended {
            self.next_chunk(part, deadline)?;
        }
        if part.ended {
            return Ok(false);
        }
        if self.unread.is_empty() {
            self.fill(deadline)?;
        }
        let count = usize::try_from(part.left).unwrap_or(usize::MAX).min(self.unread.len());
        body.extend(self.unread.drain(..count));
        part.left -= count as u64;
        part.ended = part.left == 0 && part.framing != Framing::Chunked;
        Ok(!part.ended)
    }

    fn next_chunk(&mut self, part: &mut BodyPart, deadline: Instant) -> Result<(), Broken> {
        const LINE_BYTES_MAX: usize = 256;
        if part.started && !self.read_until(b"\r\n", 2, deadline)?.is_empty() {
            return Err(Broken::Malformed("a chunk longer than it said"));
        }
        part.started = true;
        part.left = chunk_length(&self.read_until(b"\r\n", LINE_BYTES_MAX, deadline)?)?;
        if part.left == 0 {
            while !self.read_until(b"\r\n", LINE_BYTES_MAX, deadline)?.is_empty() {}
            part.ended = true;
        }
        Ok(())
    }

    /// What comes before `end`, which is taken too.
    fn read_until(&mut self, end: &[u8], bytes_max: usize, deadline: Instant) -> Result<Vec<u8>, Broken> {
        let mut searched = 0_usize;
        loop {
            let from = searched.saturating_sub(end.len());
            let fresh = self.unread.get(from..).unwrap_or_default();
            if let Some(at) = fresh.windows(end.len()).position(|window| window == end) {
                let mut taken: Vec<u8> = self.unread.drain(..from + at + end.len()).collect();
                taken.truncate(from + at);
                return Ok(taken);
            }
            searched = self.unread.len();
            if searched >= bytes_max.saturating_add(end.len()) {
                return Err(Broken::Malformed("a line or head without an end"));
            }
            self.fill(deadline)?;
        }
    }

    fn fill(&mut self, deadline: Instant) -> Result<(), Broken> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer, deadline)?;
        if count == 0 {
            return Err(Broken::Lost(io::ErrorKind::UnexpectedEof.into()));
        }
        self.unread.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }
}
