//! Requests made ready before the clock runs: signed as our clients sign them, or with the seed's headers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_protocol::{
    content_digest::ContentDigest,
    hex,
    signing::{Key, RequestToSign, Stamp, sign_request},
};

/// What is asked for in most measurements: auto-accepted, with nothing to run.
pub const LIST_ACTIONS: &str = r#"{"action":"list-actions"}"#;

/// A user who signs.
#[derive(Debug)]
pub struct Signer {
    name: String,
    key: Key,
    /// Unlike that of every other run within the time that nonces are remembered.
    run: u64,
    next: AtomicU64,
}

/// A request to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The body of a POST.
    pub body: Option<&'a str>,
    /// Whether an idempotency key is sent, as our client does.
    pub keyed: bool,
    /// For how many seconds the answer may be held.
    pub wait_seconds: Option<u64>,
}

impl<'a> Ask<'a> {
    /// A reading request.
    #[must_use]
    pub fn get(target: &'a str) -> Self {
        Self { method: "GET", target, body: None, keyed: false, wait_seconds: None }
    }

    /// A changing request.
    #[must_use]
    pub fn post(target: &'a str, body: &'a str) -> Self {
        Self { method: "POST", body: Some(body), ..Self::get(target) }
    }

    /// The request of most measurements.
    #[must_use]
    pub fn list_actions() -> Ask<'static> {
        Ask::post("/action", LIST_ACTIONS)
    }
}

impl Signer {
    /// The user of this name and secret.
    #[must_use]
    pub fn new(name: &str, secret: &str) -> Self {
        let run = u64::try_from(now().as_nanos()).unwrap_or_default();
        Self { name: name.to_owned(), key: Key::new(secret.as_bytes()), run, next: AtomicU64::new(0) }
    }

    /// A whole request, signed by RFC 9421 with a nonce of its own.
    #[must_use]
    pub fn signed(&self, ask: Ask<'_>) -> Vec<u8> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{:x}-{number:x}", self.run);
        let digest = ask.body.map(|body| ContentDigest::of(body.as_bytes()).to_string());
        let idempotency_key = ask.keyed.then(|| {
            let (high, low) = (self.run >> 16, self.run & 0xffff);
            format!(
                "\"{:08x}-{:04x}-4{:03x}-8000-{number:012x}\"",
                high >> 16 & 0xffff_ffff,
                high & 0xffff,
                low & 0xfff
            )
        });
        let to_sign = RequestToSign {
            method: ask.method,
            target: ask.target,
            authority: "localhost",
            content_type: ask.body.map(|_| "application/json"),
            content_digest: digest.as_deref(),
            idempotency_key: idempotency_key.as_deref(),
        };
        let created = now().as_secs().cast_signed();
        let signed = sign_request(&self.key, &to_sign, &Stamp { keyid: &self.name, created, nonce: &nonce });
        let mut text = format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", ask.method, ask.target);
        if let Some(body) = ask.body {
            text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        let fields = [
            ("Content-Digest", digest),
            ("Idempotency-Key", idempotency_key),
            ("Prefer", ask.wait_seconds.map(|seconds| format!("wait={seconds}"))),
            ("Signature-Input", Some(signed.signature_input)),
            ("Signature", Some(signed.signature)),
        ];
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            text += &format!("{name}: {value}\r\n");
        }
        (text + "\r\n" + ask.body.unwrap_or_default()).into_bytes()
    }

    /// A whole request with the seed's headers, as floor and peer take it.
    #[must_use]
    pub fn seed_signed(&self, ask: Ask<'_>) -> Vec<u8> {
        let body = ask.body.unwrap_or_default();
        let timestamp = now().as_millis();
        let mac = hex::encode(&self.key.mac(format!("{timestamp}.{body}").as_bytes()));
        let length = ask.body.map_or_else(String::new, |body| {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
        });
        format!(
            "{} {} HTTP/1.1\r\nHost: localhost\r\n{length}X-Conduit-User: {}\r\nX-Conduit-Timestamp: {timestamp}\r\n\
             X-Conduit-Signature: {mac}\r\n\r\n{body}",
            ask.method, ask.target, self.name
        )
        .into_bytes()
    }
}

fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
