//! Why a command could not do its work. What is wrong with a log is no error but a finding.

use std::path::PathBuf;

use ccc_protocol::exit;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for makes no sense; the text says what to write instead.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error("`{path}`: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The database cannot be opened or read.
    #[error("`{path}`: {error}")]
    Database {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// The database file itself is damaged, so its entries are not what was written.
    #[error("`{path}` is damaged: {error}")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// The output cannot be written.
    #[error("output: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// About this file.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }

    /// About this database; damage is told apart from what is merely in the way.
    pub(crate) fn database(path: impl Into<PathBuf>) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.into();
        move |error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Damaged { path, error }
            }
            _ => Self::Database { path, error },
        }
    }

    /// The exit code for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Damaged { .. } => exit::audit::MODIFIED,
            Self::Usage(_) | Self::File { .. } | Self::Database { .. } | Self::Output(_) => exit::USAGE,
        }
    }

    /// True where the reader of our output has gone away.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
