//! A database that somebody else wrote while no server ran, without the audit key: nothing runs of it that nobody approved.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ccc_core::audit::Chain;
use ccc_protocol::{
    TicketId, Timestamp,
    bodies::{AuditEntry, EntryKind, Status, Ticket},
    exit::server::STORE_LOST,
};
use ccc_tests::bridge::{Bridge, Site};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// An action whose effect can be seen, for one person or for two to approve.
fn bridge() -> Bridge {
    let site = Site::new();
    let home = site.home().display();
    let action = |name: &str| {
        format!(
            "[actions.{name}]\npolicy = \"queue\"\nparams.word = {{ type = \"string\", required = true }}\n\
             run = [\"sh\", \"-c\", \"echo \\\"$1\\\" >> '{home}/effects'\", \"append\", \"{{word}}\"]\nconfined = false\n"
        )
    };
    let rule = "[[rule]]\nname = \"two\"\naction = [\"pair\"]\npolicy = \"queue\"\napprove = { count = 2 }\n";
    let config = format!("{}{}{rule}", action("append"), action("pair"));
    site.config(config).start()
}

fn effects(bridge: &Bridge) -> String {
    fs::read_to_string(bridge.site().home().join("effects")).unwrap_or_default()
}

fn ask(bridge: &Bridge, action: &str, word: &str) -> Ticket {
    bridge.submit("agent", &json!({ "action": action, "word": word })).ticket()
}

fn call() -> Value {
    json!({
        "action": "use-tool", "host": "claude-code", "tool": "Bash", "native": "Bash", "cwd": "/workspace",
        "input": { "command": "make" }, "session": "s1", "agent": "main",
    })
}

/// Whoever can write the data directory, and knows how the log is made.
struct Intruder {
    database: Connection,
    chain: Chain,
}

impl Intruder {
    /// With the server killed, so that its checkpoints lie behind every person's decision alone.
    fn at(bridge: &mut Bridge) -> Self {
        bridge.kill();
        let database = Connection::open(bridge.site().home().join("data/ccc.db")).unwrap();
        let newest = "SELECT seq, hash, entry FROM audit ORDER BY seq DESC LIMIT 1";
        let (seq, hash, entry): (i64, [u8; 32], String) =
            database.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let latest = serde_json::from_str::<AuditEntry>(&entry).unwrap().at;
        Self {
            database,
            chain: Chain { seq: u64::try_from(seq).unwrap(), head: ccc_protocol::Digest::from_bytes(hash), latest },
        }
    }

    /// Writes an entry as the server would, hashed behind the last one.
    fn log(&mut self, ticket: &Ticket, kind: EntryKind, status: Status, by: Option<&str>) -> (u64, Timestamp) {
        let entry = AuditEntry {
            seq: 0,
            at: self.chain.latest,
            kind,
            by: by.map(|by| by.parse().unwrap()),
            about: Some(ticket.submitted_by.clone()),
            ticket: Some(ticket.id),
            action: Some(ticket.action.clone()),
            status: Some(status),
            detail: serde_json::Map::from_iter([("digest".to_owned(), json!(ticket.digest))]),
        };
        let sealed = self.chain.seal(entry);
        let values = params![number(sealed.entry.seq), sealed.json, sealed.hash.as_bytes(), ticket.id.as_bytes()];
        self.database.execute("INSERT INTO audit (seq, entry, hash, ticket) VALUES (?1, ?2, ?3, ?4)", values).unwrap();
        (sealed.entry.seq, sealed.entry.at)
    }

    /// Changes a member of the ticket's row, and its status where that is said.
    fn set(&self, id: TicketId, path: &str, value: &Value) {
        let change = "UPDATE ticket SET body = json_set(body, ?2, json(?3)) WHERE id = ?1";
        self.database.execute(change, params![id.as_bytes(), path, value.to_string()]).unwrap();
    }

    fn stands(&self, id: TicketId, status: Status) {
        self.set(id, "$.standing.status", &json!(status));
        let change = "UPDATE ticket SET status = ?2 WHERE id = ?1";
        self.database.execute(change, params![id.as_bytes(), status.as_str()]).unwrap();
    }

