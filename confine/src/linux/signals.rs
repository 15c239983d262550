//! Signals that are taken from a descriptor, and passed on by hand.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::{
    signal::{SigSet, SigmaskHow, Signal},
    signalfd::{SfdFlags, SignalFd},
};

use super::{Answer, REPORT};
use crate::fault::Trying;

/// What a person or a program sends to have another end, stop waiting or look again.
const PASSED_ON: [Signal; 7] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
];

/// The signals that are passed on, blocked and readable.
pub(crate) struct Signals {
    taken: SigSet,
    /// The mask as this process was started with, which is the program's.
    before: SigSet,
    descriptor: SignalFd,
}

impl Signals {
    pub(crate) fn block() -> Answer<Self> {
        Self::block_all(&PASSED_ON)
    }

    /// Also the end of children.
    pub(crate) fn block_with_children() -> Answer<Self> {
        Self::block_all(&[PASSED_ON.as_slice(), &[Signal::SIGCHLD]].concat())
    }

    fn block_all(signals: &[Signal]) -> Answer<Self> {
        let what = || "cannot take signals".to_owned();
        let taken: SigSet = signals.iter().copied().collect();
        let before = taken.thread_swap_mask(SigmaskHow::SIG_BLOCK).trying(what, REPORT)?;
        let descriptor =
            SignalFd::with_flags(&taken, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).trying(what, REPORT)?;
        Ok(Self { taken, before, descriptor })
    }

    /// Starts a child under the mask of before: a child inherits its mask. A signal that comes meanwhile does what it would have done
    /// without a launcher: there is no program yet to pass it to.
    pub(crate) fn apart<T>(&self, start: impl FnOnce() -> T) -> T {
        let _ = self.before.thread_set_mask();
        let started = start();
        let _ = self.taken.thread_block();
        started
    }

    /// The next signal to pass on. What a terminal sends has reached the program already: it sends to the whole group.
    pub(crate) fn next(&self) -> Option<rustix::process::Signal> {
        let signal = self.descriptor.read_signal().ok().flatten()?;
        let is_sent = signal.ssi_code <= 0;
        let number = i32::try_from(signal.ssi_signo).ok()?;
        rustix::process::Signal::from_named_raw(number)
            .filter(|signal| is_sent && *signal != rustix::process::Signal::CHILD)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
