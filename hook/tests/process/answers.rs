//! The whole hook, as a process, for each host and each way a question can
//! end. No row but the first ends in leave.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Bridge, Home, Reply, TICKET, denial, is_leave, run, started, ticket, tool_call, tool_call_with};
use ccc_hosts::host::Host;
use serde_json::{Value, json};

/// Longer than any test may take, in seconds.
const LONG: u64 = 60;

fn ask(host: Host, bridge: &Bridge, hold_seconds: u64) -> Output {
    let home = Home::new(&bridge.url, hold_seconds);
    run(&mut home.gate(host), &tool_call(host))
}

#[test]
fn a_released_ticket_is_leave() {
    for host in Host::ALL {
        let bridge = Bridge::saying(200, ticket("released", &json!({})));
        let output = ask(host, &bridge, LONG);
        assert!(is_leave(host, &output), "{host}: {output:?}");
        assert!(output.stderr.is_empty(), "{host}: {output:?}");
        let native = match host {
            Host::Gemini | Host::Qwen => "run_shell_command",
            Host::Copilot | Host::OpenCode => "bash",
            Host::Cursor => "Shell",
            _ => "Bash",
        };
        assert_eq!(
            bridge.actions(),
            [json!({"action": "use-tool", "host": host.name(), "tool": "Bash", "native": native,
                    "input": {"command": "touch ran.txt"}, "cwd": "/proj", "session": "s1", "agent": "main"})]
        );
    }
}

#[test]
fn a_question_that_passes_is_left_to_the_hosts_own_person() {
    let bridge = Bridge::saying(200, ticket("released", &json!({})));
    let home = Home::new(&bridge.url, LONG);
    let document = json!({
        "session_id": "s1", "cwd": "/proj", "hook_event_name": "PreToolUse", "tool_name": "AskUserQuestion",
        "tool_input": {"questions": []},
    });
    let output = run(&mut home.gate(Host::Claude), document.to_string().as_bytes());
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(bridge.actions()[0]["tool"], "AskUserQuestion");
}

#[test]
fn a_denied_ticket_is_denied_with_its_reason() {
    for host in Host::ALL {
        let by_person = ticket("denied", &json!({"decided_by": "ana", "reason": "not on a Friday"}));
        let reason = denial(host, &ask(host, &Bridge::saying(403, by_person), LONG));
        assert_eq!(reason, "denied by ana: not on a Friday", "{host}");
        let again = json!({"decided_by": "ana", "reason": "not today", "denied_until": "2026-03-07T12:10:00Z"});
        let reason = denial(host, &ask(host, &Bridge::saying(403, ticket("denied", &again)), LONG));
        let said = "denied by ana: not today (the same call is answered so until 2026-03-07T12:10:00Z)";
        assert_eq!(reason, said, "{host}");
        let by_rule = ticket("denied", &json!({"rule": "rule `no uploads`"}));
        let reason = denial(host, &ask(host, &Bridge::saying(403, by_rule), LONG));
        assert_eq!(reason, "denied by rule `no uploads`", "{host}");
    }
}

#[test]
fn a_queued_ticket_is_denied_with_a_receipt_when_the_hold_is_over() {
    for (host, hold_seconds) in Host::ALL.into_iter().zip([0, 1, 0, 1, 0, 1]) {
        let bridge = Bridge::saying(202, ticket("queued", &json!({})));
        let reason = denial(host, &ask(host, &bridge, hold_seconds));
        assert!(reason.contains(&format!("ccc-queue approve {TICKET}")), "{host}: {reason}");
    }
}

#[test]
fn a_slow_answer_is_waited_for() {
    for host in Host::ALL {
        let bridge = Bridge::start(|number, _| match number {
            0 | 1 => Reply::Signed(202, ticket("queued", &json!({}))),
            2 => Reply::Signed(202, ticket("approved", &json!({}))),
            _ => Reply::Signed(200, ticket("released", &json!({}))),
        });
        assert!(is_leave(host, &ask(host, &bridge, LONG)), "{host}");
        let actions = bridge.actions();
        assert_eq!(actions.len(), 4, "{host}");
        assert!(actions.windows(2).all(|pair| pair[0] == pair[1]), "{host}: the very same call");
    }
}

