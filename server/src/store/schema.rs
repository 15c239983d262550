//! The tables as they first were, which of their forms a database has, and how a connection is tuned.

use std::time::Duration;

use rusqlite::Connection;

/// The tables of schema 1. What came later are the steps of [`super::migrate`].
pub(super) const FIRST: &str = include_str!("schema-1.sql");

/// How long a lock of another connection's is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// The schema of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// There is nothing in it yet.
    Empty,
    /// This one, from 1 on.
    Of(i64),
    /// None that a server gave it.
    Foreign,
}

pub(super) fn of(connection: &Connection) -> rusqlite::Result<Schema> {
    let number: i64 = connection.pragma_query_value(None, VERSION, |row| row.get(0))?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (number, objects) {
        (1.., _) => Schema::Of(number),
        (0, 0) => Schema::Empty,
        _ => Schema::Foreign,
    })
}

/// To be called in the transaction that makes it true.
pub(super) fn set(connection: &Connection, schema: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, VERSION, schema)
}

const VERSION: &str = "user_version";

/// WAL with every commit synced: what was answered survives a power cut.
pub(super) fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Two megabytes of pages: the working set is the tables' ends.
    connection.pragma_update(None, "cache_size", -2000)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}
