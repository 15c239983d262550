//! The server's database, opened so that nothing of it changes: beside a running server, after its end, and on a disk that
//! is itself read-only.

use std::path::{Path, PathBuf};

use ccc_protocol::{
    Digest,
    store::{DATABASE, SCHEMA},
};
use rusqlite::{Connection, OpenFlags, Row as SqlRow, types::ValueRef};

use crate::{
    entry::{ENTRY_BYTES_MAX, Filed, Found, Place, Row},
    error::Error,
};

/// How long a lock of the server's is waited for.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// A server's database, for reading.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
}

impl Database {
    /// Opens the database of this data directory.
    ///
    /// # Errors
    /// Where there is none, it cannot be read, or a newer version wrote it.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(DATABASE);
        if !path.is_file() {
            let data = data.display();
            return Err(Error::Usage(format!(
                "no `{DATABASE}` in `{data}`: name the server's data directory with --data"
            )));
        }
        let connection = connect(&path)?;
        Ok(Self { connection, path })
    }

    /// Holds the view as it is now, until [`Self::release`]: what is read meanwhile belongs together.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn hold(&self) -> Result<(), Error> {
        self.connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").map_err(self.failed())
    }

    /// Sees again what is added.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn release(&self) -> Result<(), Error> {
        self.connection.execute_batch("COMMIT").map_err(self.failed())
    }

    /// Calls `each` with every row of the log whose number is greater than this, in the order of their numbers.
    ///
    /// # Errors
    /// Where the database refuses, or what `each` says.
    pub fn each_after(&self, seq: u64, each: &mut dyn FnMut(Found) -> Result<(), Error>) -> Result<(), Error> {
        let query = "SELECT seq, CASE WHEN octet_length(entry) <= ?2 THEN entry END, hash, ticket
                     FROM audit NOT INDEXED WHERE seq > ?1 ORDER BY seq";
        let mut statement = self.connection.prepare(query).map_err(self.failed())?;
        let after = i64::try_from(seq).unwrap_or(i64::MAX);
        let bytes_max = i64::try_from(ENTRY_BYTES_MAX).unwrap_or(i64::MAX);
        let mut rows = statement.query([after, bytes_max]).map_err(self.failed())?;
        while let Some(row) = rows.next().map_err(self.failed())? {
            each(found(row).map_err(self.failed())?)?;
        }
        Ok(())
    }

    /// Changes with every commit of another connection.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn data_version(&self) -> Result<i64, Error> {
        self.connection.query_row("PRAGMA data_version", [], |row| row.get(0)).map_err(self.failed())
    }

    /// The directory it lies in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn failed(&self) -> impl FnOnce(rusqlite::Error) -> Error {
        Error::database(&self.path)
    }
}

fn found(row: &SqlRow<'_>) -> rusqlite::Result<Found> {
    let number: i64 = row.get(0)?;
    let Ok(number) = u64::try_from(number) else {
        return Ok(Found::Unreadable(Place::Row(0), format!("its number is {number}")));
    };
    let place = Place::Row(number);
    Ok(match read_row(place, row) {
        Ok(row) => Found::Row(row),
        Err(why) => Found::Unreadable(place, why.to_owned()),
    })
}

fn read_row(place: Place, row: &SqlRow<'_>) -> Result<Row, &'static str> {
    let json = match row.get_ref(1) {
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).map_err(|_| "its entry is not UTF-8")?,
        Ok(ValueRef::Null) => return Err("its entry is missing, or far longer than an entry"),
        _ => return Err("its entry is no text"),
    };
    let hash: [u8; 32] = row.get(2).map_err(|_| "its hash is not 32 bytes")?;
    let ticket = row.get(3).map_err(|_| "its ticket is not 16 bytes")?;
    Ok(Row { place, json: json.to_owned(), hash: Digest::from_bytes(hash), filed: Filed::Under(ticket) })
}

/// Opens read-only. SQLite shares a log of changes with the writer through files beside the database; where those cannot be
/// made because the disk is read-only, and none is there to be read, the database alone is everything.
fn connect(path: &Path) -> Result<Connection, Error> {
    match try_connect(path, "mode=ro") {
        Ok(connection) => Ok(connection),
        Err(error) if is_unopenable(&error) => {
            if has_log(path) {
                let path = path.display();
                return Err(Error::Usage(format!(
                    "`{path}-wal` holds entries that cannot be read on a read-only disk: \
                     copy `{path}` and `{path}-wal` to a directory that can be written and name that with --data"
                )));
            }
            try_connect(path, "immutable=1").map_err(Error::database(path))
        }
        Err(error) => Err(Error::database(path)(error)),
    }
    .and_then(|connection| known_version(path, connection))
}

fn try_connect(path: &Path, mode: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path, mode), flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

/// Everything but letters, digits and what paths are made of is written by its number, so that no name becomes an option.
fn uri(path: &Path, mode: &str) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = "file://".to_owned();
    for byte in absolute.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    format!("{uri}?{mode}")
}

fn is_unopenable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly, SystemIoFailure};
    matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly | SystemIoFailure))
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

fn known_version(path: &Path, connection: Connection) -> Result<Connection, Error> {
    let found: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(Error::database(path))?;
    let shown = path.display();
    match found {
        // An earlier schema has the same log; what a server brings up is not ours to change.
        1..=SCHEMA => Ok(connection),
        newer if newer > SCHEMA => Err(Error::Usage(format!(
            "`{shown}` has schema {newer}, which a newer ccc-server made; this ccc-audit knows no schema beyond {SCHEMA} \
             and could misread it: use the ccc-audit of that server's version"
        ))),
        _ => Err(Error::Usage(format!("`{shown}` is no database of ccc-server: name its data directory with --data"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_becomes_an_option() {
        assert_eq!(
            uri(Path::new("/a b/c?mode=rwc#d%/ccc.db"), "mode=ro"),
            "file:///a%20b/c%3fmode%3drwc%23d%25/ccc.db?mode=ro"
        );
    }
}