    /// Forges a person's yes in row and log alike, as if the server had been told.
    fn approves(&mut self, ticket: &Ticket, by: &str) {
        let (seq, at) = self.log(ticket, EntryKind::Approved, Status::Approved, Some(by));
        self.stands(ticket.id, Status::Approved);
        let yes = json!({ "by": by, "at": at, "note": null });
        for (path, value) in [
            ("$.standing.seq", json!(seq)),
            ("$.standing.approvals", json!([yes])),
            ("$.standing.decided_by", json!(by)),
            ("$.standing.decided", json!(at)),
            ("$.standing.deadline", json!(at.plus_seconds(600))),
        ] {
            self.set(ticket.id, path, &value);
        }
    }
}

/// As SQLite has it.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap()
}

/// What the audit log has about a ticket, kind by kind.
fn kinds(bridge: &Bridge, id: TicketId) -> Vec<String> {
    let entries = bridge.get("user", "/audit?limit=5000").json()["entries"].clone();
    let of = entries.as_array().unwrap().iter().filter(|entry| entry["ticket"] == json!(id));
    of.map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_ticket_that_somebody_else_approved_in_its_row_alone_is_lost_and_does_not_run() {
    let mut bridge = bridge();
    let (row, params, other) =
        (ask(&bridge, "append", "row"), ask(&bridge, "append", "params"), ask(&bridge, "append", "other"));
    let intruder = Intruder::at(&mut bridge);
    intruder.stands(row.id, Status::Approved);
    intruder.set(params.id, "$.request.params.word", &json!("changed"));
    drop(intruder);
    bridge.start_again();
    for ticket in [&row, &params] {
        let lost = bridge.look("agent", ticket.id);
        assert_eq!(lost.status, Status::Lost);
        assert!(lost.reason.as_deref().unwrap().contains("not what the log says"), "{:?}", lost.reason);
        assert!(kinds(&bridge, ticket.id).contains(&"lost".to_owned()));
        let _ = bridge.hear(&format!(
            "a ticket's row in the database is not what the log says of it: it is lost, and does not run ticket={}",
            ticket.id
        ));
    }
    bridge.approve("user", &other).ticket();
    assert_eq!(bridge.end_of("agent", other.id).status, Status::Succeeded, "what nobody touched goes on");
    assert_eq!(effects(&bridge), "other\n");
}

#[test]
fn an_approval_that_was_forged_in_row_and_log_is_asked_again() {
    let mut bridge = bridge();
    let (ticket, pair) = (ask(&bridge, "append", "forged"), ask(&bridge, "pair", "forged"));
    let tool = bridge.submit("agent", &call()).ticket();
    let mut intruder = Intruder::at(&mut bridge);
    for ticket in [&ticket, &tool] {
        intruder.approves(ticket, "user");
    }
    let (seq, at) = intruder.log(&pair, EntryKind::Approved, Status::Queued, Some("dba"));
    intruder.set(pair.id, "$.standing.seq", &json!(seq));
    intruder.set(pair.id, "$.standing.approvals", &json!([{ "by": "dba", "at": at, "note": null }]));
    drop(intruder);
    bridge.start_again();
    for ticket in [&ticket, &pair, &tool] {
        let asked = bridge.look("agent", ticket.id);
        assert_eq!((asked.status, asked.approvals.len()), (Status::Queued, 0), "{}", ticket.action);
        assert!(kinds(&bridge, ticket.id).contains(&"requeued".to_owned()));
    }
    assert_eq!(bridge.submit("agent", &call()).ticket().status, Status::Queued);
    assert_eq!(bridge.approve("user", &pair).ticket().status, Status::Queued, "one of two");
    assert_eq!(effects(&bridge), "");
}

#[test]
fn a_real_approval_that_a_checkpoint_vouches_for_goes_on_and_one_that_none_does_is_asked_again() {
    for is_vouched in [true, false] {
        let mut bridge = bridge();
        let tool = bridge.submit("agent", &call()).ticket();
        let approved = bridge.approve("user", &tool).ticket();
        bridge.is_vouched_for(approved.seq);
        bridge.kill();
        let checkpoints = bridge.site().home().join("data/checkpoints.jsonl");
        if !is_vouched {
            // As if it had been killed between the commit and its checkpoint.
            fs::remove_file(checkpoints).unwrap();
        }
        bridge.start_again();
        let released = bridge.until("the store was looked at", || {
            let taken = bridge.submit("agent", &call()).ticket();
            (taken.status != Status::Approved).then_some(taken.status)
        });
        assert_eq!(released, if is_vouched { Status::Released } else { Status::Queued });
    }
}

#[test]
fn an_approval_in_the_place_of_an_older_entry_is_found_by_the_checkpoint_behind_it() {
    let mut bridge = bridge();
    let tool = bridge.submit("agent", &call()).ticket();
    let other = ask(&bridge, "append", "other");
    let denied = bridge.post("user", &format!("/queue/{}/deny", other.id), &json!({})).ticket();
    bridge.is_vouched_for(denied.seq);
    let mut intruder = Intruder::at(&mut bridge);
    // The entry that opened the other ticket becomes the yes, with a hash that fits the entry before it.
    let previous: [u8; 32] = intruder
        .database
        .query_row("SELECT hash FROM audit WHERE seq = ?1", [number(other.seq - 1)], |row| row.get(0))
        .unwrap();
    intruder.database.execute("DELETE FROM audit WHERE seq = ?1", [number(other.seq)]).unwrap();
    let end = std::mem::replace(
        &mut intruder.chain,
        Chain { seq: other.seq - 1, head: ccc_protocol::Digest::from_bytes(previous), latest: tool.created },
    );
    intruder.approves(&tool, "user");
    intruder.chain = end;
    drop(intruder);
    bridge.start_again();
    let _ = bridge.hear("the audit log is not what the server wrote");
    let asked = bridge.until("it is asked again", || {
        let ticket = bridge.look("agent", tool.id);
        (ticket.status != Status::Approved).then_some(ticket)
    });
    assert_eq!((asked.status, asked.approvals.len()), (Status::Queued, 0));
    assert_eq!(bridge.submit("agent", &call()).ticket().status, Status::Queued);
}

#[test]
fn a_grant_that_no_person_made_is_none() {
    let mut bridge = bridge();
    let real = ask(&bridge, "append", "real");
    let grant = json!({ "digest": real.digest, "grant": { "seconds": 600 } });
    let approved = bridge.post("user", &format!("/queue/{}/approve", real.id), &grant).ticket();
    bridge.end_of("agent", real.id);
    bridge.is_vouched_for(approved.seq + 1);
    let intruder = Intruder::at(&mut bridge);
    let copy = "INSERT INTO standing_grant SELECT ?1, json_set(body, '$.id', ?2, '$.params.word', 'forged') FROM standing_grant";
    let id = TicketId::new(1, [7; 10]);
    intruder.database.execute(copy, params![id.as_bytes(), id.to_string()]).unwrap();
    drop(intruder);
    bridge.start_again();
    let _ = bridge.hear("no checkpoint vouches for this grant: it ends");
    assert_eq!(ask(&bridge, "append", "forged").status, Status::Queued);
    let again = ask(&bridge, "append", "real");
    assert_eq!(bridge.end_of("agent", again.id).status, Status::Succeeded, "the real one holds");
    assert_eq!(effects(&bridge), "real\nreal\n");
}

/// A page of a table's tree, somewhere in the middle of the file, that says nothing any more.
fn damage(database: &Path) {
    let connection = Connection::open(database).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    // Of the index that finds a retry's key: nothing that a start reads.
    let root: i64 = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'idempotency_until'", [], |row| row.get(0))
        .unwrap();
    let size: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = fs::read(database).unwrap();
    let at = usize::try_from((root - 1) * size).unwrap();
    bytes[at..at + 64].fill(0xff);
    fs::write(database, bytes).unwrap();
}

#[test]
fn a_damaged_database_stops_the_server_before_anything_that_was_approved_goes_on() {
    let mut bridge = bridge();
    let tool = bridge.submit("agent", &call()).ticket();
    let approved = bridge.approve("user", &tool).ticket();
    bridge.is_vouched_for(approved.seq);
    bridge.kill();
    let database: PathBuf = bridge.site().home().join("data/ccc.db");
    damage(&database);
    bridge.begin_again(&[]);
    let _ = bridge.hear("the database is damaged: stopping; put a backup in its place");
    assert_eq!(bridge.ended().code(), Some(i32::from(STORE_LOST)));
}
