//! The private files between hook and launcher, and what a hook remembers of calls: beneath the person's home directory, where no
//! call that is confined reaches.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccc_hosts::host::{Host, Rewrite};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// As the launcher looks for it (`confine/src/linux/call/mod.rs`).
const CALLS: &str = ".local/state/ccc/calls";
/// How long a call may wait for its host to run it, in seconds.
const WAIT_SECONDS_MAX: u64 = 600;
/// How long a call that was kept from something is asked about, in seconds.
const REFUSED_SECONDS: u64 = 600;
/// How long what nobody came for is kept, in seconds.
const KEPT_SECONDS: u64 = 24 * 3600;
const NOTE_BYTES_MAX: u64 = 8192;
const ID_CHARS: usize = 32;

/// The directory.
#[derive(Debug)]
pub(super) struct State {
    calls: PathBuf,
}

/// What was handed over for one call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Handed {
    pub(super) id: String,
    pub(super) wrapper: String,
    pub(super) key: String,
    pub(super) is_background: bool,
}

/// How the event after a call is known to be of the one that was handed over.
#[derive(Debug)]
pub(super) enum Trace {
    /// By the host's own name of the call.
    UseId(String),
    /// By the line that ran.
    Line { session: String, line: String },
}

impl Trace {
    /// None where the host should name the call and does not.
    pub(super) fn of(rewrite: &Rewrite, session: &str, line: &str, document: &Map<String, Value>) -> Option<Self> {
        match rewrite.use_id {
            Some(field) => {
                let id = document.get(field)?.as_str().filter(|id| super::is_name(id))?;
                Some(Self::UseId(id.to_owned()))
            }
            None => Some(Self::Line { session: session.to_owned(), line: line.to_owned() }),
        }
    }
}

/// The id in a line of the launcher's.
fn id_in(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    let id = words.by_ref().nth(2)?;
    let is_one = line.split(' ').nth(1) == Some("call") && words.next().is_none();
    (is_one && id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

impl State {
    /// None where there is no home directory, or the launcher could not trust what lies there.
    pub(super) fn of_person() -> Option<Self> {
        let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())?.canonicalize().ok()?;
        let calls = home.join(CALLS);
        DirBuilder::new().recursive(true).mode(0o700).create(&calls).ok()?;
        let about = fs::symlink_metadata(&calls).ok()?;
        let is_private = about.is_dir() && about.mode() & 0o077 == 0;
        (is_private && calls.canonicalize().ok()? == calls).then_some(Self { calls })
    }

    pub(super) fn put_call(&self, id: &str, bytes: &[u8]) -> io::Result<()> {
        put(&self.calls.join(id), bytes)
    }

    /// True where no launcher has taken the call.
    pub(super) fn is_untaken(&self, id: &str) -> bool {
        self.calls.join(id).exists()
    }

    pub(super) fn forget_call(&self, id: &str) {
        let _ = fs::remove_file(self.calls.join(id));
    }

    pub(super) fn note(&self, trace: &Trace, handed: &Handed) -> io::Result<()> {
        let text = serde_json::to_string(handed).map_err(io::Error::from)?;
        match trace {
            Trace::UseId(use_id) => put(&self.calls.join(format!("use-{use_id}")), text.as_bytes()),
            Trace::Line { session, line } => {
                fs::write(self.line(session, line), &handed.id)?;
                put(&self.calls.join(format!("use-{}", handed.id)), text.as_bytes())
            }
        }
    }

    /// What was handed over for the call whose event says this; it is asked for once.
    pub(super) fn take_note(&self, trace: &Trace) -> Option<Handed> {
        match trace {
            Trace::UseId(use_id) => self.take(use_id),
            // The launcher's line says it itself; the agent's own ran in its place if it was handed out.
            Trace::Line { session, line } => match id_in(line) {
                Some(id) => self.take(id),
                None => self
                    .take(fs::read_to_string(self.line(session, line)).ok().filter(|id| super::is_name(id))?.as_str()),
            },
        }
    }

    /// The agent's line in this session, by which it is known where the host tells no name of a call.
    fn line(&self, session: &str, line: &str) -> PathBuf {
        self.calls.join(format!("line-{}", super::key(line, session)))
    }

    pub(super) fn forget_line(&self, session: &str, line: &str) {
        let _ = fs::remove_file(self.line(session, line));
    }

    fn take(&self, name: &str) -> Option<Handed> {
        let path = self.calls.join(format!("use-{name}"));
        let mut text = String::new();
        File::open(&path).ok()?.take(NOTE_BYTES_MAX).read_to_string(&mut text).ok()?;
        let _ = fs::remove_file(&path);
        serde_json::from_str(&text).ok()
    }

    pub(super) fn remember_refusal(&self, key: &str) {
        let _ = fs::write(self.calls.join(format!("refused-{key}")), "");
    }

    /// True within ten minutes of a call that was kept from something.
    pub(super) fn was_refused(&self, key: &str) -> bool {
        let path = self.calls.join(format!("refused-{key}"));
        age(&path).is_some_and(|age| age < Duration::from_secs(REFUSED_SECONDS))
    }

    /// Removes what is older than a day.
    pub(super) fn sweep(&self) {
        for entry in fs::read_dir(&self.calls).into_iter().flatten().flatten() {
            if age(&entry.path()).is_some_and(|age| age > Duration::from_secs(KEPT_SECONDS)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A file of this user's alone that was not there before.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

/// None where there is no such file, or the clock went backwards.
fn age(path: &Path) -> Option<Duration> {
    SystemTime::now().duration_since(fs::metadata(path).ok()?.modified().ok()?).ok()
}

/// Until when the launcher takes what is handed over now.
pub(super) fn until_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    now.saturating_add(WAIT_SECONDS_MAX)
}

/// 128 random bits.
pub(super) fn new_id() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn mark(config: &Path, host: Host) -> PathBuf {
    config.with_file_name(format!("{host}.confine-off"))
}

/// True where calls of this host are not confined until somebody has looked at it.
#[must_use]
pub fn is_off(config: &Path, host: Host) -> bool {
    mark(config, host).exists()
}

/// No call of this host is confined any more.
///
/// # Errors
/// When that cannot be written down.
pub fn switch_off(config: &Path, host: Host) -> io::Result<()> {
    fs::write(mark(config, host), "")
}

/// Takes that back.
///
/// # Errors
/// When the mark cannot be removed.
pub fn switch_on(config: &Path, host: Host) -> io::Result<()> {
    match fs::remove_file(mark(config, host)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
