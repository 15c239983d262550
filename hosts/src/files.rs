//! Writing files so that nobody ever finds half of one: private, beside the
//! old one, then renamed over it. A link is followed, so that settings kept
//! elsewhere stay there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ccc_client::private_file::{self, Existing};

/// How many backups of one file are kept apart before installing is refused.
const BACKUPS_MAX: usize = 1_000;

/// The text of a file that need not be there.
///
/// # Errors
/// When it is there and cannot be read as text.
pub fn read_if_any(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that only its owner may read, in a directory of its owner.
///
/// # Errors
/// When the system refuses.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    private_file::write(path, text, Existing::Replaced)
}

/// Writes a settings file, keeping its mode where it was there before.
///
/// # Errors
/// When the system refuses.
pub fn write_settings(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mode = fs::metadata(path).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
    private_file::replace(path, text, mode)
}

/// Copies a settings file beside itself under a name that is not taken; where a copy with that text lies there, that is it.
///
/// # Errors
/// When the system refuses or there are too many backups.
pub fn back_up(path: &Path, text: &str) -> io::Result<PathBuf> {
    back_up_for("ccc-hook", path, text)
}

/// As [`back_up`], under the name of the program that is about to change the file.
///
/// # Errors
/// As [`back_up`].
pub fn back_up_for(program: &str, path: &Path, text: &str) -> io::Result<PathBuf> {
    for number in 1..=BACKUPS_MAX {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{program}.{number}"));
        let backup = PathBuf::from(name);
        match create_new(&backup, 0o600) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return Ok(backup);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if read_if_any(&backup).is_ok_and(|there| there.as_deref() == Some(text)) {
                    return Ok(backup);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many backups beside it: remove some"))
}

fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_settings_file_stays_a_link_and_keeps_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("real.json");
        let link = directory.path().join("settings.json");
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_settings(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn backups_never_overwrite_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.json");
        let first = back_up(&path, "1").unwrap();
        let second = back_up(&path, "2").unwrap();
        assert_ne!(first, second);
        assert_eq!(back_up(&path, "1").unwrap(), first, "one copy of a text is enough");
        assert_eq!(fs::read_to_string(first).unwrap(), "1");
    }

    #[test]
    fn what_is_private_is_so_from_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a").join("b.json");
        write_private(&path, "{}").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
