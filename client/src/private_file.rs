//! Files that hold a secret or say where one is: read from the one descriptor that was checked, written whole or not at all.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ccc_protocol::private_file::{Exposure, OpenFile};
use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    process::geteuid,
};
use zeroize::Zeroizing;

/// Why a private file was not read. The texts go on a sentence about the file and name no path.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The system refuses.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// It is not private.
    #[error(transparent)]
    Exposed(Exposure),
    /// More bytes than such a file has.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
}

/// The content of a file that its owner alone can read and change: it is opened once, and what was checked is what is read. It
/// is overwritten when it is let go of.
///
/// # Errors
/// When it is not such a file, has more than `bytes_max`, or cannot be read.
pub fn read(path: &Path, bytes_max: u64) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    match read_with_exposure(path, bytes_max)? {
        (content, None) => Ok(content),
        (_, Some(exposure)) => Err(PrivateFileError::Exposed(exposure)),
    }
}

/// As [`read`], of a file that others may reach too, with what exposes it: for the program that mends it.
///
/// # Errors
/// When it is no regular file, has more than `bytes_max`, or cannot be read.
pub fn read_with_exposure(
    path: &Path,
    bytes_max: u64,
) -> Result<(Zeroizing<Vec<u8>>, Option<Exposure>), PrivateFileError> {
    // Not blocking: a pipe would have to be waited for, and is refused.
    #[expect(clippy::cast_possible_wrap, reason = "flags are bits; the system takes them as a signed number")]
    let flags = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let exposure = facts(&file)?.check().err();
    if exposure == Some(Exposure::NotRegular) {
        return Err(PrivateFileError::Exposed(Exposure::NotRegular));
    }
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let room = usize::try_from(file.metadata()?.len().min(bytes_max).saturating_add(1)).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > bytes_max {
        return Err(PrivateFileError::TooLarge(bytes_max));
    }
    Ok((content, exposure))
}

fn facts(file: &File) -> io::Result<OpenFile> {
    let metadata = file.metadata()?;
    Ok(OpenFile { is_regular: metadata.is_file(), mode: metadata.mode(), owner: metadata.uid(), reader: reader() })
}

/// The user as whom this process reads and writes.
#[must_use]
pub fn reader() -> u32 {
    geteuid().as_raw()
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written: [`io::ErrorKind::AlreadyExists`].
    Stays,
    /// It is replaced; where it is a link, what it leads to.
    Replaced,
}

/// Writes a file with mode 0600, so that at every moment it is the old one or the whole new one.
///
/// # Errors
/// When it is there and stays, or the system refuses; the old one is untouched.
pub fn write(path: &Path, text: &str, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Stays => put(path, text, PRIVATE, existing),
        Existing::Replaced => replace(path, text, PRIVATE),
    }
}

/// Replaces a file by a new one with `mode`, whole or not at all. A link stays, or the old content would live on behind it; one that
/// leads to nothing yet leads to the new file.
///
/// # Errors
/// When the system refuses; the old file is untouched.
pub fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    put(&behind_links(path)?, text, mode, Existing::Replaced)
}

/// How many links are followed one after another: as many as Linux does.
const LINKS_MAX: usize = 40;

/// What the path names in the end, where links lead to a file that need not be there.
///
/// # Errors
/// When the system refuses, or links lead on and on.
pub fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(&path) {
                Ok(next) => path = directory_of(&path).join(next),
                Err(_) => return Ok(path),
            },
            there => return there,
        }
    }
    Err(io::Error::other("links lead on and on"))
}

const PRIVATE: u32 = 0o600;

fn put(path: &Path, text: &str, mode: u32, existing: Existing) -> io::Result<()> {
    let (beside, file) = make_beside(path)?;
    let written = fill(file, text, mode).and_then(|()| move_over(&beside, path, existing));
    if written.is_err() {
        // What could not be put in place must not lie about.
        let _ = fs::remove_file(&beside);
    }
    written?;
    File::open(directory_of(path))?.sync_all()
}

/// More files than ever lie unfinished beside one.
const BESIDE_MAX: u32 = 1000;

