//! Starts the launcher anew for a call, and stays in the machine's own mounts meanwhile: from inside of a run's nothing of the project
//! could be tidied up afterwards.

use std::{
    fs::File,
    io::Write,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal},
};

use super::{ASK_PROBE, Answer};
use crate::{
    Fault, Record,
    fault::Trying,
    linux::{
        REPORT,
        channel::{self, Ending},
        signals::Signals,
    },
};

/// Runs the record to its end. When this process ends, so does all that it started: the pipe closes.
pub(crate) fn run(record: &Record) -> Answer<Ending> {
    let bytes = record.encode().map_err(|error| Fault::new("cannot pass the record on", error, REPORT))?;
    let signals = Signals::block()?;
    let (control, told) = channel::pipe()?;
    channel::inherit(control.as_fd())?;
    let mut command = Command::new("/proc/self/exe");
    command.arg0("ccc-confine").args(["run".to_owned(), format!("--control={}", channel::number(&control))]);
    let mut child =
        signals.apart(|| command.spawn()).trying(|| "the launcher cannot start itself".to_owned(), ASK_PROBE)?;
    drop(control);
    let ended = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
        .trying(|| "cannot watch the launcher".to_owned(), ASK_PROBE)?;
    let mut told = File::from(told);
    // Where the child is gone already, its status says why.
    let _ = told.write_all(&bytes);
    let status = watch(&mut child, &ended, &signals)?;
    drop(told);
    Ok(status)
}

fn watch(child: &mut Child, ended: &OwnedFd, signals: &Signals) -> Answer<Ending> {
    loop {
        let mut polled = [
            PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
        ];
        match poll(&mut polled, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Fault::new("cannot wait for the call", error, REPORT)),
        }
        if polled.first().is_some_and(|ended| !ended.revents().is_empty()) {
            let status = child.wait().trying(|| "cannot learn how the call ended".to_owned(), REPORT)?;
            return Ok(Ending::from(status));
        }
        if let Some(signal) = signals.next() {
            let _ = pidfd_send_signal(ended, signal);
        }
    }
}
