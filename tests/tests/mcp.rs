//! `ccc-mcp` as a whole program between a client and a server, with a real bridge and people who decide; each of them killed in turn.
//!
//! The server writes down every call it gets: what is not in that file was not passed on.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    ops::Deref,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::bridge::{Bridge, PATIENCE, Site, program, secrets_of, write_private};
use serde_json::{Value, json};

const RULES: &str = r#"
[[rule]]
name = "echo needs no question"
action = "use-tool"
where.tool = "mcp:peer/echo"
policy = "auto-accept"

[[rule]]
name = "never this"
action = "use-tool"
where.tool = "mcp:peer/never"
policy = "auto-deny"
"#;

/// Policy that trusts whatever the server says of its tools.
const TRUSTING: &str = r#"
[[rule]]
name = "its tools are known"
action = "pin-tool"
where.server = "peer"
policy = "auto-accept"
"#;

/// An MCP server in the shell. `desc` beside it is the description of its first tool; `calls` gets every call.
const PEER: &str = r#"#!/bin/sh
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/')
  case "$line" in
    *'"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"echo","description":"%s"},{"name":"write"},{"name":"never"}]}}\n' "$id" "$(cat desc)" ;;
    *'"tools/call"'*) echo "$line" >> calls; printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"done"}]}}\n' "$id" ;;
    *'"pid"'*) printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$$" ;;
  esac
done
"#;

/// A bridge, and the directory that the agent, its client and the server are in.
struct Scene {
    bridge: Bridge,
    agent: tempfile::TempDir,
}

impl Deref for Scene {
    type Target = Bridge;

    fn deref(&self) -> &Bridge {
        &self.bridge
    }
}

/// A bridge that trusts what the server says of its tools.
fn trusting() -> Scene {
    configured(&(RULES.to_owned() + TRUSTING))
}

fn configured(rules: &str) -> Scene {
    let bridge = Site::new().on_socket().config(rules).start();
    let agent = tempfile::tempdir().unwrap();
    for (name, text) in [("peer.sh", PEER), ("desc", "repeats"), ("calls", "")] {
        fs::write(agent.path().join(name), text).unwrap();
    }
    write_private(&agent.path().join("agent.json"), &secrets_of(&["agent"]));
    write_private(&agent.path().join("mcp.json"), &json!({ "url": bridge.url(), "secrets": "agent.json" }).to_string());
    Scene { bridge, agent }
}

/// A client of the proxy.
struct Client {
    proxy: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    next_id: u32,
}

impl Client {
    fn new(scene: &Scene, wait: &str) -> Self {
        let mut command = Command::new(program("ccc-mcp"));
        command.args(["--config", "mcp.json", "proxy", "--server", "peer", "--session", "s", "--wait", wait]);
        Self::of(command.args(["--", "sh", "peer.sh"]), scene)
    }

    fn of(command: &mut Command, scene: &Scene) -> Self {
        command.current_dir(scene.agent.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut proxy = command.spawn().unwrap();
        let (to, from) = (proxy.stdin.take(), BufReader::new(proxy.stdout.take().unwrap()));
        Self { proxy, to, from, next_id: 0 }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    fn request(&mut self, method: &str, params: &Value) -> u32 {
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params }));
        self.next_id
    }

    fn begin(&mut self, tool: &str, text: &str) -> u32 {
        self.request("tools/call", &json!({ "name": tool, "arguments": { "text": text } }))
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.from.read_line(&mut line).unwrap(), 0, "the proxy ended");
        serde_json::from_str(&line).unwrap()
    }

    fn answer(&mut self, id: u32) -> Value {
        let answer = self.hear();
        assert_eq!(answer["id"], json!(id), "{answer}");
        answer["result"].clone()
    }

    fn call(&mut self, tool: &str, text: &str) -> Value {
        let id = self.begin(tool, text);
        self.answer(id)
    }

    fn tools(&mut self) -> Vec<String> {
        let id = self.request("tools/list", &json!({}));
        let listed = self.answer(id);
        listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    fn end(mut self) {
        self.to = None;
        assert!(self.proxy.wait().unwrap().success());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.proxy.kill();
        let _reaped = self.proxy.wait();
    }
}

fn calls(scene: &Scene) -> usize {
    fs::read_to_string(scene.agent.path().join("calls")).unwrap().lines().count()
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "no {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The one ticket of this action that waits for a person.
fn waiting(bridge: &Bridge, action: &str) -> Ticket {
    wait_for(action, || {
        let mut tickets = bridge.client("user").queue(None).unwrap().tickets.into_iter();
        tickets.find(|ticket| ticket.action.as_str() == action && ticket.status == Status::Queued)
    })
}

fn is_refused(result: &Value, status: &str) -> bool {
    result["isError"] == true && result["structuredContent"]["status"] == status
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
    client.request("initialize", &json!({}));
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
    assert_eq!(before["definition"], json!({ "name": "echo", "description": "repeats" }));
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
    let asked = client.request("pid", &json!({}));
    let pid = client.answer(asked).as_i64().unwrap();
    client.begin("write", "a");
    let ticket = waiting(&scene, "use-tool");
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
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
        "[actions.greet]\npolicy = \"queue\"\nparams.name = { type = \"string\", required = true }\nrun = [\"/bin/echo\", \"hello\", \"{name}\"]\n",
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
