//! The wire by hand: requests signed as our clients sign them, or deliberately otherwise, and answers read byte by byte.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ccc_protocol::{
    bodies::{Problem, ProblemType, Ticket},
    content_digest::ContentDigest,
    signing::{
        AnswerRefusal, AnswerShape, Key, ReceivedAnswer, RequestToSign, SignedRequest, Stamp, VerifiedAnswer,
        sign_request, verify_answer,
    },
};
use serde_json::Value;

use crate::bridge::{PATIENCE, secret};

/// A request to be signed.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
    /// Header fields beside those that every request has.
    pub fields: Vec<(&'static str, String)>,
    /// Who signs.
    pub user: String,
    /// With what.
    pub secret: String,
    /// When, in Unix seconds.
    pub created: i64,
    /// Used once.
    pub nonce: String,
}

impl Ask {
    /// A reading request of the agent's.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self {
            method: "GET",
            target: target.to_owned(),
            body: None,
            fields: vec![],
            user: "agent".to_owned(),
            secret: secret("agent"),
            created: now(),
            nonce: fresh_nonce(),
        }
    }

    /// A changing request of the agent's.
    #[must_use]
    pub fn post(target: &str, body: &str) -> Self {
        Self { method: "POST", body: Some(body.as_bytes().to_vec()), ..Self::get(target) }
    }

    /// The same, of this user's.
    #[must_use]
    pub fn of(self, user: &str) -> Self {
        Self { user: user.to_owned(), secret: secret(user), ..self }
    }

    /// The same, with a header field more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    /// The same request once more: a new signature over the same.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { created: now(), nonce: fresh_nonce(), ..self.clone() }
    }

    fn key(&self) -> Key {
        Key::new(self.secret.as_bytes())
    }

    fn content_digest(&self) -> Option<String> {
        self.body.as_deref().map(|body| ContentDigest::of(body).to_string())
    }

    fn signed(&self) -> SignedRequest {
        let content_digest = self.content_digest();
        let find = |name: &str| self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let request = RequestToSign {
            method: self.method,
            target: &self.target,
            authority: "localhost",
            content_type: find("content-type"),
            content_digest: content_digest.as_deref(),
            idempotency_key: find("idempotency-key"),
        };
        sign_request(&self.key(), &request, &Stamp { keyid: &self.user, created: self.created, nonce: &self.nonce })
    }

    /// Its bytes up to the body.
    #[must_use]
    pub fn head(&self) -> String {
        let signed = self.signed();
        let mut head = format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", self.method, self.target);
        for (name, value) in &self.fields {
            head += &format!("{name}: {value}\r\n");
        }
        if let (Some(body), Some(digest)) = (&self.body, self.content_digest()) {
            head += &format!("Content-Length: {}\r\nContent-Digest: {digest}\r\n", body.len());
        }
        head + &format!("Signature-Input: {}\r\nSignature: {}\r\n\r\n", signed.signature_input, signed.signature)
    }

    /// All its bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head().into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Whether an answer is signed for exactly this request.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(&self, reply: &Reply) -> Result<VerifiedAnswer, AnswerRefusal> {
        let answer = ReceivedAnswer { status: reply.status, fields: &reply.fields[..], shape: reply.shape() };
        verify_answer(&self.key(), &self.user, self.signed().mark(), &answer)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub fields: Vec<(String, String)>,
    /// The body; a stream's is left on the connection.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The ticket that this is.
    #[track_caller]
    pub fn ticket(&self) -> Ticket {
        assert!(matches!(self.status, 200 | 202), "no ticket but {} {}", self.status, self.text());
        serde_json::from_value(self.json()).unwrap()
    }

    /// The problem that this is, whole and of the right form.
    #[track_caller]
    pub fn problem(&self) -> Problem {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{} {}", self.status, self.text());
        let problem: Problem = serde_json::from_value(self.json()).unwrap();
        assert_eq!(problem.status, self.status);
        assert!(!problem.title.is_empty() && !problem.detail.is_empty() && !problem.instance.is_empty(), "{problem:?}");
        problem
    }

    /// The problem, of this kind and status.
    #[track_caller]
    pub fn refused(&self, status: u16, kind: ProblemType) -> Problem {
        let problem = self.problem();
        assert_eq!((self.status, problem.kind), (status, kind), "{}", problem.detail);
        problem
    }

    fn is_stream(&self) -> bool {
        self.field("content-type") == Some("text/event-stream")
    }

    fn shape(&self) -> AnswerShape<'_> {
        if self.is_stream() { AnswerShape::StreamHead } else { AnswerShape::Whole(&self.body) }
    }
}

