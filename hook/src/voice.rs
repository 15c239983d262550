//! The process's two outputs, written so that a lost answer is noticed.
//!
//! The standard library's `Stdout` reports success when the descriptor was
//! closed, and the runtime opens a closed one as the null device. Either would
//! turn a denial into silence, which most hosts take for leave.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use ccc_hosts::answer::{Reason, Reply};
use ccc_protocol::exit;

/// Where answers go.
#[derive(Debug)]
pub struct Voice {
    out: io::Result<File>,
    err: io::Result<File>,
}

impl Voice {
    /// The outputs of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(own(io::stdout()), own(io::stderr()))
    }

    /// Outputs of one's own.
    #[must_use]
    pub fn new(out: io::Result<File>, err: io::Result<File>) -> Self {
        Self { out, err }
    }

    /// Says the answer and returns the status to end with. An answer that
    /// cannot be said on stdout becomes the last resort: words on stderr and
    /// the blocking status.
    #[must_use]
    pub fn speak(&self, reply: &Reply) -> u8 {
        match self.try_speak(reply) {
            Ok(()) => reply.status,
            Err(error) => self.block(&unheard(reply, &error)),
        }
    }

    /// The last resort, touching stderr alone.
    #[must_use]
    pub fn block(&self, reason: &Reason) -> u8 {
        // With stderr gone too, the status is all that is left to say.
        let _ = write_whole(&self.err, &Reply::block(reason).stderr);
        exit::hook::BLOCKS
    }

    fn try_speak(&self, reply: &Reply) -> io::Result<()> {
        if !reply.stderr.is_empty() {
            // The status speaks for these answers; the words are a courtesy.
            let _ = write_whole(&self.err, &reply.stderr);
        }
        if reply.stdout.is_empty() {
            return Ok(());
        }
        if reply.objection.is_some() && self.goes_nowhere() {
            return Err(io::Error::other("stdout is closed"));
        }
        write_whole(&self.out, &reply.stdout)
    }

    /// True where stdout is a device such as the null device, so that nobody
    /// reads it. A terminal is a person trying the hook by hand.
    fn goes_nowhere(&self) -> bool {
        let Ok(out) = &self.out else { return true };
        let is_device = out.metadata().is_ok_and(|metadata| metadata.file_type().is_char_device());
        is_device && !out.is_terminal()
    }
}

/// The descriptor itself, without the buffer and the forgiveness of `std`.
fn own(stream: impl AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

fn write_whole(file: &io::Result<File>, bytes: &[u8]) -> io::Result<()> {
    match file {
        Ok(file) => {
            let mut file: &File = file;
            file.write_all(bytes)
        }
        Err(error) => Err(io::Error::new(error.kind(), "no output")),
    }
}

fn unheard(reply: &Reply, error: &io::Error) -> Reason {
    match &reply.objection {
        Some(reason) => reason.clone(),
        None => Reason::new(&format!("the answer could not be written: {error}")),
    }
}
