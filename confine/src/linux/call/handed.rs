//! What a hook handed over under an id, and what is handed back.

use std::{
    ffi::OsString,
    fmt,
    fs::{self, DirBuilder, File},
    io::{ErrorKind, Read, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Answer, own::Own};
use crate::linux::defence::{Defence, Defences};
use crate::{COMMAND_BYTES_MAX, Call, Fault, fault::Trying};

const ID_CHARS: usize = 32;
const BYTES_MAX: u64 = COMMAND_BYTES_MAX as u64 + 64 * 1024;
const PATH_BYTES_MAX: u64 = 4096;
const ASK_AGAIN: &str = "ask for the same call again";

/// The name of what was handed over.
pub(crate) struct Id(String);

impl Id {
    pub(crate) fn read(args: &[OsString]) -> Answer<Self> {
        let is_id =
            |text: &&str| text.len() == ID_CHARS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match args {
            [id] => id.to_str().filter(is_id).map(|id| Self(id.to_owned())),
            _ => None,
        }
        .ok_or_else(|| Fault::new("cannot run that call", "it is named by an id and nothing else", ASK_AGAIN))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call that was taken: nobody else can take it any more.
pub(crate) struct Handed {
    pub(crate) call: Call,
    calls: PathBuf,
}

impl Handed {
    /// Takes what was handed over under this id.
    pub(crate) fn take(state: &Path, id: &Id, defences: &Defences) -> Answer<Self> {
        let calls = state.join("calls");
        check_private(&calls)?;
        let what = || format!("cannot run call {id}");
        let taken = calls.join(format!("{id}.taken-{}", std::process::id()));
        if !defences.hold(Defence::Once) {
            fs::copy(calls.join(id.to_string()), calls.join("again")).trying(what, ASK_AGAIN)?;
        }
        // INVARIANT: of all that take one id, one renaming succeeds.
        match fs::rename(calls.join(id.to_string()), &taken) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Fault::new(what(), "there is none, or it was run already", ASK_AGAIN));
            }
            renamed => renamed.trying(what, ASK_AGAIN)?,
        }
        if !defences.hold(Defence::Once) {
            fs::rename(calls.join("again"), calls.join(id.to_string())).trying(what, ASK_AGAIN)?;
        }
        let read = private_content(&taken, BYTES_MAX);
        let removed = fs::remove_file(&taken);
        let bytes = read.trying(what, ASK_AGAIN)?;
        removed.trying(what, ASK_AGAIN)?;
        let call = Call::decode(&bytes).map_err(|error| Fault::new(what(), error, ASK_AGAIN))?;
        if seconds_now() >= call.until_seconds {
            return Err(Fault::new(what(), "it was handed over too long ago", ASK_AGAIN));
        }
        Ok(Self { call, calls })
    }

    /// Keeps where the line ended for the wrapper to ask, where that is a directory of the project.
    pub(crate) fn keep_directory(&self, own: &Own, id: &Id) {
        let Some(told) = own.take_told_directory(&id.to_string()) else { return };
        let real = fs::canonicalize(&told).ok().filter(|real| real.starts_with(&self.call.project) && real.is_dir());
        let Some(real) = real.filter(|real| is_one_line(real)) else { return };
        let file = File::options().write(true).create_new(true).mode(0o600).open(self.calls.join(format!("{id}.left")));
        // Where it cannot be kept, the shell stays where it was.
        let _ = file.and_then(|mut file| file.write_all(real.as_os_str().as_bytes()));
    }
}

/// Where the call ended, else where this process is.
pub(crate) fn directory(state: &Path, id: &Id) -> Answer<PathBuf> {
    let calls = state.join("calls");
    check_private(&calls)?;
    let kept = calls.join(format!("{id}.left"));
    let read = private_content(&kept, PATH_BYTES_MAX);
    let _ = fs::remove_file(&kept);
    match read {
        Ok(bytes) => Ok(PathBuf::from(OsString::from_vec(bytes))),
        Err(_) => std::env::current_dir().trying(|| "cannot tell the directory".to_owned(), ASK_AGAIN),
    }
}

/// What a `$(…)` gives back is cut at its end, and a terminal obeys controls.
fn is_one_line(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.chars().all(|c| matches!(c, ' '..='~') || c.is_alphanumeric()))
}

/// A directory of this user's that nobody else can look into; made where it is not there.
pub(crate) fn make_private(directory: &Path) -> Answer<()> {
    let what = || format!("cannot make `{}`", directory.display());
    DirBuilder::new().recursive(true).mode(0o700).create(directory).trying(what, "see that it can be made")?;
    check_private(directory)
}

fn check_private(directory: &Path) -> Answer<()> {
    let what = || format!("cannot use `{}`", directory.display());
    let mend = "`ccc-hook install` makes it; give it to this user alone, with mode 0700";
    let about = fs::symlink_metadata(directory).trying(what, mend)?;
    let is_private = about.is_dir() && about.mode() & 0o077 == 0 && about.uid() == rustix::process::geteuid().as_raw();
    let is_real = fs::canonicalize(directory).is_ok_and(|real| real == directory);
    match is_private && is_real {
        true => Ok(()),
        false => Err(Fault::new(what(), "others can reach it, or a link leads there", mend)),
    }
}

/// A file of this user's alone, read through no link and not for ever.
pub(crate) fn private_content(path: &Path, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    let file = File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let about = file.metadata()?;
    let is_private = about.is_file() && about.mode() & 0o077 == 0 && about.uid() == rustix::process::geteuid().as_raw();
    if !is_private || about.len() > bytes_max {
        return Err(std::io::Error::other("others may read or write it, or it is no such file"));
    }
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs())
}
