//! Whether the tickets beside the log say what the log says of them: whoever edits a ticket alone is found out.
//!
//! Every entry asks its ticket whether it stands there or later; every ticket must be met by the entry at which it says it
//! stands. That takes one look-up an entry and no memory, however many tickets there are.

use ccc_protocol::{
    ActionName, Digest, TicketId, UserName,
    bodies::{AuditEntry, EntryKind, Status},
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

fn same_request(entry: &AuditEntry, request: &Request) -> Result<(), String> {
    let said = |name: &str| entry.detail.get(name);
    let said_text = |name: &str| said(name).and_then(Value::as_str).map(str::to_owned);
    let same = [
        ("id", entry.ticket == Some(request.id)),
        ("action", entry.action.as_ref() == Some(&request.action)),
        ("submitter", entry.about.as_ref() == Some(&request.submitted_by)),
        ("params", said("params").and_then(Value::as_object) == Some(&request.params)),
        ("plan", said_text("plan") == Some(request.plan_digest.to_string())),
        ("digest", said_text("digest") == Some(request.digest.to_string())),
    ];
    match same.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(format!("its {what} is not what entry {} says", entry.seq)),
        None => Ok(()),
    }
}
