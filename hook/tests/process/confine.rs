//! Calls that the bridge has run confined: what is handed over, what keeps a call from it, and what comes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use ccc_hosts::host::Host;
use serde_json::{Value, json};

use crate::support::{Bridge, Home, Reply, denial, is_leave, run, ticket, tool_call, tool_call_with};

const LAUNCHER: &str = "/usr/local/bin/ccc-confine";
const LINE: &str = "cargo test";

/// A hook of Claude Code's that knows a launcher.
fn home(bridge: &Bridge) -> Home {
    let home = Home::new(&bridge.url, 0);
    let config =
        json!({"url": bridge.url, "secrets": "agent.json", "hold_seconds": 0, "confine": {"launcher": LAUNCHER}});
    fs::write(home.config(), config.to_string()).unwrap();
    home
}

fn call(line: &str) -> Value {
    json!({
        "session_id": "s1", "cwd": "/proj/sub", "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "toolu_1",
        "tool_input": {"command": line, "description": "run the tests", "timeout": 1000, "run_in_background": false},
    })
}

fn asked(home: &Home, document: &Value) -> Output {
    let mut command = home.gate(Host::Claude);
    run(command.env("CLAUDE_PROJECT_DIR", "/proj"), document.to_string().as_bytes())
}

fn says(status: &'static str) -> Bridge {
    Bridge::start(move |_, received| match received.body["action"].as_str() {
        Some("record-event") => Reply::Signed(200, ticket("succeeded", &json!({"action": "record-event"}))),
        _ => Reply::Signed(200, ticket(status, &json!({}))),
    })
}

/// What the bridge was asked last.
fn last(bridge: &Bridge) -> Value {
    bridge.actions().pop().unwrap()
}

fn calls(home: &Home) -> PathBuf {
    home.path().join(".local/state/ccc/calls")
}

/// The line that the host is to run, and the id in it.
fn handed_out(output: &Output) -> (String, String) {
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let line = answer["hookSpecificOutput"]["updatedInput"]["command"].as_str().unwrap().to_owned();
    let id = line.split_whitespace().nth(2).unwrap().to_owned();
    (line, id)
}

#[test]
fn a_confined_call_goes_on_as_the_launchers_line_and_keeps_the_rest_of_its_input() {
    let bridge = says("confined");
    let home = home(&bridge);
    let output = asked(&home, &call(LINE));
    let (line, id) = handed_out(&output);
    assert_eq!(line, format!("{LAUNCHER} call {id}"));
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let input = json!({"command": line, "description": "run the tests", "timeout": 1000, "run_in_background": false});
    let expected = json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow", "updatedInput": input}});
    assert_eq!(answer, expected);
    assert_eq!(last(&bridge)["can"], json!(["confine"]));
    assert_eq!(last(&bridge)["input"]["command"], LINE, "the bridge is asked about the agent's own line");
    let record = calls(&home).join(&id);
    assert_eq!(fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600);
    let handed = String::from_utf8(fs::read(record).unwrap()).unwrap();
    for entry in ["command=cargo test", "project=/proj"] {
        assert!(handed.split('\0').any(|part| part == entry), "{entry}: {handed:?}");
    }
    assert!(
        !handed.contains("background=yes") && handed.contains(&format!("never={}", home.path().display())),
        "{handed:?}"
    );
}

#[test]
fn limits_of_the_config_are_handed_over() {
    let bridge = says("confined");
    let home = home(&bridge);
    let confine = json!({"launcher": LAUNCHER, "memory_bytes_max": 1000, "processes_max": 0});
    let config = json!({"url": bridge.url, "secrets": "agent.json", "hold_seconds": 0, "confine": confine});
    fs::write(home.config(), config.to_string()).unwrap();
    let (_, id) = handed_out(&asked(&home, &call(LINE)));
    let handed = String::from_utf8(fs::read(calls(&home).join(id)).unwrap()).unwrap();
    let limits: Vec<_> = handed.split('\0').filter(|entry| entry.contains("-max=")).collect();
    assert_eq!(limits, ["processes-max=0", "memory-bytes-max=1000"]);
}

