//! A real bridge's log, decided again: nothing changes under the config that it was made by, and what would under another is named.

use std::process::Command;

use ccc_client::{Request, deadline_after};
use ccc_tests::bridge::{Bridge, Site, program};
use serde_json::{Value, json};

const CONFIG: &str = r#"
[desktop]
browser = ["true", "{url}"]
editor = ["true", "{path}"]
terminal = ["true"]

[actions.free]
policy = "auto-accept"
params.word = { type = "string", default = "x" }
run = ["echo", "{word}"]
confined = false

[actions.floored]
policy = "queue"
floor = "queue"
run = ["true"]
confined = false

[[rule]]
name = "docs"
action = "open-browser"
where.url.host = ["docs.rs", "*.rust-lang.org"]
policy = "auto-accept"

[[rule]]
name = "no terminal in there"
action = "open-terminal"
where.path.under = "/workspace/closed"
policy = "auto-deny"

[[rule]]
name = "looks"
action = "use-tool"
where.class = ["reads", "vcs-query"]
policy = "auto-accept"

[[rule]]
name = "never below its floor"
action = "floored"
policy = "auto-accept"

[[rule]]
name = "always"
action = "free"
where.time = { from = "00:00", to = "23:59" }
policy = "auto-accept"
"#;

fn used(command: &str) -> Value {
    json!({ "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command },
        "cwd": "/home/dev/app", "project": "/home/dev/app", "session": "s", "agent": "main" })
}

/// Requests of every kind: passed, asked and denied by rules, floors and own policies, and by a person, a grant and an override.
fn worked() -> Bridge {
    let bridge = Site::new().config(CONFIG).start();
    let workspace = bridge.site().workspace();
    std::fs::create_dir_all(workspace.join("closed/deep")).unwrap();
    std::fs::write(workspace.join("a.txt"), "a").unwrap();
    std::os::unix::fs::symlink("closed/deep", workspace.join("link")).unwrap();
    for action in [
        json!({ "action": "list-actions" }),
        json!({ "action": "free" }),
        json!({ "action": "floored" }),
        json!({ "action": "edit-file", "filename": "a.txt" }),
        json!({ "action": "open-browser", "url": "https://DOCS.rs:443/x/../y" }),
        json!({ "action": "open-browser", "url": "https://example.com/" }),
        json!({ "action": "open-terminal", "path": "/workspace" }),
        json!({ "action": "open-terminal", "path": "/workspace/link" }),
        used("git status"),
        used("git status"),
        used("cat $WHAT"),
    ] {
        bridge.submit("agent", &action);
    }
    // By our own client: the agent itself names a path of the host here, and is answered with it.
    let own_files = used(&format!("cat {}/config.toml", bridge.site().home().display())).to_string();
    let request = Request::post("/action", own_files.as_bytes(), deadline_after(None));
    bridge.client("agent").call(&request).unwrap();
    for command in ["cargo test", "cargo test --lib", "cargo test -p core"] {
        let ticket = bridge.submit("agent", &used(command)).ticket();
        assert_eq!(bridge.approve("user", &ticket).status, 200);
    }
    let denied = bridge.submit("agent", &used("terraform apply")).ticket();
    bridge.post("user", &format!("/queue/{}/deny", denied.id), &json!({ "digest": denied.digest, "reason": "no" }));
    bridge.submit("agent", &used("terraform apply"));
    bridge.post("user", "/policies/action/edit-file", &json!({ "policy": "queue" }));
    bridge.submit("agent", &json!({ "action": "edit-file", "filename": "a.txt" }));
    bridge
}

fn run(bridge: &Bridge, name: &str, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(program(name));
    command.args(args).current_dir(bridge.site().home()).env_clear().env("HOME", bridge.site().home());
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

fn replay(bridge: &Bridge, config: &str) -> (i32, Value) {
    let (code, said) = run(bridge, "ccc-audit", &["replay", "--json", "--data", "data", "--config", config]);
    (code, serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")))
}

#[test]
fn a_log_replayed_under_its_own_config_changes_nothing() {
    let bridge = worked();
    let (code, told) = replay(&bridge, "config.toml");
    assert_eq!(told["cases"], json!([]), "{told}");
    assert_eq!((code, &told["questions"]), (0, &json!(0)));
    assert_eq!(told["not_replayed"], json!({}));
    assert_eq!(told["apart"], json!({ "cool-down": 1, "override": 1, "own-files": 1 }), "{told}");
    let was = told["was"].as_object().unwrap();
    for outcome in ["passed", "asked", "denied"] {
        assert!(was[outcome].as_u64().unwrap() > 0, "{told}");
    }
}

#[test]
fn another_config_is_told_by_replay_and_in_a_line_by_check() {
    let bridge = worked();
    let other = CONFIG.replace("auto-deny", "queue").replace("\"docs.rs\", ", "");
    let other = format!("secrets = \"secrets.json\"\ndata = \"data\"\n{other}");
    std::fs::write(bridge.site().home().join("other.toml"), other).unwrap();
    let (code, told) = replay(&bridge, "other.toml");
    assert_eq!((code, told["cases"].as_array().unwrap().len()), (21, 2), "{told}");
    assert_eq!((&told["changed"], &told["questions"]), (&json!(2), &json!(2)));
    let (code, said) =
        run(&bridge, "ccc-server", &["--check", "--config", "other.toml", "--volume", "/workspace=workspace"]);
    let line = said.lines().find(|line| line.starts_with("replay ")).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(code, 0, "{said}");
    assert!(line.contains("2 would be decided otherwise, 1 of them pass more easily"), "{line}");
    let (_, said) =
        run(&bridge, "ccc-server", &["--check", "--config", "config.toml", "--volume", "/workspace=workspace"]);
    assert!(said.contains("none would be decided otherwise"), "{said}");
}

#[test]
fn stats_count_what_the_bridge_did() {
    let bridge = worked();
    let (code, said) = run(&bridge, "ccc-audit", &["stats", "--json", "--data", "data"]);
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &told["answers"]["decided"]), (0, &json!(4)), "{told}");
    assert_eq!(told["agents"]["agent"]["requests"], told["all"]["requests"]);
    let most = &told["most_asked"][0];
    assert_eq!(most, &json!({ "shape": "Bash cargo test", "times": 3 }), "{told}");
}

#[test]
fn suggest_makes_the_rule_that_the_log_asks_for() {
    let bridge = worked();
    let args = ["--secrets", "secrets.json", "--user", "user", "--url", bridge.url()];
    let (code, said) = run(&bridge, "ccc-queue", &[&args[..], &["suggest", "--config", "config.toml"]].concat());
    assert_eq!(code, 0, "{said}");
    for wanted in [
        "# 1: approved 3 times; in 30 days it would have passed 3 of",
        "0 of 1 denied",
        "where.command = { program = \"cargo\", subcommand = \"cargo test\" }",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let (code, said) =
        run(&bridge, "ccc-queue", &[&args[..], &["suggest", "--config", "config.toml", "--write", "1"]].concat());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("there is no terminal to ask on"), "{said}");
}
