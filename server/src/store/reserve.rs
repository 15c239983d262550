//! Room that is kept for decisions on a full disk, in two halves. One is the write-ahead log's already: blocks beyond its end,
//! which keep its length, and which nobody else can have. The other is a file of the data directory that holds nothing; it is
//! there after a restart too, and when the disk is full it gives way, piece by piece, to the log.
//!
//! While the disk is full nothing is folded into the database, so that a commit needs no room but the log's. Where the system
//! cannot give a file blocks beyond its end, the second half is only let go of.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ccc_protocol::store::DATABASE;
use rustix::fs::{FallocateFlags, fallocate};

use super::{StoreError, free_bytes};

/// What is written at a time where the system gives no room by itself.
const CHUNK_BYTES: usize = 64 * 1024;
/// What the reserve gives way by at a time.
const PIECE_BYTES: u64 = 128 * 1024;
/// Of the room of a log, what its index takes: 32 KiB for each 16 MiB, in whole pieces.
const INDEX_PIECE_BYTES: u64 = 32 * 1024;
const INDEXED_BYTES: u64 = 16 * 1024 * 1024;

/// The room that is kept in a data directory.
#[derive(Debug, Clone)]
pub(crate) struct Reserve {
    data: PathBuf,
    checkpoints: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// So many bytes in this data directory; 0 is none. A part goes to the file of checkpoints, where that lies there too.
    #[must_use]
    pub(crate) fn of(data: &Path, checkpoints: &Path, bytes: u64) -> Self {
        Self { data: data.to_owned(), checkpoints: checkpoints.to_owned(), bytes }
    }

    /// True where no room is to be kept.
    #[must_use]
    pub(crate) fn is_none(&self) -> bool {
        self.bytes == 0
    }

    /// True where so little room is left that a commit may not find enough.
    #[must_use]
    pub(crate) fn is_low(&self) -> bool {
        self.free().is_some_and(|free| free < self.low())
    }

    /// True where there is enough for a good part of the reserve again.
    #[must_use]
    pub(crate) fn has_room(&self) -> bool {
        self.free().is_some_and(|free| free >= self.bytes / 2 + 2 * self.low())
    }

    /// True where this is an error of a full disk. A system that sets limits by user fails without saying so to SQLite: it is
    /// asked.
    #[must_use]
    pub(crate) fn is_full(&self, error: &StoreError) -> bool {
        match error {
            StoreError::Database(error) => match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => true,
                Some(rusqlite::ErrorCode::SystemIoFailure) => self.is_low() || self.refuses_a_file(),
                _ => false,
            },
            StoreError::File { error, .. } => is_lack_of_room(error),
            _ => false,
        }
    }

    /// Takes the room, as much of it as leaves some for what goes on. What is held already is left as it is.
    ///
    /// # Errors
    /// Where there is no room, or the system refuses.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let room = self.free().unwrap_or(0).saturating_sub(2 * self.low());
        let held = allocated(&self.path());
        let fits = (room / 2).saturating_add(held).min(self.bytes / 2);
        if fits < self.low() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if held < fits {
            self.keep_file(fits)?;
        }
        if self.checkpoints.starts_with(&self.data) {
            // There may have been none yet.
            File::options().create(true).append(true).mode(0o600).open(&self.checkpoints)?;
        }
        for (path, share) in self.heirs(fits) {
            if let Err(error) = extend(&path, share) {
                tracing::warn!(%error, path = %path.display(), "no room is kept for it on a full disk");
            }
        }
        Ok(())
    }

    fn keep_file(&self, bytes: u64) -> io::Result<()> {
        self.remove();
        let half = self.path().with_extension("new");
        let taken = File::options().create(true).truncate(true).write(true).mode(0o600).open(&half);
        let taken = taken.and_then(|file| take_room(&file, bytes)).and_then(|()| fs::rename(&half, self.path()));
        if taken.is_err() {
            let _ = fs::remove_file(&half);
        }
        taken
    }

    /// Gives the file's room to what a commit writes, in pieces: what another process takes meanwhile is little.
    pub(crate) fn give_up(&self) {
        let Ok(file) = File::options().write(true).open(self.path()) else { return };
        let mut left = file.metadata().map_or(0, |held| held.len());
        for (path, share) in self.heirs(left) {
            let (had, mut given) = (allocated(&path), 0);
            while given < share {
                let piece = PIECE_BYTES.min(share - given);
                left = left.saturating_sub(piece);
                given += piece;
                // A piece that somebody else has taken is gone; the next may not be.
                let _ = file.set_len(left).and_then(|()| extend(&path, had + given));
            }
        }
        self.remove();
    }

    /// Who gets how many bytes.
    fn heirs(&self, bytes: u64) -> Vec<(PathBuf, u64)> {
        let index = INDEX_PIECE_BYTES * (2 + 2 * bytes / INDEXED_BYTES);
        let checkpoints = if self.checkpoints.starts_with(&self.data) { bytes / 32 } else { 0 };
        // What is left over is let go of: a run's record and an owner's file need some.
        let log = bytes.saturating_sub(index + checkpoints + bytes / 16);
        let heirs = [
            (self.data.join(format!("{DATABASE}-shm")), index),
            (self.data.join(format!("{DATABASE}-wal")), log),
            (self.checkpoints.clone(), checkpoints),
        ];
        heirs.into_iter().filter(|(path, share)| *share > 0 && path.exists()).collect()
    }

    fn low(&self) -> u64 {
        self.bytes / 16
    }

    fn free(&self) -> Option<u64> {
        free_bytes(&self.data).ok()
    }

    fn path(&self) -> PathBuf {
        self.data.join("reserve")
    }

    fn remove(&self) {
        match fs::remove_file(self.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the reserve could not be removed");
            }
            _ => {}
        }
    }

    fn refuses_a_file(&self) -> bool {
        let path = self.data.join("reserve.try");
        let written = fs::write(&path, [1; CHUNK_BYTES]);
        let _ = fs::remove_file(&path);
        written.is_err_and(|error| is_lack_of_room(&error))
    }
}

