//! From an earlier schema to today's: a copy of the database as it was, then every step in one transaction. Whatever goes
//! wrong, and whenever the power fails, the database is of the one schema or of the other, and a start finds out which.
//!
//! INVARIANT: no step touches the entries of the audit log, whose bytes the chain was made of.

use std::{
    error::Error,
    fs::{self, File},
    io,
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ccc_protocol::store::{DATABASE, SCHEMA};
use rusqlite::{
    Connection, Transaction, TransactionBehavior,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    StoreError, clock,
    schema::{self, FIRST, Schema},
};

/// Makes one schema of the one before. All that are needed run in one transaction.
pub(super) type Step = fn(&Connection) -> rusqlite::Result<()>;

/// The first makes schema 2 of schema 1, the next schema 3, and so on. One that a release had is never changed: what it
/// made lies on people's disks.
const STEPS: &[Step] = &[|database| database.execute_batch(clock::STEP)];

const _: () = assert!(SCHEMA == 1 + STEPS.len() as i64, "each step makes one schema more");

/// What must be free beside the copy, in bytes: for the log of the change itself, and to start at all.
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// How a database of this data directory comes to today's schema.
#[derive(Debug)]
pub(super) struct Migration<'a> {
    pub(super) data: &'a Path,
    pub(super) steps: &'a [Step],
    /// How many bytes can still be written in a directory.
    pub(super) free_bytes: fn(&Path) -> io::Result<u64>,
}

impl<'a> Migration<'a> {
    pub(super) fn of(data: &'a Path) -> Self {
        Self { data, steps: STEPS, free_bytes }
    }

    /// Tunes the connection and brings the database to today's schema, which an empty one gets at once.
    ///
    /// # Errors
    /// Where a newer server wrote it, or nobody's; where the copy has no room or cannot be written; where a step fails. The
    /// database is then as it was.
    pub(super) fn run(&self, connection: &Connection) -> Result<(), StoreError> {
        let found = match schema::of(connection)? {
            Schema::Empty => 0,
            Schema::Of(found) if found <= self.known() => found,
            Schema::Of(found) => return Err(self.newer(found)),
            Schema::Foreign => return Err(StoreError::Foreign(self.data.join(DATABASE))),
        };
        // Only now: tuning writes, and nothing of what is refused is changed.
        schema::tune(connection)?;
        match found {
            0 => Ok(self.change(connection, found)?),
            found if found == self.known() => Ok(()),
            found => self.bring_up(connection, found),
        }
    }

    fn known(&self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX).saturating_add(1)
    }

    fn bring_up(&self, connection: &Connection, found: i64) -> Result<(), StoreError> {
        let known = self.known();
        self.check_room(connection, found)?;
        let copy = self.copy_of(found);
        self.keep_copy(connection, &copy).map_err(|error| StoreError::NotCopied {
            path: copy.clone(),
            found,
            known,
            error,
        })?;
        self.change(connection, found).map_err(|error| StoreError::NotBroughtUp {
            found,
            known,
            copy: copy.clone(),
            error,
        })?;
        tracing::info!(from = found, to = known, copy = %copy.display(), "the database has another schema now; a copy of it as it was is kept");
        Ok(())
    }

    /// Everything between these schemas, or nothing: what fails rolls back when the transaction is dropped.
    fn change(&self, connection: &Connection, found: i64) -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        if found == 0 {
            transaction.execute_batch(FIRST)?;
        }
        let done = usize::try_from(found - 1).unwrap_or(0);
        self.steps.iter().skip(done).try_for_each(|step| step(&transaction))?;
        schema::set(&transaction, self.known())?;
        transaction.commit()
    }

    fn newer(&self, found: i64) -> StoreError {
        let known = self.known();
        let copy = (1..=known).rev().map(|schema| self.copy_of(schema)).find(|copy| copy.is_file());
        StoreError::Newer { path: self.data.join(DATABASE), found, known, copy }
    }

    /// Where a database of this schema is kept as it was.
    fn copy_of(&self, schema: i64) -> PathBuf {
        self.data.join(format!("{DATABASE}.schema-{schema}"))
    }

    fn check_room(&self, connection: &Connection, found: i64) -> Result<(), StoreError> {
        let needed = copy_bytes(connection)?.saturating_add(RESERVE_BYTES);
        let free =
            (self.free_bytes)(self.data).map_err(|error| StoreError::File { path: self.data.to_owned(), error })?;
        if free < needed {
            return Err(StoreError::NoRoom { data: self.data.to_owned(), free, needed, found, known: self.known() });
        }
        Ok(())
    }

    /// Writes the copy under another name first: under its own it is always whole. One that an earlier start left behind,
    /// or the half of one, gives way: the database has not changed since, or it would not be of that schema.
    fn keep_copy(&self, connection: &Connection, copy: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
        let half = copy.with_added_extension("half");
        remove(&half)?;
        let kept = write_copy(connection, &half).and_then(|()| {
            fs::rename(&half, copy)?;
            Ok(File::open(self.data)?.sync_all()?)
        });
        if kept.is_err() {
            remove(&half)?;
        }
        kept
    }
}

/// A file of its owner's alone, on the disk when this returns.
fn write_copy(connection: &Connection, path: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    // SQLite takes an empty file, and leaves its mode as it is.
    let file = File::options().create_new(true).write(true).mode(0o600).open(path)?;
    let name = ToSqlOutput::Borrowed(ValueRef::Text(path.as_os_str().as_bytes()));
    connection.execute("VACUUM INTO ?1", [name])?;
    Ok(file.sync_all()?)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// About what a copy of the database takes: its pages but for those that hold nothing.
fn copy_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(u64::try_from(pages.saturating_mul(number("page_size")?)).unwrap_or(u64::MAX))
}

/// How many bytes can still be written in a directory.
///
/// # Errors
/// Where the system does not say.
pub(super) fn free_bytes(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests;
