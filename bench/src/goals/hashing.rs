//! What of a request's cost is hashing: all that the protocol has digested and signed for one request, hashed in this process
//! by the functions that the server uses. No server that speaks the protocol spends less.

use std::{hint::black_box, time::Instant};

use ccc_protocol::{
    content_digest::ContentDigest,
    signing::{Key, RequestHead, SignatureOfRequest},
};

use super::Bench;
use crate::{http::Answer, report::Goal, sample::median, server::secret, wire::Sample};

/// Repetitions whose mean is one figure.
const BATCH: u32 = 500;
/// In the audit chain, before an entry: the tag, a length, the hash of the entry before.
const CHAIN_BYTES: usize = 19 + 8 + 32;

/// What is hashed for one request.
struct Hashed {
    digested: Vec<Vec<u8>>,
    signed: Vec<Vec<u8>>,
}

/// What is hashed for a request of this kind.
pub fn of(bench: &mut Bench, goal: &'static str, sample: &Sample) {
    let mut hashed = Hashed::around(&sample.request, &sample.answer);
    hashed.digested.push(sample.rest().to_vec());
    if !sample.entry.is_empty() {
        hashed.digested.push(sample.approved.clone());
        hashed.digested.push([&[0; CHAIN_BYTES], &sample.entry[..]].concat());
    }
    report(bench, goal, &hashed);
}

fn report(bench: &mut Bench, goal: &'static str, hashed: &Hashed) {
    let rounds: Vec<f64> = (0..bench.wishes.rounds * 5).map(|_| hashed.seconds()).collect();
    let bytes: usize = hashed.digested.iter().chain(&hashed.signed).map(Vec::len).sum();
    let figures = format!("{bytes} bytes in {} pieces", hashed.digested.len() + hashed.signed.len());
    bench.report.figure(
        goal,
        "of that, hashing what the protocol asks for",
        median(&rounds) * 1e6,
        " µs",
        Goal::Shown,
        figures,
    );
}

impl Hashed {
    /// Both signatures, and the digest of the request's body.
    fn around(request: &[u8], answer: &Answer) -> Self {
        let text = std::str::from_utf8(request).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let (line, fields) = head.split_once("\r\n").expect("a request line");
        let mut words = line.split(' ');
        let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
        let fields: Vec<(&str, &str)> = fields.lines().filter_map(|field| field.split_once(": ")).collect();
        let head = RequestHead { method, target, has_body: !body.is_empty(), fields: &fields[..] };
        let signature = SignatureOfRequest::read(&head).expect("a signature");
        let signed =
            vec![signature.base(&head).expect("all that is covered"), answer_base(answer, signature.mark().value)];
        let digested = if body.is_empty() { vec![] } else { vec![body.as_bytes().to_vec()] };
        Self { digested, signed }
    }

    fn seconds(&self) -> f64 {
        let key = Key::new(secret("agent").as_bytes());
        let begun = Instant::now();
        for _ in 0..BATCH {
            for piece in &self.digested {
                black_box(ContentDigest::of(black_box(piece)));
            }
            for piece in &self.signed {
                black_box(key.mac(black_box(piece)));
            }
        }
        begun.elapsed().as_secs_f64() / f64::from(BATCH)
    }
}

/// The signature base of an answer (docs/protocol.md).
fn answer_base(answer: &Answer, request_signature: &str) -> Vec<u8> {
    let params = answer.field("signature-input").split_once('=').expect("a label").1;
    let digest = answer.field("content-digest");
    format!(
        "\"@status\": {}\n\"content-digest\": {digest}\n\"signature\";req;key=\"ccc\": {request_signature}\n\"@signature-params\": {params}",
        answer.status
    )
    .into_bytes()
}