#[test]
fn no_state_but_released_is_leave() {
    let others = ["succeeded", "failed", "expired", "cancelled", "lost", "denied"];
    for (host, status) in Host::ALL.into_iter().zip(others) {
        denial(host, &ask(host, &Bridge::saying(200, ticket(status, &json!({}))), LONG));
    }
}

#[test]
fn a_replayed_release_or_one_of_another_action_is_no_leave() {
    for host in Host::ALL {
        let replayed = ticket("released", &json!({"replayed": true}));
        assert!(denial(host, &ask(host, &Bridge::saying(200, replayed), 0)).contains("went to an equal call"));
        let other = ticket("released", &json!({"action": "pin-tool"}));
        denial(host, &ask(host, &Bridge::saying(200, other), LONG));
    }
}

#[test]
fn an_answer_that_the_bridge_did_not_sign_is_no_leave() {
    for host in Host::ALL {
        let released = || ticket("released", &json!({}));
        denial(host, &ask(host, &Bridge::start(move |_, _| Reply::Unsigned(200, released())), LONG));
        denial(host, &ask(host, &Bridge::start(move |_, _| Reply::Forged(200, released())), LONG));
        denial(host, &ask(host, &Bridge::start(|_, _| Reply::Signed(200, json!({"status": "released"}))), LONG));
    }
}

#[test]
fn with_the_bridge_away_nothing_runs_and_the_agent_is_told() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for host in Host::ALL {
        let home = Home::new(&format!("http://127.0.0.1:{unused}"), LONG);
        let reason = denial(host, &run(&mut home.gate(host), &tool_call(host)));
        assert!(reason.contains("no bridge answers"), "{host}: {reason}");
    }
}

#[test]
fn of_equal_calls_at_once_each_is_asked_about() {
    let bridge = Bridge::start(|number, _| match number {
        0 => Reply::Signed(202, ticket("queued", &json!({}))),
        1 => Reply::Signed(200, ticket("released", &json!({"replayed": true}))),
        2 => Reply::Signed(202, ticket("queued", &json!({}))),
        _ => Reply::Signed(200, ticket("released", &json!({}))),
    });
    assert!(is_leave(Host::Claude, &ask(Host::Claude, &bridge, LONG)));
    let received = bridge.received();
    let keys: Vec<_> = received.iter().map(|request| request.field("idempotency-key").unwrap()).collect();
    assert!(keys[0] == keys[1] && keys[2] == keys[3] && keys[1] != keys[2], "{keys:?}");
}

#[test]
fn a_bridge_that_dies_mid_wait_ends_in_a_denial() {
    for host in Host::ALL {
        // Silent with a short hold: the hook's own patience ends, not the test's.
        let bridge =
            Bridge::start(|number, _| if number == 0 { Reply::HangUp } else { Reply::Unsigned(503, json!({})) });
        denial(host, &ask(host, &bridge, LONG));
        assert!(bridge.received().len() > 1, "{host}: a lost connection is taken up again");
    }
}

#[test]
fn a_bridge_that_went_away_while_a_call_waits_is_told_long_before_the_calls_deadline() {
    let begun = Instant::now();
    let bridge = Bridge::start(|number, _| match number {
        0 => Reply::Signed(202, ticket("queued", &json!({}))),
        _ => Reply::HangUp,
    });
    let reason = denial(Host::Claude, &ask(Host::Claude, &bridge, 570));
    assert!(reason.contains(&format!("went away while ticket {TICKET} waited")), "{reason}");
    assert!(reason.contains("try the same call again"), "{reason}");
    assert!(bridge.received().len() > 3, "a bridge that is started again is found");
    assert!(begun.elapsed() < Duration::from_secs(LONG));
}

#[test]
fn a_bridge_that_is_back_soon_goes_on_with_the_call() {
    let bridge = Bridge::start(|number, _| match number {
        0 => Reply::Signed(202, ticket("queued", &json!({}))),
        1..4 => Reply::HangUp,
        _ => Reply::Signed(200, ticket("released", &json!({}))),
    });
    assert!(is_leave(Host::Claude, &ask(Host::Claude, &bridge, LONG)));
}

