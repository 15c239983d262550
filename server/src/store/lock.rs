//! One server per data directory: a lock file held for as long as the server lives.

use std::{
    fs::File,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use super::StoreError;

/// How long the hold of another is waited for. A server that was killed while it started a program leaves the lock, for a
/// moment, to the child that is not that program yet.
const LET_GO: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The hold on a data directory; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Makes the directory (0700) where there is none, and takes hold of it.
    ///
    /// # Errors
    /// Where another server holds it, or it cannot be made.
    pub fn take(data: &Path) -> Result<Self, StoreError> {
        make_private(data).map_err(|error| StoreError::File { path: data.to_owned(), error })?;
        let path: PathBuf = data.join("lock");
        let file_error = |error| StoreError::File { path: path.clone(), error };
        let file =
            File::options().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(file_error)?;
        let begun = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < LET_GO => std::thread::sleep(LOOK_AGAIN),
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(StoreError::InUse(data.to_owned())),
                Err(errno) => return Err(file_error(errno.into())),
            }
        }
    }
}

fn make_private(data: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    if data.is_dir() {
        return std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700));
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_has_one_server() {
        let home = tempfile::tempdir().unwrap();
        let held = DataLock::take(home.path()).unwrap();
        assert!(matches!(DataLock::take(home.path()), Err(StoreError::InUse(_))));
        drop(held);
        assert!(DataLock::take(home.path()).is_ok());
    }
}
