//! Peers that try to get a call or a tool past the proxy.

use super::rig::{Gate, Rig, names, ticket};
use crate::judge::{Trust, Verdict};
use serde_json::json;

fn denying() -> Rig {
    Rig::judging(|_, _| Verdict::Deny { reason: "no".into(), ticket: None })
}

#[test]
fn a_batch_with_a_call_inside_is_refused_whole() {
    let rig = denying();
    rig.client_sends(
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"echo"}},{"jsonrpc":"2.0","method":"x"}]"#,
    );
    let answer = rig.value_at_client();
    let told: Vec<_> =
        answer.as_array().unwrap().iter().map(|one| (one["id"].clone(), one["error"]["code"].clone())).collect();
    assert_eq!(told, [(json!(1), json!(-32600)), (json!("b"), json!(-32600))]);
    rig.client_sends("[]");
    assert_eq!(rig.value_at_client()["error"]["code"], json!(-32600));
    rig.nothing_at_server();
}

#[test]
fn a_call_in_disguise_does_not_pass() {
    let rig = denying();
    for line in [
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"tools\/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"\u0074ools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"ping","method":"tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"ping","METHOD":"tools/call","params":{"name":"echo"}}"#,
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\",\"params\":{\"x\":\r{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\"}}\r}}",
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"echo","Name":"other"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":["echo"]}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":" tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call\u0000","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"Tools//Call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"x/../tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"mcp/tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"rpc.tools/call","params":{"name":"echo"}}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call:v1","params":{"name":"echo"}}"#,
    ] {
        rig.client_sends(line);
        rig.nothing_at_server();
        while rig.client.try_recv().is_ok() {}
    }
}

#[test]
fn an_answer_that_nobody_asked_for_reaches_nobody() {
    let gate = Gate::new();
    let door = gate.clone();
    let rig = Rig::judging(move |_, _| {
        door.pass();
        Verdict::Allow(crate::signed::cleared())
    });
    rig.call(1, "echo");
    for id in ["1", "2", "\"1\"", "1.0"] {
        rig.server_sends(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#));
    }
    rig.nothing_at_client();
    gate.open();
    rig.at_server();
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    rig.server_sends(result);
    rig.server_sends(result);
    assert_eq!(rig.at_client(), result);
    rig.nothing_at_client();
}

#[test]
fn a_tool_list_does_not_slip_past_in_another_form() {
    let rig = Rig::new(
        |_, _| Verdict::Allow(crate::signed::cleared()),
        |_| Trust::Refused { reason: "no".into(), ticket: Some(ticket(1)) },
    );
    let lists = [
        r#"[{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"evil"}]}}]"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"evil"}],"tools":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"Tools":[{"name":"evil"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"evil","name":"good"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"Result":{"tools":[{"name":"evil"}]},"result":{"tools":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1.0,"result":{"tools":[{"name":"evil"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"evil"}]},"result":{"tools":[]}}"#,
    ];
    for list in lists {
        rig.client_sends(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        rig.at_server();
        rig.server_sends(list);
        while let Ok(line) = rig.client.recv_timeout(std::time::Duration::from_millis(100)) {
            assert!(!String::from_utf8_lossy(&line).contains("evil"), "{list}");
        }
        rig.server_sends(r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"over"}}"#);
        while rig.client.try_recv().is_ok() {}
    }
}

#[test]
fn a_server_batch_is_taken_apart_and_each_message_treated_as_one() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    rig.client_sends(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    rig.server_sends(
        r#"[{"jsonrpc":"2.0","id":2,"result":{}},{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}},[]]"#,
    );
    assert_eq!(rig.at_client(), r#"{"jsonrpc":"2.0","id":2,"result":{}}"#);
    assert_eq!(names(&rig.value_at_client()["result"]["tools"]), ["a"]);
}

#[test]
fn an_answer_too_long_to_keep_is_an_error_for_the_one_who_asked() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#);
    rig.proxy.server_sent(crate::frame::Frame::TooLong {
        bytes: 1 << 40,
        id: Some(crate::id::Id::Number(4)),
        asks: false,
    });
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(4), &json!(-32603)));
}

#[test]
fn who_waits_for_an_answer_that_cannot_be_read_hears_so() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#);
    rig.server_sends("a line that a program prints by mistake");
    rig.nothing_at_client();
    rig.server_sends(r#"{"jsonrpc":"2.0","id":5,"result":{"n":NaN}}"#);
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(5), &json!(-32603)));
    rig.server_sends(r#"{"jsonrpc":"2.0","id":5,"result":{}}"#);
    rig.nothing_at_client();
}

#[test]
fn a_bad_request_of_the_server_is_answered_to_it_and_takes_no_answer_from_the_client() {
    let rig = Rig::open();
    rig.list(&[json!({"name": "echo"})]);
    rig.call(1, "echo");
    rig.at_server();
    for bad in [
        r#"{"jsonrpc":"2.0","id":1,"method":"roots/list","extra":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"Method":"roots/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":" roots/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
    ] {
        rig.server_sends(bad);
        let told = rig.value_at_server();
        assert_eq!((&told["id"], &told["error"]["code"]), (&json!(1), &json!(-32600)), "{bad}");
    }
    let id = Some(crate::id::Id::Number(1));
    rig.proxy.server_sent(crate::frame::Frame::TooLong { bytes: 1 << 40, id, asks: true });
    assert_eq!(rig.value_at_server()["error"]["code"], json!(-32600));
    rig.server_sends(r#"{"jsonrpc":"2.0","method":"notifications/message","extra":1}"#);
    rig.nothing_at_server();
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    rig.server_sends(result);
    assert_eq!(rig.at_client(), result);
}
