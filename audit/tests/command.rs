//! The command against a database as the server makes it: exit codes, words, exports, and that nothing is changed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use ccc_core::audit::{AuditKey, Chain, Checkpoint};
use ccc_protocol::{TicketId, Timestamp, bodies::AuditEntry};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The server's own tables, so that a change of theirs shows here.
const SCHEMA: &str = include_str!("../../server/src/store/schema-1.sql");
const AT: &str = "2026-03-07T12:00:00Z";
const HOSTILE: &str = "=cmd|' /C calc'!A0\u{202e}\u{1b}[2J";

struct Bridge {
    home: TempDir,
    database: Connection,
    chain: Chain,
}

impl Bridge {
    /// Two tickets, one denied and one waiting, and a checkpoint behind them.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let database = Connection::open(home.path().join("ccc.db")).unwrap();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        database.execute_batch(SCHEMA).unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        std::fs::write(home.path().join("audit.key"), format!("{KEY}\n")).unwrap();
        let mut bridge = Self { home, database, chain: Chain::default() };
        bridge.log(json!({ "kind": "server-started" }));
        bridge.submit(1);
        bridge.submit(2);
        bridge.step(1, "denied", "denied", "user");
        bridge.checkpoint();
        bridge
    }

    fn log(&mut self, mut entry: Value) -> u64 {
        entry["at"] = AT.into();
        entry["seq"] = 0.into();
        let sealed = self.chain.seal(serde_json::from_value::<AuditEntry>(entry).unwrap());
        let ticket = sealed.entry.ticket.as_ref().map(TicketId::as_bytes);
        self.database
            .execute(
                "INSERT INTO audit (seq, entry, hash, ticket) VALUES (?1, ?2, ?3, ?4)",
                params![sealed.entry.seq as i64, sealed.json, sealed.hash.as_bytes(), ticket],
            )
            .unwrap();
        sealed.entry.seq
    }

    fn submit(&mut self, number: u8) {
        let digest = ccc_protocol::Digest::of(&[number]);
        let params = json!({ "url": HOSTILE });
        let detail = json!({ "params": params, "plan": digest, "digest": digest, "rule": "by default" });
        let (id, action) = (id(number), "open-browser");
        let seq = self.log(json!({ "kind": "submitted", "by": "agent", "about": "agent", "ticket": id, "action": action, "status": "queued", "detail": detail }));
        let request = json!({ "id": id, "action": action, "submitted_by": "agent", "params": params, "plan_digest": digest, "digest": digest });
        let body = json!({ "request": request, "standing": { "status": "queued", "seq": seq } });
        self.database
            .execute(
                "INSERT INTO ticket (id, status, body) VALUES (?1, 'queued', ?2)",
                params![id.as_bytes(), body.to_string()],
            )
            .unwrap();
    }

    fn step(&mut self, number: u8, kind: &str, status: &str, by: &str) {
        let id = id(number);
        let seq = self.log(json!({ "kind": kind, "by": by, "about": "agent", "ticket": id, "action": "open-browser", "status": status }));
        self.database
            .execute(
                "UPDATE ticket SET status = ?2, body = json_set(body, '$.standing.status', ?2, '$.standing.seq', ?3) WHERE id = ?1",
                params![id.as_bytes(), status, seq as i64],
            )
            .unwrap();
    }

    fn checkpoint(&self) {
        let key = AuditKey::new(KEY.as_bytes()).unwrap();
        let line = serde_json::to_string(&Checkpoint::of(&self.chain, self.chain.latest, &key)).unwrap();
        let path = self.home.path().join("checkpoints.jsonl");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{before}{line}\n")).unwrap();
    }

    fn edit(&self, statements: &str) {
        self.database.execute_batch(statements).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        run(args, self.home.path())
    }

    fn verify(&self) -> (i32, String) {
        let output = self.run(&["verify", "--data", ".", "--key", "audit.key"]);
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }
}

fn command(args: &[&str], within: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-audit"));
    command.args(args).current_dir(within).env_clear().stdin(Stdio::null());
    command
}

fn run(args: &[&str], within: &Path) -> Output {
    command(args, within).output().unwrap()
}

fn id(number: u8) -> TicketId {
    TicketId::new(Timestamp::from_seconds(1).millis() as u64, [number; 10])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_whole_log_is_intact_and_says_what_was_checked() {
    let (code, said) = Bridge::new().verify();
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("intact: 4 entries\n"), "{said}");
    assert!(said.contains("1 checkpoint: 1 saw this log, up to entry 4"), "{said}");
    assert!(said.contains("2 tickets against the log"), "{said}");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let bridge = Bridge::new();
    let said = text(&bridge.run(&["verify", "--data", "."]).stdout);
    assert!(said.contains("whether the checkpoints are genuine"), "{said}");
    std::fs::remove_file(bridge.home.path().join("checkpoints.jsonl")).unwrap();
    let said = text(&bridge.run(&["verify", "--data", "."]).stdout);
    assert!(said.contains("without checkpoints"), "{said}");
}

