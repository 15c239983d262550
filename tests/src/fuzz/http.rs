//! Bytes of a connection, served by the real server's HTTP side: what it takes for a request is what a plain reader sees.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex},
};

use ccc_core::limits::Limits;
use ccc_protocol::signing::{RequestHead, SignatureOfRequest};
use ccc_server::parts::{Head, Hosts, http};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt as _,
    runtime::{Builder, Runtime},
};

use super::base::PlainHead;
use crate::wire::Ask;

/// The most bytes of one connection that are looked at.
const BYTES_MAX: usize = 32 * 1024;

/// What the server took for a request without fault.
#[derive(Debug, Default)]
struct Taken {
    method: String,
    target: String,
    has_body: bool,
    sent: Vec<(String, String)>,
    base: Option<Vec<u8>>,
}

/// The first request that the server takes without fault is the one that a plain reader sees.
///
/// # Panics
/// Where it is another, or where reading panics.
pub fn http_heads(input: &[u8]) {
    let input = &input[..input.len().min(BYTES_MAX)];
    let Some(taken) = served(input) else { return };
    let text = String::from_utf8_lossy(input);
    let text = text.trim_start_matches(['\r', '\n']);
    let mut plain = PlainHead::read(text).expect("a plain reader finds a head too");
    // hyper's targets have no fragment: router and signature base both see what stands before it.
    plain.target.truncate(plain.target.find('#').unwrap_or(plain.target.len()));
    assert_eq!((&taken.method, &taken.target), (&plain.method, &plain.target));
    let chunked = !plain.values("transfer-encoding").is_empty();
    // RFC 9112, section 6.3: chunks override a length, which is no field of the message then.
    let counts = |name: &&str| !(chunked && *name == "content-length");
    let mut names: Vec<&str> = plain.fields.iter().map(|(name, _)| name.as_str()).filter(counts).collect();
    let mut taken_names: Vec<&str> = taken.sent.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    // One length twice may be taken for that length (RFC 9112, section 6.3).
    names.dedup_by(|one, other| one == other && *one == "content-length");
    taken_names.sort_unstable();
    assert_eq!(taken_names, names, "the same fields");
    let lengths = if chunked { vec![] } else { plain.values("content-length") };
    let lengths: Vec<u64> = lengths.iter().map(|length| length.parse().expect("a length is a number")).collect();
    assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "two lengths");
    let length = lengths.first().copied().unwrap_or(0);
    assert_eq!(taken.has_body, chunked || length > 0, "whether a body follows");
    for (name, value) in &taken.sent {
        assert!(plain.values(name).contains(&&**value), "`{name}` is `{value}` to the server");
    }
    if let Some(base) = taken.base.filter(|_| std::str::from_utf8(input).is_ok()) {
        let head = RequestHead {
            method: &plain.method,
            target: &plain.target,
            has_body: taken.has_body,
            fields: &plain.fields[..],
        };
        let read = SignatureOfRequest::read(&head).expect("a signature that the server read");
        assert_eq!(read.base(&head), Some(base), "the signed bytes");
    }
}

fn served(input: &[u8]) -> Option<Taken> {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(Builder::new_current_thread().build().unwrap());
    }
    let taken = Arc::new(Mutex::new(None));
    RUNTIME.with_borrow(|runtime| runtime.block_on(serve(input, &taken)));
    taken.lock().unwrap().take()
}

async fn serve(input: &[u8], taken: &Arc<Mutex<Option<Taken>>>) {
    let (mut client, server) = tokio::io::duplex(2 * BYTES_MAX);
    client.write_all(input).await.unwrap();
    client.shutdown().await.unwrap();
    let service = service_fn(|request: Request<Incoming>| {
        let found = take(request);
        let taken = Arc::clone(taken);
        async move {
            *taken.lock().unwrap() = found;
            let answer = Response::builder().header("connection", "close").body(String::new());
            answer.map_err(|error| error.to_string())
        }
    });
    // However the connection ends: what was taken before counts.
    let _ = http(&Limits::default()).serve_connection(TokioIo::new(server), service).await;
}

fn take(request: Request<Incoming>) -> Option<Taken> {
    let sent = request.headers().iter();
    let sent = sent
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let (head, _) = Head::of(request);
    if head.fault(&Hosts::new([]), &Limits::default()).is_some() {
        return None;
    }
    let fields = head.fields();
    let request =
        RequestHead { method: head.method(), target: head.target(), has_body: head.has_body(), fields: &fields };
    let base = SignatureOfRequest::read(&request).ok().and_then(|signature| signature.base(&request));
    Some(Taken {
        method: head.method().to_owned(),
        target: head.target().to_owned(),
        has_body: head.has_body(),
        sent,
        base,
    })
}

/// Requests as our own clients send them.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let chunked = Ask::post("/action", "{}").head().replacen("Content-Length: 2", "Transfer-Encoding: chunked", 1);
    vec![
        Ask::get("/queue?after=41").bytes(),
        Ask::post("/action", r#"{"action":"list-actions"}"#).with("content-type", "application/json").bytes(),
        [chunked.as_bytes(), b"2\r\n{}\r\n0\r\n\r\n"].concat(),
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
    ]
}
