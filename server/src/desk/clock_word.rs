//! The owner's word that the clock is right: a file in the data directory, which `ccc-server clock accept` writes and the clerk
//! takes. Whoever can write there owns the log.
//!
//! The word is about the clock as it stood when it was given: where that was set since, or the machine started anew, it is void.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use ccc_core::clock::{Reading, STEP_MILLIS_MIN};
use ccc_protocol::bodies::OutOfStep;
use serde::{Deserialize, Serialize};

use crate::clock;

/// Where the word is given.
#[derive(Debug, Clone)]
pub(crate) struct ClockWord(PathBuf);

/// Which clock is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Word {
    /// The start of the machine that it was given in.
    boot: String,
    /// What the wall clock showed at the machine's start, by how it stood when it was given.
    offset_millis: i64,
}

/// Far more than a word has.
const WORD_BYTES_MAX: u64 = 4096;

impl ClockWord {
    /// In this data directory.
    #[must_use]
    pub(crate) fn in_directory(data: &Path) -> Self {
        Self(data.join("clock-accepted"))
    }

    /// Gives the word for the clock as it stands.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn give(&self) -> io::Result<()> {
        let new = self.0.with_extension("new");
        let mut file = fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(&Word::of(clock::read())).map_err(io::Error::other)?)?;
        drop(file);
        fs::rename(new, &self.0)
    }

    /// True where a word was given that nobody took.
    #[must_use]
    pub(crate) fn is_given(&self) -> bool {
        fs::symlink_metadata(&self.0).is_ok()
    }

    /// True where it is about the clock as it stands by this reading.
    pub(super) fn is_about(&self, reading: Reading) -> bool {
        let read = || {
            let is_small = fs::symlink_metadata(&self.0).ok()?.len() <= WORD_BYTES_MAX;
            serde_json::from_slice::<Word>(&fs::read(&self.0).ok().filter(|_| is_small)?).ok()
        };
        let now = Word::of(reading);
        read().is_some_and(|word| {
            word.boot == now.boot && word.offset_millis.abs_diff(now.offset_millis) <= STEP_MILLIS_MIN
        })
    }

    /// It was taken, or is void.
    pub(super) fn take(&self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "the word about the clock could not be removed");
        }
    }
}

impl Word {
    fn of(reading: Reading) -> Self {
        Self { boot: clock::boot(), offset_millis: reading.wall.millis().saturating_sub(reading.since_boot_millis) }
    }
}

/// Says what is to be done where the server's time is not the clock's.
pub(super) fn tell_out_of_step(OutOfStep { ahead_millis, held }: OutOfStep) {
    match held {
        true => tracing::error!(
            ahead_millis,
            "the clock lies behind the log since the machine was started: grants, and approvals that nobody took, are held; \
             set the clock, or say that it is right with `ccc-server clock accept`"
        ),
        false => tracing::warn!(
            ahead_millis,
            "the clock was set back: the log's time goes on ahead of it until the clock has caught up, or \
             `ccc-server clock accept` says that it is right"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_about_the_clock_as_it_stood() {
        let home = tempfile::tempdir().unwrap();
        let word = ClockWord::in_directory(home.path());
        assert!(!word.is_given() && !word.is_about(clock::read()));
        word.give().unwrap();
        let now = clock::read();
        assert!(word.is_given() && word.is_about(now));
        let set = |seconds: i64| Reading { wall: now.wall.plus_millis(seconds * 1000), ..now };
        assert!(!word.is_about(set(5)) && !word.is_about(set(-5)), "it was set since");
        fs::write(&word.0, "{}").unwrap();
        assert!(!word.is_about(now));
        word.take();
        assert!(!word.is_given());
    }
}
