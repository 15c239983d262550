//! Answers as a bridge signs them, for tests that play one, here and in the programs that are built on this crate.

use std::time::Instant;

use ccc_client::{Answer, CallError, Clearance, Manner, Road, Ruling, Until, ask_for_clearance};
use ccc_protocol::TicketId;
use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::signing::{AnswerToSign, Key, RequestToSign, Stamp, sign_answer, sign_request};
use serde_json::{Value, json};

const USER: &str = "agent";

/// An answer whose signature holds.
pub(crate) fn answer(status: u16, body: &Value) -> Answer {
    let key = Key::new(b"000102030405060708090a0b0c0d0e0f");
    let request = RequestToSign {
        method: "POST",
        target: "/action",
        authority: "localhost",
        content_type: None,
        content_digest: None,
        idempotency_key: None,
    };
    let request = sign_request(&key, &request, &Stamp { keyid: USER, created: 1, nonce: "0123456789abcdef" });
    let body = body.to_string().into_bytes();
    let digest = ContentDigest::of(&body).to_string();
    let to_sign = AnswerToSign { status, content_digest: Some(&digest), date: None, request: request.mark() };
    let signed = sign_answer(&key, USER, &to_sign, 1);
    let fields =
        [("content-digest", digest), ("signature-input", signed.signature_input), ("signature", signed.signature)];
    Answer::verify((&key, USER), request.mark(), status, &fields[..], body).unwrap().0
}

/// A ticket in this state.
pub(crate) fn ticket(id: TicketId, status: &str, action: &str) -> Value {
    let digest = ccc_protocol::Digest::of(b"");
    json!({
        "id": id, "seq": 1, "status": status, "action": action, "params": {}, "submitted_by": USER,
        "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest, "rule": "queue by default",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
    })
}

/// A clearance, had as every other is: from a signed answer.
pub(crate) fn cleared() -> Clearance {
    let yes = Yes(ticket(TicketId::new(1, [1; 10]), "released", "use-tool"));
    match ask_for_clearance(&yes, &json!({}), Manner::Held, &Until(Instant::now())) {
        Ruling::Cleared(clearance) => Some(clearance),
        _ => None,
    }
    .unwrap()
}

struct Yes(Value);

impl Road for Yes {
    fn ask(&self, _: &[u8], _: Option<&str>, _: Option<u64>) -> Result<Answer, CallError> {
        Ok(answer(200, &self.0))
    }
    fn look(&self, _: TicketId, _: Option<u64>) -> Result<Answer, CallError> {
        Ok(answer(200, &self.0))
    }
    fn withdraw(&self, _: TicketId) -> Result<(), CallError> {
        Ok(())
    }
}