/// A connection that is written to and read from by hand, with a bound on every read.
pub struct Peer {
    stream: Stream,
    read: Vec<u8>,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Peer {
    /// Connects to a server by its URL.
    #[must_use]
    pub fn connect(url: &str) -> Self {
        let stream = match url.strip_prefix("unix://") {
            Some(path) => Stream::Unix(UnixStream::connect(path).unwrap()),
            None => Stream::Tcp(TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap()),
        };
        let peer = Self { stream, read: vec![] };
        peer.wait_at_most(PATIENCE);
        peer
    }

    fn wait_at_most(&self, limit: Duration) {
        match &self.stream {
            Stream::Tcp(tcp) => tcp.set_read_timeout(Some(limit)),
            Stream::Unix(unix) => unix.set_read_timeout(Some(limit)),
        }
        .unwrap();
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.try_send(bytes).unwrap();
        self
    }

    /// Sends bytes, where the other side still takes them.
    ///
    /// # Errors
    /// When it does not.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        match &mut self.stream {
            Stream::Tcp(tcp) => tcp.write_all(bytes.as_ref()),
            Stream::Unix(unix) => unix.write_all(bytes.as_ref()),
        }
    }

    /// Says that nothing more will be sent.
    pub fn close_write(&mut self) -> &mut Self {
        match &self.stream {
            Stream::Tcp(tcp) => tcp.shutdown(Shutdown::Write),
            Stream::Unix(unix) => unix.shutdown(Shutdown::Write),
        }
        .unwrap();
        self
    }

    /// The next answer.
    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        self.try_reply().expect("an answer")
    }

    /// The next answer, or nothing where the connection ends.
    pub fn try_reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                break at;
            }
            if self.more() == 0 {
                return None;
            }
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut reply = Reply { status, fields: lines.filter_map(field).collect(), body: vec![] };
        let length: usize = reply.field("content-length").map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length && self.more() > 0 {}
        reply.body = self.read.drain(..length.min(self.read.len())).collect();
        Some(reply)
    }

    /// Reads until this text has come, and gives everything up to it.
    pub fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = find(&self.read, text.as_bytes()) {
                return String::from_utf8_lossy(&self.read.drain(..at + text.len()).collect::<Vec<_>>()).into_owned();
            }
            assert!(self.more() > 0, "the connection ended before `{text}`: {}", String::from_utf8_lossy(&self.read));
        }
    }

    /// Reads until the server ends the connection; gives what came before.
    pub fn until_closed(&mut self) -> String {
        while self.more() > 0 {}
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    fn more(&mut self) -> usize {
        let mut chunk = [0; 4096];
        let read = match &mut self.stream {
            Stream::Tcp(tcp) => tcp.read(&mut chunk),
            Stream::Unix(unix) => unix.read(&mut chunk),
        };
        match read {
            Ok(count) => {
                self.read.extend_from_slice(&chunk[..count]);
                count
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => 0,
            Err(error) => panic!("nothing came in time: {error}"),
        }
    }
}

/// This machine's time, in Unix seconds.
#[must_use]
pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A nonce that no request of this process has.
#[must_use]
pub fn fresh_nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1 << 40);
    format!("{:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An idempotency key that no other request has: a UUID in quotes.
#[must_use]
pub fn fresh_key() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (count, process) = (COUNT.fetch_add(1, Ordering::Relaxed), u64::from(std::process::id()));
    format!("\"0198e6a2-7b1c-7d3e-8f40-{:012x}\"", (process << 16 | count) & 0xffff_ffff_ffff)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