#[test]
fn a_call_that_was_given_up_is_withdrawn() {
    for (host, signal) in Host::ALL.into_iter().zip(["TERM", "INT", "HUP", "QUIT", "TERM", "INT", "TERM", "HUP"]) {
        let bridge = Bridge::start(|number, received| match number {
            0 => Reply::Signed(202, ticket("queued", &json!({}))),
            _ if received.target().ends_with("/cancel") => Reply::Signed(200, ticket("cancelled", &json!({}))),
            _ => Reply::Silence,
        });
        let home = Home::new(&bridge.url, LONG);
        let child = started(&mut home.gate(host), &tool_call(host));
        until(|| bridge.received().len() == 2);
        kill(signal, child.id());
        let reason = denial(host, &child.wait_with_output().unwrap());
        assert!(reason.contains("told to stop"), "{host}: {reason}");
        let last = bridge.received().pop().unwrap();
        assert_eq!(last.target(), format!("/queue/{TICKET}/cancel"), "{host}");
    }
}

#[test]
fn a_bridge_that_takes_no_withdrawal_does_not_hold_the_hook_up() {
    let bridge = Bridge::start(|number, _| match number {
        0 => Reply::Signed(202, ticket("queued", &json!({}))),
        _ => Reply::Silence,
    });
    let home = Home::new(&bridge.url, 570);
    let child = started(&mut home.gate(Host::Claude), &tool_call(Host::Claude));
    until(|| bridge.received().len() == 2);
    let begun = Instant::now();
    kill("TERM", child.id());
    denial(Host::Claude, &child.wait_with_output().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(LONG));
}

#[test]
fn a_call_that_waits_no_longer_keeps_its_ticket() {
    let bridge = Bridge::saying(202, ticket("queued", &json!({})));
    denial(Host::Claude, &ask(Host::Claude, &bridge, 1));
    assert!(bridge.received().iter().all(|request| !request.target().ends_with("/cancel")));
}

#[test]
fn what_cannot_be_read_as_one_document_is_blocked() {
    for host in Host::ALL {
        let bridge = Bridge::saying(200, ticket("released", &json!({})));
        let home = Home::new(&bridge.url, LONG);
        let call = tool_call(host);
        let two_lines = [&call[..], b"\n", &call[..]].concat();
        let rows: [&[u8]; 6] = [b"", b"\n", b"not json", b"[1]", &call[..call.len() - 1], &two_lines];
        for stdin in rows {
            denial(host, &run(&mut home.gate(host), stdin));
        }
        assert!(bridge.received().is_empty(), "{host}: the bridge is not even asked");
    }
}

#[test]
fn a_document_laid_out_over_lines_is_one_document() {
    for host in Host::ALL {
        let home = Home::new(&Bridge::saying(200, ticket("released", &json!({}))).url, LONG);
        let call: Value = serde_json::from_slice(&tool_call(host)).unwrap();
        let output = run(&mut home.gate(host), format!("{call:#}\n").as_bytes());
        assert!(is_leave(host, &output), "{host}: {output:?}");
    }
}

#[test]
fn ten_megabytes_are_too_much_to_judge_and_seventeen_to_read() {
    for host in Host::ALL {
        let bridge = Bridge::saying(200, ticket("released", &json!({})));
        let home = Home::new(&bridge.url, LONG);
        let large = |bytes: usize| tool_call_with(host, &json!({"command": "x".repeat(bytes)}));
        let reason = denial(host, &run(&mut home.gate(host), &large(10 * 1024 * 1024)));
        assert!(reason.contains("at most 1048576 can be judged"), "{host}: {reason}");
        assert!(bridge.received().is_empty(), "{host}");
    }
    let home = Home::new("http://127.0.0.1:1", LONG);
    let reason = denial(Host::Claude, &run(&mut home.gate(Host::Claude), &vec![b' '; 17 * 1024 * 1024]));
    assert!(reason.contains("larger than 16777216 bytes"), "{reason}");
}

