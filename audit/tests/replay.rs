//! `replay` and `stats` against a database as the server makes it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output, Stdio};

use ccc_core::audit::Chain;
use ccc_protocol::{Digest, TicketId, approval, bodies::AuditEntry};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The server's own tables, so that a change of theirs shows here.
const SCHEMA: &str = include_str!("../../server/src/store/schema-1.sql");
const AT: &str = "2026-03-07T12:00:00Z";

const CONFIG: &str = r#"
[[rule]]
name = "docs"
action = "open-browser"
where.url.host = "docs.rs"
policy = "auto-accept"

[[rule]]
name = "no secrets"
action = "use-tool"
where.class = "credentials"
policy = "auto-deny"
"#;

struct Log {
    home: TempDir,
    database: Connection,
    chain: Chain,
}

impl Log {
    /// What the config above decided.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let database = Connection::open(home.path().join("ccc.db")).unwrap();
        database.execute_batch(SCHEMA).unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        std::fs::write(home.path().join("config.toml"), CONFIG).unwrap();
        let mut log = Self { home, database, chain: Chain::default() };
        log.add(json!({ "kind": "server-started" }));
        for number in 1..=3 {
            log.submit(number, "open-browser", &json!({ "url": "https://docs.rs/a" }), "running", "rule `docs`");
        }
        let elsewhere = json!({ "url": "https://example.com/\u{202e}x" });
        log.submit(4, "open-browser", &elsewhere, "queued", "open-browser: queue by default");
        log.submit(5, "use-tool", &tool("cat ~/.ssh/id_ed25519"), "denied", "rule `no secrets`");
        log.submit(
            6,
            "use-tool",
            &tool("make"),
            "released",
            "grant 0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f by user, until x",
        );
        log.submit(7, "use-tool", &tool("make all"), "queued", "use-tool: queue by default");
        log.add(json!({ "kind": "approved", "by": "user", "about": "agent", "ticket": id(7), "action": "use-tool",
            "status": "approved", "at": "2026-03-07T12:00:04.500Z" }));
        log
    }

    fn add(&mut self, mut entry: Value) {
        let object = entry.as_object_mut().unwrap();
        object.entry("at").or_insert(AT.into());
        object.insert("seq".into(), 0.into());
        let sealed = self.chain.seal(serde_json::from_value::<AuditEntry>(entry).unwrap());
        let ticket = sealed.entry.ticket.as_ref().map(TicketId::as_bytes);
        let insert = "INSERT INTO audit (seq, entry, hash, ticket) VALUES (?1, ?2, ?3, ?4)";
        let seq = i64::try_from(sealed.entry.seq).unwrap();
        self.database.execute(insert, params![seq, sealed.json, sealed.hash.as_bytes(), ticket]).unwrap();
    }

    fn submit(&mut self, number: u8, action: &str, params: &Value, status: &str, rule: &str) {
        let (id, plan) = (id(number), Digest::of(&[number]));
        let params = params.as_object().unwrap();
        let digest = approval::digest(id, &action.parse().unwrap(), params, plan, &"agent".parse().unwrap());
        let detail = json!({ "params": params, "plan": plan, "digest": digest, "rule": rule });
        self.add(json!({ "kind": "submitted", "by": "agent", "about": "agent", "ticket": id, "action": action,
            "status": status, "detail": detail }));
    }

    fn config(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-audit"));
        command.args(args).args(["--data", ".", "--since", "2026-03-01"]);
        command.current_dir(self.home.path()).env_clear().stdin(Stdio::null()).output().unwrap()
    }

    fn replay(&self, config: &str) -> (i32, String) {
        let output = self.run(&["replay", "--config", config]);
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }
}

fn tool(command: &str) -> Value {
    json!({ "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command }, "cwd": "/home/dev/p",
        "session": "s", "agent": "main" })
}

