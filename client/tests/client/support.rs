//! A server of the test's own making: it listens on loopback, reads signed
//! requests, and answers with whatever bytes the test wants to see refused.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use ccc_client::{Bridge, Identity};
use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::secrets::Secrets;
use ccc_protocol::signing::{AnswerToSign, Key, RequestHead, SignatureOfRequest, sign_answer};

/// A request as it arrived, its signature right.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) created: i64,
    pub(crate) nonce: String,
}

impl Received {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A signed answer to this request.
    pub(crate) fn answer(&self, status: u16, body: &str) -> Vec<u8> {
        self.answer_with(status, body, None, "")
    }

    /// A signed answer with a covered date and more fields.
    pub(crate) fn answer_with(&self, status: u16, body: &str, date: Option<&str>, more: &str) -> Vec<u8> {
        let digest = ContentDigest::of(body.as_bytes()).to_string();
        let head = head(self);
        let signature = SignatureOfRequest::read(&head).unwrap();
        let to_sign = AnswerToSign { status, content_digest: Some(&digest), date, request: signature.mark() };
        let signed = sign_answer(&key(), "agent", &to_sign, 1);
        let date = date.map(|date| format!("date: {date}\r\n")).unwrap_or_default();
        format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\ncontent-digest: {digest}\r\n{date}{more}\
             signature-input: {}\r\nsignature: {}\r\n\r\n{body}",
            body.len(),
            signed.signature_input,
            signed.signature,
        )
        .into_bytes()
    }

    /// The signed head of an event stream.
    pub(crate) fn stream_head(&self) -> Vec<u8> {
        let head = head(self);
        let signature = SignatureOfRequest::read(&head).unwrap();
        let to_sign = AnswerToSign { status: 200, content_digest: None, date: None, request: signature.mark() };
        let signed = sign_answer(&key(), "agent", &to_sign, 1);
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nsignature-input: {}\r\nsignature: {}\r\n\r\n",
            signed.signature_input, signed.signature,
        )
        .into_bytes()
    }
}

/// What the server does with one request: the bytes it sends back. It closes
/// the connection after bytes that say so, and after none.
pub(crate) type Script = Box<dyn FnOnce(&Received) -> Vec<u8> + Send>;

/// A server that plays its scripts, one a request, and remembers what it read.
pub(crate) struct FakeServer {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
}

impl FakeServer {
    pub(crate) fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, count) = (Arc::clone(&received), Arc::clone(&connections));
        thread::spawn(move || play(&listener, scripts.into(), &log, &count));
        Self { port, received, connections }
    }

    pub(crate) fn bridge(&self) -> Bridge {
        bridge_to(&self.url())
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

pub(crate) fn bridge_to(url: &str) -> Bridge {
    let secrets = Secrets::parse(SECRETS.as_bytes()).unwrap();
    Bridge::new(url.parse().unwrap(), Identity::choose(&secrets, None).unwrap())
}

pub(crate) fn script(play: impl FnOnce(&Received) -> Vec<u8> + Send + 'static) -> Script {
    Box::new(play)
}

pub(crate) const SECRETS: &str = r#"{"users":{"agent":{"secret":"000102030405060708090a0b0c0d0e0f"}}}"#;

fn key() -> Key {
    Key::new(b"000102030405060708090a0b0c0d0e0f")
}

fn play(listener: &TcpListener, mut scripts: VecDeque<Script>, log: &Mutex<Vec<Received>>, count: &AtomicUsize) {
    while !scripts.is_empty() {
        let (stream, _) = listener.accept().unwrap();
        count.fetch_add(1, Ordering::SeqCst);
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(received) = read_request(&mut reader) {
            let Some(script) = scripts.pop_front() else { return };
            log.lock().unwrap().push(received.clone());
            let bytes = script(&received);
            if !send(&stream, &bytes) || closes(&bytes) {
                break;
            }
        }
    }
}

fn send(mut stream: &TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok() && !bytes.is_empty()
}

fn closes(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("connection: close")
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let line = lines.remove(0);
    let fields: Vec<(String, String)> =
        lines.iter().map(|l| l.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap()).collect();
    let length = fields.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut received = Received { line, fields, body, created: 0, nonce: String::new() };
    let (created, nonce) = prove(&received);
    received.created = created;
    received.nonce = nonce;
    Some(received)
}

/// Every request of ours is rightly signed, and binds its body.
fn prove(received: &Received) -> (i64, String) {
    let head = head(received);
    let signature = SignatureOfRequest::read(&head).unwrap();
    assert!(signature.verify(Some(&key()), &head), "{received:?}");
    if let Some(digest) = received.field("content-digest") {
        assert_eq!(ContentDigest::parse(digest.as_bytes()).unwrap(), ContentDigest::of(&received.body));
    }
    (signature.created(), signature.nonce().to_owned())
}

fn head(received: &Received) -> RequestHead<'_, [(String, String)]> {
    let mut line = received.line.split(' ');
    RequestHead {
        method: line.next().unwrap(),
        target: line.next().unwrap(),
        has_body: !received.body.is_empty(),
        fields: &received.fields,
    }
}
