//! The tables, and how the database is tuned.

use rusqlite::Connection;

use super::StoreError;

const VERSION: i64 = 1;

/// Rowid tables whose keys only grow: an insert appends, whatever is stored already.
const TABLES: &str = "
    CREATE TABLE ticket (
        no INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        status TEXT NOT NULL,
        -- Until when a person's denial answers the same call, in milliseconds; null once it does not.
        denied_until INTEGER,
        body TEXT NOT NULL
    ) STRICT;
    -- Not `IN`: SQLite would build its list anew for each row that is written. Queries say it in the same words.
    CREATE INDEX ticket_open ON ticket(no) WHERE status = 'queued' OR status = 'approved' OR status = 'running';
    CREATE INDEX ticket_denied ON ticket(denied_until) WHERE denied_until IS NOT NULL;

    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        entry TEXT NOT NULL,
        hash BLOB NOT NULL,
        ticket BLOB,
        -- The nonce of the request that made this entry, so that a restart opens no window for its replay.
        nonce BLOB,
        nonce_until INTEGER
    ) STRICT;

    CREATE TABLE standing_grant (id BLOB PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE setting (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE idempotency (
        user TEXT NOT NULL,
        key TEXT NOT NULL,
        body_digest BLOB NOT NULL,
        ticket BLOB NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (user, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_until ON idempotency(until);
";

/// Makes the tables where they are not there, and tunes the connection.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    tune(connection)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found {
        VERSION => Ok(()),
        0 => make(connection),
        _ => Err(StoreError::Newer { found, known: VERSION }),
    }
}

fn make(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))?;
    Ok(())
}

/// WAL with every commit synced: what was answered survives a power cut.
pub(super) fn tune(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Two megabytes of pages: the working set is the tables' ends.
    connection.pragma_update(None, "cache_size", -2000)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}
