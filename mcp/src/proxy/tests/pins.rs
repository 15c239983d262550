//! Tool definitions: withheld until trusted, compared at each list.

use super::rig::{Gate, Rig, names, ticket};
use crate::{
    judge::{PinRequest, Trust, Verdict},
    proxy::{Limits, Settings},
};
use serde_json::{Value, json};

fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
}

/// Trusts all definitions but those that mention `new`; those wait.
fn careful() -> Rig {
    Rig::new(
        |_, _| Verdict::Allow(crate::signed::cleared()),
        |request: &PinRequest| {
            let described = request.definition["description"].as_str().unwrap_or_default();
            if described.contains("new") { Trust::Waiting(ticket(1)) } else { Trust::Approved }
        },
    )
}

#[test]
fn a_new_tool_is_withheld_until_a_person_approves_it_and_then_told() {
    let rig = careful();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#);
    rig.at_server();
    let tools = [tool("a", "old"), tool("b", "new")];
    assert_eq!(rig.list(&tools), ["a"]);
    rig.call(1, "b");
    let refused = rig.value_at_client();
    let structured = &refused["result"]["structuredContent"];
    assert_eq!((&structured["status"], &structured["ticket"]), (&json!("withheld"), &json!(ticket(1))));
    rig.nothing_at_server();

    rig.settle.send(Trust::Approved).unwrap();
    assert_eq!(rig.value_at_client(), json!({"jsonrpc":"2.0","method":"notifications/tools/list_changed"}));
    assert_eq!(rig.list(&tools), ["a", "b"]);
    let line = rig.call(2, "b");
    assert_eq!(rig.at_server(), line);
}

#[test]
fn a_tool_that_changes_after_it_was_trusted_is_withheld() {
    let rig = careful();
    assert_eq!(rig.list(&[tool("a", "reads")]), ["a"]);
    let first = rig.pinned.recv().unwrap();
    assert_eq!(first.command, ["peer", "--stdio"]);
    assert_eq!(rig.list(&[tool("a", "reads, and with new zeal sends")]), Vec::<String>::new());
    let second = rig.pinned.recv().unwrap();
    assert_ne!(second.digest, first.digest);
    rig.call(1, "a");
    let reason = rig.value_at_client()["result"]["structuredContent"]["reason"].clone();
    assert!(reason.as_str().unwrap().contains("changed since it was approved"), "{reason}");
    rig.nothing_at_server();
    assert_eq!(rig.list(&[tool("a", "reads")]), ["a"], "and back again it is what was trusted");
}

#[test]
fn a_list_that_is_looked_at_when_the_server_ends_is_answered() {
    let gate = Gate::new();
    let door = gate.clone();
    let rig = Rig::new(
        |_, _| Verdict::Allow(crate::signed::cleared()),
        move |_| {
            door.pass();
            Trust::Approved
        },
    );
    rig.client_sends(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    rig.at_server();
    rig.server_sends(&json!({"jsonrpc":"2.0","id":1,"result":{"tools":[tool("a", "b")]}}).to_string());
    rig.pinned.recv().unwrap();
    rig.proxy.server_ended();
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32000)));
    gate.open();
    rig.nothing_at_client();
}

#[test]
fn a_look_at_a_list_that_fails_leaves_an_answer() {
    let rig = Rig::new(|_, _| Verdict::Allow(crate::signed::cleared()), |_| panic!("a judge that fails"));
    rig.client_sends(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    rig.at_server();
    rig.server_sends(&json!({"jsonrpc":"2.0","id":1,"result":{"tools":[tool("a", "b")]}}).to_string());
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32603)));
}

#[test]
fn a_definition_is_asked_about_once() {
    let rig = careful();
    for _ in 0..3 {
        rig.list(&[tool("a", "old"), tool("b", "new")]);
    }
    assert_eq!(rig.pinned.try_iter().count(), 2);
}

#[test]
fn pages_are_filtered_one_by_one_and_keep_their_cursor() {
    let rig = careful();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    rig.server_sends(
        &json!({"jsonrpc":"2.0","id":1,"result":{"tools":[tool("b","new"),tool("a","old")],"nextCursor":"2"}})
            .to_string(),
    );
    let page = rig.value_at_client();
    assert_eq!((names(&page["result"]["tools"]), &page["result"]["nextCursor"]), (vec!["a".to_owned()], &json!("2")));
}

#[test]
fn a_call_before_any_list_makes_the_proxy_list_all_pages() {
    let rig = careful();
    let call = rig.call(1, "c");
    for (tools, cursor) in [(vec![tool("a", "old")], Some("2")), (vec![tool("c", "old")], None)] {
        let asked = rig.value_at_server();
        assert_eq!(asked["method"], json!("tools/list"));
        let mut result = json!({ "tools": tools });
        if let Some(cursor) = cursor {
            result["nextCursor"] = json!(cursor);
        }
        rig.server_sends(&json!({"jsonrpc":"2.0","id":asked["id"],"result":result}).to_string());
    }
    assert_eq!(rig.at_server(), call);
    rig.nothing_at_client();
    rig.call(2, "nowhere");
    let asked = rig.value_at_server();
    rig.server_sends(&json!({"jsonrpc":"2.0","id":asked["id"],"result":{"tools":[]}}).to_string());
    assert_eq!(rig.value_at_client()["result"]["structuredContent"]["status"], json!("withheld"));
}

