//! The hook's whole road with the real server: asked, receipt, approved, server killed and started again, tried again.

use std::{
    io::Write as _,
    process::{Child, Command, Output, Stdio},
};

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::{
    bridge::Bridge,
    site::{secrets_of, write_private},
};
use serde_json::{Value, json};

/// What a host's agent runs before each call, in a home where nobody waits for a person.
fn ask(bridge: &Bridge, host: &str, command: &str) -> Output {
    begun(bridge, host, command, 0).wait_with_output().unwrap()
}

/// The same where a person is waited for so many seconds.
fn begun(bridge: &Bridge, host: &str, command: &str, hold_seconds: u64) -> Child {
    let home = bridge.site().home();
    write_private(&home.join("agent.json"), &secrets_of(&["agent"]));
    let config = json!({ "url": bridge.url(), "secrets": "agent.json", "hold_seconds": hold_seconds });
    write_private(&home.join("hook.json"), &config.to_string());
    let (event, tool) = if host == "gemini" { ("BeforeTool", "run_shell_command") } else { ("PreToolUse", "Bash") };
    let document = json!({
        "session_id": "s1", "cwd": "/workspace", "hook_event_name": event, "tool_name": tool,
        "tool_input": { "command": command },
    });
    let line = format!("exec ccc-hook --agent {host} --event {event} --config hook.json");
    let mut hook = bridge.site().shell(&line);
    let mut hook = hook.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    hook.stdin.take().unwrap().write_all(document.to_string().as_bytes()).unwrap();
    hook
}

/// What these hosts take for leave, and nothing else.
fn is_leave(host: &str, output: &Output) -> bool {
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let said = match host {
        "gemini" => &answer["decision"],
        _ => &answer["hookSpecificOutput"]["permissionDecision"],
    };
    output.status.success() && said == "allow"
}

fn waiting(bridge: &Bridge) -> Vec<Ticket> {
    serde_json::from_value(bridge.get("user", "/queue").json()["tickets"].clone()).unwrap()
}

#[test]
fn what_was_approved_passes_once_after_a_restart_and_changed_arguments_never() {
    for host in ["claude", "gemini"] {
        let mut bridge = Bridge::start();
        let receipt = ask(&bridge, host, "rm -r build");
        assert!(!is_leave(host, &receipt), "{receipt:?}");
        let ticket = waiting(&bridge).pop().expect("the call waits");
        let told = [receipt.stdout, receipt.stderr].concat();
        assert!(String::from_utf8_lossy(&told).contains(&format!("ccc-queue approve {}", ticket.id)));
        let approved = bridge.approve("user", &ticket).ticket();
        bridge.is_vouched_for(approved.seq);
        bridge.kill();
        bridge.start_again();
        let changed = ask(&bridge, host, "rm -r build /");
        assert!(!is_leave(host, &changed), "{changed:?}");
        let passed = ask(&bridge, host, "rm -r build");
        assert!(is_leave(host, &passed), "{passed:?}");
        assert_eq!(bridge.look("agent", ticket.id).status, Status::Released);
        bridge.kill();
        bridge.start_again();
        let again = ask(&bridge, host, "rm -r build");
        assert!(!is_leave(host, &again), "{again:?}");
    }
}

#[test]
fn of_three_alike_in_one_message_each_passes_by_a_yes_of_its_own() {
    let bridge = Bridge::start();
    let hooks = [(); 3].map(|()| begun(&bridge, "claude", "rm -r build", 120));
    let mut approved = Vec::new();
    for _ in &hooks {
        let ticket = bridge.until("a call that waits", || {
            waiting(&bridge).pop().filter(|ticket| !approved.contains(&ticket.id) && ticket.status == Status::Queued)
        });
        bridge.approve("user", &ticket).ticket();
        approved.push(ticket.id);
    }
    for hook in hooks {
        let output = hook.wait_with_output().unwrap();
        assert!(is_leave("claude", &output), "{output:?}");
    }
    assert!(approved.into_iter().all(|id| bridge.look("agent", id).status == Status::Released));
}

#[test]
fn a_call_that_the_agent_gave_up_is_no_question_any_more() {
    let bridge = Bridge::start();
    let hook = begun(&bridge, "claude", "rm -r build", 120);
    let ticket = bridge.until("a call that waits", || waiting(&bridge).pop());
    let told = Command::new("kill").args(["-s", "TERM", &hook.id().to_string()]).status().unwrap();
    assert!(told.success());
    let output = hook.wait_with_output().unwrap();
    assert!(!is_leave("claude", &output), "{output:?}");
    assert_eq!(bridge.look("agent", ticket.id).status, Status::Cancelled);
    assert!(waiting(&bridge).is_empty());
}
