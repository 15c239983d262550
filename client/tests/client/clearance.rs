//! Whether a tool call may go on, asked of servers that say yes without being the bridge.

use std::time::Instant;

use ccc_client::{CallError, Manner, Ruling, Until, ask_for_clearance};
use ccc_protocol::Digest;
use serde_json::{Value, json};

use crate::support::{FakeServer, Received, script};

fn released() -> String {
    let digest = Digest::of(b"");
    json!({
        "id": "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", "seq": 42, "status": "released", "action": "use-tool", "params": {},
        "submitted_by": "agent", "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest,
        "rule": "", "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
    })
    .to_string()
}

fn call() -> Value {
    json!({"action": "use-tool", "tool": "Bash", "input": {"command": "ls"}})
}

/// What a call is told that is answered with these bytes, and the request that they answered.
fn ruled(manner: Manner, answer: impl FnOnce(&Received) -> Vec<u8> + Send + 'static) -> (Ruling, Received) {
    let server = FakeServer::start(vec![script(answer)]);
    let ruling = ask_for_clearance(&server.bridge(), &call(), manner, &Until(Instant::now()));
    (ruling, server.received().remove(0))
}

#[test]
fn a_signed_release_clears() {
    for manner in [Manner::Held, Manner::Watched] {
        let (ruling, asked) = ruled(manner, |r| r.answer(200, &released()));
        assert!(matches!(ruling, Ruling::Cleared(_)), "{ruling:?}");
        assert_eq!(serde_json::from_slice::<Value>(&asked.body).unwrap(), call());
    }
}

#[test]
fn a_release_that_nobody_signed_is_no_clearance() {
    for manner in [Manner::Held, Manner::Watched] {
        let unsigned = |_: &Received| {
            let body = released();
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
        };
        let (ruling, _) = ruled(manner, unsigned);
        assert!(matches!(ruling, Ruling::Unanswered(CallError::NotAuthentic(_))), "{ruling:?}");
    }
}

/// As somebody would play it back who saw one yes.
#[test]
fn a_release_signed_for_another_request_is_no_clearance() {
    for manner in [Manner::Held, Manner::Watched] {
        let (_, before) = ruled(manner, |r| r.answer(200, &released()));
        let (ruling, _) = ruled(manner, move |_| before.answer(200, &released()));
        assert!(matches!(ruling, Ruling::Unanswered(CallError::NotAuthentic(_))), "{ruling:?}");
    }
}

#[test]
fn an_end_that_was_turned_into_a_release_is_no_clearance() {
    let turned = |r: &Received| {
        let denied = released().replace("\"released\"", "\"expired\"");
        let text = String::from_utf8(r.answer(200, &denied)).unwrap();
        let turned = text.replace("\"expired\"", "\"released\"");
        turned.replace(&format!("length: {}", denied.len()), &format!("length: {}", denied.len() + 1)).into_bytes()
    };
    let (ruling, _) = ruled(Manner::Held, turned);
    assert!(matches!(ruling, Ruling::Unanswered(CallError::NotAuthentic(_))), "{ruling:?}");
}
