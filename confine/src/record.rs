//! What a program is given, as a plain record, and its encoding.
//!
//! The encoding is a list of entries, each ended by a NUL byte, which neither a path nor an argument nor a variable can hold: a
//! first entry that names the format, then `key=value`, and `end`. Bytes stay what they are: a path need not be UTF-8.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

use crate::Level;

/// The longest record that is read.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// What the launcher writes to its control descriptor, where that is a socket, once the program is started: whatever comes to
/// stdout, stderr or the exit status without it is the launcher's own.
pub const STARTED: &[u8] = b"started\n";

const FORMAT: &[u8] = b"ccc-confine/1";
const END: &[u8] = b"end";

/// One run: what is started, and all that it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Exactly this level: where it cannot be had, nothing is started.
    pub level: Level,
    /// The program, by its whole path.
    pub program: PathBuf,
    /// What the program is told as its own name; its path where it is `None`.
    pub name: Option<OsString>,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// Where it starts.
    pub directory: PathBuf,
    /// Variables it sees with the values given here.
    pub set: Vec<(OsString, OsString)>,
    /// Variables it sees with the launcher's own values, where [`crate::environment::may_pass`] lets them.
    pub pass: Vec<OsString>,
    /// Files and directories it may read and execute. One that is not there is left out.
    pub read: Vec<PathBuf>,
    /// Files and directories it may also write. Each must be there.
    pub write: Vec<PathBuf>,
    /// Directories that it finds under another path than their own, and may write: first what it finds, then where that lies. At
    /// `full` alone.
    pub mapped: Vec<(PathBuf, PathBuf)>,
    /// Directories of its own. At `full` each is new, empty, in memory and gone at the end; at `files` each
    /// is made, must not have been there, and is removed at the end.
    pub scratch: Vec<PathBuf>,
    /// Places in what may be written that are read-only all the same. At `files` new entries beside them cannot be made.
    pub read_only: Vec<PathBuf>,
    /// Private places: never given, whatever else is given around or beneath them.
    pub never: Vec<PathBuf>,
    /// What network it reaches.
    pub network: Network,
    /// Whether it may make sockets of the local family at `full`. Pairs are always to be had, and at `files` nothing more.
    pub local_sockets: bool,
    /// Whether it may change modes and times by path at `files`, where nothing stops it from changing those of files outside.
    pub modes_by_path: bool,
    /// How much of the machine it may use.
    pub limits: Limits,
}

/// What network a program reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// None at all.
    #[default]
    Off,
    /// A network of its own, where only loopback is up. At level `full` alone.
    Private,
    /// The machine's network, to listen for TCP connections there and to make none.
    BindOnly,
    /// The machine's network.
    Host,
}

/// How much of the machine a program may use. `None`: as much as whoever starts the launcher may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Processes and threads: at `full` those of this run, at `files` all of this user. The kernel does not hold root to it.
    pub processes_max: Option<u64>,
    /// Bytes of memory that one process may write (`RLIMIT_DATA`).
    pub memory_bytes_max: Option<u64>,
    /// Bytes of a file that it writes.
    pub file_bytes_max: Option<u64>,
    /// Open descriptors of one process.
    pub descriptors_max: Option<u64>,
    /// Bytes of each directory of its own at `full`.
    pub scratch_bytes_max: Option<u64>,
}

/// Why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError(String);

impl RecordError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl Record {
    /// A run of a program that is given nothing: no file, no variable, no network.
    pub fn new(level: Level, program: impl Into<PathBuf>) -> Self {
        Self {
            level,
            program: program.into(),
            name: None,
            args: Vec::new(),
            directory: PathBuf::from("/"),
            set: Vec::new(),
            pass: Vec::new(),
            read: Vec::new(),
            write: Vec::new(),
            mapped: Vec::new(),
            scratch: Vec::new(),
            read_only: Vec::new(),
            never: Vec::new(),
            network: Network::Off,
            local_sockets: false,
            modes_by_path: false,
            limits: Limits::default(),
        }
    }