#[test]
fn nesting_beyond_the_protocols_depth_is_blocked() {
    for host in Host::ALL {
        let home = Home::new(&Bridge::saying(200, ticket("released", &json!({}))).url, LONG);
        let deep = (0..40).fold(json!(1), |inner, _| json!({"a": inner}));
        let reason = denial(host, &run(&mut home.gate(host), &tool_call_with(host, &deep)));
        assert!(reason.contains("deeper than 32"), "{host}: {reason}");
    }
}

#[test]
fn without_a_private_config_and_key_nothing_runs() {
    for host in Host::ALL {
        let bridge = Bridge::saying(200, ticket("released", &json!({})));
        let ruin: [fn(&Home); 6] = [
            |home| fs::remove_file(home.config()).unwrap(),
            |home| fs::remove_file(home.secrets()).unwrap(),
            |home| fs::write(home.config(), "{").unwrap(),
            |home| fs::write(home.secrets(), "{\"users\":{}}").unwrap(),
            |home| fs::set_permissions(home.config(), fs::Permissions::from_mode(0o644)).unwrap(),
            |home| fs::set_permissions(home.secrets(), fs::Permissions::from_mode(0o640)).unwrap(),
        ];
        for ruin in ruin {
            let home = Home::new(&bridge.url, LONG);
            ruin(&home);
            let reason = denial(host, &run(&mut home.gate(host), &tool_call(host)));
            assert!(!reason.contains(home.path().to_str().unwrap()), "{host}: no path reaches the agent: {reason}");
        }
        assert!(bridge.received().is_empty(), "{host}");
    }
}

#[test]
fn a_wrong_command_line_blocks() {
    let home = Home::new("http://127.0.0.1:1", LONG);
    let rows: [&[&str]; 6] = [
        &[],
        &["--agent", "claude"],
        &["--agent", "nobody", "--event", "PreToolUse"],
        &["--event", "PreToolUse"],
        &["--agent", "claude", "--off"],
        &["--agent", "claude", "--event", "PreToolUse", "extra"],
    ];
    for arguments in rows {
        let output = run(home.binary().args(arguments), &tool_call(Host::Claude));
        denial(Host::Claude, &output);
    }
}

#[test]
fn no_variable_of_the_agents_environment_changes_where_the_hook_asks() {
    let theirs = Bridge::saying(200, ticket("released", &json!({})));
    let ours = Bridge::saying(403, ticket("denied", &json!({"rule": "no"})));
    for host in Host::ALL {
        let home = Home::new(&ours.url, LONG);
        let mut command = home.gate(host);
        for name in ["CONDUIT_URL", "CCC_URL", "http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
            command.env(name, &theirs.url);
        }
        for name in
            ["CCC_SECRETS", "CCC_USER", "CCC_HOOK_DISABLE", "CCC_HOOK_OFF", "DISABLE_HOOKS", "HOME", "XDG_CONFIG_HOME"]
        {
            command.env(name, "/nowhere");
        }
        denial(host, &run(&mut command, &tool_call(host)));
    }
    assert!(theirs.received().is_empty());
}

#[test]
fn a_declared_user_goes_along_as_a_hint() {
    let bridge = Bridge::saying(200, ticket("released", &json!({})));
    let home = Home::new(&bridge.url, LONG);
    let mut command = home.gate(Host::Claude);
    command.env("CCC_USER_ID_ENV", "BUILD_CREATOR").env("BUILD_CREATOR", "ana@example.com");
    run(&mut command, &tool_call(Host::Claude));
    assert_eq!(bridge.actions()[0]["declared_user"], "ana@example.com");
}

