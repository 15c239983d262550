//! `ccc-client` as people and agents call it: what it prints, where, and with
//! which exit code it ends.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::support::{FakeServer, Received, SECRETS, Script, script};
use ccc_protocol::{Digest, visible};
use serde_json::{Value, json};
use tempfile::TempDir;

const ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";
const ACTION: &str = r#"{"action":"open-browser"}"#;

fn ticket(status: &str) -> String {
    let digest = Digest::of(b"");
    json!({
        "id": ID, "seq": 42, "status": status, "action": "open-browser", "params": {}, "submitted_by": "agent",
        "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest, "rule": "",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
    })
    .to_string()
}

fn problem(status: u16, ticket: Option<&Value>) -> String {
    json!({
        "type": "urn:ccc:denied", "title": "Denied", "status": status, "detail": "denied by a rule", "instance": "r",
        "ticket": ticket,
    })
    .to_string()
}

/// An agent's home with its secrets file.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.secrets(), SECRETS).unwrap();
        fs::set_permissions(home.secrets(), fs::Permissions::from_mode(0o600)).unwrap();
        home
    }

    fn secrets(&self) -> PathBuf {
        self.0.path().join("agent-secrets.json")
    }

    fn client(&self, url: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-client"));
        command.env_clear().env("CCC_SECRETS", self.secrets()).env("CONDUIT_URL", url).stdin(Stdio::null());
        command
    }
}

fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn run(scripts: Vec<Script>, args: &[&str]) -> (i32, String, String, Vec<Received>) {
    let server = FakeServer::start(scripts);
    let output = Home::new().client(&server.url()).args(args).output().unwrap();
    let (code, out, err) = ended(&output);
    (code, out, err, server.received())
}

fn answers(status: u16, body: String) -> Script {
    script(move |r| r.answer(status, &body))
}

#[test]
fn the_answer_goes_to_standard_output_and_words_to_standard_error() {
    let (code, out, err, _) = run(vec![answers(200, ticket("succeeded"))], &[ACTION]);
    assert_eq!((code, out, err.as_str()), (0, ticket("succeeded") + "\n", ""));
    let (code, out, err, _) = run(vec![answers(202, ticket("queued"))], &[ACTION]);
    assert_eq!((code, out), (0, ticket("queued") + "\n"));
    assert!(err.contains(&format!("ccc-client --id {ID} --wait")), "{err}");
}

#[test]
fn a_terminal_obeys_nothing_of_the_answer_and_the_json_means_the_same() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}\u{61c}\u{3164}é";
    let mut given: Value = serde_json::from_str(&ticket("denied")).unwrap();
    given["reason"] = hostile.into();
    let (_, out, _, _) = run(vec![answers(200, given.to_string())], &[ACTION]);
    assert!(out.trim_end().chars().all(visible::is_visible), "{out:?}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), given);
    let refusal = problem(422, None).replace("denied by a rule", "\u{9b}31m\u{202e}\u{61c}\u{3164}");
    let (_, _, err, _) = run(vec![answers(422, refusal)], &[ACTION]);
    assert_eq!(err, "ccc-client: ‹U+009B›31m‹U+202E›‹U+061C›‹U+3164›\n");
}

#[test]
fn each_end_has_its_exit_code() {
    for (status, code) in [("failed", 1), ("lost", 1), ("expired", 5), ("cancelled", 5), ("released", 0)] {
        assert_eq!(run(vec![answers(200, ticket(status))], &[ACTION]).0, code, "{status}");
    }
    let denied: Value = serde_json::from_str(&ticket("denied")).unwrap();
    let (code, out, err, _) = run(vec![answers(403, problem(403, Some(&denied)))], &[ACTION]);
    assert_eq!((code, err.as_str()), (3, "ccc-client: denied by a rule\n"));
    assert!(out.contains("\"ticket\""));
    for status in [400, 404, 409, 422, 429] {
        assert_eq!(run(vec![answers(status, problem(status, None))], &[ACTION]).0, 7, "{status}");
    }
    assert_eq!(run(vec![answers(503, problem(503, None))], &[ACTION]).0, 6);
}

#[test]
fn an_answer_that_is_not_authentic_prints_nothing_and_is_6() {
    let body = ticket("succeeded");
    let forged =
        script(move |_| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes());
    let (code, out, err, _) = run(vec![forged], &[ACTION]);
    assert_eq!((code, out.as_str()), (6, ""));
    assert!(err.contains("not authentic"), "{err}");
}