/// A file of its owner alone from the start: nobody else reads even half of it.
fn make_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    for number in 0..BESIDE_MAX {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.{number}.new", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (name.into(), file)),
        }
    }
    Err(io::Error::other("too many unfinished files lie beside it: remove some"))
}

fn fill(mut file: File, text: &str, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn move_over(beside: &Path, path: &Path, existing: Existing) -> io::Result<()> {
    if existing == Existing::Replaced {
        return fs::rename(beside, path);
    }
    match renameat_with(CWD, beside, CWD, path, RenameFlags::NOREPLACE) {
        // Not every file system can do that; a second name cannot be given to one that is taken either.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            fs::hard_link(beside, path)?;
            fs::remove_file(beside)
        }
        moved => Ok(moved?),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{Mode, mkfifoat};

    use super::*;

    fn file(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.json");
        fs::write(&path, "secret").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (directory, path)
    }

    #[test]
    fn what_others_reach_is_not_read() {
        let (_directory, path) = file(0o600);
        assert_eq!(read(&path, 6).unwrap().as_slice(), b"secret");
        assert!(matches!(read(&path, 5), Err(PrivateFileError::TooLarge(5))));
        for mode in [0o640, 0o604, 0o620, 0o602] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path, 6), Err(PrivateFileError::Exposed(Exposure::Open))), "{mode:o}");
            let (content, exposure) = read_with_exposure(&path, 6).unwrap();
            assert_eq!((content.as_slice(), exposure), (b"secret".as_slice(), Some(Exposure::Open)));
        }
    }

    #[test]
    fn a_pipe_or_a_directory_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        for path in [pipe.as_path(), directory.path()] {
            let refused = read(path, 6).unwrap_err();
            assert!(matches!(refused, PrivateFileError::Exposed(Exposure::NotRegular)), "{refused}");
        }
    }

    #[test]
    fn what_is_checked_is_what_is_read_however_the_name_changes() {
        let (directory, private) = file(0o600);
        let open = directory.path().join("open");
        fs::write(&open, "public").unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
        let name = directory.path().join("name");
        symlink(&private, &name).unwrap();
        std::thread::scope(|scope| {
            let swapping = scope.spawn(|| {
                for target in [&open, &private].into_iter().cycle().take(2000) {
                    let beside = directory.path().join("beside");
                    symlink(target, &beside).unwrap();
                    fs::rename(&beside, &name).unwrap();
                }
            });
            while !swapping.is_finished() {
                if let Ok(content) = read(&name, 6) {
                    assert_eq!(content.as_slice(), b"secret", "what others can write was read");
                }
            }
        });
    }

    #[test]
    fn a_file_is_whole_and_private_and_nothing_lies_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.json");
        write(&path, "one", Existing::Stays).unwrap();
        let refused = write(&path, "two", Existing::Stays).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path, 9).unwrap().as_slice(), b"one");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write(&path, "two", Existing::Replaced).unwrap();
        assert_eq!(read(&path, 9).unwrap().as_slice(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_to_nothing_leads_to_the_new_file() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("far")).unwrap();
        symlink("far/second", at("first")).unwrap();
        symlink("file", at("far/second")).unwrap();
        replace(&at("first"), "new", 0o600).unwrap();
        assert_eq!(fs::read_to_string(at("far/file")).unwrap(), "new");
        assert!(fs::symlink_metadata(at("first")).unwrap().is_symlink());
        symlink("nowhere/file", at("lost")).unwrap();
        assert!(replace(&at("lost"), "new", 0o600).is_err());
        assert!(fs::symlink_metadata(at("lost")).unwrap().is_symlink());
        symlink("round", at("round")).unwrap();
        assert!(replace(&at("round"), "new", 0o600).is_err());
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let (directory, path) = file(0o640);
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        replace(&link, "new", 0o640).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(write(&link, "newer", Existing::Stays).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_without_a_directory_is_not_written() {
        let nowhere = Path::new("/nowhere/secrets.json");
        assert_eq!(write(nowhere, "", Existing::Stays).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(write(nowhere, "", Existing::Replaced).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
