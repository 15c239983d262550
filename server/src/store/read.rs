//! Reading: what stands at a start, and what readers ask for beside the writer.

use ccc_core::{audit::Chain, desk::Books, ticket::Ticket};
use ccc_protocol::{Digest, TicketId, Timestamp, bodies::AuditEntry, signing::WINDOW_SECONDS};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

use super::{
    Nonce, StoreError,
    clock::{self, Run},
    proof::{self, Found, Mark},
    write::Latest,
};

pub(super) const OVERRIDES: &str = "overrides";
pub(super) const MAIL: &str = "mail";
pub(super) const PINS: &str = "pins";
pub(super) const FROZEN: &str = "frozen-sessions";
pub(super) const KNOWN_HOSTS: &str = "known-hosts";
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

    /// The number of the newest entry; 0 where there is none.
    ///
    /// # Errors
    /// Where the database refuses.
    pub(crate) fn newest(&self) -> Result<u64, StoreError> {
        let newest: Option<i64> = self.connection.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0))?;
        Ok(newest.and_then(|newest| u64::try_from(newest).ok()).unwrap_or(0))
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

    /// Looks at the whole file, at the chain of entries from this one on, and at the steps behind the checkpoint.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub(crate) fn look(&self, from: u64, mark: Option<Mark>) -> Result<Found, StoreError> {
        proof::look(&self.connection, from, mark)
    }

    /// Audit entries after this sequence; at most so many.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub fn entries_after(&self, seq: u64, at_most: u64) -> Result<Vec<AuditEntry>, StoreError> {
        let mut entries = vec![];
        self.each_after(seq, at_most, usize::MAX, |entry| {
            entries.push(entry);
            true
        })?;
        Ok(entries)
    }

    /// Gives `take` the entries after this sequence one by one, until it takes no more, or so many entries or bytes of them
    /// were read. The first is read whatever its size.
    ///
    /// # Errors
    /// Where the database refuses or a row does not read.
    pub fn each_after(
        &self,
        seq: u64,
        at_most: u64,
        bytes_max: usize,
        mut take: impl FnMut(AuditEntry) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT entry FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let mut rows = statement.query(params![number(seq), number(at_most)])?;
        let mut bytes = 0_usize;
        while let Some(row) = rows.next()? {
            bytes = bytes.saturating_add(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?.len());
            if !take(value("audit entry", row)?) || bytes >= bytes_max {
                break;
            }
        }
        Ok(())
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
        known_hosts: setting(connection, KNOWN_HOSTS)?,
        known_users: setting(connection, KNOWN_USERS)?,
        clock: clock::newest(connection)?,
        frozen: setting(connection, FROZEN)?,
        recent: recent(connection, now)?,
    })
}

/// Entries that say something about sessions are read this far back: no window of risk is longer, and no start waits for more rows.
const RECENT_SECONDS: u64 = 24 * 60 * 60;
const RECENT_ROWS_MAX: i64 = 5000;
const RECENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The newest entries that sessions leave something behind in, oldest first.
fn recent(connection: &Connection, now: Timestamp) -> Result<Vec<AuditEntry>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT entry FROM audit ORDER BY seq DESC LIMIT ?1")?;
    let mut rows = statement.query([RECENT_ROWS_MAX])?;
    let (mut recent, mut bytes) = (vec![], 0_usize);
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str().unwrap_or_default();
        bytes = bytes.saturating_add(text.len());
        if bytes > RECENT_BYTES_MAX {
            break;
        }
        // Most entries say nothing here, and reading each would take its time.
        if !text.contains("\"marks\":") && !text.contains("\"kind\":\"denial-lifted\"") {
            continue;
        }
        let entry: AuditEntry = parse("audit entry", text)?;
        if now.millis_since(entry.at) > RECENT_SECONDS * 1000 {
            break;
        }
        recent.push(entry);
    }
    recent.reverse();
    Ok(recent)
}

pub(super) fn latest(connection: &Connection) -> Result<Latest, StoreError> {
    Ok(Latest { at: chain(connection)?.latest, stretch: clock::newest(connection)? })
}

