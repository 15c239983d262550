//! One connection to the server: a request out, an answer in, every size
//! bounded and every wait with a deadline.

use std::io::{self, BufReader};
use std::time::{Duration, Instant};

use crate::error::CallError;
use crate::http1::{AnswerHead, Body, Framing, Malformed};
use crate::stream::Stream;
use crate::timed::{Patience, Timed};

/// The most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// The most bytes of an answer's body.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is read from a connection at once, in bytes.
const BUFFER_BYTES: usize = 16 * 1024;

/// Why no answer came from a connection.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection ended, or the deadline passed.
    Lost(io::Error),
    /// What came is not an answer.
    Malformed(Malformed),
}

impl Broken {
    /// What the caller is told, of a server at `address`.
    pub(crate) fn into_error(self, address: &str) -> CallError {
        match self {
            Self::Lost(cause) => CallError::Lost { address: address.to_owned(), cause },
            Self::Malformed(Malformed(fault)) => CallError::malformed(fault),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Malformed::of(&error).map_or(Self::Lost(error), Self::Malformed)
    }
}

impl From<Malformed> for Broken {
    fn from(fault: Malformed) -> Self {
        Self::Malformed(fault)
    }
}

/// A connection and what was read from it and not yet used.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: BufReader<Timed<Stream>>,
}

/// The body of an answer that goes on for as long as the connection.
pub(crate) type EndlessBody = Body<BufReader<Timed<Stream>>>;

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        // Whoever reads says until when.
        let timed = Timed { stream, patience: Patience::Still(Duration::ZERO) };
        Self { reader: BufReader::with_capacity(BUFFER_BYTES, timed) }
    }

    /// Whether another request can go out: nothing unread, nothing closed.
    pub(crate) fn is_reusable(&mut self) -> bool {
        self.reader.buffer().is_empty() && self.reader.get_mut().stream.is_quiet()
    }

    pub(crate) fn send(&mut self, request: &[u8], deadline: Instant) -> io::Result<()> {
        self.reader.get_mut().stream.write_all(request, deadline)
    }

    /// The head of the answer, and how its body ends.
    pub(crate) fn read_head(&mut self, deadline: Instant) -> Result<(AnswerHead, Framing), Broken> {
        self.reader.get_mut().patience = Patience::Until(deadline);
        let head = AnswerHead::read(&mut self.reader, HEAD_BYTES_MAX)?;
        if !head.is_http_1_1() {
            return Err(Malformed("something else than HTTP/1.1").into());
        }
        let framing = head.framing()?;
        // A bridge says how long its answers are: one that was cut off is not taken for whole.
        if framing == Framing::UntilEnd {
            return Err(Malformed("a body of uncertain length").into());
        }
        Ok((head, framing))
    }

    pub(crate) fn read_body(&mut self, framing: Framing, deadline: Instant) -> Result<Vec<u8>, Broken> {
        self.reader.get_mut().patience = Patience::Until(deadline);
        Ok(Body::new(&mut self.reader, framing).read_whole(ANSWER_BYTES_MAX)?)
    }

    /// The body, to be read as it comes.
    pub(crate) fn into_body(self, framing: Framing) -> EndlessBody {
        Body::new(self.reader, framing)
    }
}
