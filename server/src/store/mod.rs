//! The store: one SQLite database, one writer, readers beside it. It is the truth; what is in memory is a cache.
//!
//! Plain types in, plain types out. Called by the desk alone.

mod lock;
mod read;
mod schema;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use lock::DataLock;
pub use read::Reader;
pub use write::Writer;
pub(crate) use write::{Nonce, RequestKey, Written};

/// What can go wrong with the store. For the log: callers are told that the store does not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A stored row does not read as what it should be.
    #[error("stored {what} does not read: {error}")]
    Row {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        error: serde_json::Error,
    },
    /// A file of the data directory.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// The data directory belongs to a running server.
    #[error("the data directory {0} is in use by another ccc-server: stop it, or name another with --data")]
    InUse(PathBuf),
    /// A newer version wrote this database.
    #[error("the database was written by a newer version (schema {found}, this one knows {known}): use that version")]
    Newer {
        /// In the file.
        found: i64,
        /// Of this program.
        known: i64,
    },
}

/// The database's file name within the data directory.
pub(crate) const DATABASE: &str = "ccc.db";

/// Opens the database for writing; makes it where there is none.
///
/// # Errors
/// Where the files cannot be made or read, or are of a newer version.
pub fn open(data: &Path) -> Result<Writer, StoreError> {
    let path = data.join(DATABASE);
    private_file(&path)?;
    let connection = Connection::open(&path)?;
    schema::prepare(&connection)?;
    Ok(Writer::new(connection))
}

/// A connection that reads beside the writer.
///
/// # Errors
/// Where the database cannot be opened.
pub fn reader(data: &Path) -> Result<Reader, StoreError> {
    let connection = Connection::open(data.join(DATABASE))?;
    schema::tune(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(Reader::new(connection))
}

/// The file exists and only its owner reads it. SQLite gives its side files the same mode.
fn private_file(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file_error = |error| StoreError::File { path: path.to_owned(), error };
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(file_error)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(file_error)
}
