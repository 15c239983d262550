//! Whether the tickets beside the log say what the log says of them: whoever edits a ticket alone is found out.
//!
//! Every entry asks its ticket whether it stands there or later; every ticket must be met by the entry at which it says it
//! stands. That takes one look-up an entry and no memory, however many tickets there are.

use ccc_core::ticket::params_digest;
use ccc_protocol::{
    ActionName, Digest, TicketId, UserName,
    bodies::{AuditEntry, EntryKind, Status, abridge::object_is_beginning},
};
use rusqlite::{OptionalExtension as _, Statement};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{
    database::Database,
    error::Error,
    verify::{Finding, Findings},
};

/// The tickets of a database, held against its log.
#[derive(Debug)]
pub struct Tickets<'d> {
    database: &'d Database,
    by_id: Statement<'d>,
    met: u64,
    findings: Findings,
}

/// As much of a stored ticket as every entry asks for.
#[derive(Debug, Deserialize)]
struct Stored {
    #[serde(rename = "request")]
    _request: IgnoredAny,
    standing: Standing,
}

#[derive(Debug, Deserialize)]
struct Standing {
    status: Status,
    seq: u64,
}

/// What never changes about a ticket: the entry that opened it holds the same.
#[derive(Debug, Deserialize)]
struct Opened {
    request: Request,
}

#[derive(Debug, Deserialize)]
struct Request {
    id: TicketId,
    action: ActionName,
    submitted_by: UserName,
    params: Map<String, Value>,
    plan_digest: Digest,
    digest: Digest,
    left_out: Option<LeftOut>,
}

/// Where the parameters are a beginning: the digest of the whole.
#[derive(Debug, Deserialize)]
struct LeftOut {
    params: Digest,
}

impl<'d> Tickets<'d> {
    /// None held against the log yet.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn new(database: &'d Database) -> Result<Self, Error> {
        let query = "SELECT status, body FROM ticket WHERE id = ?1";
        let by_id = database.connection().prepare(query).map_err(database.failed())?;
        Ok(Self { database, by_id, met: 0, findings: Findings::default() })
    }

    /// Holds the entry's ticket against it.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn check(&mut self, entry: &AuditEntry) -> Result<(), Error> {
        let (Some(id), Some(status)) = (entry.ticket, entry.status) else { return Ok(()) };
        // It names a ticket and its status, and is no step of it.
        if entry.kind == EntryKind::DenialLifted {
            return Ok(());
        }
        let row: Option<(String, String)> = self
            .by_id
            .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(self.database.failed())?;
        let checked = match row {
            Some((column, body)) => self.compare(entry, status, &column, &body),
            None => Err(format!("it is missing, though entry {} is about it", entry.seq)),
        };
        if let Err(why) = checked {
            self.findings.add(Finding::Ticket { id: Some(id), why });
        }
        Ok(())
    }

    fn compare(&mut self, entry: &AuditEntry, status: Status, column: &str, body: &str) -> Result<(), String> {
        let Stored { standing, .. } = read(body)?;
        if entry.kind == EntryKind::Submitted {
            same_request(entry, &read::<Opened>(body)?.request)?;
        }
        if standing.seq < entry.seq {
            return Err(format!("it stands at entry {}, the log has entry {} of it", standing.seq, entry.seq));
        }
        if standing.seq == entry.seq {
            self.met += 1;
            if standing.status != status || column != status.as_str() {
                return Err(format!("it is {} ({column}), entry {} says {status}", standing.status, entry.seq));
            }
        }
        Ok(())
    }

    /// Every ticket must have been met. Gives how many there are.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn finish(self, findings: &mut Findings) -> Result<u64, Error> {
        let query = "SELECT count(*) FROM ticket NOT INDEXED";
        let count: i64 =
            self.database.connection().query_row(query, [], |row| row.get(0)).map_err(self.database.failed())?;
        let count = u64::try_from(count).unwrap_or(0);
        for finding in self.findings.kept() {
            findings.add(finding.clone());
        }
        findings.more += self.findings.more;
        if self.met != count && self.findings.kept().is_empty() {
            let why = format!("of {count} tickets, {} stand at an entry that the log has of them", self.met);
            findings.add(Finding::Ticket { id: None, why });
        }
        Ok(count)
    }
}

