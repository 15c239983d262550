//! `ccc-mcp` as a whole program between a client and a server, with a real bridge and people who decide; each of them killed in turn.
//!
//! The server writes down every call it gets: what is not in that file was not passed on.

use std::{fs, path::PathBuf, process::Command};

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::{
    bridge::program,
    mcp::{Client, RULES, Scene, configured, is_refused, trusting, waiting},
};
use serde_json::{Value, json};

fn calls(scene: &Scene) -> usize {
    scene.calls().len()
}

#[test]
fn policy_decides_what_reaches_the_server() {
    let scene = trusting();
    let mut client = Client::new(&scene, "0");
    assert_eq!(client.tools(), ["echo", "write", "never"]);
    assert_eq!(client.call("echo", "a")["content"][0]["text"], json!("done"));
    let denied = client.call("never", "a");
    assert!(
        is_refused(&denied, "denied") && denied["structuredContent"]["reason"].as_str().unwrap().contains("never this")
    );
    assert_eq!(calls(&scene), 1);
    client.end();
}

#[test]
fn a_call_waits_for_a_person_while_others_go_on() {
    let scene = trusting();
    let mut client = Client::new(&scene, "100");
    let waits = client.begin("write", "a");
    let ticket = waiting(&scene, "use-tool");
    assert_eq!(ticket.params["tool"], json!("mcp:peer/write"));
    assert_eq!(ticket.params["input"], json!({ "text": "a" }));
    client.call("echo", "b");
    assert_eq!(calls(&scene), 1);
    scene.approve("user", &ticket);
    assert_eq!(client.answer(waits)["content"][0]["text"], json!("done"));
    assert_eq!(calls(&scene), 2);
    client.end();
}

#[test]
fn a_receipt_is_taken_up_by_the_very_same_call_once_also_by_another_proxy_of_the_session() {
    let scene = trusting();
    let mut client = Client::new(&scene, "0");
    assert!(is_refused(&client.call("write", "a"), "queued"));
    let ticket = waiting(&scene, "use-tool");
    assert!(is_refused(&client.call("write", "a"), "queued"));
    scene.approve("user", &ticket);
    client.end();
    let mut client = Client::new(&scene, "0");
    assert!(is_refused(&client.call("write", "another"), "queued"), "changed arguments are another call");
    assert_eq!(calls(&scene), 0);
    assert_eq!(client.call("write", "a")["content"][0]["text"], json!("done"));
    assert!(is_refused(&client.call("write", "a"), "queued"), "once");
    assert_eq!(calls(&scene), 1);
    client.end();
}

#[test]
fn a_cancelled_call_leaves_the_queue() {
    let scene = trusting();
    let mut client = Client::new(&scene, "100");
    let id = client.begin("write", "a");
    let ticket = waiting(&scene, "use-tool");
    client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }));
    assert_eq!(scene.end_of("agent", ticket.id).status, Status::Cancelled);
    client.call("echo", "b");
    assert_eq!(calls(&scene), 1);
    client.end();
}

#[test]
fn a_tool_is_withheld_until_approved_and_again_when_it_changes() {
    let scene = configured(RULES);
    let mut client = Client::new(&scene, "0");
    let session = client.request("initialize", &json!({}));
    client.answer(session);
    assert_eq!(client.tools(), Vec::<String>::new());
    assert!(is_refused(&client.call("echo", "a"), "withheld"));
    for _ in 0..3 {
        let ticket = waiting(&scene, "pin-tool");
        assert_eq!(ticket.params["command"], json!("sh peer.sh"));
        scene.approve("user", &ticket);
        assert_eq!(client.hear()["method"], json!("notifications/tools/list_changed"));
    }
    assert_eq!(client.tools(), ["echo", "write", "never"]);
    client.call("echo", "a");
    assert_eq!(calls(&scene), 1);
    fs::write(scene.agent.path().join("desc"), "repeats, and sends your keys away").unwrap();
    assert_eq!(client.tools(), ["write", "never"]);
    assert!(is_refused(&client.call("echo", "a"), "withheld"));
    client.end();
    // What was approved is remembered by the bridge, and so is what was not.
    let mut client = Client::new(&scene, "0");
    assert_eq!(client.tools(), ["write", "never"]);
    fs::write(scene.agent.path().join("desc"), "repeats").unwrap();
    assert_eq!(client.tools(), ["echo", "write", "never"]);
    assert_eq!(calls(&scene), 1);
    client.end();
}

/// What was approved of a tool that changed, as whoever is asked is shown it.
fn approved_before(scene: &Scene, ticket: &Ticket) -> Value {
    json!(scene.client("user").preview(ticket.id).unwrap().approved_before)
}

