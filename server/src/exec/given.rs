//! What a confined program is given, as the launcher is told it.

use std::{
    ffi::OsString,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use ccc_confine::{Level, Limits, Network, Record, environment, system};
use ccc_core::limits;
use ccc_protocol::bodies::{Confined, Reach};

use super::{Environment, scratch::Scratch};
use crate::{
    confine::Confine,
    places::{resolved, way},
};

const RESOLVER: &str = "/etc/resolv.conf";
const TEMPORARY: &str = "/tmp";
/// A script's first line, as far as the kernel reads it.
const FIRST_LINE_BYTES_MAX: u64 = 256;

/// What is run, and what is known about it.
pub(super) struct Given<'a> {
    pub(super) program: &'a str,
    pub(super) args: &'a [String],
    pub(super) dir: Option<&'a str>,
    pub(super) reach: &'a Reach,
    pub(super) confine: &'a Confine,
    pub(super) environment: &'a Environment,
    pub(super) limits: &'a limits::Limits,
}

impl Given<'_> {
    /// The whole of it, with these directories of the run's own where the launcher makes none.
    pub(super) fn record(&self, scratch: Option<&Scratch>) -> Record {
        let level = level(self.reach.level);
        let own = self.own_directories(scratch);
        Record {
            args: self.args.iter().map(OsString::from).collect(),
            directory: self.dir.map_or_else(|| PathBuf::from("/"), PathBuf::from),
            set: self.variables(&own),
            read: self.read(),
            write: self.reach.write.iter().map(|place| self.place(place)).collect(),
            scratch: self.mounted(&own),
            never: self.never(),
            network: self.network(),
            limits: self.limits(),
            ..Record::new(level, self.program)
        }
    }

    fn read(&self) -> Vec<PathBuf> {
        let mut read: Vec<PathBuf> = system::places();
        read.extend(self.reach.read.iter().map(|place| self.place(place)));
        for program in self.programs() {
            read.extend(self.places_of(&program));
        }
        let resolver = resolved(Path::new(RESOLVER));
        read.extend(Some(resolver).filter(|_| self.reach.network));
        read
    }

    /// The program, and what reads it where it is a script.
    fn programs(&self) -> Vec<PathBuf> {
        let program = PathBuf::from(self.program);
        let interpreter = interpreter(&program, self.environment);
        std::iter::once(program).chain(interpreter).collect()
    }

    /// Every link on a program's way, and the directory that it lies in; the file alone where that would be a home.
    fn places_of(&self, program: &Path) -> Vec<PathBuf> {
        let mut places = way(program);
        let Some(end) = places.pop() else { return places };
        let holds_home = |dir: &Path| self.confine.home.as_ref().is_some_and(|home| home.starts_with(dir));
        let directory = end.parent().filter(|dir| !holds_home(dir) && *dir != Path::new("/")).map(Path::to_owned);
        places.push(directory.unwrap_or(end));
        places
    }

    fn place(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), &self.confine.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        }
    }

    fn never(&self) -> Vec<PathBuf> {
        self.confine.never.iter().cloned().chain(system::private_places()).collect()
    }

    /// Offline it still has a loopback of its own, where there is one to be had.
    fn network(&self) -> Network {
        match (self.reach.network, self.reach.level) {
            (true, _) => Network::Host,
            (false, Confined::Full) => Network::Private,
            (false, Confined::Files) => Network::Off,
        }
    }

    fn own_directories(&self, scratch: Option<&Scratch>) -> OwnDirectories {
        match scratch {
            Some(scratch) => OwnDirectories { home: scratch.home.clone(), temporary: scratch.temporary.clone() },
            None => OwnDirectories {
                home: self.confine.home.clone().unwrap_or_else(|| PathBuf::from("/home")),
                temporary: PathBuf::from(TEMPORARY),
            },
        }
    }

    /// What is given under that very name stays what it is.
    fn mounted(&self, own: &OwnDirectories) -> Vec<PathBuf> {
        let given: Vec<PathBuf> =
            self.reach.read.iter().chain(&self.reach.write).map(|place| self.place(place)).collect();
        [&own.home, &own.temporary].into_iter().filter(|path| !given.contains(path)).cloned().collect()
    }

    fn variables(&self, own: &OwnDirectories) -> Vec<(OsString, OsString)> {
        let is_known = |name: &std::ffi::OsStr| {
            environment::may_pass(name)
                && name != "HOME"
                && name != "TMPDIR"
                && !name.to_string_lossy().starts_with("XDG_")
        };
        let mut set: Vec<(OsString, OsString)> = self
            .environment
            .iter()
            .filter(|(name, _)| is_known(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        set.push(("HOME".into(), own.home.clone().into_os_string()));
        set.push(("TMPDIR".into(), own.temporary.clone().into_os_string()));
        set
    }

    fn limits(&self) -> Limits {
        let some = |limit: u64| Some(limit).filter(|limit| *limit > 0);
        Limits {
            processes_max: some(self.limits.run_processes_max),
            memory_bytes_max: some(self.limits.run_memory_bytes_max),
            file_bytes_max: some(self.limits.run_file_bytes_max),
            descriptors_max: None,
            scratch_bytes_max: some(self.limits.run_scratch_bytes_max),
        }
    }
}

/// Directories that belong to one run alone.
struct OwnDirectories {
    home: PathBuf,
    temporary: PathBuf,
}

fn level(level: Confined) -> Level {
    match level {
        Confined::Full => Level::Full,
        Confined::Files => Level::Files,
    }
}

/// What the first line of a script names, and behind `env` the program that it looks for.
fn interpreter(program: &Path, environment: &Environment) -> Option<PathBuf> {
    let mut first = vec![];
    fs::File::open(program).ok()?.take(FIRST_LINE_BYTES_MAX).read_to_end(&mut first).ok()?;
    let text = String::from_utf8_lossy(first.strip_prefix(b"#!")?);
    let mut words = text.lines().next()?.split_whitespace();
    let interpreter = words.next()?;
    match interpreter.rsplit('/').next() {
        Some("env") => on_path(words.find(|word| !word.starts_with('-'))?, environment),
        _ => Some(PathBuf::from(interpreter)).filter(|path| path.is_absolute()),
    }
}

fn on_path(program: &str, environment: &Environment) -> Option<PathBuf> {
    let (_, path) = environment.iter().find(|(name, _)| *name == "PATH")?;
    std::env::split_paths(path).map(|dir| dir.join(program)).find(|path| path.is_absolute() && path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confine(home: &Path, never: &Path) -> Confine {
        let mut confine = Confine::unneeded();
        confine.home = Some(home.into());
        confine.never.push(never.into());
        confine
    }

    fn reach(level: Confined) -> Reach {
        Reach {
            level,
            read: vec!["/srv/volume".into(), "~/.cargo".into()],
            write: vec!["/srv/volume/out".into()],
            network: false,
        }
    }

    fn record(program: &str, level: Confined, network: bool) -> Record {
        let environment = Environment::allowed([
            ("PATH".into(), "/usr/bin".into()),
            ("HOME".into(), "/home/user".into()),
            ("DBUS_SESSION_BUS_ADDRESS".into(), "x".into()),
            ("XDG_RUNTIME_DIR".into(), "/run/user/1".into()),
            ("LANG".into(), "C".into()),
        ]);
        let reach = Reach { network, ..reach(level) };
        let confine = confine(Path::new("/home/user"), Path::new("/home/user/.config/ccc"));
        let given = Given {
            program,
            args: &[],
            dir: Some("/srv/volume"),
            reach: &reach,
            confine: &confine,
            environment: &environment,
            limits: &limits::Limits::default(),
        };
        given.record(None)
    }

    #[test]
    fn a_run_is_given_its_volumes_the_system_and_what_its_declaration_adds() {
        let record = record("/usr/bin/make", Confined::Full, false);
        for path in ["/usr", "/etc", "/srv/volume", "/home/user/.cargo"] {
            assert!(record.read.contains(&PathBuf::from(path)), "{path} {:?}", record.read);
        }
        assert_eq!(record.write, [PathBuf::from("/srv/volume/out")]);
        assert_eq!(record.directory, PathBuf::from("/srv/volume"));
        assert!(record.never.contains(&PathBuf::from("/home/user/.config/ccc")));
        assert_eq!(record.scratch, [PathBuf::from("/home/user"), PathBuf::from("/tmp")]);
        assert_eq!(record.network, Network::Private);
        assert!(!record.local_sockets && record.pass.is_empty());
        assert!(record.limits.processes_max.is_some() && record.limits.file_bytes_max.is_some());
    }

    #[test]
    fn its_variables_lead_to_nobodys_session() {
        let record = record("/usr/bin/make", Confined::Full, false);
        let mut names: Vec<&str> = record.set.iter().filter_map(|(name, _)| name.to_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["HOME", "LANG", "PATH", "TMPDIR"]);
    }

    #[test]
    fn a_program_that_lies_in_a_home_brings_its_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        for place in ["tool", "bin/tool"] {
            fs::create_dir_all(home.join(place).parent().unwrap()).unwrap();
            fs::write(home.join(place), "#!/bin/sh\n").unwrap();
        }
        let confine = confine(&home, Path::new("/nowhere"));
        let environment = Environment::allowed([]);
        let read = |program: &Path| {
            let given = Given {
                program: program.to_str().unwrap(),
                args: &[],
                dir: None,
                reach: &reach(Confined::Full),
                confine: &confine,
                environment: &environment,
                limits: &limits::Limits::default(),
            };
            given.record(None).read
        };
        let of_home = read(&home.join("tool"));
        assert!(of_home.contains(&home.join("tool")) && !of_home.contains(&home), "{of_home:?}");
        assert!(read(&home.join("bin/tool")).contains(&home.join("bin")));
    }

    #[test]
    fn a_script_brings_what_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("node"), "").unwrap();
        fs::write(at("plain"), "#! /opt/x/run -a\nrest").unwrap();
        fs::write(at("found"), "#!/usr/bin/env -S node --flag\n").unwrap();
        fs::write(at("binary"), b"\x7fELF").unwrap();
        let environment = Environment::allowed([("PATH".into(), dir.path().as_os_str().to_owned())]);
        assert_eq!(interpreter(&at("plain"), &environment), Some("/opt/x/run".into()));
        assert_eq!(interpreter(&at("found"), &environment), Some(at("node")));
        assert_eq!(interpreter(&at("binary"), &environment), None);
    }

    #[test]
    fn with_the_network_comes_what_finds_names() {
        let record = record("/usr/bin/curl", Confined::Files, true);
        assert_eq!(record.network, Network::Host);
        assert!(record.read.contains(&resolved(Path::new(RESOLVER))));
    }
}