fn read<'b, T: Deserialize<'b>>(body: &'b str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| format!("it does not read as a ticket: {error}"))
}

/// The same parameters, though one of the two, or each, may hold their beginning and the digest of the whole.
fn same_params(entry: &AuditEntry, request: &Request) -> bool {
    let Some(said) = entry.detail.get("params").and_then(Value::as_object) else { return false };
    let digest_of_said = || match entry.detail.get("left_out") {
        Some(left_out) => left_out.get("params").and_then(Value::as_str).and_then(|text| text.parse().ok()),
        None => Some(params_digest(said)),
    };
    match (&request.left_out, entry.detail.contains_key("left_out")) {
        (None, false) => *said == request.params,
        (Some(row), true) => digest_of_said() == Some(row.params) && *said == request.params,
        // Denied again after it was asked for: the row was cut, the entry was not.
        (Some(row), false) => digest_of_said() == Some(row.params) && object_is_beginning(&request.params, said),
        (None, true) => false,
    }
}

fn same_request(entry: &AuditEntry, request: &Request) -> Result<(), String> {
    let said = |name: &str| entry.detail.get(name);
    let said_text = |name: &str| said(name).and_then(Value::as_str).map(str::to_owned);
    let same = [
        ("id", entry.ticket == Some(request.id)),
        ("action", entry.action.as_ref() == Some(&request.action)),
        ("submitter", entry.about.as_ref() == Some(&request.submitted_by)),
        ("params", same_params(entry, request)),
        ("plan", said_text("plan") == Some(request.plan_digest.to_string())),
        ("digest", said_text("digest") == Some(request.digest.to_string())),
    ];
    match same.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(format!("its {what} is not what entry {} says", entry.seq)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(said: &Value, row: &Value) -> bool {
        let entry = json!({ "seq": 1, "at": "2026-03-07T12:00:00Z", "kind": "submitted", "detail": said });
        let digest = Digest::of(b"x");
        let mut request = json!({
            "id": "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", "action": "use-tool", "submitted_by": "agent",
            "plan_digest": digest, "digest": digest,
        });
        request.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        same_params(&serde_json::from_value(entry).unwrap(), &serde_json::from_value(request).unwrap())
    }

    #[test]
    fn what_is_kept_in_part_is_held_against_the_log_by_digest_and_beginning() {
        let whole = json!({ "content": "x".repeat(5000) });
        let digest = params_digest(whole.as_object().unwrap());
        let cut = json!({ "content": "xxxx…" });
        let row = |params: &Value, digest: Digest| json!({ "params": params, "left_out": { "params": digest } });
        let in_part = json!({ "params": cut, "left_out": { "bytes": 5014, "params": digest } });
        assert!(same(&json!({ "params": whole }), &json!({ "params": whole })));
        assert!(same(&in_part, &row(&cut, digest)), "denied when it was asked");
        assert!(same(&json!({ "params": whole }), &row(&cut, digest)), "cut when it came again");
        let (other, another) = (json!({ "content": "yyyy…" }), Digest::of(b"another"));
        for (said, row) in [
            (&in_part, row(&other, digest)),
            (&in_part, row(&cut, another)),
            (&in_part, json!({ "params": cut })),
            (&json!({ "params": whole }), row(&other, digest)),
            (&json!({ "params": whole }), row(&cut, another)),
            (&json!({ "params": cut }), row(&cut, digest)),
        ] {
            assert!(!same(said, &row), "{said} {row}");
        }
    }
}