#[test]
fn a_line_that_moves_the_shell_hands_its_directory_back_and_no_id_is_used_twice() {
    let bridge = says("confined");
    let home = home(&bridge);
    let (line, id) = handed_out(&asked(&home, &call("cd a && make")));
    assert_eq!(line, format!(r#"{LAUNCHER} call {id} && cd "$({LAUNCHER} left {id})""#));
    let again = json!({"tool_use_id": "toolu_2"});
    let mut document = call("cd a && make");
    document["tool_use_id"] = again["tool_use_id"].clone();
    assert_ne!(handed_out(&asked(&home, &document)).1, id);
}

#[test]
fn who_knows_no_launcher_takes_confined_for_no_leave() {
    for host in Host::ALL {
        let bridge = says("confined");
        let home = Home::new(&bridge.url, 0);
        let reason = denial(host, &run(&mut home.gate(host), &tool_call(host)));
        assert!(reason.contains("confined"), "{host}: {reason}");
        assert_eq!(last(&bridge)["can"], Value::Null, "{host}");
    }
}

#[test]
fn a_host_that_takes_no_other_line_never_says_that_it_can() {
    for host in Host::ALL.into_iter().filter(|host| host.profile().rewrite.is_none()) {
        let bridge = says("confined");
        let home = home(&bridge);
        denial(host, &run(&mut home.gate(host), &tool_call_with(host, &json!({"command": LINE}))));
        assert_eq!(last(&bridge)["can"], Value::Null, "{host}");
    }
}

/// What is said of a call that cannot be confined, where others can.
fn not_now() -> Value {
    json!(["confine", "not-now"])
}

/// A call that is asked as before: it goes on as it is once it is released.
fn is_asked_as_before(bridge: &Bridge, home: &Home, document: &Value) -> bool {
    let output = asked(home, document);
    assert!(is_leave(Host::Claude, &output), "{output:?}");
    last(bridge)["can"].is_null()
}

#[test]
fn what_of_the_hosts_own_would_look_at_the_launchers_line_keeps_calls_as_they_are() {
    let own = "/usr/bin/ccc-hook --agent claude --event PreToolUse --config x || exit 2";
    let settings = [
        (true, json!({"permissions": {"deny": ["Bash(git push:*)"]}})),
        (true, json!({"permissions": {"ask": ["Bash"]}})),
        (true, json!({"permissions": {"deny": ["*"]}})),
        (true, json!({"sandbox": {"enabled": true}})),
        (true, json!({"enabledPlugins": {"a@b": true}})),
        (true, json!({"hooks": {"PreToolUse": [{"matcher": "B.*", "hooks": [{"type": "command", "command": "x"}]}]}})),
        (true, json!({"hooks": {"PreToolUse": [{"hooks": [{"type": "http", "url": "http://localhost"}]}]}})),
        (false, json!({"permissions": {"deny": ["Read(./.env)"], "allow": ["Bash(ls)"]}})),
        (false, json!({"enabledPlugins": {"a@b": false}, "sandbox": {"enabled": false}})),
        (false, json!({"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"type": "command", "command": own}]}]}})),
        (
            false,
            json!({"hooks": {"PreToolUse": [{"matcher": "Edit|Write", "hooks": [{"type": "command", "command": "x"}]}]}}),
        ),
    ];
    for (is_against, settings) in settings {
        let bridge = says("released");
        let home = home(&bridge);
        fs::create_dir(home.path().join(".claude")).unwrap();
        fs::write(home.path().join(".claude/settings.json"), settings.to_string()).unwrap();
        assert_eq!(is_asked_as_before(&bridge, &home, &call(LINE)), is_against, "{settings}");
    }
    let bridge = says("released");
    let home = home(&bridge);
    fs::create_dir(home.path().join(".claude")).unwrap();
    fs::write(home.path().join(".claude/settings.json"), "{").unwrap();
    assert!(is_asked_as_before(&bridge, &home, &call(LINE)), "settings that cannot be read");
}

#[test]
fn a_variable_or_an_option_of_the_host_keeps_calls_as_they_are() {
    let bridge = says("released");
    let home = home(&bridge);
    let mut command = home.gate(Host::Claude);
    run(command.env("CLAUDE_CODE_SHELL_PREFIX", "/x"), call(LINE).to_string().as_bytes());
    assert_eq!(last(&bridge)["can"], Value::Null);
    fs::write(home.path().join("document"), call(LINE).to_string()).unwrap();
    // A shell in the place of the host, with and without such an option on its own command line.
    for (option, can) in [("--settings=x", Value::Null), ("--model=x", json!(["confine"]))] {
        let hook = env!("CARGO_BIN_EXE_ccc-hook");
        let line = format!("{hook} --agent claude --event PreToolUse --config hook.json <document; true");
        let mut host = home.command(std::path::Path::new("/bin/sh"));
        let output = run(host.args(["-c", &line, "claude", option]), b"");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(last(&bridge)["can"], can, "{option}");
    }
}

#[test]
fn what_cannot_be_handed_over_whole_is_told_as_such() {
    let told = |bridge: &Bridge, home: &Home, document: &Value| {
        assert!(is_leave(Host::Claude, &asked(home, document)), "{document}");
        last(bridge)["can"].clone()
    };
    for line in ["npm run dev &", "nohup make", " ", "(sleep 1 & ) ; make"] {
        let bridge = says("released");
        assert_eq!(told(&bridge, &home(&bridge), &call(line)), not_now(), "{line}");
    }
    let bridge = says("released");
    let home = home(&bridge);
    for (field, value) in [("tool_use_id", json!("../x")), ("tool_use_id", Value::Null), ("cwd", json!("proj"))] {
        let mut document = call(LINE);
        document[field] = value;
        assert_eq!(told(&bridge, &home, &document), not_now(), "{document}");
    }
}

#[test]
fn a_call_that_cannot_be_confined_is_not_let_go_on_as_confined() {
    let bridge = says("confined");
    denial(Host::Claude, &asked(&home(&bridge), &call("make &")));
}

#[test]
fn a_file_that_leads_out_of_the_project_is_not_opened_by_the_hosts_own_tools() {
    let bridge = says("released");
    let home = home(&bridge);
    let app = home.path().canonicalize().unwrap().join("app");
    fs::create_dir_all(app.join("src")).unwrap();
    fs::write(home.path().join("outside"), "").unwrap();
    for (link, leads_to) in [("out", "../outside"), ("new", "../not-there-yet"), ("in", "src"), ("up", "..")] {
        std::os::unix::fs::symlink(leads_to, app.join(link)).unwrap();
    }
    let ask = |tool: &str, field: &str, path: &str| {
        let document = json!({
            "session_id": "s1", "cwd": app, "hook_event_name": "PreToolUse", "tool_name": tool, "tool_use_id": "t",
            "tool_input": { field: path, "content": "x" },
        });
        run(&mut home.gate(Host::Claude), document.to_string().as_bytes())
    };
    for path in ["out", "new", "up/outside", "up", "src/../out"] {
        let whole = app.join(path);
        for path in [path, whole.to_str().unwrap()] {
            let reason = denial(Host::Claude, &ask("Write", "file_path", path));
            assert!(reason.contains("leads out of the project"), "{path}: {reason}");
        }
    }
    for path in ["in/a.rs", "src/new/b.rs", "/etc/hostname", "in"] {
        assert!(is_leave(Host::Claude, &ask("Read", "file_path", path)), "{path}");
    }
}

#[test]
fn a_bridge_of_before_is_asked_again_without_the_word() {
    let bridge = Bridge::start(|_, received| match received.body.get("can") {
        Some(_) => Reply::Signed(
            422,
            json!({"type": "urn:ccc:invalid-parameter", "title": "invalid parameter", "status": 422, "instance": "r1",
                   "detail": "there is no parameter `can`", "param": "can"}),
        ),
        None => Reply::Signed(200, ticket("released", &json!({}))),
    });
    assert!(is_leave(Host::Claude, &asked(&home(&bridge), &call(LINE))));
    assert_eq!(bridge.actions().len(), 2);
}

#[test]
fn a_call_that_cannot_be_handed_over_does_not_go_on() {
    let bridge = says("confined");
    let home = home(&bridge);
    let config = json!({"url": bridge.url, "secrets": "agent.json", "hold_seconds": 0, "confine": {"launcher": "/a b/ccc-confine"}});
    fs::write(home.config(), config.to_string()).unwrap();
    denial(Host::Claude, &asked(&home, &call(LINE)));
}

/// What the host tells when the call has ended.
fn after(home: &Home, line: &str, output: &str) -> Output {
    let document = json!({
        "session_id": "s1", "cwd": "/proj/sub", "hook_event_name": "PostToolUseFailure", "tool_name": "Bash", "tool_use_id": "toolu_1",
        "tool_input": {"command": line}, "error": output,
    });
    run(&mut home.event(Host::Claude, "PostToolUseFailure"), document.to_string().as_bytes())
}

/// A confined call that a launcher has taken.
fn ran(home: &Home) -> String {
    let (line, id) = handed_out(&asked(home, &call(LINE)));
    fs::remove_file(calls(home).join(id)).unwrap();
    line
}

fn off(home: &Home) -> bool {
    home.path().join("claude.confine-off").exists()
}

#[test]
fn another_line_than_was_handed_out_is_an_entry_and_turns_it_off() {
    let bridge = says("confined");
    for other in ["rm -rf /proj", ""] {
        let home = home(&bridge);
        ran(&home);
        after(&home, other, "");
        assert!(last(&bridge)["detail"]["confined"].as_str().unwrap().contains("not what was handed out"), "{other}");
        assert!(off(&home), "{other}");
        denial(Host::Claude, &asked(&home, &call("make")));
        assert_eq!(last(&bridge)["can"], Value::Null, "{other}");
    }
}

#[test]
fn a_line_that_ran_without_its_launcher_is_another_one() {
    let bridge = says("confined");
    let home = home(&bridge);
    let (line, id) = handed_out(&asked(&home, &call(LINE)));
    after(&home, &line, "");
    assert!(off(&home), "nobody took what was handed over");
    assert!(!calls(&home).join(id).exists());
}

#[test]
fn what_was_kept_from_something_is_told_and_the_same_call_is_asked() {
    let bridge = says("confined");
    let home = home(&bridge);
    let line = ran(&home);
    let told = after(&home, &line, "Exit code 1\ntouch: cannot touch '.git/x': Read-only file system");
    let answer: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(answer["hookSpecificOutput"]["hookEventName"], "PostToolUseFailure");
    assert!(answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap().contains("ran confined"));
    assert!(last(&bridge)["detail"]["confined"].as_str().unwrap().contains("kept from"));
    denial(Host::Claude, &asked(&home, &call(LINE)));
    assert_eq!(last(&bridge)["can"], not_now());
    asked(&home, &call("make"));
    assert_eq!(last(&bridge)["can"], json!(["confine"]), "another call is confined as before");
}

#[test]
fn a_failing_test_runs_confined_again() {
    let bridge = says("confined");
    let home = home(&bridge);
    let line = ran(&home);
    let told = after(&home, &line, "Exit code 101\nassertion `left == right` failed");
    assert!(told.stdout.is_empty(), "{told:?}");
    assert_eq!(last(&bridge)["detail"]["confined"], Value::Null);
    asked(&home, &call(LINE));
    assert_eq!(last(&bridge)["can"], json!(["confine"]));
    assert!(!off(&home));
}

#[test]
fn a_session_that_begins_tells_why_its_calls_are_not_confined() {
    let bridge = says("confined");
    let home = home(&bridge);
    let begins = |home: &Home| {
        let document =
            json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "SessionStart", "source": "startup"});
        run(&mut home.event(Host::Claude, "SessionStart"), document.to_string().as_bytes());
        last(&bridge)["detail"]["not_confined"].clone()
    };
    assert_eq!(begins(&home), Value::Null);
    fs::create_dir(home.path().join(".claude")).unwrap();
    fs::write(home.path().join(".claude/settings.json"), r#"{"sandbox": {"enabled": true}}"#).unwrap();
    assert!(begins(&home).as_str().unwrap().contains("its own sandbox in "));
    fs::write(home.path().join("claude.confine-off"), "").unwrap();
    assert!(begins(&home).as_str().unwrap().contains("doctor"));
    assert!(begins(&Home::new(&bridge.url, 0)).as_str().unwrap().contains("ccc-confine"));
}
