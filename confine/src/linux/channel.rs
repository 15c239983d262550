//! What the process inside tells its parent, on a pipe that the program never sees.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::process::ExitStatusExt,
    },
    process::ExitStatus,
};

use nix::sys::signal::{SigSet, Signal, raise};
use rustix::{
    pipe::{PipeFlags, pipe_with},
    process::{Resource, Rlimit, WaitStatus, setrlimit},
};

use super::{Answer, REPORT};
use crate::{Fault, LAUNCHER_FAILED, fault::Trying};

/// A few messages, one of which may name a path.
const MESSAGES_BYTES_MAX: usize = 64 * 1024;

/// How a run ended, as its parent passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The program's own exit status.
    Exited(u8),
    /// The signal that ended it.
    Signalled(i32),
    /// No program ran: a probe found every defence in place, with this version of Landlock.
    Held(u32),
}

impl From<WaitStatus> for Ending {
    fn from(status: WaitStatus) -> Self {
        Self::of(status.exit_status(), status.terminating_signal())
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        Self::of(status.code(), status.signal())
    }
}

impl Ending {
    fn of(status: Option<i32>, signal: Option<i32>) -> Self {
        let exited = || Self::Exited(status.and_then(|status| u8::try_from(status).ok()).unwrap_or(LAUNCHER_FAILED));
        signal.map_or_else(exited, Self::Signalled)
    }

    /// Ends this process the same way.
    pub(crate) fn exit(self) -> ! {
        match self {
            Self::Exited(status) => std::process::exit(i32::from(status)),
            Self::Held(abi) => {
                println!("{abi}");
                std::process::exit(0)
            }
            Self::Signalled(signal) => die_of(signal),
        }
    }
}

/// Where the signal does not end this process, its number says what happened, as a shell says it.
fn die_of(signal: i32) -> ! {
    // One core file is enough, and it is the program's.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if let Ok(signal) = Signal::try_from(signal) {
        let _ = SigSet::from(signal).thread_unblock();
        let _ = raise(signal);
    }
    std::process::exit(128 + signal)
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// The program is started and signals reach it.
    Started,
    /// It ended.
    Ended(Ending),
    /// It could not be started or kept.
    Failed(Fault),
}

/// A pipe whose ends are closed at `exec`, but for the one that a child is meant to hold.
pub(crate) fn pipe() -> Answer<(OwnedFd, OwnedFd)> {
    pipe_with(PipeFlags::CLOEXEC).trying(|| "cannot make a pipe".to_owned(), REPORT)
}

/// Lets the next program that is started inherit a descriptor.
pub(crate) fn inherit(fd: BorrowedFd<'_>) -> Answer<()> {
    rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())
        .trying(|| "cannot pass a descriptor on".to_owned(), REPORT)
}

/// Opens a pipe that this process inherited under a number. A number is nobody's to own: `/proc` opens the pipe it stands for.
pub(crate) fn adopt(number: RawFd, to_write: bool) -> io::Result<File> {
    OpenOptions::new().read(!to_write).write(to_write).open(format!("/proc/self/fd/{number}"))
}

/// The number under which a child finds a descriptor.
pub(crate) fn number(fd: &OwnedFd) -> String {
    fd.as_raw_fd().to_string()
}

/// The end that tells.
pub(crate) struct Teller(File);

impl Teller {
    pub(crate) fn new(pipe: File) -> Self {
        Self(pipe)
    }

    /// Tells the parent. Where the parent is gone there is nobody to tell, and the watch ends this process.
    pub(crate) fn tell(&mut self, message: &Message) {
        let _ = self.0.write_all(&message.bytes());
    }
}

/// Reads what has been told since, and how many bytes that was: none where nobody can tell any more.
pub(crate) fn hear(pipe: &mut File, heard: &mut Vec<u8>) -> Answer<usize> {
    let mut part = [0; 4096];
    let read = pipe.read(&mut part).trying(|| "cannot hear from the process inside".to_owned(), REPORT)?;
    if heard.len() < MESSAGES_BYTES_MAX {
        heard.extend_from_slice(part.get(..read).unwrap_or_default());
    }
    Ok(read)
}

/// The messages among what was heard.
pub(crate) fn messages(heard: &[u8]) -> Vec<Message> {
    heard.split(|byte| *byte == b'\n').filter_map(Message::read).collect()
}

impl Message {
    /// One line; texts are written so that they stay in it.
    fn bytes(&self) -> Vec<u8> {
        let line = match self {
            Self::Started => "started\n".to_owned(),
            Self::Ended(Ending::Exited(status)) => format!("exited\t{status}\n"),
            Self::Ended(Ending::Signalled(signal)) => format!("signalled\t{signal}\n"),
            Self::Ended(Ending::Held(abi)) => format!("held\t{abi}\n"),
            Self::Failed(fault) => {
                let Fault { what, why, mend, status } = fault;
                format!("failed\t{status}\t{}\t{}\t{}\n", one_word(what), one_word(why), one_word(mend))
            }
        };
        line.into_bytes()
    }

    fn read(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let parts: Vec<&str> = line.split('\t').collect();
        Some(match parts.as_slice() {
            ["started"] => Self::Started,
            ["exited", status] => Self::Ended(Ending::Exited(status.parse().ok()?)),
            ["signalled", signal] => Self::Ended(Ending::Signalled(signal.parse().ok()?)),
            ["held", abi] => Self::Ended(Ending::Held(abi.parse().ok()?)),
            ["failed", status, what, why, mend] => {
                Self::Failed(Fault::new(*what, why, *mend).status(status.parse().ok()?))
            }
            _ => return None,
        })
    }
}

fn one_word(text: &str) -> String {
    text.replace(['\t', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard() {
        let fault = Fault::new("a\tb", "c\nd", "e").status(127);
        let ended = [Ending::Exited(255), Ending::Signalled(9), Ending::Held(7)].map(Message::Ended);
        let told: Vec<u8> = ended.iter().chain([&Message::Started]).flat_map(Message::bytes).collect();
        assert_eq!(messages(&told), [ended.as_slice(), &[Message::Started]].concat());
        assert_eq!(
            messages(&Message::Failed(fault).bytes()),
            [Message::Failed(Fault::new("a b", "c d", "e").status(127))]
        );
    }
}
