//! Where attempts are made: a launcher, a directory that is given, and one outside with a secret.

use std::{
    fs,
    io::Write,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use ccc_confine::{Defence, Level, Record};
use tempfile::TempDir;

/// What no attempt may see.
pub(crate) const SECRET: &str = "the secret of the tests";
const PYTHON: &str = "/usr/bin/python3";
const ATTEMPTS: &str = include_str!("attempts.py");
const GOT: i32 = 0;
const KEPT: i32 = 77;
const NOBODY: u32 = 65534;

/// Who makes an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Self_,
    Nobody,
}

/// This user, and `nobody` where this user is root.
pub(crate) fn everybody() -> Vec<Who> {
    match is_root() {
        true => vec![Who::Self_, Who::Nobody],
        false => vec![Who::Self_],
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The launchers and the attempts, copied once to where everybody may run them.
struct Tools {
    directory: TempDir,
}

impl Tools {
    fn here() -> &'static Self {
        static TOOLS: OnceLock<Tools> = OnceLock::new();
        TOOLS.get_or_init(|| {
            let directory = open_directory();
            let shipped = PathBuf::from(env!("CARGO_BIN_EXE_ccc-confine"));
            let weakened = shipped.with_file_name("examples").join("weakened");
            fs::copy(&shipped, directory.path().join("ccc-confine")).unwrap();
            fs::copy(weakened, directory.path().join("weakened")).expect("`cargo test` builds the examples");
            fs::write(directory.path().join("attempts.py"), ATTEMPTS).unwrap();
            Tools { directory }
        })
    }

    fn path(name: &str) -> PathBuf {
        Self::here().directory.path().join(name)
    }
}

/// The launcher as it is shipped.
pub(crate) fn launcher() -> PathBuf {
    Tools::path("ccc-confine")
}

fn open_directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Whether this machine has a level. Says so where it has not.
pub(crate) fn has(level: Level) -> bool {
    let output = Command::new(launcher()).arg("probe").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let has = said.contains(&format!(r#""{level}":null"#));
    if !has {
        eprintln!("NOT RUN: level {level} cannot be had here: {said}");
    }
    has
}

/// The levels that this machine has.
pub(crate) fn levels() -> Vec<Level> {
    [Level::Full, Level::Files].into_iter().filter(|level| has(*level)).collect()
}

/// One ground for one attempt.
pub(crate) struct Ground {
    pub(crate) who: Who,
    pub(crate) level: Level,
    directory: TempDir,
}

impl Ground {
    pub(crate) fn new(level: Level, who: Who) -> Self {
        let ground = Self { who, level, directory: open_directory() };
        for name in ["work", "outside", "outside/dir"] {
            fs::create_dir(ground.path(name)).unwrap();
        }
        ground.file("outside/secret");
        ground.file("outside/dir/secret");
        for name in ["work", "outside", "outside/dir"] {
            ground.own(name);
        }
        ground
    }

    /// A path on the ground: `work` is given for writing, `outside` is not given.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A file with the secret in it that belongs to whoever makes the attempt.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, SECRET).unwrap();
        self.own(name);
        path
    }

    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        fs::create_dir(self.path(name)).unwrap();
        self.own(name);
        self.path(name)
    }

    fn own(&self, name: &str) {
        if self.who == Who::Nobody {
            chown(self.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// What an attempt is given unless a test says otherwise: the system's programs, the attempts, and `work`.
    pub(crate) fn record(&self, attempt: &[&str]) -> Record {
        let attempts = Tools::path("attempts.py");
        let mut args = vec![attempts.clone().into_os_string()];
        args.extend(attempt.iter().map(Into::into));
        Record {
            args,
            directory: self.path("work"),
            set: vec![("PATH".into(), "/usr/bin:/bin".into())],
            read: ["/usr", "/bin", "/lib", "/lib64", "/etc"].iter().map(PathBuf::from).chain([attempts]).collect(),
            write: vec![self.path("work")],
            ..Record::new(self.level, PYTHON)
        }
    }

    /// The launcher, about to read a record from its input.
    pub(crate) fn launcher(&self, off: &[Defence]) -> Command {
        let mut command = Command::new(Tools::path(if off.is_empty() { "ccc-confine" } else { "weakened" }));
        command.args(["run", "--control=0"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let off: Vec<String> = off.iter().map(|defence| format!("{defence:?}")).collect();
        command.env(Defence::OFF, off.join(","));
        self.as_user(&mut command);
        command
    }

    pub(crate) fn as_user(&self, command: &mut Command) {
        if self.who == Who::Nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
    }

    /// Makes an attempt, and holds the pipe open until it ends.
    pub(crate) fn run(&self, record: &Record, off: &[Defence]) -> Output {
        ended(started(&mut self.launcher(off), record))
    }

    /// Whether an attempt got through.
    pub(crate) fn gets_through(&self, record: &Record, off: &[Defence]) -> bool {
        verdict(&self.run(record, off), off)
    }

    /// The attempt is kept in, and gets through without the defences that are said to keep it in.
    pub(crate) fn kept_by(&self, record: &Record, off: &[Defence]) {
        let about = format!("{:?} {} {:?}", record.args, self.level, self.who);
        assert!(!self.gets_through(record, &[]), "got out: {about}");
        assert!(self.gets_through(record, off), "kept in without {off:?}, which shows nothing: {about}");
    }
}

/// Starts the launcher and hands it a record on its input, which stays open.
pub(crate) fn started(command: &mut Command, record: &Record) -> Child {
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(&record.encode().unwrap()).unwrap();
    child
}

/// Waits for the end without closing the pipe before.
pub(crate) fn ended(mut child: Child) -> Output {
    let pipe = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(pipe);
    output
}

/// # Panics
/// Where the attempt neither got through nor was kept in: it was not made.
pub(crate) fn verdict(output: &Output, off: &[Defence]) -> bool {
    match output.status.code() {
        Some(GOT) => true,
        Some(KEPT) => false,
        _ => panic!("the attempt was not made without {off:?}: {output:?}"),
    }
}

/// Makes an attempt as everybody, at every level that can be had, with what keeps it in at each.
pub(crate) fn each(off: impl Fn(Level) -> Vec<Defence>, mut attempt: impl FnMut(&Ground, &[Defence])) {
    for level in levels() {
        for who in everybody() {
            attempt(&Ground::new(level, who), &off(level));
        }
    }
}

/// These at `files`, and the namespaces besides at `full`.
pub(crate) fn walls(off: &'static [Defence]) -> impl Fn(Level) -> Vec<Defence> {
    move |level| {
        let namespaces = (level == Level::Full).then_some(Defence::Namespaces);
        off.iter().copied().chain(namespaces).collect()
    }
}

/// A process of the same user outside, ended when the test ends.
pub(crate) struct Bystander(Child);

impl Bystander {
    pub(crate) fn new(ground: &Ground) -> Self {
        Self::with(ground, Command::new("/usr/bin/sleep").arg("600"))
    }

    pub(crate) fn with(ground: &Ground, command: &mut Command) -> Self {
        ground.as_user(command);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Something that is done again and again on another thread until the test ends.
pub(crate) struct Meanwhile {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Meanwhile {
    pub(crate) fn does(mut something: impl FnMut() + Send + 'static) -> Self {
        use std::sync::atomic::Ordering::Relaxed;
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Relaxed) {
                something();
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Exchanges two paths for one another.
pub(crate) fn exchange(one: &Path, other: &Path) {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}
