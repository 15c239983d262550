//! Reading files that hold a secret: what is checked is the descriptor that is read, not a name that may lead elsewhere by
//! then. The edges' one is in `ccc-client`, which this program does not use; the rule itself is in `ccc-protocol`.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use ccc_protocol::{
    private_file::{Exposure, OpenFile},
    secrets,
};
use rustix::{fs::OFlags, process::geteuid};
use zeroize::Zeroizing;

/// The largest config that is read, in bytes: more rules than any machine needs.
pub(crate) const CONFIG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a file holds, and whether others reach it.
#[derive(Debug)]
pub(crate) struct Content {
    /// As it is; overwritten when it is let go of.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// What makes it unfit for a secret.
    pub(crate) exposure: Option<Exposure>,
}

/// Reads a regular file.
///
/// # Errors
/// When the system refuses, or it is something else or larger than [`secrets::FILE_BYTES_MAX`].
pub(crate) fn read(path: &Path) -> io::Result<Content> {
    // Not blocking: a pipe would have to be waited for, and is refused.
    #[expect(clippy::cast_possible_wrap, reason = "flags are bits; the system takes them as a signed number")]
    let flags = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let exposure = facts(&file)?.check().err();
    match exposure {
        Some(Exposure::NotRegular) => Err(io::Error::other(Exposure::NotRegular)),
        exposure => content(file, exposure, secrets::FILE_BYTES_MAX),
    }
}

/// Reads a file that holds a secret perhaps, and may be a pipe where it holds none.
///
/// # Errors
/// When the system refuses, or it is larger than [`CONFIG_BYTES_MAX`].
pub(crate) fn read_any(path: &Path) -> io::Result<Content> {
    let file = File::open(path)?;
    let exposure = facts(&file)?.check().err();
    content(file, exposure, CONFIG_BYTES_MAX)
}

fn facts(file: &File) -> io::Result<OpenFile> {
    let metadata = file.metadata()?;
    Ok(OpenFile {
        is_regular: metadata.is_file(),
        mode: metadata.mode(),
        owner: metadata.uid(),
        reader: geteuid().as_raw(),
    })
}

fn content(file: File, exposure: Option<Exposure>, bytes_max: u64) -> io::Result<Content> {
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let room = usize::try_from(file.metadata()?.len().min(bytes_max) + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Content { bytes, exposure })
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn what_is_checked_is_what_is_read_however_the_name_changes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, mode) in [("private", 0o600), ("open", 0o644)] {
            fs::write(at(name), name).unwrap();
            fs::set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
        }
        symlink(at("private"), at("name")).unwrap();
        std::thread::scope(|scope| {
            let swapping = scope.spawn(|| {
                for target in ["open", "private"].into_iter().cycle().take(2000) {
                    symlink(at(target), at("beside")).unwrap();
                    fs::rename(at("beside"), at("name")).unwrap();
                }
            });
            while !swapping.is_finished() {
                let content = read(&at("name")).unwrap();
                assert_eq!(content.exposure.is_none(), *content.bytes == b"private", "{content:?}");
            }
        });
    }

    #[test]
    fn a_pipe_is_refused_at_once_and_so_is_a_file_without_end() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("no regular file"));
        assert!(read(Path::new("/dev/zero")).unwrap_err().to_string().contains("no regular file"));
        assert_eq!(read_any(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
