//! Tool calls: allowed, denied, waiting, cancelled.

use std::sync::{Arc, Mutex};

use super::rig::{Gate, Rig, call_line, ticket};
use crate::{
    judge::{ToolCall, Trust, Verdict},
    proxy::{Limits, Settings},
};
use serde_json::json;

fn deny() -> Verdict {
    Verdict::Deny { reason: "no uploads".into(), ticket: Some(ticket(1)) }
}

#[test]
fn an_allowed_call_reaches_the_server_byte_for_byte_and_was_judged_whole() {
    let judged: Arc<Mutex<Vec<ToolCall>>> = Arc::default();
    let record = Arc::clone(&judged);
    let rig = Rig::judging(move |call, _| {
        record.lock().unwrap().push(call.clone());
        Verdict::Allow(crate::signed::cleared())
    });
    let line = rig.call(1, "echo");
    assert_eq!(rig.at_server(), line);
    let arguments = json!({"m": "é😀"}).as_object().cloned().unwrap();
    assert_eq!(*judged.lock().unwrap(), [ToolCall { server: "peer".into(), tool: "echo".into(), arguments }]);
}

#[test]
fn leave_for_a_bare_call_is_none_for_one_that_says_more() {
    let rig = Rig::judging(|call, _| {
        let bare = json!({"m": 1}).as_object().cloned().unwrap();
        if call.arguments == bare { Verdict::Allow(crate::signed::cleared()) } else { deny() }
    });
    let call = |id: u32, more: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"m":1}}{more}}}}}"#
        )
    };
    rig.client_sends(&call(1, ""));
    assert_eq!(rig.at_server(), call(1, ""));
    for (id, more) in [
        (2, r#","inputResponses":{"q":{"action":"accept"}}"#),
        (3, r#","requestState":"s""#),
        (4, r#","task":{"ttl":1}"#),
        (5, r#","_meta":{"com.example/as":"root"}"#),
        (6, r#","unheard":1"#),
    ] {
        rig.client_sends(&call(id, more));
        assert_eq!(rig.value_at_client()["result"]["isError"], json!(true), "{more}");
    }
    rig.nothing_at_server();
}

#[test]
fn a_denied_call_never_reaches_the_server_and_says_why() {
    let rig = Rig::judging(|_, _| deny());
    rig.call(1, "echo");
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(1), &json!(true)));
    let structured = &answer["result"]["structuredContent"];
    assert_eq!(structured["status"], json!("denied"));
    assert_eq!(structured["ticket"], json!(ticket(1)));
    assert_eq!(structured["reason"], json!("no uploads"));
    rig.nothing_at_server();
    rig.call(2, "typed");
    assert_eq!(rig.value_at_client()["result"].get("structuredContent"), None, "a tool with a schema for its results");
}

#[test]
fn a_receipt_names_the_ticket_and_the_way_on() {
    let rig = Rig::judging(|_, _| Verdict::Receipt { reason: "queue by default".into(), ticket: ticket(2) });
    rig.call(1, "echo");
    let answer = rig.value_at_client();
    let structured = &answer["result"]["structuredContent"];
    assert_eq!((&structured["status"], &structured["ticket"]), (&json!("queued"), &json!(ticket(2))));
    assert!(structured["next"].as_str().unwrap().contains(&format!("ccc-queue approve {}", ticket(2))));
    rig.nothing_at_server();
}

#[test]
fn refusals_speak_the_form_of_the_request() {
    let rig = Rig::judging(|_, _| deny());
    rig.client_sends(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#,
    );
    assert_eq!(rig.value_at_client()["result"]["resultType"], json!("complete"));
    rig.call(2, "echo");
    assert_eq!(rig.value_at_client()["result"].get("resultType"), None);
}

#[test]
fn a_waiting_call_holds_nobody_up_and_passes_once_approved() {
    let gate = Gate::new();
    let door = gate.clone();
    let rig = Rig::judging(move |call, watch| {
        if call.tool == "echo" {
            assert!(watch.queued(ticket(1)));
            door.pass();
        }
        Verdict::Allow(crate::signed::cleared())
    });
    let waiting = rig.call(1, "echo");
    let others = [r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#.to_owned(), call_line(3, "typed")];
    for other in &others {
        rig.client_sends(other);
        assert_eq!(rig.at_server(), *other);
    }
    gate.open();
    assert_eq!(rig.at_server(), waiting);
}

#[test]
fn progress_is_told_where_a_token_was_given_and_only_there() {
    let rig = Rig::judging(|_, watch| {
        assert!(watch.queued(ticket(1)) && watch.queued(ticket(1)));
        deny()
    });
    rig.client_sends(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"progressToken":"p-1"}}}"#,
    );
    let told = [rig.value_at_client(), rig.value_at_client()];
    let progress = |at: usize| told[at]["params"]["progress"].as_f64().unwrap();
    assert!(progress(0) < progress(1));
    for message in &told {
        assert_eq!(message["method"], json!("notifications/progress"));
        assert_eq!(message["params"]["progressToken"], json!("p-1"));
        assert!(message["params"]["message"].as_str().unwrap().contains(&ticket(1).to_string()));
    }
    assert_eq!(rig.value_at_client()["result"]["isError"], json!(true));
    rig.call(2, "echo");
    assert_eq!(rig.value_at_client()["id"], json!(2));
}

