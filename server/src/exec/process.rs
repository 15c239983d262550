//! One started program and its process group.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use cap_std::fs::Dir;
use ccc_core::volume::Volumes;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};

use super::{control::Control, environment::Environment, given::Given};
use crate::{descriptors, volumes};

/// How long a group has to end by itself after it was asked to.
pub(super) const TERM_GRACE: Duration = Duration::from_secs(2);

/// What is started.
pub(super) struct Start<'a> {
    pub(super) program: &'a str,
    pub(super) args: &'a [String],
    pub(super) dir: Option<&'a str>,
    pub(super) volumes: &'a Volumes,
    /// What it is given, where it is confined.
    pub(super) given: Option<Given<'a>>,
}

/// A running program, leader of a group of its own.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) group: Option<Pid>,
    /// What a confined program's launcher watches, and belongs to its run.
    pub(super) control: Option<Control>,
}

impl Start<'_> {
    /// Starts it, its output going where `stdout` and `stderr` say.
    ///
    /// # Errors
    /// A sentence for the caller; the log gets the rest.
    pub(super) fn start(&self, environment: &Environment, output: fn() -> Stdio) -> Result<Process, String> {
        if !self.program.starts_with('/') {
            return Err(self.missing());
        }
        if let Some(given) = &self.given {
            return self.start_confined(given, output);
        }
        let dir = self.open_dir()?;
        let mut command = Command::new(self.program);
        command.args(self.args).env_clear().envs(environment.iter()).process_group(0);
        command.stdin(Stdio::null()).stdout(output()).stderr(output());
        command.current_dir(dir.as_ref().map_or_else(|| "/".to_owned(), |(dir, path)| handed_over(dir, path)));
        let child = command.spawn().map_err(|error| self.refused(&error))?;
        Ok(Process::new(child, None))
    }

    /// Starts the launcher, which starts it.
    fn start_confined(&self, given: &Given<'_>, output: fn() -> Stdio) -> Result<Process, String> {
        let start = || {
            let launcher = given.confine.launcher.as_ref().ok_or_else(|| io::Error::other("there is no launcher"))?;
            let (control, theirs) = Control::new(given)?;
            let mut command = Command::new(launcher);
            command.args(["run", "--control=0"]).env_clear().current_dir("/").process_group(0);
            command.stdin(theirs).stdout(output()).stderr(output());
            let process = Process::new(command.spawn()?, Some(control));
            // Until here the command held the launcher's end too.
            drop(command);
            process.control.as_ref().map_or(Ok(()), Control::hand_over)?;
            Ok(process)
        };
        start().map_err(|error: io::Error| {
            tracing::warn!(program = self.program, %error, "a program cannot be confined");
            not_confined(self.name())
        })
    }

    /// The working directory, opened beneath its volume.
    fn open_dir(&self) -> Result<Option<(Dir, String)>, String> {
        let Some(path) = self.dir else { return Ok(None) };
        let opened = volumes::open_dir(self.volumes, path).map(|dir| Some((dir, path.to_owned())));
        opened.map_err(|error| {
            tracing::warn!(path, %error, "a working directory cannot be opened");
            "its working directory cannot be opened: nothing was run".into()
        })
    }

    fn refused(&self, error: &io::Error) -> String {
        tracing::warn!(program = self.program, %error, "a program cannot be started");
        match error.kind() {
            io::ErrorKind::NotFound => self.missing(),
            io::ErrorKind::PermissionDenied => format!("`{}` may not be run by the bridge's user", self.name()),
            io::ErrorKind::ArgumentListTooLong => {
                format!("the arguments of `{}` are too long for the host", self.name())
            }
            _ => format!("`{}` could not be started", self.name()),
        }
    }

    fn missing(&self) -> String {
        format!(
            "the program `{}` is not on the host: its owner installs it, or names another in the config",
            self.name()
        )
    }

    /// The program without its directory: where it lies is the host's own.
    pub(super) fn name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or(self.program)
    }
}

/// What is said where the launcher could not do its work: why, is for the log.
pub(super) fn not_confined(name: &str) -> String {
    format!("`{name}` could not be confined as it was shown: nothing was run, and the bridge's log says why")
}

/// The directory by its descriptor: a rename between this moment and the start changes nothing.
#[cfg(target_os = "linux")]
fn handed_over(dir: &Dir, _path: &str) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", dir.as_raw_fd())
}

/// Here only the name can be handed over.
#[cfg(not(target_os = "linux"))]
fn handed_over(_dir: &Dir, path: &str) -> String {
    path.to_owned()
}

impl Process {
    fn new(child: Child, control: Option<Control>) -> Self {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        group.into_iter().for_each(descriptors::give_back);
        Self { child, group, control }
    }

    /// Waits until the program has ended, and leaves it unreaped: until it is reaped, its number, and so its group's, is
    /// given to nobody else.
    pub(super) async fn ended(&self) {
        if let Some(leader) = self.group {
            end_of(leader).await;
        }
    }

    /// Asks the whole group to end, and ends it where it does not. A launcher that is let go ends what is in no group too.
    pub(super) async fn end(&mut self) {
        self.signal(Signal::TERM);
        let has_ended = tokio::time::timeout(TERM_GRACE, self.ended()).await.is_ok();
        if let (false, Some(control)) = (has_ended, &mut self.control) {
            control.let_go();
            let _ = tokio::time::timeout(TERM_GRACE, self.ended()).await;
        }
        self.signal(Signal::KILL);
    }

    /// Ends what the program left behind in its group, and only then reaps the program.
    // INVARIANT: after this nothing is signalled: the group's number may be somebody else's.
    pub(super) async fn reap(mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.child.wait().await
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // No such group means that all of it has ended.
            let _ = kill_process_group(group, signal);
        }
    }
}

/// Over when this child has ended, whether or not the system tells by a descriptor.
async fn end_of(child: Pid) {
    #[cfg(target_os = "linux")]
    if let Ok(pidfd) = watched(child)
        && pidfd.readable().await.is_ok()
    {
        return;
    }
    let wait = move || waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    let _ = tokio::task::spawn_blocking(move || while matches!(wait(), Err(rustix::io::Errno::INTR)) {}).await;
}

/// Readable once the process has ended.
#[cfg(target_os = "linux")]
#[expect(
    deprecated,
    reason = "its successor is `unsafe` for descriptors that others may close; this one is owned here"
)]
fn watched(child: Pid) -> io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    let pidfd = rustix::process::pidfd_open(child, rustix::process::PidfdFlags::empty())?;
    tokio::io::unix::AsyncFd::with_interest(pidfd, tokio::io::Interest::READABLE)
}

/// How it ended, in words.
pub(super) fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
