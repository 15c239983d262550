//! A look at a log from outside: beside a running server and without one, changing nothing.

use std::path::Path;

use ccc_protocol::{Timestamp, store::SCHEMA};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde::Deserialize;

use super::StoreError;

/// A log, for reading.
#[derive(Debug)]
pub(crate) struct Look {
    connection: Connection,
}

/// As much of an entry as tells its place in time.
#[derive(Debug, Deserialize)]
struct When {
    at: Timestamp,
}

impl Look {
    /// Opens the database file; `None` where it is not one that this version can read.
    ///
    /// # Errors
    /// Where SQLite refuses.
    pub(crate) fn open(database: &Path) -> Result<Option<Self>, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)?;
        connection.pragma_update(None, "query_only", true)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        Ok((1..=SCHEMA).contains(&version).then_some(Self { connection }))
    }

    /// Calls `each` with every entry since then, in order.
    ///
    /// # Errors
    /// Where the database refuses.
    pub(crate) fn each_since(&self, since: Timestamp, mut each: impl FnMut(&str)) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare("SELECT entry FROM audit WHERE seq >= ?1 ORDER BY seq")?;
        let mut rows = statement.query([self.first_since(since)?])?;
        while let Some(row) = rows.next()? {
            if let Ok(entry) = row.get_ref(0)?.as_str() {
                each(entry);
            }
        }
        Ok(())
    }

    /// An entry from which on all are looked at that were made since then. Where the owner accepted the clock time goes back in a
    /// log, and older ones may come along.
    fn first_since(&self, since: Timestamp) -> Result<i64, StoreError> {
        let (mut low, mut high) = self.connection.query_row(
            "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 FROM audit",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        while low < high {
            let middle = low.midpoint(high);
            match self.at_or_after(middle)? {
                Some(at) if at < since => low = middle.saturating_add(1),
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// The time of this entry, or where there is none of the next. One that does not read counts as late: it is looked at.
    fn at_or_after(&self, seq: i64) -> Result<Option<Timestamp>, StoreError> {
        let query = "SELECT entry FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT 1";
        let entry: Option<String> = self.connection.query_row(query, [seq], |row| row.get(0)).optional()?;
        Ok(entry.and_then(|entry| serde_json::from_str(&entry).ok()).map(|When { at }| at))
    }
}