#[test]
fn the_hosts_own_project_goes_along_where_the_call_is_made_beneath_it() {
    let bridge = Bridge::saying(200, ticket("released", &json!({})));
    let home = Home::new(&bridge.url, LONG);
    let told = |host: Host, variable: &str, project: &str, cwd: &str| {
        let mut command = home.gate(host);
        command.env(variable, project);
        let mut call: Value = serde_json::from_slice(&tool_call(host)).unwrap();
        call["cwd"] = json!(cwd);
        run(&mut command, call.to_string().as_bytes());
        bridge.actions().last().unwrap().get("project").cloned()
    };
    for (host, variable) in [
        (Host::Claude, "CLAUDE_PROJECT_DIR"),
        (Host::Gemini, "GEMINI_PROJECT_DIR"),
        (Host::Copilot, "COPILOT_PROJECT_DIR"),
    ] {
        assert_eq!(told(host, variable, "/p/app", "/p/app/src"), Some(json!("/p/app")), "{variable}");
        assert_eq!(told(host, variable, "/p/app", "/p/app"), None, "{variable}");
        assert_eq!(told(host, variable, "/p/app", "/p/other"), None, "{variable}");
    }
    // Claude's variable is set by hosts that read Claude's settings, too: it is Claude's word alone.
    assert_eq!(told(Host::Codex, "CLAUDE_PROJECT_DIR", "/p/app", "/p/app/src"), None);
}