#[test]
fn each_edit_has_its_exit_code() {
    for (statements, expected) in [
        ("UPDATE audit SET entry = replace(entry, 'denied', 'failed') WHERE seq = 4", 10),
        ("DELETE FROM audit WHERE seq = 2", 10),
        ("UPDATE audit SET seq = 9 WHERE seq = 4", 10),
        ("UPDATE audit SET entry = 'x' WHERE seq = 3", 10),
        ("DELETE FROM audit WHERE seq = 4", 11),
        ("DELETE FROM audit", 11),
        (
            "UPDATE audit SET seq = -3 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = -3",
            12,
        ),
        ("UPDATE ticket SET status = 'approved' WHERE status = 'queued'", 10),
        ("UPDATE ticket SET body = json_set(body, '$.standing.status', 'approved') WHERE status = 'queued'", 10),
        ("UPDATE ticket SET body = json_set(body, '$.request.params.url', 'x')", 10),
        ("UPDATE ticket SET body = json_set(body, '$.standing.seq', 77) WHERE status = 'denied'", 10),
        ("UPDATE ticket SET body = '' WHERE status = 'denied'", 10),
        ("DELETE FROM ticket WHERE status = 'denied'", 10),
        ("INSERT INTO ticket (id, status, body) SELECT x'00', status, body FROM ticket LIMIT 1", 10),
        ("UPDATE audit SET ticket = x'00000000000000000000000000000000' WHERE seq = 4", 10),
    ] {
        let bridge = Bridge::new();
        bridge.edit(statements);
        let (code, said) = bridge.verify();
        assert_eq!(code, expected, "{statements}: {said}");
    }
}

/// An override, a group, a freeze and a grant that was used once, each with its entry.
fn with_settings() -> Bridge {
    let mut bridge = Bridge::new();
    let mut set = |kind: &str, detail: Value| bridge.log(json!({ "kind": kind, "by": "user", "detail": detail }));
    set("policy-set", json!({ "action": "open-browser", "policy": "queue" }));
    set("policy-set", json!({ "action": "edit-file", "policy": "auto-deny" }));
    set("policy-set", json!({ "action": "edit-file", "policy": null }));
    set("group-set", json!({ "group": "email", "enabled": false }));
    set("freeze-set", json!({ "users": ["agent", "other"], "frozen": true }));
    set("freeze-set", json!({ "users": ["other"], "frozen": false }));
    let overrides = json!({ "by": { "user": { "actions": { "open-browser": "queue" }, "disabled_groups": ["email"], "frozen": ["agent"] } } });
    let grants = [id(8), id(9)].map(|id| json!({
        "id": id, "user": "agent", "action": "open-browser", "params": { "url": HOSTILE }, "differ": {}, "until": "2026-03-07T13:00:00Z",
        "uses": 5, "used": 0, "made_by": ["user"], "made": AT, "from": self::id(1),
    }));
    for grant in &grants {
        let mut view = grant.clone();
        view["uses_left"] = 5.into();
        view.as_object_mut().unwrap().remove("used");
        bridge.log(
            json!({ "kind": "grant-made", "by": "user", "about": "agent", "action": "open-browser", "detail": view }),
        );
    }
    let [mut kept, ended] = grants;
    let of = |kind: &str, grant: &Value| json!({ "kind": kind, "about": "agent", "detail": { "grant": grant["id"] } });
    bridge.log(of("grant-used", &kept));
    bridge.log(of("grant-expired", &ended));
    kept["used"] = 1.into();
    let insert = "INSERT INTO setting VALUES ('overrides', ?1)";
    bridge.database.execute(insert, params![overrides.to_string()]).unwrap();
    let insert = "INSERT INTO standing_grant VALUES (?1, ?2)";
    bridge.database.execute(insert, params![id(8).as_bytes(), kept.to_string()]).unwrap();
    bridge.checkpoint();
    bridge
}

