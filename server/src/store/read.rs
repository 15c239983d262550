//! Reading: what stands at a start, and what readers ask for beside the writer.

use ccc_core::{audit::Chain, desk::Books, ticket::Ticket};
use ccc_protocol::{Digest, TicketId, Timestamp, bodies::AuditEntry, signing::WINDOW_SECONDS};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

use super::{Nonce, StoreError, write::number};

pub(super) const OVERRIDES: &str = "overrides";
pub(super) const MAIL: &str = "mail";
pub(super) const PINS: &str = "pins";
pub(super) const KNOWN_USERS: &str = "known-users";

/// A connection that reads beside the writer.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// A stored ticket, in any state.
    ///
    /// # Errors
    /// Where the database refuses or the row does not read.
    pub fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        ticket(&self.connection, id)
    }

    /// The tickets that changed after this audit sequence, each once, with the sequence of its change; at most so many.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn changed_after(&self, seq: u64, at_most: u64) -> Result<Vec<(u64, TicketId)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, ticket FROM audit WHERE seq > ?1 AND ticket IS NOT NULL ORDER BY seq LIMIT ?2",
        )?;
        let rows = statement
            .query_map(params![number(seq), number(at_most)], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        rows.map(|row| {
            row.map(|(seq, id)| (u64::try_from(seq).unwrap_or(0), TicketId::from_bytes(id))).map_err(StoreError::from)
        })
        .collect()
    }

    /// Audit entries after this sequence; at most so many.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub fn entries_after(&self, seq: u64, at_most: u64) -> Result<Vec<AuditEntry>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT entry FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let mut rows = statement.query(params![number(seq), number(at_most)])?;
        let mut entries = vec![];
        while let Some(row) = rows.next()? {
            entries.push(value("audit entry", row)?);
        }
        Ok(entries)
    }
}

pub(super) fn ticket(connection: &Connection, id: TicketId) -> Result<Option<Ticket>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT body FROM ticket WHERE id = ?1")?;
    let body: Option<String> = statement.query_row([id.as_bytes()], |row| row.get(0)).optional()?;
    body.map(|body| parse("ticket", &body)).transpose()
}

pub(super) fn books(connection: &Connection, now: Timestamp) -> Result<Books, StoreError> {
    Ok(Books {
        chain: chain(connection)?,
        open: all(
            connection,
            "SELECT body FROM ticket WHERE status = 'queued' OR status = 'approved' OR status = 'running' ORDER BY no",
            "ticket",
            None,
        )?,
        denied: all(
            connection,
            "SELECT body FROM ticket WHERE denied_until IS NOT NULL AND denied_until > ?1 ORDER BY denied_until",
            "ticket",
            Some(now.millis()),
        )?,
        grants: all(connection, "SELECT body FROM standing_grant ORDER BY id", "grant", None)?,
        overrides: setting(connection, OVERRIDES)?,
        mail: setting(connection, MAIL)?,
        pins: setting(connection, PINS)?,
        known_users: setting(connection, KNOWN_USERS)?,
    })
}

/// How much later than its nonce's end a request may have been committed: entries are in the order of their commits.
const COMMIT_SECONDS: u64 = 120;

/// Nonces that somebody could still use. What was signed before a server starts is stale to it, so of all nonces that were
/// committed those of signatures from the start's own second on matter, or of a clock that is ahead.
pub(super) fn nonces(connection: &Connection, now: Timestamp) -> Result<Vec<Nonce>, StoreError> {
    let usable = now.seconds() + WINDOW_SECONDS;
    // From the newest entry back, as far as nonces can matter.
    let mut statement =
        connection.prepare("SELECT nonce, nonce_until FROM audit WHERE nonce IS NOT NULL ORDER BY seq DESC")?;
    let mut rows = statement.query([])?;
    let mut kept = vec![];
    while let Some(row) = rows.next()? {
        let nonce = Nonce { user: None, tag: row.get(0)?, until: Timestamp::from_millis(row.get(1)?) };
        if nonce.until.plus_seconds(COMMIT_SECONDS) < now {
            break;
        }
        if nonce.until.seconds() >= usable {
            kept.push(nonce);
        }
    }
    Ok(kept)
}

fn chain(connection: &Connection) -> Result<Chain, StoreError> {
    let newest = "SELECT seq, hash, entry FROM audit ORDER BY seq DESC LIMIT 1";
    let row: Option<(i64, [u8; 32], String)> =
        connection.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((seq, hash, entry)) = row else { return Ok(Chain::default()) };
    let entry: AuditEntry = parse("audit entry", &entry)?;
    Ok(Chain { seq: u64::try_from(seq).unwrap_or(0), head: Digest::from_bytes(hash), latest: entry.at })
}

fn all<T: DeserializeOwned>(
    connection: &Connection,
    query: &str,
    what: &'static str,
    bound: Option<i64>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare(query)?;
    let mut rows = match bound {
        Some(bound) => statement.query([bound])?,
        None => statement.query([])?,
    };
    let mut values = vec![];
    while let Some(row) = rows.next()? {
        values.push(value(what, row)?);
    }
    Ok(values)
}

fn setting<T: DeserializeOwned + Default>(connection: &Connection, name: &str) -> Result<T, StoreError> {
    let body: Option<String> =
        connection.query_row("SELECT body FROM setting WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    body.map_or_else(|| Ok(T::default()), |body| parse("setting", &body))
}

fn value<T: DeserializeOwned>(what: &'static str, row: &Row<'_>) -> Result<T, StoreError> {
    parse(what, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)
}

fn parse<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Row { what, error })
}