fn id(number: u8) -> TicketId {
    TicketId::new(1000, [number; 10])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_same_config_changes_nothing_and_ends_with_0() {
    let (code, said) = Log::new().replay("config.toml");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("6 requests since 2026-03-01T00:00:00Z, 4 different calls, under `config.toml`"),
        "{said}"
    );
    assert!(said.contains("nothing would change"), "{said}");
    assert!(said.contains("not in a config, and not compared: 1 by a grant"), "{said}");
}

#[test]
fn a_looser_config_ends_with_21_and_names_each_case() {
    let log = Log::new();
    log.config("looser.toml", &CONFIG.replace("\"docs.rs\"", "[\"docs.rs\", \"example.com\"]"));
    let (code, said) = log.replay("looser.toml");
    assert_eq!(code, 21, "{said}");
    for wanted in [
        "asked              2           1  1 question fewer",
        "would pass more easily: 1 request\n",
        "1 × asked → passed  agent  open-browser url=https://example.com/",
        "was       open-browser: queue by default",
        "would be  rule `docs`",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains('\u{202e}'), "{said}");
}

#[test]
fn a_stricter_config_ends_with_20() {
    let log = Log::new();
    log.config("stricter.toml", &CONFIG.replace("\"docs.rs\"", "\"crates.io\""));
    let (code, said) = log.replay("stricter.toml");
    assert_eq!(code, 20, "{said}");
    assert!(said.contains("3 questions more") && said.contains("would be stricter: 3 requests"), "{said}");
    assert!(said.contains("3 × passed → asked  agent  open-browser url=https://docs.rs/a"), "{said}");
}

#[test]
fn a_program_reads_the_same_as_json() {
    let log = Log::new();
    log.config("stricter.toml", &CONFIG.replace("\"docs.rs\"", "\"crates.io\""));
    let output = log.run(&["replay", "--json", "--config", "stricter.toml"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["requests"], &told["calls"], &told["questions"]), (&json!(6), &json!(4), &json!(3)));
    assert_eq!(told["was"], json!({ "passed": 3, "asked": 2, "denied": 1 }));
    assert_eq!(told["would"], json!({ "asked": 5, "denied": 1 }));
    let case = told["cases"].get(0).unwrap();
    assert_eq!((&case["times"], &case["looser"], &case["caller"]), (&json!(3), &json!(false), &json!("agent")));
    assert_eq!(told["apart"], json!({ "grant": 1 }));
}

#[test]
fn entries_without_their_body_are_counted_and_not_replayed() {
    let mut log = Log::new();
    log.add(json!({ "kind": "submitted", "by": "agent", "about": "agent", "ticket": id(9), "action": "use-tool",
        "status": "denied", "detail": { "rule": "rule `no secrets`", "plan": Digest::of(b"x"), "digest": Digest::of(b"y"),
        "params": { "begins": "{" } } }));
    let (code, said) = log.replay("config.toml");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not replayed: entries: 1 without their body"), "{said}");
}

#[test]
fn a_config_that_is_none_is_told_with_its_line() {
    let log = Log::new();
    log.config("broken.toml", "[[rule]]\nname = 7\n");
    let (code, said) = log.replay("broken.toml");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("`broken.toml`: ") && said.contains("line 2"), "{said}");
}

#[test]
fn stats_tell_how_much_is_asked_and_how_it_is_answered() {
    let log = Log::new();
    let output = log.run(&["stats", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["all"]["outcomes"], json!({ "passed": 4, "confined": 0, "asked": 2, "denied": 1 }));
    assert_eq!(told["agents"]["agent"]["asks_per_active_hour"], json!(2.0));
    assert_eq!((&told["answers"]["decided"], &told["answers"]["median_millis"]), (&json!(1), &json!(4500)));
    assert_eq!(
        told["most_asked"],
        json!([{ "shape": "Bash make all", "times": 1 }, { "shape": "open-browser example.com", "times": 1 }])
    );
    let said = text(&log.run(&["stats"]).stdout);
    for wanted in ["7 requests since 2026-03-01T00:00:00Z", "median time          4.5 s", "1 × Bash make all"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}
