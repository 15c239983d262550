//! The store: one SQLite database, one writer, readers beside it. It is the truth; what is in memory is a cache.
//!
//! Plain types in, plain types out. Called by the desk alone.

mod clock;
mod error;
mod lock;
mod look;
mod migrate;
mod nonce;
mod proof;
mod read;
mod reserve;
mod schema;
mod write;

use std::path::Path;

use ccc_protocol::store::DATABASE;
use rusqlite::{Connection, OpenFlags};

use self::migrate::{Migration, free_bytes};

pub use error::StoreError;
pub use lock::DataLock;
pub(crate) use look::Look;
pub(crate) use nonce::Nonce;
pub(crate) use proof::{Found, Mark};
pub use read::Reader;
pub(crate) use reserve::Reserve;
pub use write::Writer;
pub(crate) use write::{RequestKey, Written};

/// Opens the database for writing; makes it where there is none, and brings it to today's schema where it has an earlier one.
///
/// # Errors
/// Where the files cannot be made or read, are of a newer version, or cannot be brought to today's.
pub fn open(data: &Path) -> Result<Writer, StoreError> {
    open_by(&Migration::of(data))
}

fn open_by(migration: &Migration<'_>) -> Result<Writer, StoreError> {
    let path = migration.data.join(DATABASE);
    private_file(&path)?;
    let connection = Connection::open(&path)?;
    migration.run(&connection)?;
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

/// The same for a program that is no server: a database that is not there is not made.
///
/// # Errors
/// Where there is none, or it is no database of this version.
pub(crate) fn existing_reader(data: &Path) -> Result<Reader, StoreError> {
    let path = data.join(DATABASE);
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    match schema::of(&connection)? {
        schema::Schema::Of(_) => Ok(Reader::new(connection)),
        _ => Err(StoreError::Foreign(path)),
    }
}

/// The file exists and only its owner reads it. SQLite gives its side files the same mode.
fn private_file(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file_error = |error| StoreError::File { path: path.to_owned(), error };
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(file_error)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(file_error)
}
