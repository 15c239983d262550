//! Where entries come from: the server's database, or an export of it.

use std::path::PathBuf;

use crate::{args, database::Database, entry::Found, error::Error, import};

/// Where entries come from.
#[derive(Debug)]
pub enum Source {
    /// A data directory, as it was at one moment.
    Database(Database),
    /// An export.
    Export(PathBuf),
}

impl Source {
    /// Opens what is named; a database is held as it is now.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(from: &args::From) -> Result<Self, Error> {
        if let Some(path) = &from.export {
            return Ok(Self::Export(path.clone()));
        }
        let database = Database::open(&from.data_dir())?;
        database.hold()?;
        Ok(Self::Database(database))
    }

    /// The database, where it is one.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        match self {
            Self::Database(database) => Some(database),
            Self::Export(_) => None,
        }
    }

    /// Calls `each` with everything there is, of a database with what comes after this number.
    ///
    /// # Errors
    /// Where reading fails, or what `each` says.
    pub fn each(&self, after: u64, each: &mut dyn FnMut(Found) -> Result<(), Error>) -> Result<(), Error> {
        match self {
            Self::Database(database) => database.each_after(after, each),
            Self::Export(path) => import::each_line(path, each),
        }
    }
}
