//! One server per data directory: the directory itself is held for as long as the server lives, and a file in it. The
//! file tells others, and older servers; removing it frees nothing.

use std::{
    fs::File,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use super::StoreError;
use crate::let_go::once_let_go;

/// The hold on a data directory; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _directory: File,
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
        let directory = File::open(data).map_err(file_error)?;
        let hold = |held: &File| match flock(held, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::InUse(data.to_owned())),
            held => held.map_err(|errno| file_error(errno.into())),
        };
        let hold_both = || hold(&directory).and_then(|()| hold(&file));
        once_let_go("the data directory", hold_both, |error| matches!(error, StoreError::InUse(_)))?;
        Ok(Self { _directory: directory, _file: file })
    }

    /// True where a server holds it.
    ///
    /// # Errors
    /// Where there is no such directory.
    pub(crate) fn is_held(data: &Path) -> Result<bool, StoreError> {
        let file_error = |error| StoreError::File { path: data.to_owned(), error };
        let directory = File::open(data).map_err(file_error)?;
        match flock(&directory, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
            free => free.map(|()| false).map_err(|errno| file_error(errno.into())),
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
        std::fs::remove_file(home.path().join("lock")).unwrap();
        assert!(matches!(DataLock::take(home.path()), Err(StoreError::InUse(_))), "the file is gone, the hold is not");
        assert!(DataLock::is_held(home.path()).unwrap());
        drop(held);
        assert!(!DataLock::is_held(home.path()).unwrap());
        assert!(DataLock::take(home.path()).is_ok());
    }
}