const CANCELLED: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"timeout"}}"#;

#[test]
fn a_cancelled_call_withdraws_its_ticket_is_answered_by_nothing_and_never_passes() {
    let gate = Gate::new();
    let door = gate.clone();
    let rig = Rig::judging(move |call, watch| {
        if call.tool == "echo" {
            watch.queued(ticket(1));
            door.pass();
        }
        Verdict::Allow(crate::signed::cleared())
    });
    rig.client_sends(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"progressToken":1}}}"#,
    );
    assert_eq!(rig.value_at_client()["method"], json!("notifications/progress"), "the ticket is known");
    rig.client_sends(CANCELLED);
    assert_eq!(rig.withdrawn.recv().unwrap(), ticket(1));
    gate.open();
    rig.nothing_at_server();
    rig.nothing_at_client();
    // The id may come again, and the late verdict is not taken for it.
    let line = rig.call(1, "typed");
    assert_eq!(rig.at_server(), line);
}

#[test]
fn a_call_cancelled_before_its_ticket_is_known_is_told_so() {
    let gate = Gate::new();
    let door = gate.clone();
    let wanted = Arc::new(Mutex::new(None));
    let record = Arc::clone(&wanted);
    let rig = Rig::judging(move |_, watch| {
        door.pass();
        *record.lock().unwrap() = Some(watch.queued(ticket(1)));
        Verdict::Allow(crate::signed::cleared())
    });
    rig.call(1, "echo");
    rig.client_sends(CANCELLED);
    gate.open();
    rig.nothing_at_server();
    rig.nothing_at_client();
    assert_eq!(*wanted.lock().unwrap(), Some(false));
}

#[test]
fn the_end_of_the_client_withdraws_what_waits() {
    let gate = Gate::new();
    let door = gate.clone();
    let rig = Rig::judging(move |_, watch| {
        watch.queued(ticket(1));
        door.pass();
        Verdict::Allow(crate::signed::cleared())
    });
    rig.client_sends(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"progressToken":1}}}"#,
    );
    rig.at_client();
    rig.proxy.client_ended();
    assert_eq!(rig.withdrawn.recv().unwrap(), ticket(1));
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32000)));
    gate.open();
    rig.nothing_at_client();
    rig.nothing_at_server();
}

#[test]
fn a_judge_that_fails_leaves_a_refusal() {
    let rig = Rig::judging(|_, _| panic!("a judge that fails"));
    rig.call(1, "echo");
    let answer = rig.value_at_client();
    assert_eq!(answer["result"]["structuredContent"]["status"], json!("denied"));
    rig.nothing_at_server();
}