/// Nonces that somebody could still use. What was signed before a server starts, or before its time goes back, is stale to it,
/// so of all nonces that were committed those of signatures from that very second on matter, or of a clock that is ahead.
/// Nobody is let in whose clock is further ahead than the window, and no commit is older than its requests: only entries that
/// are about as new can hold such. Where time went back, entries that were made before that are newer: all those, until time
/// has come to them once more.
pub(super) fn nonces(connection: &Connection, now: Timestamp) -> Result<Vec<Nonce>, StoreError> {
    let usable = Timestamp::from_seconds(now.seconds() + WINDOW_SECONDS);
    let since = Timestamp::from_seconds(now.seconds() - WINDOW_SECONDS - 1);
    let oldest = first_since(connection, clock::first_run_since(connection, since)?, since)?;
    // Each of them is looked at: a request that was held was signed long before the entry that carries its nonce, and may have
    // been so before time went back.
    let mut statement =
        connection.prepare("SELECT nonce, nonce_until FROM audit WHERE seq >= ?1 AND nonce_until >= ?2")?;
    let rows = statement.query_map([oldest, usable.millis()], |row| {
        Ok(Nonce { user: None, tag: row.get(0)?, until: Timestamp::from_millis(row.get(1)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The number of the first entry of a run that was made at this time or later; its end where there is none. Found by halving.
pub(super) fn first_since(connection: &Connection, run: Run, since: Timestamp) -> Result<i64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT seq, entry FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    // Before `low` all are older; from `high` on none is.
    let (mut low, mut high) = (run.from, run.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let (seq, entry): (i64, String) = statement.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let entry: AuditEntry = parse("audit entry", &entry)?;
        if entry.at < since { low = seq + 1 } else { high = middle }
    }
    Ok(low)
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

pub(super) fn parse<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Row { what, error })
}

/// SQLite's integers are signed; sequence numbers never come near their end.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use ccc_core::{audit::Chain, clock::Stretch, desk::Change, limits::Limits};
    use ccc_protocol::bodies::EntryKind;
    use serde_json::Map;

    use super::*;

    const NOW: i64 = 1_764_000_000;

    fn entry(seconds: i64) -> AuditEntry {
        AuditEntry {
            seq: 0,
            at: Timestamp::from_seconds(seconds),
            kind: EntryKind::Submitted,
            by: None,
            about: None,
            ticket: None,
            action: None,
            status: None,
            detail: Map::new(),
        }
    }

    /// Entries made so many seconds before now, each with a nonce whose request was signed so many seconds before now.
    fn kept(entries: &[(i64, i64)]) -> Vec<i64> {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::store::open(dir.path()).unwrap();
        let (mut chain, mut change, mut nonces) = (Chain::default(), Change::default(), vec![]);
        for (made, signed) in entries {
            change.entries.push(chain.seal(entry(NOW - made)));
            let until = Timestamp::from_seconds(NOW - signed + WINDOW_SECONDS);
            nonces.push((chain.seq, Nonce { user: None, tag: [7; 16], until }));
        }
        store.begin().unwrap();
        store.write(&change, &nonces, &Limits::default()).unwrap();
        store.commit().unwrap();
        let kept = store.nonces(Timestamp::from_seconds(NOW)).unwrap();
        kept.iter().map(|nonce| NOW + WINDOW_SECONDS - nonce.until.seconds()).collect()
    }

    #[test]
    fn a_start_knows_every_nonce_that_its_own_second_would_take_again() {
        assert_eq!(kept(&[]), [0; 0]);
        assert_eq!(kept(&[(0, 0)]), [0], "of this very second");
        assert_eq!(kept(&[(0, 1)]), [0; 0], "what was signed before the start is stale");
        assert_eq!(kept(&[(30, 0), (1, -29)]), [0, -29], "of clocks that are ahead");
        assert_eq!(kept(&[(4000, 4000), (900, 899), (40, 40), (12, 0), (3, -1), (2, 4), (0, 0)]), [0, -1, 0]);
    }

    #[test]
    fn where_time_went_back_a_start_knows_what_was_used_in_the_span_that_comes_again() {
        let ahead = NOW + 7200;
        let dir = tempfile::tempdir().unwrap();
        let store = crate::store::open(dir.path()).unwrap();
        let (mut chain, mut change, mut nonces) = (Chain::default(), Change::default(), vec![]);
        // Before the clock went ahead, while it was, one that was signed then and committed after it was accepted, and one since.
        for (at, signed, number) in [(NOW - 900, NOW - 900, 1), (ahead, ahead, 2), (NOW - 200, ahead, 3), (NOW, NOW, 4)]
        {
            if number == 3 {
                chain.latest = Timestamp::default();
                let back_from = Some(Timestamp::from_seconds(ahead));
                change.stretches.push(Stretch { from_seq: chain.seq + 1, back_from, ..Stretch::default() });
            }
            change.entries.push(chain.seal(entry(at)));
            let until = Timestamp::from_seconds(signed + WINDOW_SECONDS);
            nonces.push((chain.seq, Nonce { user: None, tag: [number; 16], until }));
        }
        store.begin().unwrap();
        store.write(&change, &nonces, &Limits::default()).unwrap();
        store.commit().unwrap();
        let known = |now: i64| {
            let mut tags: Vec<u8> =
                store.nonces(Timestamp::from_seconds(now)).unwrap().iter().map(|nonce| nonce.tag[0]).collect();
            tags.sort_unstable();
            tags
        };
        assert_eq!(known(NOW), [2, 3, 4]);
        assert_eq!(known(ahead - 60), [2, 3]);
        assert_eq!(known(ahead + 120), [0; 0], "real time has passed it");
    }

    #[test]
    fn a_request_that_was_held_for_long_hides_none_before_it() {
        assert_eq!(kept(&[(1, 0), (0, 900), (0, 600)]), [0]);
    }
}