#[test]
fn what_approvers_set_is_held_against_the_log() {
    let (code, said) = with_settings().verify();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("checked  overrides, groups, freezes and 1 grant against the log"), "{said}");
    assert!(said.contains("not      mail permissions, pinned tools"), "{said}");
    for (statements, wanted) in [
        (
            "UPDATE setting SET body = json_set(body, '$.by.user.actions.open-browser', 'auto-accept')",
            "what `user` has set",
        ),
        ("UPDATE setting SET body = json_set(body, '$.by.user.frozen', json('[]'))", "what `user` has set"),
        ("UPDATE setting SET body = json_set(body, '$.by.user.disabled_groups', json('[]'))", "what `user` has set"),
        (
            "UPDATE setting SET body = json_set(body, '$.by.lead', json_extract(body, '$.by.user'))",
            "what `lead` has set",
        ),
        ("DELETE FROM setting", "what `user` has set"),
        ("UPDATE setting SET body = 'x'", "do not read"),
        (
            "UPDATE standing_grant SET body = json_set(body, '$.until', '2027-03-07T13:00:00Z')",
            "is not what the log says",
        ),
        ("UPDATE standing_grant SET body = json_set(body, '$.used', 0)", "is not what the log says"),
        ("UPDATE standing_grant SET body = json_set(body, '$.uses', null)", "is not what the log says"),
        ("UPDATE standing_grant SET body = ''", "does not read"),
        ("DELETE FROM standing_grant", "is missing"),
        (
            "INSERT INTO standing_grant SELECT x'00', json_set(body, '$.id', '0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f') FROM standing_grant",
            "is not what the log says",
        ),
    ] {
        let bridge = with_settings();
        bridge.edit(statements);
        let (code, said) = bridge.verify();
        assert_eq!(code, 10, "{statements}: {said}");
        assert!(said.starts_with("setting modified: ") && said.contains(wanted), "{statements}: {said}");
    }
    let mut gap = with_settings();
    gap.edit("DELETE FROM setting");
    gap.chain.seq += 2;
    let seq = gap.chain.seq;
    gap.log(json!({ "kind": "gap-declared", "detail": { "from": seq - 1, "to": seq } }));
    gap.checkpoint();
    let (code, said) = gap.verify();
    assert_eq!(code, 15, "{said}");
    assert!(said.contains("not      overrides, groups, freezes and grants: entries are missing"), "{said}");
}

#[test]
fn another_database_in_its_place_is_a_replaced_one() {
    let bridge = Bridge::new();
    let mut other = Bridge::new();
    other.edit("DELETE FROM audit; DELETE FROM ticket");
    other.chain = Chain::default();
    for _ in 0..6 {
        other.log(json!({ "kind": "server-started" }));
    }
    std::fs::copy(bridge.home.path().join("checkpoints.jsonl"), other.home.path().join("checkpoints.jsonl")).unwrap();
    assert_eq!(other.verify().0, 13);
}

#[test]
fn checkpoints_of_another_key_are_forged() {
    let bridge = Bridge::new();
    std::fs::write(bridge.home.path().join("audit.key"), "f".repeat(64)).unwrap();
    assert_eq!(bridge.verify().0, 13);
}

#[test]
fn old_entries_behind_the_last_checkpoint_are_an_unsigned_tail() {
    let mut bridge = Bridge::new();
    bridge.step(2, "expired", "expired", "agent");
    assert_eq!(bridge.verify().0, 14);
    bridge.checkpoint();
    assert_eq!(bridge.verify().0, 0);
}

#[test]
fn a_declared_gap_is_told() {
    let mut bridge = Bridge::new();
    bridge.chain.seq = 9;
    bridge.log(json!({ "kind": "gap-declared", "detail": { "from": 5, "to": 9 } }));
    bridge.checkpoint();
    let (code, said) = bridge.verify();
    assert_eq!(code, 15, "{said}");
    assert!(said.contains("entries 5 to 9 are missing, which the log declared"), "{said}");
}