fn kill(signal: &str, process: u32) {
    let killed = std::process::Command::new("kill").args(["-s", signal, &process.to_string()]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn a_signal_while_waiting_ends_in_a_denial() {
    for (host, signal) in Host::ALL.into_iter().zip(["TERM", "INT", "HUP", "QUIT", "TERM", "INT"]) {
        let bridge = Bridge::start(|_, _| Reply::Silence);
        let home = Home::new(&bridge.url, LONG);
        let child = started(&mut home.gate(host), &tool_call(host));
        until(|| !bridge.received().is_empty());
        kill(signal, child.id());
        let reason = denial(host, &child.wait_with_output().unwrap());
        assert!(reason.contains("told to stop"), "{host}: {reason}");
    }
}

#[test]
fn the_hooks_own_deadline_ends_in_a_denial_before_the_hosts() {
    // Stdin that never ends: the document has eight seconds to arrive, whatever the hold.
    let home = Home::new("http://127.0.0.1:1", 570);
    let begun = Instant::now();
    let children: Vec<_> = Host::ALL.into_iter().map(|host| (host, home.gate(host).spawn().unwrap())).collect();
    for (host, mut child) in children {
        let _held_open = child.stdin.take();
        let reason = denial(host, &child.wait_with_output().unwrap());
        assert!(reason.contains("own deadline"), "{host}: {reason}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_denial_that_stdout_does_not_take_is_said_by_status() {
    let denied = ticket("denied", &json!({"rule": "no"}));
    for host in Host::ALL {
        let bridge = Bridge::saying(403, denied.clone());
        let home = Home::new(&bridge.url, LONG);
        for sink in ["/dev/null", "/dev/full"] {
            let stdout = OpenOptions::new().write(true).open(sink).unwrap();
            let output = run(home.gate(host).stdout(Stdio::from(stdout)), &tool_call(host));
            assert_eq!(output.status.code(), Some(2), "{host} {sink}");
            assert!(!output.stderr.is_empty(), "{host} {sink}");
        }
        let closed = format!("exec {} >&-", shell_line(&home, host));
        let output = run(&mut home.shell(&closed), &tool_call(host));
        assert_eq!(output.status.code(), Some(2), "{host}: {output:?}");
        assert!(!output.stderr.is_empty(), "{host}");
    }
}

#[test]
fn a_full_disk_behind_stdout_is_no_leave_either() {
    for host in Host::ALL {
        let bridge = Bridge::saying(200, ticket("released", &json!({})));
        let home = Home::new(&bridge.url, LONG);
        let stdout = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = run(home.gate(host).stdout(Stdio::from(stdout)), &tool_call(host));
        let says_nothing = matches!(host, Host::Codex | Host::Kimi);
        assert_eq!(output.status.code(), Some(if says_nothing { 0 } else { 2 }), "{host}: {output:?}");
    }
}

#[test]
fn recorded_events_are_recorded_and_let_go_on() {
    let rows = [
        (
            Host::Claude,
            "UserPromptSubmit",
            json!({"session_id": "s1", "cwd": "/p", "hook_event_name": "UserPromptSubmit", "prompt": "do it"}),
            "",
        ),
        (
            Host::Gemini,
            "BeforeAgent",
            json!({"session_id": "s1", "cwd": "/p", "hook_event_name": "BeforeAgent", "prompt": "do it"}),
            "",
        ),
        (
            Host::Cursor,
            "beforeSubmitPrompt",
            json!({"session_id": "s1", "workspace_roots": ["/p"], "hook_event_name": "beforeSubmitPrompt", "prompt": "do it"}),
            "{\"continue\":true}",
        ),
        (Host::Copilot, "userPromptSubmitted", json!({"sessionId": "s1", "cwd": "/p", "prompt": "do it"}), ""),
    ];
    for (host, event, document, stdout) in rows {
        let bridge = Bridge::saying(200, ticket("succeeded", &json!({"action": "record-event"})));
        let home = Home::new(&bridge.url, LONG);
        let output = run(&mut home.event(host, event), document.to_string().as_bytes());
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()),
            (Some(0), stdout),
            "{host}"
        );
        assert_eq!(
            bridge.actions(),
            [
                json!({"action": "record-event", "host": host.name(), "event": "prompt", "session": "s1", "agent": "main",
                    "detail": {"prompt": "do it"}})
            ]
        );
    }
}

#[test]
fn an_event_that_was_not_recorded_blocks() {
    let document = json!({"session_id": "s1", "cwd": "/p", "hook_event_name": "SessionStart", "source": "startup"});
    for status in ["queued", "denied", "failed"] {
        let home = Home::new(&Bridge::saying(200, ticket(status, &json!({}))).url, LONG);
        let output = run(&mut home.event(Host::Claude, "SessionStart"), document.to_string().as_bytes());
        assert_eq!(output.status.code(), Some(2), "{status}");
    }
}

#[test]
fn an_agent_that_begins_is_recorded_with_the_id_it_keeps() {
    let bridge = Bridge::saying(200, ticket("succeeded", &json!({"action": "record-event"})));
    let home = Home::new(&bridge.url, LONG);
    let agents =
        json!({"agents": [{"host": "claude", "name": "reviewer", "id": "11111111-1111-4111-8111-111111111111"}]});
    fs::write(home.path().join("agents.json"), agents.to_string()).unwrap();
    let document = json!({"session_id": "s1", "cwd": "/p", "hook_event_name": "SubagentStart", "agent_id": "a1", "agent_type": "reviewer"});
    run(&mut home.event(Host::Claude, "SubagentStart"), document.to_string().as_bytes());
    let action = &bridge.actions()[0];
    assert_eq!(action["agent"], "reviewer/a1");
    assert_eq!(
        action["detail"],
        json!({"agent_type": "reviewer", "stable_id": "11111111-1111-4111-8111-111111111111"})
    );
}

/// Waits for an event that another process causes.
fn until(happened: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(LONG);
    while !happened() {
        assert!(Instant::now() < deadline, "it never happened");
        std::thread::yield_now();
    }
}

fn shell_line(home: &Home, host: Host) -> String {
    let event = host.profile().gate;
    let (binary, config) = (env!("CARGO_BIN_EXE_ccc-hook"), home.config());
    format!("'{binary}' --agent {host} --event {event} --config '{}'", config.display())
}

/// Grok CLI loads Claude Code's hooks and runs the call on anything but status 2.
#[test]
fn a_call_of_an_agent_that_borrows_the_hook_is_denied_by_status_and_told_why() {
    let bridge = Bridge::saying(200, ticket("released", &json!({})));
    let home = Home::new(&bridge.url, LONG);
    let document = json!({"hookEventName": "PreToolUse", "sessionId": "s1", "cwd": "/proj", "workspaceRoot": "/proj",
                          "toolName": "Bash", "toolInput": {"command": "touch ran.txt"}});
    let output = run(&mut home.gate(Host::Claude), document.to_string().as_bytes());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Grok CLI"), "{output:?}");
    assert!(bridge.actions().is_empty(), "nobody is asked");
}