fn is_lack_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Makes the file so long, of blocks that are its own.
fn take_room(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => write_room(file, bytes)?,
        taken => taken?,
    }
    file.sync_all()
}

fn write_room(mut file: &File, bytes: u64) -> io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let some = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        // Not zeros: there are disks that keep none.
        file.write_all([0x5a; CHUNK_BYTES].get(..some).unwrap_or_default())?;
        left -= some as u64;
    }
    Ok(())
}

/// How many bytes of the disk are the file's; 0 where there is none.
fn allocated(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.blocks().saturating_mul(512))
}

/// Has so many bytes of the disk be the file's, whatever its length.
#[cfg(target_os = "linux")]
fn extend(path: &Path, bytes: u64) -> io::Result<()> {
    use std::os::fd::IntoRawFd as _;
    let file = File::options().write(true).open(path)?;
    let extended = fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes);
    if path.extension().is_some_and(|extension| extension == "db-shm") {
        // Closing a file lets go of all locks that this process holds on it, SQLite's too: it stays open.
        let _ = file.into_raw_fd();
    }
    Ok(extended?)
}

#[cfg(not(target_os = "linux"))]
fn extend(_: &Path, _: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_goes_to_the_files_of_a_commit_and_lengthens_none() {
        let data = tempfile::tempdir().unwrap();
        let names = ["ccc.db-wal", "ccc.db-shm", "checkpoints.jsonl"];
        for name in names {
            fs::write(data.path().join(name), "x").unwrap();
        }
        let held = || names.map(|name| allocated(&data.path().join(name)));
        let file = || allocated(&data.path().join("reserve"));
        let reserve = Reserve::of(data.path(), &data.path().join("checkpoints.jsonl"), 8 << 20);
        reserve.keep().unwrap();
        let kept = (held(), file());
        assert!(kept.0[0] > 3 << 20 && kept.1 >= 4 << 20, "{kept:?}");
        reserve.keep().unwrap();
        assert_eq!((held(), file()), kept, "once");
        reserve.give_up();
        assert!(!data.path().join("reserve").exists());
        assert!(held()[0] > 6 << 20 && held()[1] >= 64 << 10 && held()[2] >= 128 << 10, "{:?}", held());
        assert_eq!(fs::metadata(data.path().join("ccc.db-wal")).unwrap().len(), 1);
        reserve.give_up();
        reserve.keep().unwrap();
        assert!(file() >= 4 << 20, "kept again");
    }

    #[test]
    fn an_error_of_a_full_disk_is_told_from_others() {
        let data = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(data.path(), data.path(), 1 << 20);
        let of = |error: io::ErrorKind| StoreError::File { path: data.path().to_owned(), error: error.into() };
        assert!(reserve.is_full(&of(io::ErrorKind::StorageFull)) && reserve.is_full(&of(io::ErrorKind::QuotaExceeded)));
        assert!(!reserve.is_full(&of(io::ErrorKind::PermissionDenied)));
        let database =
            |code| StoreError::Database(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert!(reserve.is_full(&database(rusqlite::ffi::SQLITE_FULL)));
        assert!(
            !reserve.is_full(&database(rusqlite::ffi::SQLITE_IOERR))
                && !reserve.is_full(&database(rusqlite::ffi::SQLITE_BUSY))
        );
    }
}
