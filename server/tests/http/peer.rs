//! A peer that writes bytes and reads answers, signing as our clients do or deliberately not.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ccc_protocol::{
    content_digest::ContentDigest,
    signing::{
        AnswerRefusal, AnswerShape, Key, ReceivedAnswer, RequestToSign, SignedRequest, Stamp, VerifiedAnswer,
        sign_request, verify_answer,
    },
};

/// A request to be signed.
#[derive(Clone)]
pub struct Ask {
    pub method: &'static str,
    pub target: String,
    pub host: &'static str,
    pub body: Option<Vec<u8>>,
    pub fields: Vec<(&'static str, String)>,
    pub user: &'static str,
    pub secret: String,
    pub created: i64,
    pub nonce: String,
}

impl Ask {
    pub fn get(target: &str) -> Self {
        Self {
            method: "GET",
            target: target.to_owned(),
            host: "localhost",
            body: None,
            fields: vec![],
            user: "agent",
            secret: secret("agent"),
            created: now(),
            nonce: fresh_nonce(),
        }
    }

    pub fn post(target: &str, body: &str) -> Self {
        Self { method: "POST", body: Some(body.as_bytes().to_vec()), ..Self::get(target) }
    }

    pub fn of(self, user: &'static str) -> Self {
        Self { user, secret: secret(user), ..self }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    fn content_digest(&self) -> Option<String> {
        self.body.as_deref().map(|body| ContentDigest::of(body).to_string())
    }

    pub fn key(&self) -> Key {
        Key::new(self.secret.as_bytes())
    }

    /// The fields that sign it.
    pub fn signed(&self) -> SignedRequest {
        let content_digest = self.content_digest();
        let find = |name: &str| self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let request = RequestToSign {
            method: self.method,
            target: &self.target,
            authority: self.host,
            content_type: find("content-type"),
            content_digest: content_digest.as_deref(),
            idempotency_key: find("idempotency-key"),
        };
        sign_request(&self.key(), &request, &Stamp { keyid: self.user, created: self.created, nonce: &self.nonce })
    }

    /// Its bytes, up to the body.
    pub fn head(&self) -> String {
        let signed = self.signed();
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.fields {
            head += &format!("{name}: {value}\r\n");
        }
        if let (Some(body), Some(digest)) = (&self.body, self.content_digest()) {
            head += &format!("Content-Length: {}\r\nContent-Digest: {digest}\r\n", body.len());
        }
        head + &format!("Signature-Input: {}\r\nSignature: {}\r\n\r\n", signed.signature_input, signed.signature)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head().into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Whether an answer is signed for exactly this request.
    pub fn verify(&self, reply: &Reply) -> Result<VerifiedAnswer, AnswerRefusal> {
        let answer = ReceivedAnswer { status: reply.status, fields: &reply.fields[..], shape: reply.shape() };
        verify_answer(&self.key(), self.user, self.signed().mark(), &answer)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
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
    stream: TcpStream,
    read: Vec<u8>,
}

impl Peer {
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream, read: vec![] }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Nothing more will be sent.
    pub fn close_write(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).unwrap();
        self
    }

    /// The next answer; a stream's without its body.
    pub fn reply(&mut self) -> Reply {
        self.try_reply().expect("an answer")
    }

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

    /// Reads until this text has come.
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
        match self.stream.read(&mut chunk) {
            Ok(count) => {
                self.read.extend_from_slice(&chunk[..count]);
                count
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("nothing came in time: {error}"),
        }
    }
}

/// Sends one request on a connection of its own.
pub fn exchange(addr: SocketAddr, ask: &Ask) -> Reply {
    Peer::connect(addr).send(ask.bytes()).reply()
}

pub fn secret(user: &str) -> String {
    format!("{user}-").chars().cycle().take(64).collect()
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

pub fn fresh_nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed) + (1 << 40))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
