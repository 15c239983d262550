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

/// Removes the copies that [`back_up`] made of a settings file and that say no more than what is there now, and those that `is_stale`
/// is true of; the others, which are the person's to keep or to remove.
///
/// # Errors
/// When the system refuses.
pub fn forget_backups(path: &Path, is_stale: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let now = read_if_any(path)?;
    let mut kept = Vec::new();
    for backup in backups(path)? {
        // What cannot be read as text is not ours.
        let Ok(Some(text)) = read_if_any(&backup) else { continue };
        if now.as_deref() == Some(&text) || is_stale(&text) {
            fs::remove_file(backup)?;
        } else {
            kept.push(backup);
        }
    }
    Ok(kept)
}

fn backups(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Ok(Vec::new()) };
    let start = [name.as_encoded_bytes(), b".before-ccc-hook."].concat();
    let is_backup = |name: &std::ffi::OsStr| {
        let number = name.as_encoded_bytes().strip_prefix(start.as_slice());
        number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if is_backup(&entry.file_name()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Removes a file, and where its name is a link what that leads to: the link was there before.
///
/// # Errors
/// When the system refuses.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(private_file::behind_links(path)?)
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
    fn backups_that_say_no_more_than_the_file_go_and_nothing_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("s.json"), "now").unwrap();
        for (name, text) in [("1", "now"), ("2", "ours"), ("3", "earlier"), ("x", "now"), ("", "now")] {
            fs::write(at(&format!("s.json.before-ccc-hook.{name}")), text).unwrap();
        }
        fs::write(at("t.json.before-ccc-hook.1"), "now").unwrap();
        let kept = forget_backups(&at("s.json"), |text| text == "ours").unwrap();
        assert_eq!(kept, [at("s.json.before-ccc-hook.3")]);
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let expected = [
            "s.json", "s.json.before-ccc-hook.", "s.json.before-ccc-hook.3", "s.json.before-ccc-hook.x",
            "t.json.before-ccc-hook.1",
        ];
        assert_eq!(left, expected);
        assert!(forget_backups(&at("gone/s.json"), |_| true).unwrap().is_empty());
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
