//! The process inside: it builds the root, gives up every right, lays Landlock and the filters on, and starts the program.
//!
//! At `full` it is the first process of the pid namespace and stays: it takes in those whose parent has ended, and everything ends
//! with it. At `files` it becomes the program.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd, RawFd},
        unix::process::CommandExt,
    },
    process::Command,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, getpid, kill_process, set_parent_process_death_signal, wait},
};

use super::{
    ASK_PROBE, Answer, REPORT,
    channel::{self, Ending, Message, Teller},
    defence::{Defence, Defences},
    filter, given, held, landlock,
    privileges::{self, ManyDescriptors},
    root,
    signals::Signals,
};
use crate::{CANNOT_START, Fault, LAUNCHER_FAILED, Level, NOT_FOUND, Record, fault::Trying};

/// The word that makes this program the process inside. Not for people: it wants two pipes of its parent.
pub(crate) const COMMAND: &str = "inside";
/// The word that has it look at its defences and start nothing.
pub(crate) const PROBE: &str = "probe";

/// Does the work of the process inside, and ends with it.
pub(crate) fn enter(defences: &Defences, args: &[OsString]) -> ! {
    match pipes(args) {
        Ok((life, telling)) => Inside { life, teller: Teller::new(telling), defences }.run(args.len() > 2),
        Err(error) => Fault::new("cannot be started by hand", error, "use `ccc-confine run`").exit(),
    }
}

fn pipes(args: &[OsString]) -> io::Result<(File, File)> {
    let number =
        |at: usize| args.get(at).and_then(|arg| arg.to_str()?.parse::<RawFd>().ok()).ok_or(io::ErrorKind::InvalidInput);
    Ok((channel::adopt(number(0)?, false)?, channel::adopt(number(1)?, true)?))
}

struct Inside<'a> {
    /// Closes when the parent ends.
    life: File,
    teller: Teller,
    defences: &'a Defences,
}

impl Inside<'_> {
    fn run(mut self, is_probe: bool) -> ! {
        match self.work(is_probe) {
            Ok(ending) => {
                self.teller.tell(&Message::Ended(ending));
                std::process::exit(0)
            }
            Err(fault) => {
                self.teller.tell(&Message::Failed(fault));
                std::process::exit(i32::from(LAUNCHER_FAILED))
            }
        }
    }

    fn work(&mut self, is_probe: bool) -> Answer<Ending> {
        if self.defences.hold(Defence::Descriptors) {
            privileges::keep_streams_only();
        }
        privileges::hide_memory()?;
        set_parent_process_death_signal(Some(Signal::KILL))
            .trying(|| "cannot end with the parent".to_owned(), REPORT)?;
        let record = self.record()?;
        let signals = match record.level {
            Level::Full => Some(Signals::block_with_children()?),
            Level::Files => None,
        };
        let abi = self.confine(&record)?;
        match (is_probe, signals) {
            (true, _) => held::check(record.level).map(|()| Ending::Held(abi)),
            (false, Some(signals)) => self.start_and_stay(&record, &signals),
            (false, None) => Err(self.become_program(&record)),
        }
    }

    /// The parent closes the pipe by ending alone, so the record says itself where it ends.
    fn record(&mut self) -> Answer<Record> {
        let what = || "cannot read the record from the parent".to_owned();
        let mut bytes = Vec::new();
        let mut part = [0; 16 * 1024];
        while !Record::is_whole(&bytes) {
            match self.life.read(&mut part).trying(what, REPORT)? {
                0 => return Err(Fault::new(what(), "it has ended", REPORT)),
                read => bytes.extend_from_slice(part.get(..read).unwrap_or_default()),
            }
        }
        Record::decode(&bytes).trying(what, REPORT)
    }

    /// Every wall, in the order that lets each be built: namespaces are there already; under Landlock nothing can be mounted, and
    /// under the filter neither.
    fn confine(&self, record: &Record) -> Answer<u32> {
        // Started by hand, this would build its root in the machine's own mounts.
        if record.level == Level::Full && self.defences.hold(Defence::Namespaces) && !getpid().is_init() {
            return Err(Fault::new(
                "cannot build a root",
                "this process is not the first of a pid namespace",
                ASK_PROBE,
            ));
        }
        let descriptors = ManyDescriptors::raise();
        let places = given::places(record, self.defences)?;
        if record.level == Level::Full && self.defences.hold(Defence::Root) && self.defences.hold(Defence::Namespaces) {
            root::build(&places, &record.limits, self.defences)?;
        }
        privileges::gain_none(self.defences)?;
        privileges::drop_all(self.defences)?;
        let abi = landlock::restrict(record, &places, self.defences)?;
        drop(places);
        descriptors.lower()?;
        privileges::limit(&record.limits, self.defences)?;
        rustix::process::chdir(&record.directory).trying(
            || format!("cannot start in `{}`", record.directory.display()),
            "give that directory for reading",
        )?;
        filter::refuse(record, self.defences)?;
        Ok(abi)
    }

    fn become_program(&mut self, record: &Record) -> Fault {
        self.teller.tell(&Message::Started);
        not_started(record, &command(record).exec())
    }

    fn start_and_stay(&mut self, record: &Record, signals: &Signals) -> Answer<Ending> {
        let child = signals.apart(|| command(record).spawn()).map_err(|error| not_started(record, &error))?;
        self.teller.tell(&Message::Started);
        let program = Pid::from_child(&child);
        loop {
            // Before each wait: the first child may have ended before its end could be signalled.
            if let Some(ending) = reap(program) {
                return Ok(ending);
            }
            self.wait(signals)?;
            if let Some(signal) = signals.next() {
                let _ = kill_process(program, signal);
            }
        }
    }

    /// Waits for a signal or the end of a child. When the parent is gone this process ends, and with it all others.
    fn wait(&self, signals: &Signals) -> Answer<()> {
        let mut polled = [
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.life.as_fd(), PollFlags::IN),
        ];
        match poll(&mut polled, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Fault::new("cannot wait for the program", error, ASK_PROBE)),
        }
        let is_deserted = polled.last().is_some_and(|life| !life.revents().is_empty());
        match is_deserted && self.defences.hold(Defence::Watch) {
            true => Err(Fault::new("the program was ended", "the launcher is gone", REPORT)),
            false => Ok(()),
        }
    }
}

fn command(record: &Record) -> Command {
    let mut command = Command::new(&record.program);
    command.args(&record.args).env_clear().envs(record.set.iter().map(|(name, value)| (name, value)));
    if let Some(name) = &record.name {
        command.arg0(name);
    }
    command
}

fn not_started(record: &Record, error: &io::Error) -> Fault {
    let what = format!("cannot start `{}`", record.program.display());
    match error.kind() {
        io::ErrorKind::NotFound => {
            Fault::new(what, error, "give the program, its interpreter and its libraries for reading").status(NOT_FOUND)
        }
        _ => Fault::new(what, error, "see whether it can be executed and is given for reading").status(CANNOT_START),
    }
}

/// Takes the status of all that have ended, and says how the program did if it is among them.
fn reap(program: Pid) -> Option<Ending> {
    let mut ending = None;
    while let Some((pid, status)) = ended_child() {
        if pid == program {
            ending = Some(status);
        }
    }
    ending
}

fn ended_child() -> Option<(Pid, Ending)> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Err(Errno::INTR) => {}
            ended => return ended.ok().flatten().map(|(pid, status)| (pid, Ending::from(status))),
        }
    }
}
