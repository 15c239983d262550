//! What can go wrong with the store, each with what to do about it.

use std::path::{Path, PathBuf};

/// What can go wrong with the store. For the log: callers are told that the store does not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused, or could not read or write.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A stored row does not read as what it should be.
    #[error("stored {what} does not read: {error}")]
    Row {
        /// What it should be, such as a ticket or an audit entry.
        what: &'static str,
        /// What its JSON lacks, or has too much.
        error: serde_json::Error,
    },
    /// A file of the data directory, or the directory, cannot be made, opened or written.
    #[error("{path}: {error}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The data directory belongs to a running server.
    #[error("the data directory {0} is in use by another ccc-server: stop it, or name another with --data")]
    InUse(PathBuf),
    /// A newer version wrote this database.
    #[error(
        "{path} has schema {found}, which a newer ccc-server made; this one knows no schema beyond {known} and would lose \
         what it does not know: start the newer version{}", go_back(copy.as_deref())
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
        /// What was kept of it when it had a schema that this program knows.
        copy: Option<PathBuf>,
    },
    /// There are tables, and no server made them.
    #[error("{0} is no database of ccc-server: name the server's own data directory with --data")]
    Foreign(PathBuf),
    /// The copy before a change of schema has no room.
    #[error(
        "{data} has room for {free} bytes, and {needed} are needed to keep a copy of the database before it is brought \
         from schema {found} to {known}: free some space and start again; nothing was changed"
    )]
    NoRoom {
        /// The data directory.
        data: PathBuf,
        /// Bytes that can still be written there.
        free: u64,
        /// Bytes that the copy needs, and some more to work with.
        needed: u64,
        /// The database's schema.
        found: i64,
        /// The one it was to have.
        known: i64,
    },
    /// The copy before a change of schema could not be written.
    #[error(
        "the copy {path} of the database could not be written, without which it is not brought from schema {found} to \
         {known}: {error}; nothing was changed"
    )]
    NotCopied {
        /// The copy.
        path: PathBuf,
        /// The database's schema.
        found: i64,
        /// The one it was to have.
        known: i64,
        /// Of the database, or of the system.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The change of schema failed.
    #[error(
        "the database could not be brought from schema {found} to {known}: {error}; it is as it was: start the version \
         that was here before, and report this (a copy lies at {copy})"
    )]
    NotBroughtUp {
        /// The database's schema.
        found: i64,
        /// The one it was to have.
        known: i64,
        /// What was kept before.
        copy: PathBuf,
        /// What the database says.
        error: rusqlite::Error,
    },
}

fn go_back(copy: Option<&Path>) -> String {
    copy.map_or_else(String::new, |copy| {
        format!(", or go back to {}, as \"Upgrade\" in docs/operations.md has it", copy.display())
    })
}
