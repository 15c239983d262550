//! The hosts beside Claude Code that take another line: how each is told it, what of its own keeps calls as they are, and how what
//! ran is known to be what was handed out.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Output;

use ccc_hosts::host::Host;
use serde_json::{Value, json};

use crate::support::{Bridge, Home, Reply, denial, is_leave, run, ticket};

const LAUNCHER: &str = "/usr/local/bin/ccc-confine";
const LINE: &str = "cargo test";
const HOSTS: [Host; 3] = [Host::Codex, Host::Gemini, Host::Copilot];

/// A hook that knows a launcher, beside settings with which nothing stands against it.
fn home(bridge: &Bridge) -> Home {
    let home = Home::new(&bridge.url, 0);
    let config =
        json!({"url": bridge.url, "secrets": "agent.json", "hold_seconds": 0, "confine": {"launcher": LAUNCHER}});
    fs::write(home.config(), config.to_string()).unwrap();
    write(&home, ".codex/config.toml", "sandbox_mode = \"danger-full-access\"\n");
    home
}

fn write(home: &Home, name: &str, text: &str) {
    let path = home.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn input(host: Host, line: &str) -> Value {
    match host {
        Host::Gemini => json!({"command": line, "description": "d", "dir_path": "sub", "is_background": false}),
        Host::Copilot => json!({"command": line, "description": "d", "mode": "sync"}),
        _ => json!({ "command": line }),
    }
}

/// A document of this host, at its gate or after the call.
fn document(host: Host, is_after: bool, input: &Value, output: &str) -> Value {
    match (host, is_after) {
        (Host::Copilot, false) => {
            json!({"sessionId": "s1", "timestamp": 1, "cwd": "/proj", "toolName": "bash", "toolArgs": input})
        }
        (Host::Copilot, true) => {
            json!({"sessionId": "s1", "timestamp": 1, "cwd": "/proj", "toolName": "bash", "toolArgs": input,
                   "toolResult": {"resultType": "success", "textResultForLlm": output}})
        }
        (Host::Gemini, false) => json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "BeforeTool",
            "tool_name": "run_shell_command", "tool_input": input}),
        (Host::Gemini, true) => json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "AfterTool",
            "tool_name": "run_shell_command", "tool_input": input, "tool_response": {"llmContent": output}}),
        (_, false) => json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "PreToolUse",
            "permission_mode": "bypassPermissions", "tool_name": "Bash", "tool_input": input, "tool_use_id": "call_1"}),
        (_, true) => json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": "PostToolUse",
            "permission_mode": "bypassPermissions", "tool_name": "Bash", "tool_input": input, "tool_response": output,
            "tool_use_id": "call_1"}),
    }
}

fn asked(home: &Home, host: Host, input: &Value) -> Output {
    run(&mut home.gate(host), document(host, false, input, "").to_string().as_bytes())
}

fn after(home: &Home, host: Host, line: &str, output: &str) -> Output {
    let event = match host {
        Host::Gemini => "AfterTool",
        Host::Copilot => "postToolUse",
        _ => "PostToolUse",
    };
    let document = document(host, true, &input(host, line), output);
    run(&mut home.event(host, event), document.to_string().as_bytes())
}

fn says(status: &'static str) -> Bridge {
    Bridge::start(move |_, received| match received.body["action"].as_str() {
        Some("record-event") => Reply::Signed(200, ticket("succeeded", &json!({"action": "record-event"}))),
        _ => Reply::Signed(200, ticket(status, &json!({}))),
    })
}

fn last(bridge: &Bridge) -> Value {
    bridge.actions().pop().unwrap()
}

/// The input with which the host is told to go on, in its own form.
fn handed_out(host: Host, output: &Output) -> Value {
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{host}: {output:?}"));
    let input = match host {
        Host::Gemini => &answer["hookSpecificOutput"]["tool_input"],
        Host::Copilot => &answer["modifiedArgs"],
        _ => &answer["hookSpecificOutput"]["updatedInput"],
    };
    let allows = match host {
        Host::Gemini => answer["decision"] == "allow" && answer["hookSpecificOutput"]["hookEventName"] == "BeforeTool",
        Host::Copilot => answer["permissionDecision"] == "allow",
        _ => answer["hookSpecificOutput"]["permissionDecision"] == "allow",
    };
    assert!(allows, "{host}: {answer}");
    input.clone()
}