    /// The record as bytes, from its format to its end.
    ///
    /// # Errors
    /// A value that holds a NUL byte: no system call could take it.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut out = Entries::default();
        out.text("level", self.level.name());
        out.text("network", self.network.name());
        out.entry("program", self.program.as_os_str());
        out.all("name", self.name.iter().map(OsString::as_os_str));
        out.all("arg", self.args.iter().map(OsString::as_os_str));
        out.entry("directory", self.directory.as_os_str());
        for (name, value) in &self.set {
            out.entry("set", &join(name, value));
        }
        out.all("pass", self.pass.iter().map(OsString::as_os_str));
        for (key, paths) in self.paths() {
            out.all(key, paths.iter().map(|path| path.as_os_str()));
        }
        for (path, source) in &self.mapped {
            out.entry(
                "mapped",
                &OsString::from_vec([path.as_os_str().as_bytes(), b"/", source.as_os_str().as_bytes()].concat()),
            );
        }
        out.all("local-sockets", self.local_sockets.then_some(OsStr::new("yes")));
        out.all("modes-by-path", self.modes_by_path.then_some(OsStr::new("yes")));
        for (key, limit) in self.limits.named() {
            out.all(key, limit.map(|limit| OsString::from(limit.to_string())).as_deref());
        }
        out.finish()
    }

    /// Reads what [`Record::encode`] wrote. Nothing may follow its end.
    ///
    /// # Errors
    /// Another format, an unknown or unfit entry, a missing end.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut entries = bytes.strip_suffix(&[0]).unwrap_or(bytes).split(|byte| *byte == 0);
        if entries.next() != Some(FORMAT) {
            return Err(RecordError("it is not a record of this version".to_owned()));
        }
        let mut draft = Draft::default();
        let mut is_ended = false;
        for entry in entries {
            if is_ended {
                return Err(RecordError("something follows its end".to_owned()));
            }
            match entry == END {
                true => is_ended = true,
                false => draft.entry(OsStr::from_bytes(entry))?,
            }
        }
        if !is_ended {
            return Err(RecordError("it has no end".to_owned()));
        }
        draft.finish()
    }

    /// Whether bytes hold a record's end, so that no more need be read.
    pub(crate) fn is_whole(bytes: &[u8]) -> bool {
        bytes.ends_with(b"\0end\0")
    }

    fn paths(&self) -> [(&'static str, &[PathBuf]); 5] {
        [
            ("read", &self.read),
            ("write", &self.write),
            ("scratch", &self.scratch),
            ("read-only", &self.read_only),
            ("never", &self.never),
        ]
    }
}

/// A record while its entries arrive, from bytes or from a command line.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    level: Option<Level>,
    program: Option<PathBuf>,
    rest: Option<Record>,
}

impl Draft {
    /// Takes one `key=value`.
    pub(crate) fn entry(&mut self, entry: &OsStr) -> Result<(), RecordError> {
        let (key, value) =
            split(entry).ok_or_else(|| RecordError(format!("`{}` is not key=value", entry.display())))?;
        let key = key.to_str().ok_or_else(|| RecordError(format!("`{}` is no key", key.display())))?;
        self.set(key, value)
    }

    fn set(&mut self, key: &str, value: &OsStr) -> Result<(), RecordError> {
        let record = self.rest.get_or_insert_with(|| Record::new(Level::Full, ""));
        match key {
            "level" => self.level = Some(word(key, value, Level::named)?),
            "program" => self.program = Some(path(key, value)?),
            "name" => record.name = Some(value.to_owned()),
            "arg" => record.args.push(value.to_owned()),
            "directory" => record.directory = path(key, value)?,
            "set" => record.set.push(variable(value)?),
            "pass" => record.pass.push(value.to_owned()),
            "read" => record.read.push(path(key, value)?),
            "write" => record.write.push(path(key, value)?),
            "scratch" => record.scratch.push(path(key, value)?),
            "mapped" => record.mapped.push(mapped(key, value)?),
            "read-only" => record.read_only.push(path(key, value)?),
            "never" => record.never.push(path(key, value)?),
            "network" => record.network = word(key, value, Network::named)?,
            "local-sockets" => record.local_sockets = word(key, value, yes)?,
            "modes-by-path" => record.modes_by_path = word(key, value, yes)?,
            _ => {
                let slot =
                    record.limits.slot(key).ok_or_else(|| RecordError(format!("`{key}` is no key of a record")))?;
                *slot = Some(number(key, value)?);
            }
        }
        Ok(())
    }

