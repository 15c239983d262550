//! What of a request's cost is hashing: all that the protocol has digested and signed for one request, hashed in this process
//! by the functions that the server uses. No server that speaks the protocol spends less.

use std::{hint::black_box, time::Instant};

use ccc_core::audit::chain;
use ccc_protocol::{
    bodies::AuditEntry,
    content_digest::ContentDigest,
    jcs,
    signing::{Key, RequestHead, SignatureOfRequest},
};
use serde_json::{Value, json};

use super::Bench;
use crate::{
    http::{Answer, Line},
    report::Goal,
    sample::median,
    server::{Server, secret, signer},
    sign::Ask,
};

/// Repetitions whose mean is one figure.
const BATCH: u32 = 500;
/// In the audit chain, before an entry: the tag, a length, the hash of the entry before.
const CHAIN_BYTES: usize = 19 + 8 + 32;

/// What is hashed for one request.
struct Hashed {
    digested: Vec<Vec<u8>>,
    signed: Vec<Vec<u8>>,
}

/// For `POST /action`, as in goals 1 and 2.
pub fn of_submission(bench: &mut Bench, bridge: &Server) {
    let request = signer("agent").signed(Ask::list_actions());
    let answer = Line::to(bridge.addr()).whole(&request);
    let ticket: Value = serde_json::from_slice(&answer.body).expect("a ticket");
    let mut hashed = Hashed::around(&request, &answer);
    // The action list, which comes first, is digested once for many.
    let list_bytes = json!({ "result": ticket["result"] }).to_string().len() - 1;
    hashed.digested.push(answer.body.get(list_bytes..).expect("a ticket after its result").to_vec());
    let approved = ["action", "id", "params", "plan", "submitted_by"];
    let approved: Value = approved.into_iter().map(|name| (name, ticket[name].clone())).collect();
    hashed.digested.push(jcs::to_string(&approved).into_bytes());
    hashed.digested.push([&[0; CHAIN_BYTES], entry_of(bridge, &ticket).as_bytes()].concat());
    report(bench, "2", &hashed);
}

/// For `GET /queue`, as in goal 3.
pub fn of_reading(bench: &mut Bench, bridge: &Server) {
    let request = signer("agent").signed(Ask::get("/queue"));
    let answer = Line::to(bridge.addr()).whole(&request);
    let mut hashed = Hashed::around(&request, &answer);
    hashed.digested.push(answer.body);
    report(bench, "3", &hashed);
}

/// The audit entry of this ticket, in the form that is hashed.
fn entry_of(bridge: &Server, ticket: &Value) -> String {
    let before = ticket["seq"].as_u64().expect("a number") - 1;
    let page =
        Line::to(bridge.addr()).json(&signer("user").signed(Ask::get(&format!("/audit?after={before}&limit=1"))));
    let entry: AuditEntry = serde_json::from_value(page["entries"][0].clone()).expect("an entry");
    chain::canonical(&entry)
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