fn id(input: &Value) -> String {
    input["command"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned()
}

fn record(home: &Home, id: &str) -> std::path::PathBuf {
    home.path().join(".local/state/ccc/calls").join(id)
}

/// A confined call that a launcher has taken; the line that ran.
fn ran(home: &Home, host: Host) -> String {
    let handed = handed_out(host, &asked(home, host, &input(host, LINE)));
    fs::remove_file(record(home, &id(&handed))).unwrap();
    handed["command"].as_str().unwrap().to_owned()
}

fn off(home: &Home, host: Host) -> bool {
    home.path().join(format!("{host}.confine-off")).exists()
}

#[test]
fn each_host_is_told_the_launchers_line_in_its_own_form_and_the_rest_of_the_input_stays() {
    for host in HOSTS {
        let bridge = says("confined");
        let home = home(&bridge);
        // Where a line of theirs ends is no later line's affair: no directory is handed back.
        for line in [LINE, "cd a && make"] {
            let mut handed = handed_out(host, &asked(&home, host, &input(host, line)));
            let id = id(&handed);
            assert_eq!(handed["command"], format!("{LAUNCHER} call {id}"), "{host}");
            assert_eq!(last(&bridge)["can"], json!(["confine"]), "{host}");
            let text = String::from_utf8(fs::read(record(&home, &id)).unwrap()).unwrap();
            assert!(text.contains(&format!("\0command={line}\0project=/proj\0")), "{host}: {text:?}");
            handed["command"] = json!(line);
            assert_eq!(handed, input(host, line), "{host}");
            if host == Host::Codex {
                fs::remove_file(record(&home, "use-call_1")).unwrap();
            }
        }
    }
}

#[test]
fn what_runs_in_the_background_says_so_and_what_outlives_the_session_is_not_confined() {
    let bridge = says("confined");
    let home = home(&bridge);
    let rows = [
        (Host::Gemini, json!({"command": LINE, "is_background": true})),
        (Host::Copilot, json!({"command": LINE, "mode": "async"})),
        (Host::Copilot, json!({"command": LINE, "mode": "async", "detach": false})),
    ];
    for (host, input) in rows {
        let id = id(&handed_out(host, &asked(&home, host, &input)));
        let text = String::from_utf8(fs::read(record(&home, &id)).unwrap()).unwrap();
        assert!(text.contains("\0background=yes\0"), "{host}: {text:?}");
    }
    let detached = json!({"command": LINE, "mode": "async", "detach": true});
    denial(Host::Copilot, &asked(&home, Host::Copilot, &detached));
    assert_eq!(last(&bridge)["can"], json!(["confine", "not-now"]));
}

const OTHER_HOOK: &str = r#"{"hooks": {"EVENT": [{"matcher": "*", "hooks": [{"type": "command", "command": "x"}]}]}}"#;
const OWN_HOOK: &str = r#"{"hooks": {"EVENT": [{"matcher": "*", "hooks": [{"type": "command", "command": "/b/ccc-hook --agent HOST --event EVENT"}]}]}}"#;

#[rustfmt::skip]
const SETTINGS: &[(Host, &str, &str, bool)] = &[
    (Host::Codex, ".codex/hooks.json", OTHER_HOOK, true),
    (Host::Codex, ".codex/hooks.json", OWN_HOOK, false),
    (Host::Codex, ".codex/config.toml", "model = \"x\"\n", true),
    (Host::Codex, ".codex/config.toml", "sandbox_mode = \"workspace-write\"\n", true),
    (Host::Codex, ".codex/config.toml", "sandbox_mode = \"danger-full-access\"\nprofile = \"x\"\n", true),
    (Host::Codex, ".codex/config.toml", "sandbox_mode = \"danger-full-access\"\n[plugins.\"a@b\"]\nenabled = true\n", true),
    (Host::Codex, ".codex/config.toml", "sandbox_mode = \"danger-full-access\"\n[[hooks.PreToolUse]]\n[[hooks.PreToolUse.hooks]]\ncommand = \"x\"\n", true),
    (Host::Codex, ".codex/config.toml", "sandbox_mode = = 1", true),
    (Host::Codex, ".codex/rules/mine.rules", "prefix_rule(pattern=[\"git\", \"push\"], decision=\"forbidden\")\n", true),
    (Host::Codex, ".codex/rules/mine.rules", "prefix_rule(pattern=[\"git\"], decision=\"prompt\")\n", true),
    (Host::Codex, ".codex/rules/mine.rules", "prefix_rule(pattern=[\"ls\"], decision=\"allow\")\n", false),
    (Host::Gemini, ".gemini/settings.json", OTHER_HOOK, true),
    (Host::Gemini, ".gemini/settings.json", OWN_HOOK, false),
    (Host::Gemini, ".gemini/settings.json", "// mine\n{\"tools\": {\"exclude\": [\"run_shell_command(rm)\"]}}", true),
    (Host::Gemini, ".gemini/settings.json", "{\"tools\": {\"sandbox\": \"docker\"}}", true),
    (Host::Gemini, ".gemini/settings.json", "{\"security\": {\"toolSandboxing\": true}}", true),
    (Host::Gemini, ".gemini/settings.json", "{\"policyPaths\": [\"/x\"]}", true),
    (Host::Gemini, ".gemini/settings.json", "{\"tools\": {\"sandbox\": false, \"exclude\": []}}", false),
    (Host::Gemini, ".gemini/policies/a.toml", "[[rule]]\ntoolName = \"run_shell_command\"\ndecision = \"deny\"\n", true),
    (Host::Gemini, ".gemini/policies/a.toml", "[[rule]]\ntoolName = \"run_shell_command\"\ndecision = \"ask_user\"\n", true),
    (Host::Gemini, ".gemini/policies/a.toml", "[[rule]]\ntoolName = \"glob\"\ndecision = \"allow\"\n", false),
    (Host::Gemini, ".gemini/policies/a.toml", "[[rule", true),
    (Host::Gemini, ".gemini/extensions/x/hooks/hooks.json", OTHER_HOOK, true),
    (Host::Gemini, ".gemini/extensions/x/policies/p.toml", "[[rule]]\ndecision = \"deny\"\n", true),
    (Host::Gemini, ".gemini/extensions/extension-enablement.json", "{}", false),
    (Host::Copilot, ".copilot/hooks/x.json", r#"{"version": 1, "hooks": {"preToolUse": [{"type": "command", "bash": "x"}]}}"#, true),
    (Host::Copilot, ".copilot/hooks/x.json", r#"{"version": 1, "hooks": {"PreToolUse": [{"type": "command", "bash": "x", "hooks": [{}]}]}}"#, true),
    (Host::Copilot, ".copilot/hooks/ccc-hook.json", r#"{"version": 1, "hooks": {"preToolUse": [{"type": "command", "bash": "/b/ccc-hook --agent copilot --event preToolUse"}]}}"#, false),
    (Host::Copilot, ".copilot/settings.json", r#"{"sandbox": {"enabled": true}}"#, true),
    (Host::Copilot, ".copilot/settings.json", r#"{"deniedUrls": ["x.example"]}"#, true),
    (Host::Copilot, ".copilot/settings.json", r#"{"sandbox": {"enabled": false}, "deniedUrls": []}"#, false),
    (Host::Copilot, ".copilot/installed-plugins/x/plugin.json", "{}", true),
];

#[test]
fn what_of_a_hosts_own_would_look_at_the_launchers_line_keeps_calls_as_they_are() {
    for (at, (host, file, text, is_against)) in SETTINGS.iter().enumerate() {
        let bridge = says("released");
        let home = home(&bridge);
        let text = text.replace("EVENT", host.profile().gate).replace("HOST", host.name());
        write(&home, file, &text);
        let output = asked(&home, *host, &input(*host, LINE));
        assert!(is_leave(*host, &output), "{at}: {output:?}");
        assert_eq!(last(&bridge)["can"].is_null(), *is_against, "{at} {host} {file}: {text}");
    }
}

#[test]
fn codex_that_asks_its_person_runs_its_own_lines() {
    let bridge = says("released");
    let home = home(&bridge);
    for mode in [json!("default"), Value::Null] {
        let mut document = document(Host::Codex, false, &input(Host::Codex, LINE), "");
        document["permission_mode"] = mode.clone();
        assert!(is_leave(Host::Codex, &run(&mut home.gate(Host::Codex), document.to_string().as_bytes())));
        assert_eq!(last(&bridge)["can"], Value::Null, "{mode}");
    }
}

#[test]
fn options_of_the_hosts_command_lines_keep_calls_as_they_are() {
    let rows = [
        (Host::Codex, "--sandbox=read-only", true),
        (Host::Codex, "-c", true),
        (Host::Codex, "--model=x", false),
        (Host::Gemini, "--policy", true),
        (Host::Gemini, "-s", true),
        (Host::Gemini, "--yolo", false),
        (Host::Copilot, "--deny-tool=shell(git)", true),
        (Host::Copilot, "--sandbox", true),
        (Host::Copilot, "--allow-all-tools", false),
    ];
    for (host, option, is_against) in rows {
        let bridge = says("released");
        let home = home(&bridge);
        asked_with(&home, host, option);
        assert_eq!(last(&bridge)["can"].is_null(), is_against, "{host} {option}");
    }
}

#[test]
fn copilots_own_rules_against_tools_stand_beside_a_release() {
    let bridge = says("released");
    let home = home(&bridge);
    for (option, is_said) in [("--deny-tool=shell(git)", false), ("--deny-tool", false), ("--allow-tool=x", true)] {
        let output = asked_with(&home, Host::Copilot, option);
        assert_eq!(!output.stdout.is_empty(), is_said, "an `allow` goes past them: {output:?}");
    }
}

/// The answer to a host that was started with this option.
fn asked_with(home: &Home, host: Host, option: &str) -> Output {
    let said = home.path().join("document");
    fs::write(&said, document(host, false, &input(host, LINE), "").to_string()).unwrap();
    let (hook, gate, config) = (env!("CARGO_BIN_EXE_ccc-hook"), host.profile().gate, home.config());
    let line = format!("cd /; {hook} --agent {host} --event {gate} --config {} <{}", config.display(), said.display());
    write(home, "run", &format!("{line}\ntrue\n"));
    // A shell in the place of the host, by its name.
    let mut shell = home.command(std::path::Path::new("/bin/sh"));
    let output = run(shell.arg0(host.program()).args(["run", option]), b"");
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn what_ran_is_compared_with_what_was_handed_out() {
    for host in HOSTS {
        let bridge = says("confined");
        let home = home(&bridge);
        let line = ran(&home, host);
        assert!(after(&home, host, &line, "ok").stdout.is_empty());
        assert_eq!((&last(&bridge)["detail"]["confined"], off(&home, host)), (&Value::Null, false), "{host}");
        let handed = handed_out(host, &asked(&home, host, &input(host, LINE)));
        after(&home, host, LINE, "ok");
        assert!(last(&bridge)["detail"]["confined"].as_str().unwrap().contains("not what was handed out"), "{host}");
        assert!(off(&home, host) && !record(&home, &id(&handed)).exists(), "{host}");
        denial(host, &asked(&home, host, &input(host, "make")));
        assert_eq!(last(&bridge)["can"], Value::Null, "{host}");
    }
}

#[test]
fn a_line_that_ran_without_its_launcher_is_another_one() {
    for host in HOSTS {
        let bridge = says("confined");
        let home = home(&bridge);
        let handed = handed_out(host, &asked(&home, host, &input(host, LINE)));
        after(&home, host, handed["command"].as_str().unwrap(), "");
        assert!(off(&home, host), "{host}: nobody took what was handed over");
    }
}

#[test]
fn a_line_that_is_released_later_may_run_as_it_is() {
    for host in [Host::Gemini, Host::Copilot] {
        let bridge = Bridge::start(|at, received| match received.body["action"].as_str() {
            Some("record-event") => Reply::Signed(200, ticket("succeeded", &json!({"action": "record-event"}))),
            _ => Reply::Signed(200, ticket(if at == 0 { "confined" } else { "released" }, &json!({}))),
        });
        let home = home(&bridge);
        handed_out(host, &asked(&home, host, &input(host, LINE)));
        assert!(is_leave(host, &asked(&home, host, &input(host, LINE))));
        after(&home, host, LINE, "ok");
        assert!(!off(&home, host), "{host}");
    }
}

#[test]
fn what_was_kept_from_something_is_told_in_the_hosts_form() {
    for host in HOSTS {
        let bridge = says("confined");
        let home = home(&bridge);
        let line = ran(&home, host);
        let told = after(&home, host, &line, "touch: cannot touch '.git/x': Read-only file system");
        let answer: Value = serde_json::from_slice(&told.stdout).unwrap();
        let words = if host == Host::Copilot { &answer } else { &answer["hookSpecificOutput"] };
        assert!(words["additionalContext"].as_str().unwrap().contains("ran confined"), "{host}: {answer}");
        denial(host, &asked(&home, host, &input(host, LINE)));
        assert_eq!(last(&bridge)["can"], json!(["confine", "not-now"]), "{host}");
    }
}

#[test]
fn a_call_that_codex_was_told_to_run_elsewhere_is_denied() {
    let bridge = says("released");
    let home = home(&bridge);
    fs::create_dir_all(home.path().join("project/sub")).unwrap();
    std::os::unix::fs::symlink("/etc", home.path().join("project/link")).unwrap();
    let project = home.path().join("project").canonicalize().unwrap();
    let ask = |cwd: &std::path::Path| {
        let mut document = document(Host::Codex, false, &input(Host::Codex, LINE), "");
        document["cwd"] = json!(cwd);
        run(home.gate(Host::Codex).current_dir(&project), document.to_string().as_bytes())
    };
    for inside in [project.clone(), project.join("sub"), project.join("not-there-yet")] {
        assert!(is_leave(Host::Codex, &ask(&inside)), "{}", inside.display());
    }
    assert_eq!(last(&bridge)["project"], json!(project), "it is told beside the directory");
    let asked = bridge.actions().len();
    for outside in [home.path().to_owned(), "/etc".into(), project.join("link"), project.join("../other")] {
        let reason = denial(Host::Codex, &ask(&outside));
        assert!(reason.contains("outside of the project"), "{}: {reason}", outside.display());
    }
    assert_eq!(bridge.actions().len(), asked);
}

#[test]
fn files_that_lead_out_of_the_project_are_opened_by_no_hosts_tools() {
    let bridge = says("released");
    let home = home(&bridge);
    let app = home.path().canonicalize().unwrap().join("app");
    fs::create_dir_all(app.join("src")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", app.join("out")).unwrap();
    std::os::unix::fs::symlink("..", app.join("up")).unwrap();
    let patch = |head: &str| json!({"command": format!("*** Begin Patch\n{head}\n+x\n*** End Patch")});
    let rows = [
        (Host::Codex, "apply_patch", patch("*** Update File: out"), true),
        (Host::Codex, "apply_patch", patch("*** Add File: up/new"), true),
        (Host::Codex, "apply_patch", patch("*** Update File: src/a\n*** Move to: up/a"), true),
        (Host::Codex, "apply_patch", patch("*** Add File: src/new"), false),
        (Host::Codex, "view_image", json!({"path": "out"}), true),
        (Host::Gemini, "write_file", json!({"file_path": "out", "content": "x"}), true),
        (Host::Gemini, "list_directory", json!({"dir_path": "up"}), true),
        (Host::Gemini, "read_many_files", json!({"include": ["src/a", "out"]}), true),
        (Host::Gemini, "read_many_files", json!({"include": ["up/*"]}), true),
        (Host::Gemini, "read_file", json!({"file_path": "src/a"}), false),
        (Host::Copilot, "view", json!({"path": app.join("out")}), true),
        (Host::Copilot, "create", json!({"path": app.join("src/b"), "file_text": "x"}), false),
    ];
    for (host, tool, input, is_out) in rows {
        let mut document = document(host, false, &input, "");
        document["cwd"] = json!(app);
        document[if host == Host::Copilot { "toolName" } else { "tool_name" }] = json!(tool);
        let output = run(&mut home.gate(host), document.to_string().as_bytes());
        match is_out {
            true => assert!(denial(host, &output).contains("leads out of the project"), "{host} {tool} {input}"),
            false => assert!(is_leave(host, &output), "{host} {tool} {input}: {output:?}"),
        }
    }
}
