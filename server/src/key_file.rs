//! The server's key for audit checkpoints: 64 hex characters in a file of its own, beside the config and never in the
//! data directory, so that whoever rewrites the data cannot sign it again. The key is those characters.

use std::{fs, io, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use ccc_core::audit::AuditKey;
use ccc_protocol::{hex, private_file::Exposure};
use zeroize::Zeroizing;

use crate::{places, private_file};

/// The fewest characters of a key that somebody wrote by hand.
const KEY_CHARS_MIN: usize = 32;

/// Reads the key; makes one where there is none, unless there is a log already that a key signed: a new one would turn
/// every checkpoint before it into somebody's word.
///
/// # Errors
/// A sentence that says what to do.
pub(crate) fn read_or_make(path: &Path, signed_log: Option<&Path>) -> Result<AuditKey, String> {
    match read(path, signed_log)? {
        Some(key) => Ok(key),
        None => make(path),
    }
}

/// Reads the key; nothing where there is none yet, and no log that has one.
///
/// # Errors
/// When others can read it, it is too short, the system refuses, or it is missing though a log was signed by it.
pub(crate) fn read(path: &Path, signed_log: Option<&Path>) -> Result<Option<AuditKey>, String> {
    match (read_file(path)?, signed_log) {
        (None, Some(log)) => Err(format!(
            "the audit key {} is missing, and {} holds a log that it signed; put it back, or start with \
             `--new-audit-key`: what the old one signed cannot be verified by the new one",
            path.display(),
            log.display()
        )),
        (key, _) => Ok(key),
    }
}

fn read_file(path: &Path) -> Result<Option<AuditKey>, String> {
    let shown = path.display();
    let content = match private_file::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the audit key {shown} cannot be read: {error}")),
    };
    match content.exposure {
        None => {}
        Some(Exposure::Open) => return Err(format!("others can read the audit key; run `chmod 600 {shown}`")),
        Some(exposure) => return Err(format!("the audit key {shown} cannot be used: {exposure}")),
    }
    let text = std::str::from_utf8(&content.bytes)
        .map_err(|error| format!("the audit key {shown} cannot be read: {error}"))?;
    let key =
        Some(text.trim()).filter(|text| text.len() >= KEY_CHARS_MIN).and_then(|text| AuditKey::new(text.as_bytes()));
    key.map(Some).ok_or_else(|| {
        format!("the audit key {shown} has fewer than {KEY_CHARS_MIN} characters; put the right one back, or remove it and start with `--new-audit-key`")
    })
}

fn make(path: &Path) -> Result<AuditKey, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the audit key {} cannot be made: {error}", path.display());
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *random).map_err(|error| failed(&error))?;
    let text = Zeroizing::new(hex::encode(&*random));
    if let Some(dir) = path.parent() {
        places::make_private_dir(dir).map_err(|error| failed(&error))?;
    }
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| failed(&error))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n"));
    written.and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
    AuditKey::new(text.as_bytes()).ok_or_else(|| failed(&"it is no key"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ccc/audit.key");
        assert!(read(&path, None).unwrap().is_none());
        read_or_make(&path, None).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        read_or_make(&path, None).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "kept");
    }

    #[test]
    fn no_key_is_made_beside_a_log_that_another_signed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, log) = (dir.path().join("audit.key"), dir.path().join("ccc.db"));
        assert!(read_or_make(&path, Some(&log)).unwrap_err().contains("--new-audit-key"));
        assert!(!path.exists());
        read_or_make(&path, None).unwrap();
        assert!(read_or_make(&path, Some(&log)).is_ok(), "with its key, a log is no hindrance");
    }

    #[test]
    fn a_key_that_others_can_read_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        fs::write(&path, "k".repeat(64)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path, None).unwrap_err().contains("chmod 600"));
    }
}
