//! Goal 14: how long it takes to decide a log again under another config, and to count it.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use ccc_core::audit::Chain;
use ccc_protocol::{Digest, TicketId, Timestamp, approval, bodies::AuditEntry};
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::Bench;
use crate::{report::Goal, sample::median};

/// The tables of a server.
const SCHEMA: &str = include_str!("../../../server/src/store/schema-1.sql");
/// Different calls among the requests: agents say most things again and again.
const CALLS: usize = 2000;
/// A request in so many is asked about.
const ASKED_EVERY: usize = 10;

/// Goal 14.
pub fn logs(bench: &mut Bench) {
    let entries = bench.wishes.pick(2000, 100_000, 1_000_000);
    let home = tempfile::tempdir().expect("a directory");
    fill(home.path(), entries);
    let config = format!(
        "{}\n[[rule]]\nname = \"no more tests\"\naction = \"use-tool\"\nwhere.command = {{ program = \"cargo\" }}\npolicy = \"queue\"\n",
        ccc_core::config::starter()
    );
    std::fs::write(home.path().join("other.toml"), config).expect("a config");
    let program = bench.builds.program("ccc-audit");
    let replay = ["replay", "--config", "other.toml", "--since", "2026-01-01", "--json"];
    let stats = ["stats", "--since", "2026-01-01", "--json"];
    for (args, what) in [(&replay[..], "replay under another config"), (&stats[..], "stats")] {
        let took: Vec<f64> = (0..bench.wishes.rounds).map(|_| took(&program, args, home.path())).collect();
        let what = format!("`ccc-audit {what}`, {entries} entries of a usual mixture, median");
        let notes = format!("{CALLS} different calls, the starter rules");
        bench.report.figure("14", what, median(&took), " s", Goal::AtMost(2.0), notes);
    }
}

/// From start to exit, in seconds.
fn took(program: &Path, args: &[&str], within: &Path) -> f64 {
    let mut command = Command::new(program);
    command.args(args).args(["--data", "."]).current_dir(within).stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let status = command.status().expect("a program that starts");
    let seconds = begun.elapsed().as_secs_f64();
    // Under another config something changes, and the exit code says so.
    assert!(matches!(status.code(), Some(0 | 20 | 21)), "{status}: {command:?}");
    seconds
}

/// A log of so many entries: tool calls for the most part, some of them asked about and answered.
fn fill(home: &Path, entries: usize) {
    let mut database = Connection::open(home.join("ccc.db")).expect("a database");
    database.execute_batch(SCHEMA).expect("tables");
    database.pragma_update(None, "user_version", 1).expect("a version");
    let rows = database.transaction().expect("a transaction");
    let mut log = Log { chain: Chain::default(), written: 0 };
    let mut number = 0;
    while log.written < entries {
        log.request(&rows, number);
        number += 1;
    }
    rows.commit().expect("rows");
}

struct Log {
    chain: Chain,
    written: usize,
}

impl Log {
    /// A request with what came of it.
    fn request(&mut self, rows: &Connection, number: usize) {
        let id = TicketId::new(number as u64, [(number % 251) as u8; 10]);
        // A tenth of the calls are most of the requests.
        let params = call(if number % 10 < 7 { number % (CALLS / 10) } else { number * 7919 % CALLS });
        let (plan, action) = (Digest::of(b"plan"), "use-tool".parse().expect("a name"));
        let digest = approval::digest(id, &action, &params, plan, &"agent".parse().expect("a name"));
        let is_asked = number.is_multiple_of(ASKED_EVERY);
        let (status, rule) = match is_asked {
            true => ("queued", "use-tool: queue by default"),
            false => ("released", "rule `reading is free`"),
        };
        let detail = json!({ "params": params, "plan": plan, "digest": digest, "rule": rule });
        self.add(
            rows,
            number,
            json!({ "kind": "submitted", "by": "agent", "about": "agent", "ticket": id,
            "action": action, "status": status, "detail": detail }),
        );
        if is_asked {
            for (kind, by) in [("approved", "user"), ("released", "agent")] {
                self.add(
                    rows,
                    number,
                    json!({ "kind": kind, "by": by, "about": "agent", "ticket": id, "action": action,
                    "status": kind, "detail": {} }),
                );
            }
        }
    }

    fn add(&mut self, rows: &Connection, number: usize, mut entry: Value) {
        let at = Timestamp::from_seconds(1_770_000_000 + number as i64);
        let object = entry.as_object_mut().expect("an object");
        object.insert("at".into(), json!(at));
        object.insert("seq".into(), 0.into());
        let sealed = self.chain.seal(serde_json::from_value::<AuditEntry>(entry).expect("an entry"));
        let ticket = sealed.entry.ticket.as_ref().map(TicketId::as_bytes);
        let mut insert = rows
            .prepare_cached("INSERT INTO audit (seq, entry, hash, ticket) VALUES (?1, ?2, ?3, ?4)")
            .expect("a statement");
        insert.execute(params![sealed.entry.seq as i64, sealed.json, sealed.hash.as_bytes(), ticket]).expect("a row");
        self.written += 1;
    }
}

/// One of the different calls, as a coding agent makes them.
fn call(number: usize) -> Map<String, Value> {
    let file = format!("/home/dev/app/src/module{}/file{number}.rs", number % 17);
    let (tool, input) = match number % 8 {
        0 => (
            "Bash",
            json!({ "command": format!("cargo test --lib module{number} 2>&1 | tail -20"), "description": "Run tests" }),
        ),
        1 => ("Bash", json!({ "command": format!("git log --oneline -{number} && git status --short") })),
        2 => {
            ("Bash", json!({ "command": format!("rg -n 'fn name{number}' src | head -5; sed -n 1,{number}p {file}") }))
        }
        3 => (
            "Edit",
            json!({ "file_path": file, "old_string": "a".repeat(number % 400), "new_string": "b".repeat(300) }),
        ),
        4 => ("Write", json!({ "file_path": file, "content": "line of code\n".repeat(number % 120) })),
        5 => ("Bash", json!({ "command": format!("frobnicate --number {number}") })),
        _ => ("Read", json!({ "file_path": file, "offset": number })),
    };
    let given = json!({ "host": "claude", "tool": tool, "native": tool, "input": input, "cwd": "/home/dev/app",
        "project": "/home/dev/app", "session": format!("session-{}", number % 5), "agent": "main" });
    match given {
        Value::Object(params) => params,
        _ => Map::new(),
    }
}
