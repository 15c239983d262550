//! What binds a confined run to this server: a socket that its launcher watches.

use std::{
    io::{self, Read as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::Stdio,
};

use ccc_confine::{Record, STARTED};
use ccc_protocol::bodies::Confined;

use super::{given::Given, scratch::Scratch};

/// Held for as long as a run goes on: when this process ends in whatever way, so does what was confined.
pub(super) struct Control {
    socket: Option<UnixStream>,
    record: Record,
    was_started: bool,
    /// Removed with it, where the launcher could not.
    _scratch: Option<Scratch>,
}

impl Control {
    /// A control of what is given, and the end of it that the launcher gets as its input.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn new(given: &Given<'_>) -> io::Result<(Self, Stdio)> {
        let scratch = (given.reach.level == Confined::Files).then(Scratch::new).transpose()?;
        let record = given.record(scratch.as_ref());
        let (own, theirs) = UnixStream::pair()?;
        own.set_nonblocking(true)?;
        let control = Self { socket: Some(own), record, was_started: false, _scratch: scratch };
        Ok((control, Stdio::from(OwnedFd::from(theirs))))
    }

    /// Hands the record to the launcher. It is shorter than what a socket holds, and refused where it is not.
    pub(super) fn hand_over(&self) -> io::Result<()> {
        let bytes = self.record.encode().map_err(io::Error::other)?;
        self.socket.as_ref().map_or(Ok(()), |mut socket| socket.write_all(&bytes))
    }

    /// Closes the socket: the launcher ends all that it started.
    pub(super) fn let_go(&mut self) {
        self.was_started |= self.hears_start();
        self.socket = None;
    }

    /// Whether it was the program that ended, and not a launcher that could not start it. To be asked after its end.
    pub(super) fn was_started(&mut self) -> bool {
        self.was_started |= self.hears_start();
        self.was_started
    }

    /// What the program was given.
    pub(super) fn given(&self) -> &Record {
        &self.record
    }

    fn hears_start(&self) -> bool {
        let mut told = [0; STARTED.len()];
        self.socket.as_ref().is_some_and(|mut socket| socket.read_exact(&mut told).is_ok()) && told == STARTED
    }
}