    /// The program and its arguments as they stand on a command line.
    pub(crate) fn command(&mut self, mut words: impl Iterator<Item = OsString>) -> Result<(), RecordError> {
        let program = words.next().ok_or_else(|| RecordError("no program follows `--`".to_owned()))?;
        self.set("program", &program)?;
        words.try_for_each(|word| self.set("arg", &word))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_none()
    }

    pub(crate) fn finish(self) -> Result<Record, RecordError> {
        let missing = |key: &str| RecordError(format!("it has no `{key}`"));
        let level = self.level.ok_or_else(|| missing("level"))?;
        let program = self.program.ok_or_else(|| missing("program"))?;
        let rest = self.rest.ok_or_else(|| missing("level"))?;
        Ok(Record { level, program, ..rest })
    }
}

impl Network {
    const ALL: [Self; 4] = [Self::Off, Self::Private, Self::BindOnly, Self::Host];

    /// The word for it in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Private => "private",
            Self::BindOnly => "bind-only",
            Self::Host => "host",
        }
    }

    /// The network of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == name)
    }
}

impl Limits {
    fn named(&self) -> [(&'static str, Option<u64>); 5] {
        [
            ("processes-max", self.processes_max),
            ("memory-bytes-max", self.memory_bytes_max),
            ("file-bytes-max", self.file_bytes_max),
            ("descriptors-max", self.descriptors_max),
            ("scratch-bytes-max", self.scratch_bytes_max),
        ]
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<u64>> {
        match key {
            "processes-max" => Some(&mut self.processes_max),
            "memory-bytes-max" => Some(&mut self.memory_bytes_max),
            "file-bytes-max" => Some(&mut self.file_bytes_max),
            "descriptors-max" => Some(&mut self.descriptors_max),
            "scratch-bytes-max" => Some(&mut self.scratch_bytes_max),
            _ => None,
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecordError {}

#[derive(Default)]
struct Entries {
    bytes: Vec<u8>,
    unfit: Option<&'static str>,
}

impl Entries {
    fn entry(&mut self, key: &'static str, value: &OsStr) {
        if value.as_bytes().contains(&0) {
            self.unfit = Some(key);
        }
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.push(b'=');
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
    }

    fn text(&mut self, key: &'static str, value: &str) {
        self.entry(key, OsStr::new(value));
    }

    fn all<'a>(&mut self, key: &'static str, values: impl IntoIterator<Item = &'a OsStr>) {
        for value in values {
            self.entry(key, value);
        }
    }

    fn finish(self) -> Result<Vec<u8>, RecordError> {
        match self.unfit {
            Some(key) => Err(RecordError(format!("a value of `{key}` holds a NUL byte"))),
            None => Ok([FORMAT, &[0], &self.bytes, END, &[0]].concat()),
        }
    }
}

pub(crate) fn split(entry: &OsStr) -> Option<(&OsStr, &OsStr)> {
    let bytes = entry.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let (key, value) = bytes.split_at(at);
    Some((OsStr::from_bytes(key), OsStr::from_bytes(value.get(1..)?)))
}

fn join(name: &OsStr, value: &OsStr) -> OsString {
    OsString::from_vec([name.as_bytes(), b"=", value.as_bytes()].concat())
}

fn variable(value: &OsStr) -> Result<(OsString, OsString), RecordError> {
    match split(value) {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(RecordError(format!("`{}` is not NAME=value", value.display()))),
    }
}

/// A path that means the same to everybody: whole, and without a step up.
pub(crate) fn path(key: &str, value: &OsStr) -> Result<PathBuf, RecordError> {
    let path = Path::new(value);
    let is_plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !path.is_absolute() || !is_plain {
        return Err(RecordError(format!("`{key}` needs a whole path without `..`, and `{}` is none", path.display())));
    }
    // Written anew from its parts: no doubled or trailing slash, and no `.`.
    Ok(path.components().collect())
}

/// Two paths: neither has a doubled slash within it, so the first one there is stands between them.
fn mapped(key: &str, value: &OsStr) -> Result<(PathBuf, PathBuf), RecordError> {
    let bytes = value.as_bytes();
    let at = bytes.windows(2).position(|pair| pair == b"//");
    let (one, other) =
        at.map(|at| bytes.split_at(at)).ok_or_else(|| RecordError(format!("`{key}` needs two paths")))?;
    let other = other.get(1..).unwrap_or_default();
    Ok((path(key, OsStr::from_bytes(one))?, path(key, OsStr::from_bytes(other))?))
}

fn word<T>(key: &str, value: &OsStr, named: impl Fn(&str) -> Option<T>) -> Result<T, RecordError> {
    value.to_str().and_then(named).ok_or_else(|| RecordError(format!("`{key}` cannot be `{}`", value.display())))
}

fn yes(word: &str) -> Option<bool> {
    (word == "yes").then_some(true)
}

fn number(key: &str, value: &OsStr) -> Result<u64, RecordError> {
    word(key, value, |text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            name: Some("-sh".into()),
            args: vec!["".into(), "a\nb".into(), OsString::from_vec(vec![0xff, b'='])],
            directory: "/project".into(),
            set: vec![("A".into(), "b=c".into())],
            pass: vec!["PATH".into()],
            read: vec!["/usr".into(), "/etc".into()],
            write: vec![PathBuf::from(OsString::from_vec(b"/project/\xfe".to_vec()))],
            mapped: vec![("/home/u/.cache".into(), "/var/own".into())],
            scratch: vec!["/tmp".into()],
            read_only: vec!["/project/.git".into()],
            never: vec!["/etc/conduit".into()],
            network: Network::BindOnly,
            local_sockets: true,
            modes_by_path: true,
            limits: Limits { processes_max: Some(7), memory_bytes_max: Some(u64::MAX), ..Limits::default() },
            ..Record::new(Level::Files, "/bin/sh")
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let bytes = record().encode().unwrap();
        assert!(Record::is_whole(&bytes));
        assert_eq!(Record::decode(&bytes), Ok(record()));
    }

    #[test]
    fn a_value_cannot_become_another_entry() {
        let smuggled = Record { args: vec![OsString::from_vec(b"x\0write=/etc".to_vec())], ..record() };
        assert!(smuggled.encode().is_err());
    }

    #[test]
    fn what_is_not_whole_or_not_known_is_refused() {
        let bytes = record().encode().unwrap();
        for cut in 1..bytes.len() - 1 {
            assert!(Record::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        let with =
            |entry: &str| [b"ccc-confine/1\0level=full\0program=/bin/sh\0", entry.as_bytes(), b"\0end\0"].concat();
        assert!(Record::decode(&with("arg=x")).is_ok());
        for entry in [
            "given=/", "read=etc", "read=/a/../etc", "network=maybe", "processes-max=-1", "set==x", "local-sockets=no",
            "x", "end",
        ] {
            assert!(Record::decode(&with(entry)).is_err(), "{entry}");
        }
    }

    #[test]
    fn a_path_is_written_one_way() {
        assert_eq!(path("read", OsStr::new("//usr//lib/./x/")), Ok(PathBuf::from("/usr/lib/x")));
    }
}
