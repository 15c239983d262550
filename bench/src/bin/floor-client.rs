//! The floor of a client: signs one request, sends it, reads the answer. No options, no checks, no runtime.
//!
//! `floor-client PLACE SECRET_FILE`, where PLACE is `ADDR:PORT` or the path of a Unix socket, and the file holds the
//! secret of the user `agent` and nothing else.

use std::{
    fs::File,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_protocol::{
    content_digest::ContentDigest,
    signing::{Key, RequestToSign, Stamp, sign_request},
};

const BODY: &[u8] = br#"{"action":"list-actions"}"#;

fn main() {
    let mut args = std::env::args().skip(1);
    let (place, secret) = (args.next().expect("a place"), args.next().expect("a secret file"));
    let request = request(&std::fs::read(secret).expect("the secret"));
    let status = match place.contains('/') {
        true => exchange(UnixStream::connect(place).expect("a server"), &request),
        false => exchange(TcpStream::connect(place).expect("a server"), &request),
    };
    assert_eq!(status, b"200", "the request is accepted");
}

fn request(secret: &[u8]) -> Vec<u8> {
    let mut random = [0; 8];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random)).expect("random bytes");
    let nonce = format!("{:016x}", u64::from_ne_bytes(random));
    let created = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs().cast_signed();
    let digest = ContentDigest::of(BODY).to_string();
    let to_sign = RequestToSign {
        method: "POST",
        target: "/action",
        authority: "localhost",
        content_type: Some("application/json"),
        content_digest: Some(&digest),
        idempotency_key: None,
    };
    let signed = sign_request(&Key::new(secret), &to_sign, &Stamp { keyid: "agent", created, nonce: &nonce });
    let head = format!(
        "POST /action HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Content-Digest: {digest}\r\nSignature-Input: {}\r\nSignature: {}\r\n\r\n",
        BODY.len(),
        signed.signature_input,
        signed.signature
    );
    [head.as_bytes(), BODY].concat()
}

/// The status of the answer, which is read to its end.
fn exchange(mut stream: impl Read + Write, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).expect("sent");
    let mut answer = Vec::with_capacity(16 * 1024);
    stream.read_to_end(&mut answer).expect("an answer");
    answer.get(9..12).unwrap_or_default().to_vec()
}