#[test]
fn a_flood_of_calls_is_refused_at_the_limit_and_recovers() {
    let gate = Gate::new();
    let door = gate.clone();
    let settings = Settings { limits: Limits { judged_at_once_max: 2, ..Limits::default() }, ..Settings::default() };
    let decide = move |_: &ToolCall, _: &dyn crate::judge::Watch| {
        door.pass();
        Verdict::Allow(crate::signed::cleared())
    };
    let rig = Rig::with(settings, decide, |_| Trust::Approved);
    rig.list(&[json!({"name": "echo"})]);
    for id in 0..50 {
        rig.call(id, "echo");
    }
    for _ in 0..48 {
        assert_eq!(rig.value_at_client()["result"]["isError"], json!(true));
    }
    rig.nothing_at_server();
    gate.open();
    let passed = [rig.value_at_server()["id"].clone(), rig.value_at_server()["id"].clone()];
    assert_ne!(passed[0], passed[1]);
    rig.nothing_at_client();
}

#[test]
fn results_over_the_limit_are_withheld_and_secrets_masked() {
    let settings = Settings {
        limits: Limits { result_bytes_max: 200, ..Limits::default() },
        secrets: crate::results::known_secrets(),
        ..Settings::default()
    };
    let rig = Rig::with(settings, |_, _| Verdict::Allow(crate::signed::cleared()), |_| Trust::Approved);
    rig.list(&[json!({"name": "echo"})]);
    rig.call(1, "echo");
    rig.at_server();
    let token = "ghp_0123456789012345678901234567890123456789";
    rig.server_sends(&json!({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":token}]}}).to_string());
    assert_eq!(rig.value_at_client()["result"]["content"][0]["text"], json!("[masked: github-token]"));
    rig.call(2, "echo");
    rig.at_server();
    rig.server_sends(
        &json!({"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"x".repeat(200)}]}}).to_string(),
    );
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(2), &json!(true)));
}

#[test]
fn the_limit_holds_for_errors_and_tasks_and_masks_for_all_that_the_server_says() {
    let settings = Settings {
        limits: Limits { result_bytes_max: 300, ..Limits::default() },
        secrets: crate::results::known_secrets(),
        ..Settings::default()
    };
    let rig = Rig::with(settings, |_, _| Verdict::Allow(crate::signed::cleared()), |_| Trust::Approved);
    rig.list(&[json!({"name": "echo"})]);
    let token = "ghp_0123456789012345678901234567890123456789";
    let ask = |id: u32, method: &str| {
        let params = json!({"name": "echo", "taskId": "t"});
        rig.client_sends(&json!({"jsonrpc":"2.0","id":id,"method":method,"params":params}).to_string());
        rig.at_server();
    };
    let told = |message: serde_json::Value| {
        rig.server_sends(&message.to_string());
        rig.at_client()
    };
    let (failed, over) = (json!({"code":1,"message":token}), json!({"code":1,"message":"x".repeat(300)}));
    let task = json!({"status":"completed","result":{"content":[{"type":"text","text":token}]}});
    for (id, method) in [(1, "tools/call"), (2, "tasks/get"), (3, "tasks/result"), (4, "resources/read")] {
        ask(id, method);
        let answer = told(json!({"jsonrpc":"2.0","id":id,"error":failed}));
        assert!(answer.contains("[masked: github-token]") && !answer.contains("ghp_"), "{answer}");
        ask(id, method);
        let answer = told(json!({"jsonrpc":"2.0","id":id,"result":task}));
        assert!(answer.contains("[masked: github-token]") && !answer.contains("ghp_"), "{answer}");
        if method != "resources/read" {
            ask(id, method);
            let answer = told(json!({"jsonrpc":"2.0","id":id,"error":over}));
            assert!(answer.contains("withheld") && !answer.contains("xxx"), "{answer}");
        }
    }
    for message in [
        json!({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"message":token}}),
        json!({"jsonrpc":"2.0","method":"notifications/message","params":{"data":{"x":[token]}}}),
        json!({"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{"messages":[token]}}),
        json!({"jsonrpc":"2.0","id":null,"error":failed}),
    ] {
        let said = told(message);
        assert!(said.contains("[masked: github-token]") && !said.contains("ghp_"), "{said}");
    }
    // An id is not said but repeated: masked, it would be another one.
    rig.client_sends(&json!({"jsonrpc":"2.0","id":token,"method":"ping"}).to_string());
    rig.at_server();
    let answer = json!({"jsonrpc":"2.0","id":token,"result":{}}).to_string();
    rig.server_sends(&answer);
    assert_eq!(rig.at_client(), answer);
}
