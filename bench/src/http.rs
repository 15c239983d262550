//! A client of the bench's own: one connection kept open, bytes made ready before, answers read and counted.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest that an answer may take before the run ends.
const PATIENCE: Duration = Duration::from_secs(120);
/// What most answers fit in.
const BUFFER_BYTES: usize = 64 * 1024;

/// An answer's first lines.
struct Head {
    status: u16,
    /// Where the body begins.
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// Reads a head, where it is whole.
    fn of(read: &[u8]) -> Option<Self> {
        let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
        let text = std::str::from_utf8(&read[..end]).expect("a head is text");
        let status = text.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        let length = text.lines().filter_map(|line| line.split_once(':'));
        let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let body_bytes = length.next_back().map_or(0, |(_, value)| value.trim().parse().expect("a length"));
        Some(Self { status, bytes: end + 4, body_bytes })
    }
}

/// Room for one connection's answers.
#[derive(Debug)]
pub struct Room(Vec<u8>);

impl Default for Room {
    fn default() -> Self {
        Self(vec![0; BUFFER_BYTES])
    }
}

impl Room {
    /// Reads one whole answer and gives its status.
    pub async fn read_answer(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> u16 {
        let mut filled = 0;
        loop {
            filled += some(stream.read(&mut self.0[filled..]).await.expect("an answer"));
            if let Some(head) = Head::of(&self.0[..filled]) {
                let whole = head.bytes + head.body_bytes;
                self.grow_to(whole);
                stream.read_exact(&mut self.0[filled.min(whole)..whole]).await.expect("a whole answer");
                return head.status;
            }
        }
    }

    fn read_blocking(&mut self, stream: &mut impl Read) -> (u16, &[u8]) {
        let mut filled = 0;
        loop {
            filled += some(stream.read(&mut self.0[filled..]).expect("an answer"));
            if let Some(head) = Head::of(&self.0[..filled]) {
                let whole = head.bytes + head.body_bytes;
                self.grow_to(whole);
                stream.read_exact(&mut self.0[filled.min(whole)..whole]).expect("a whole answer");
                return (head.status, &self.0[head.bytes..whole]);
            }
        }
    }

    fn grow_to(&mut self, bytes: usize) {
        if self.0.len() < bytes {
            self.0.resize(bytes, 0);
        }
    }
}

fn some(read: usize) -> usize {
    assert!(read > 0, "the server closed the connection without an answer");
    read
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A field of its head.
    ///
    /// # Panics
    /// When it was not sent.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).expect("the field is sent").1
    }
}

/// One blocking connection, for what happens one after the other.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    room: Room,
}

impl Line {
    /// To this server.
    #[must_use]
    pub fn to(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("a server");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(PATIENCE)).expect("patience");
        Self { stream, room: Room::default() }
    }

    /// Sends a request and reads the status and body of its answer.
    pub fn ask(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(request).expect("sent");
        self.room.read_blocking(&mut self.stream)
    }

    /// Sends a request and reads all of its answer.
    pub fn whole(&mut self, request: &[u8]) -> Answer {
        let (status, body) = self.ask(request);
        let body = body.to_vec();
        let head = Head::of(&self.room.0).expect("the head that was just read");
        let text = std::str::from_utf8(&self.room.0[..head.bytes]).expect("a head is text");
        Answer { status, head: text.to_owned(), body }
    }

    /// Sends a request that has to be accepted and reads the JSON of its answer.
    pub fn json(&mut self, request: &[u8]) -> Value {
        let (status, body) = self.ask(request);
        assert!(matches!(status, 200 | 202), "{status}: {}", String::from_utf8_lossy(body));
        serde_json::from_slice(body).expect("JSON")
    }
}