#[test]
fn what_runs_is_followed_to_its_end() {
    let scripts = vec![answers(202, ticket("running")), answers(200, ticket("succeeded"))];
    let (code, out, _, received) = run(scripts, &[ACTION]);
    assert_eq!((code, out), (0, ticket("succeeded") + "\n"));
    assert_eq!(received[0].field("prefer"), None);
    assert!(received[1].field("prefer").is_some_and(|prefer| prefer.starts_with("wait=30, patience=")));
}

#[test]
fn a_wait_that_is_over_is_4() {
    let (code, out, _, received) = run(vec![answers(202, ticket("queued"))], &["--wait", "0", ACTION]);
    assert_eq!((code, out), (4, ticket("queued") + "\n"));
    assert_eq!(received[0].field("prefer"), Some("wait=0, patience=0"));
}

#[test]
fn json_is_joined_or_read_from_standard_input() {
    let (code, _, _, received) = run(vec![answers(200, ticket("succeeded"))], &[r#"{"action":"#, r#""edit-file"}"#]);
    assert_eq!((code, received[0].body.as_slice()), (0, &br#"{"action": "edit-file"}"#[..]));

    let server = FakeServer::start(vec![answers(200, ticket("succeeded"))]);
    let home = Home::new();
    let mut child = home.client(&server.url()).arg("-").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(ACTION.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(server.received()[0].body, ACTION.as_bytes());
}

#[test]
fn a_ticket_is_looked_up_and_cancelled() {
    let (code, _, _, received) = run(vec![answers(200, ticket("running"))], &["--id", ID]);
    assert_eq!((code, received[0].line.as_str()), (4, &*format!("GET /queue/{ID} HTTP/1.1")));
    let (code, _, _, received) = run(vec![answers(200, ticket("cancelled"))], &["--cancel", ID]);
    assert_eq!((code, received[0].line.as_str()), (0, &*format!("POST /queue/{ID}/cancel HTTP/1.1")));
}

#[test]
fn a_wrong_call_is_2_with_one_line_and_sends_nothing() {
    for (args, said) in [
        (&["{"][..], "not one JSON object"),
        (&["[]"], "a list instead of an object"),
        (&[r#"{"a":1,"a":2}"#], "a second `a`"),
        (&["--user", "nobody", ACTION], "no user `nobody`"),
        (&["--url", "https://x", ACTION], "write it as `http://HOST:PORT`"),
        (&["--secrets", "/nowhere", ACTION], "cannot be read"),
        (&["--bogus"], "ccc-client --help"),
    ] {
        let (code, out, err, received) = run(Vec::new(), args);
        assert_eq!((code, out.as_str(), received.len()), (2, "", 0), "{args:?}");
        assert!(err.contains(said) && err.lines().count() == 1, "{args:?}: {err}");
    }
}

#[test]
fn a_secrets_file_that_others_can_read_is_refused() {
    let home = Home::new();
    fs::set_permissions(home.secrets(), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = ended(&home.client("http://127.0.0.1:1").arg(ACTION).output().unwrap());
    assert_eq!(code, 2);
    assert!(err.contains("chmod 600"), "{err}");
}

#[test]
fn help_has_examples_and_every_exit_code() {
    let home = Home::new();
    let (code, out, _) = ended(&home.client("").arg("--help").output().unwrap());
    assert!(code == 0 && out.contains("Examples:"));
    for code in 0..=7 {
        assert!(out.contains(&format!("\n  {code}  ")), "{code}");
    }
    let (_, version, _) = ended(&home.client("").arg("--version").output().unwrap());
    assert!(version.starts_with("ccc-client "));
}

#[test]
fn no_secret_is_shown() {
    let (_, out, err, _) = run(vec![answers(401, problem(401, None))], &[ACTION]);
    assert!(!(out + &err).contains("000102030405060708090a0b0c0d0e0f"));
}

#[test]
fn what_the_owner_is_asked_for_is_told_to_the_owner_where_the_config_is() {
    let words = "this bridge has no editor: its owner adds it";
    let refusal = problem(422, None).replace("denied by a rule", words);
    let home = Home::new();
    let config = home.0.path().join(".config/ccc/config.toml");
    let told = |home: &Home| {
        let refusal = refusal.clone();
        let server = FakeServer::start(vec![answers(422, refusal)]);
        let output = home.client(&server.url()).env("HOME", home.0.path()).arg(ACTION).output().unwrap();
        ended(&output)
    };
    let (code, _, err) = told(&home);
    assert_eq!((code, err), (7, format!("ccc-client: {words}\n")), "an agent has no such file");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "").unwrap();
    let (code, _, err) = told(&home);
    assert_eq!(code, 7);
    assert!(err.contains(&format!("that is you: the config is {}", config.display())), "{err}");
}