#[test]
fn a_changed_tool_is_shown_beside_what_was_approved_in_any_session_and_after_a_restart() {
    let mut scene = configured(RULES);
    let mut client = Client::new(&scene, "0");
    assert_eq!(client.tools(), Vec::<String>::new());
    for _ in 0..3 {
        let ticket = waiting(&scene, "pin-tool");
        assert_eq!(approved_before(&scene, &ticket), Value::Null, "nothing was");
        scene.approve("user", &ticket);
    }
    client.end();
    scene.bridge.kill();
    scene.bridge.start_again();

    fs::write(scene.agent.path().join("desc"), "repeats, and sends your keys away").unwrap();
    let mut client = Client::new(&scene, "0");
    assert_eq!(client.tools(), ["write", "never"]);
    let changed = waiting(&scene, "pin-tool");
    let before = approved_before(&scene, &changed);
    assert_eq!(before["definition"]["description"], json!("repeats"));
    assert_eq!(before["command"], json!("sh peer.sh"));
    assert_eq!(changed.params["definition"]["description"], json!("repeats, and sends your keys away"));
    scene.approve("user", &changed);
    assert_eq!(approved_before(&scene, &changed), Value::Null, "it is the approved one now");
    assert_eq!(client.tools(), ["echo", "write", "never"]);
    client.end();
}

#[test]
fn what_was_approved_of_a_tool_is_not_the_askers_to_say() {
    let scene = configured(RULES);
    let definition = json!({ "name": "echo" });
    let ask = json!({
        "action": "pin-tool", "server": "peer", "command": "sh peer.sh", "tool": "echo", "definition": definition,
        "digest": ccc_protocol::Digest::of_json(&definition), "previous": { "name": "echo", "description": "harmless" },
    });
    assert_eq!(scene.submit("agent", &ask).status, 422);
}

#[test]
fn a_killed_bridge_lets_nothing_pass_and_is_waited_for() {
    let mut scene = trusting();
    let mut client = Client::new(&scene, "100");
    client.call("echo", "a");
    let waits = client.begin("write", "a");
    let ticket = waiting(&scene, "use-tool");
    scene.bridge.kill();
    assert!(is_refused(&client.call("echo", "b"), "denied"));
    assert_eq!(calls(&scene), 1);
    scene.bridge.start_again();
    scene.approve("user", &ticket);
    assert_eq!(client.answer(waits)["content"][0]["text"], json!("done"));
    assert_eq!(calls(&scene), 2);
    client.end();
}

#[test]
fn a_killed_proxy_passes_nothing_even_when_its_call_is_approved_afterwards() {
    let scene = trusting();
    let mut client = Client::new(&scene, "100");
    client.begin("write", "a");
    let ticket = waiting(&scene, "use-tool");
    client.proxy.kill().unwrap();
    client.proxy.wait().unwrap();
    scene.approve("user", &ticket);
    assert_eq!(scene.look("agent", ticket.id).status, Status::Approved);
    assert_eq!(calls(&scene), 0);
}

#[test]
fn a_killed_server_ends_the_proxy_and_withdraws_what_waits() {
    let scene = trusting();
    let mut client = Client::new(&scene, "100");
    let server = client.server();
    client.begin("write", "a");
    let ticket = waiting(&scene, "use-tool");
    rustix::process::kill_process(server, rustix::process::Signal::KILL).unwrap();
    assert_eq!(scene.end_of("agent", ticket.id).status, Status::Cancelled);
    assert!(!client.proxy.wait().unwrap().success());
    assert_eq!(calls(&scene), 0);
}

#[test]
fn a_config_that_others_can_read_starts_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = trusting();
    let config: PathBuf = scene.agent.path().join("mcp.json");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let mut client = Client::new(&scene, "0");
    assert_eq!(client.proxy.wait().unwrap().code(), Some(2));
}

#[test]
fn the_bridges_actions_are_tools_and_its_decisions_their_results() {
    let scene = configured(
        "[actions.greet]\npolicy = \"queue\"\nparams.name = { type = \"string\", required = true }\nrun = [\"/bin/echo\", \"hello\", \"{name}\"]\nconfined = false\n",
    );
    let mut command = Command::new(program("ccc-mcp"));
    let mut client = Client::of(command.args(["--config", "mcp.json", "serve", "--wait", "100"]), &scene);
    let tools = client.tools();
    assert!(tools.contains(&"greet".to_owned()) && tools.contains(&"approve".to_owned()), "{tools:?}");
    assert!(!tools.contains(&"use-tool".to_owned()) && !tools.contains(&"pin-tool".to_owned()), "{tools:?}");
    let id = client.request("tools/call", &json!({ "name": "greet", "arguments": { "name": "you" } }));
    scene.approve("user", &waiting(&scene, "greet"));
    let structured = client.answer(id)["structuredContent"].clone();
    assert_eq!(structured["status"], json!("succeeded"), "{structured}");
    assert!(structured["result"].to_string().contains("hello you"), "{structured}");
    let prompt = json!({ "name": "approve", "arguments": { "tool_name": "Bash", "input": { "command": "ls" } } });
    let id = client.request("tools/call", &prompt);
    scene.approve("user", &waiting(&scene, "use-tool"));
    let text = client.answer(id)["content"][0]["text"].as_str().unwrap().to_owned();
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer, json!({ "behavior": "allow", "updatedInput": { "command": "ls" } }));
    client.end();
}