#[test]
fn wrong_calls_are_told_what_to_write() {
    let bridge = Bridge::new();
    std::fs::write(bridge.home.path().join("note.txt"), "hello\n").unwrap();
    for (args, wanted) in [
        (&["verify", "--data", "elsewhere"][..], "--data"),
        (&["verify", "--export", "note.txt"], "`note.txt` line 1"),
        (&["verify", "--export", "none.jsonl"], "`none.jsonl`"),
        (&["verify", "--data", ".", "--checkpoints", "note.txt"], "`note.txt` line 1"),
        (&["verify", "--data", ".", "--key", "note.txt"], "fewer than 32"),
        (&["verify", "--data", ".", "--export", "note.txt"], "cannot be used with"),
        (&["show", "--data", ".", "--status", "maybe"], "write one of queued"),
        (&["show", "--data", ".", "--since", "yesterday"], "write `2026-03-07`"),
        (&["export", "--data", ".", "--format", "jsonl", "--output", "note.txt"], "is there already"),
        (&["nope"], "'nope'; see `ccc-audit --help`"),
        (&["export", "--data", "."], "--format <FORMAT>"),
        (&["export", "--data", ".", "--format", "xml"], "possible values: jsonl, csv, ocsf"),
        (&["verify", "--datta", "."], "'--datta'"),
        (&[], "write verify, show, export, replay or stats"),
    ] {
        let output = bridge.run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(wanted), "{args:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
    }
    let help = bridge.run(&["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("Examples:"));
}

#[test]
fn an_export_verifies_as_its_database_does_and_an_edited_one_does_not() {
    let bridge = Bridge::new();
    let exported = bridge.run(&["export", "--data", ".", "--format", "jsonl", "--output", "log.jsonl"]);
    assert_eq!(exported.status.code(), Some(0));
    let path = bridge.home.path().join("log.jsonl");
    let log = std::fs::read_to_string(&path).unwrap();
    let verify = |log: String| {
        std::fs::write(&path, log).unwrap();
        let args = ["verify", "--export", "log.jsonl", "--checkpoints", "checkpoints.jsonl", "--key", "audit.key"];
        bridge.run(&args).status.code().unwrap()
    };
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(verify(log.clone()), 0);
    assert_eq!(verify(log.replace("denied", "failed")), 10);
    assert_eq!(verify(log.replace("server-started", "")), 10);
    assert_eq!(verify([lines[0], "garbage", lines[2], lines[3]].join("\n")), 10);
    assert_eq!(verify(lines[..2].join("\n")), 11);
    assert_eq!(verify([lines[0], lines[2], lines[1], lines[3]].join("\n")), 12);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn every_export_is_harmless_where_it_is_opened() {
    let bridge = Bridge::new();
    let csv = text(&bridge.run(&["export", "--data", ".", "--format", "csv"]).stdout);
    assert_eq!(csv.lines().count(), 5);
    assert!(!csv.contains(['\u{202e}', '\u{1b}']), "{csv}");
    let ocsf = text(&bridge.run(&["export", "--data", ".", "--format", "ocsf"]).stdout);
    let events: Vec<Value> = ocsf.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 4);
    assert_eq!(events[1]["unmapped"]["params"]["url"], HOSTILE);
    assert_eq!(events[3]["class_uid"], 6003);
}

#[test]
fn show_picks_and_makes_visible() {
    let bridge = Bridge::new();
    let shown = text(&bridge.run(&["show", "--data", "."]).stdout);
    assert_eq!(shown.lines().count(), 4);
    assert!(!shown.contains(['\u{202e}', '\u{1b}']) && shown.contains(r"\u202e"), "{shown}");
    let count = |args: &[&str]| text(&bridge.run(&[&["show", "--data", "."], args].concat()).stdout).lines().count();
    assert_eq!(count(&["--user", "user"]), 1);
    assert_eq!(count(&["--status", "queued"]), 2);
    assert_eq!(count(&["--action", "open-browser"]), 3);
    assert_eq!(count(&["--since", "2026-03-08"]), 0);
    let denied = text(&bridge.run(&["show", "--data", ".", "--json", "--status", "denied"]).stdout);
    assert_eq!(serde_json::from_str::<Value>(&denied).unwrap()["seq"], 4);
}

#[test]
fn follow_shows_what_is_added() {
    let mut bridge = Bridge::new();
    let mut follow = command(&["show", "--data", ".", "--follow", "--json"], bridge.home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    for _ in 0..4 {
        lines.next().unwrap().unwrap();
    }
    bridge.step(2, "approved", "approved", "user");
    let added: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(added["kind"], "approved");
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[test]
fn verifying_changes_no_byte_of_the_database() {
    let bridge = Bridge::new();
    let bytes = || ["ccc.db", "ccc.db-wal"].map(|name| std::fs::read(bridge.home.path().join(name)).unwrap());
    let before = bytes();
    assert_eq!(bridge.verify().0, 0);
    assert!(before == bytes());
}

#[test]
fn a_database_of_a_newer_server_is_refused_and_that_of_nobody_too() {
    let commands = [&["verify"][..], &["show"], &["export", "--format", "jsonl"]];
    for (schema, said) in [(999, "has schema 999, which a newer ccc-server made"), (0, "is no database of ccc-server")]
    {
        let bridge = Bridge::new();
        bridge.database.pragma_update(None, "user_version", schema).unwrap();
        for command in commands {
            let output = run(&[command, &["--data", "."]].concat(), bridge.home.path());
            assert_eq!(output.status.code(), Some(2), "{command:?}");
            assert!(text(&output.stderr).contains(said), "{command:?}: {}", text(&output.stderr));
            assert!(output.stdout.is_empty(), "nothing is told of what could be misread");
        }
    }
}

#[test]
fn a_damaged_database_is_modified_and_no_panic() {
    let bridge = Bridge::new();
    bridge.edit("PRAGMA wal_checkpoint(TRUNCATE)");
    let Bridge { home, database, .. } = bridge;
    drop(database);
    let path = home.path().join("ccc.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..16].fill(b'x');
    std::fs::write(&path, bytes).unwrap();
    let output = run(&["verify", "--data", "."], home.path());
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
}