#[test]
fn a_tool_changed_while_a_person_thought_is_not_called() {
    let (gate, asked) = (Gate::new(), Gate::new());
    let (door, bell) = (gate.clone(), asked.clone());
    let rig = Rig::new(
        move |_, _| {
            bell.open();
            door.pass();
            Verdict::Allow(crate::signed::cleared())
        },
        |_| Trust::Approved,
    );
    rig.list(&[tool("a", "reads")]);
    rig.call(1, "a");
    asked.pass();
    rig.server_sends(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    rig.at_client();
    gate.open();
    let own = rig.value_at_server();
    assert_eq!(own["method"], json!("tools/list"), "nothing known counts after a change");
    rig.server_sends(&json!({"jsonrpc":"2.0","id":own["id"],"result":{"tools":[tool("a","sends")]}}).to_string());
    assert_eq!(rig.value_at_client()["result"]["structuredContent"]["status"], json!("withheld"));
    rig.nothing_at_server();
}

#[test]
fn where_requests_stand_for_themselves_changes_are_told_on_the_subscription_alone() {
    let rig = careful();
    rig.list(&[tool("b", "new")]);
    rig.settle.send(Trust::Approved).unwrap();
    rig.nothing_at_client();

    let rig = careful();
    rig.client_sends(
        r#"{"jsonrpc":"2.0","id":"listen:0","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true}}}"#,
    );
    rig.at_server();
    rig.list(&[tool("b", "new")]);
    rig.settle.send(Trust::Approved).unwrap();
    let told = rig.value_at_client();
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], json!("listen:0"));
}

#[test]
fn a_bridge_that_is_away_withholds_and_is_asked_again_at_the_next_list() {
    let away = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = std::sync::Arc::clone(&away);
    let pin = move |_: &PinRequest| {
        if switch.load(std::sync::atomic::Ordering::SeqCst) {
            Trust::Refused { reason: "the bridge is away".into(), ticket: None }
        } else {
            Trust::Approved
        }
    };
    let rig = Rig::new(|_, _| Verdict::Allow(crate::signed::cleared()), pin);
    assert_eq!(rig.list(&[tool("a", "old")]), Vec::<String>::new());
    away.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(rig.list(&[tool("a", "old")]), ["a"]);
}

#[test]
fn a_server_that_keeps_changing_its_tools_does_not_fill_the_queue() {
    let settings = Settings { limits: Limits { definitions_asked_max: 3, ..Limits::default() }, ..Settings::default() };
    let rig = Rig::with(settings, |_, _| Verdict::Allow(crate::signed::cleared()), |_| Trust::Waiting(ticket(1)));
    for round in 0..5 {
        assert_eq!(rig.list(&[tool("a", &format!("new {round}")), tool("b", "new")]), Vec::<String>::new());
    }
    assert_eq!(rig.pinned.try_iter().count(), 3);
}

#[test]
fn a_tool_that_a_whole_list_no_longer_holds_is_not_called() {
    let rig = careful();
    assert_eq!(rig.list(&[tool("a", "old"), tool("b", "old")]), ["a", "b"]);
    assert_eq!(rig.list(&[tool("a", "old")]), ["a"]);
    rig.call(1, "b");
    let asked = rig.value_at_server();
    assert_eq!(asked["method"], json!("tools/list"), "it is looked for once more");
    rig.server_sends(&json!({"jsonrpc":"2.0","id":asked["id"],"result":{"tools":[tool("a","old")]}}).to_string());
    assert_eq!(rig.value_at_client()["result"]["isError"], json!(true));
    let line = rig.call(2, "a");
    assert_eq!(rig.at_server(), line);
}

#[test]
fn a_page_of_a_list_forgets_no_tool_of_the_others_and_the_last_one_what_none_held() {
    let rig = careful();
    let page = |cursor: Option<&str>, name: &str, next: Option<&str>| {
        rig.client_sends(&json!({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":cursor}}).to_string());
        rig.at_server();
        let result = json!({"tools":[tool(name,"old")],"nextCursor":next});
        rig.server_sends(&json!({"jsonrpc":"2.0","id":1,"result":result}).to_string());
        rig.value_at_client();
    };
    let passes = |id: u32, name: &str| {
        rig.call(id, name);
        rig.value_at_server()["method"] == "tools/call"
    };
    rig.list(&[tool("a", "old"), tool("b", "old"), tool("c", "old")]);
    page(Some("elsewhere"), "a", None);
    page(None, "a", Some("2"));
    assert!(passes(2, "b") && passes(3, "c"));
    page(Some("2"), "b", None);
    assert!(passes(4, "a") && passes(5, "b") && !passes(6, "c"));
}
