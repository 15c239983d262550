//! A person's home with a project in it, and a hook that hands calls over.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_confine::Defence;
use tempfile::TempDir;

pub(crate) const SECRET: &str = "the secret of the tests";
const NOBODY: u32 = 65534;

/// Whether this machine has level `full`. Says so where it has not.
pub(crate) fn has_full() -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_ccc-confine")).arg("probe").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let has = said.contains(r#""full":null"#);
    if !has {
        eprintln!("NOT RUN: level full cannot be had here: {said}");
    }
    has
}

/// Whose home it is: this user's, and where that is root, `nobody`'s in another.
pub(crate) fn each(mut attempt: impl FnMut(&Project)) {
    if !has_full() {
        return;
    }
    attempt(&Project::new(false));
    if rustix::process::geteuid().is_root() {
        attempt(&Project::new(true));
    }
}

pub(crate) struct Project {
    directory: TempDir,
    is_nobodys: bool,
    ids: AtomicU32,
}

/// What a hook says beside the line.
#[derive(Default)]
pub(crate) struct Said<'a> {
    pub(crate) background: bool,
    pub(crate) tells: bool,
    pub(crate) never: Option<&'a Path>,
    pub(crate) limit: Option<&'a str>,
    pub(crate) seconds: i64,
}

impl Project {
    pub(crate) fn new(is_nobodys: bool) -> Self {
        let directory = TempDir::new().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let project = Self { directory, is_nobodys, ids: AtomicU32::new(0) };
        for name in ["bin", "home", "home/.ssh", "home/app", "home/app/src", "home/app/.git", "home/app/.git/hooks"] {
            project.dir(name);
        }
        let shipped = PathBuf::from(env!("CARGO_BIN_EXE_ccc-confine"));
        let weakened = shipped.with_file_name("examples").join("weakened");
        fs::copy(&shipped, project.path("bin/ccc-confine")).unwrap();
        fs::copy(weakened, project.path("bin/weakened")).expect("`cargo test` builds the examples");
        project.file("home/.ssh/id", SECRET);
        project.file("home/app/.git/config", "[core]\n");
        project.file("home/app/.env", "KEY=1\n");
        let mut calls = PathBuf::from("home");
        for part in [".local", "state", "ccc", "calls"] {
            calls.push(part);
            project.dir(calls.to_str().unwrap());
            fs::set_permissions(project.path(calls.to_str().unwrap()), fs::Permissions::from_mode(0o700)).unwrap();
        }
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.directory.path()).unwrap().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn dir(&self, name: &str) {
        fs::create_dir(self.path(name)).unwrap();
        self.own(name);
    }

    pub(crate) fn file(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
        self.own(name);
    }

    pub(crate) fn own(&self, name: &str) {
        if self.is_nobodys && name != "bin" {
            std::os::unix::fs::lchown(self.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("{:032x}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands a line over, as `ccc-hook` does.
    pub(crate) fn hand(&self, line: &str, said: &Said<'_>) -> String {
        let id = self.id();
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let until = now + if said.seconds == 0 { 600 } else { said.seconds };
        let app = self.text("home/app");
        let mut entries = vec![
            "ccc-call/2".to_owned(),
            format!("command={line}"),
            format!("project={app}"),
            format!("until={until}"),
        ];
        entries.extend(said.background.then(|| "background=yes".to_owned()));
        entries.extend(said.tells.then(|| "tells-directory=yes".to_owned()));
        entries.extend(said.never.map(|path| format!("never={}", path.display())));
        entries.extend(said.limit.map(ToOwned::to_owned));
        entries.push("end\0".to_owned());
        let name = format!("home/.local/state/ccc/calls/{id}");
        self.file(&name, &entries.join("\0"));
        fs::set_permissions(self.path(&name), fs::Permissions::from_mode(0o600)).unwrap();
        id
    }

    /// The host's shell, about to run this text.
    pub(crate) fn shell(&self, text: &str) -> Command {
        let mut command = Command::new("/bin/bash");
        command.args(["-c", text]).env_clear().env("HOME", self.path("home")).env("PATH", "/usr/bin:/bin");
        command.env("A_TOKEN", SECRET).env("LD_AUDIT_X", "1").current_dir(self.path("home/app"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.is_nobodys {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    pub(crate) fn launcher(&self, off: &[Defence]) -> String {
        match off {
            [] => self.text("bin/ccc-confine"),
            off => {
                let off: Vec<String> = off.iter().map(|defence| format!("{defence:?}")).collect();
                format!("env {}={} {}", Defence::OFF, off.join(","), self.text("bin/weakened"))
            }
        }
    }

    /// Hands a line over and has the host's shell run the launcher's.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.run_without(line, &[])
    }

    pub(crate) fn run_without(&self, line: &str, off: &[Defence]) -> Output {
        let id = self.hand(line, &Said::default());
        self.shell(&format!("{} call {id}; exit $?", self.launcher(off))).output().unwrap()
    }

    /// A line that says `got out` or `kept in` at its end: kept in, and out without the defence that is said to keep it in.
    pub(crate) fn kept_by(&self, line: &str, off: Defence) {
        let line = format!("if {line}; then echo got out; else echo kept in; fi");
        let kept = self.run(&line);
        assert!(stdout(&kept).ends_with("kept in\n"), "{line}: {kept:?}");
        let out = self.run_without(&line, &[off]);
        assert!(stdout(&out).ends_with("got out\n"), "kept in without {off:?}, which shows nothing: {line}: {out:?}");
    }

    /// All that lies in the project, without what version control keeps.
    pub(crate) fn listed(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("home/app")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
