//! Writing a file that its owner alone can read, whole or not at all.

use std::io::{self, ErrorKind};
use std::path::Path;

use ccc_client::private_file::{self, Existing};

/// Why a file was not written. The old one, if there was one, is untouched.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is a file already.
    #[error("`{0}` exists; write another one with `--output FILE`, or over it with `--force`")]
    Exists(String),
    /// It cannot be written.
    #[error("`{path}` cannot be written: {cause}")]
    Unwritable {
        /// The path as it was given.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
}

/// Writes `text` to `path` with mode 0600, so that at every moment the file is
/// the old one or the whole new one. Over an existing file only where
/// `replace` says so; where `path` is a link, over the file that it leads to.
///
/// # Errors
/// When the file is there and may not be replaced, or cannot be written.
pub fn write_private(path: &Path, text: &str, replace: bool) -> Result<(), FileError> {
    let existing = if replace { Existing::Replaced } else { Existing::Stays };
    private_file::write(path, text, existing).map_err(|cause| {
        let path = path.display().to_string();
        if cause.kind() == ErrorKind::AlreadyExists && !replace {
            FileError::Exists(path)
        } else {
            FileError::Unwritable { path, cause }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{FileError, write_private};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_file_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.json");
        write_private(&path, "text", false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_existing_file_stays_unless_it_may_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.json");
        fs::write(&path, "old").unwrap();
        let error = write_private(&path, "new", false).unwrap_err();
        assert!(matches!(error, FileError::Exists(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write_private(&path, "new", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/secrets.json"), "old").unwrap();
        symlink("real/secrets.json", at("link")).unwrap();
        assert!(matches!(write_private(&at("link"), "new", false).unwrap_err(), FileError::Exists(_)));
        write_private(&at("link"), "new", true).unwrap();
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("real/secrets.json")).unwrap(), "new");
        assert_eq!(fs::read_dir(at("real")).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let error = write_private("/nowhere/secrets.json".as_ref(), "", false).unwrap_err();
        assert!(error.to_string().contains("`/nowhere/secrets.json` cannot be written"), "{error}");
    }
}
