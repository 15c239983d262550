//! The process that stays outside: it makes the namespaces, starts the process inside, watches, and passes on how it ended.

use std::{
    ffi::OsString,
    fs::File,
    io::Write,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

use super::{
    ASK_PROBE, Answer, REPORT,
    channel::{self, Ending, Message},
    defence::{Defence, Defences},
    descendants, inside, launcher_file, namespaces, privileges,
    scratch::Made,
    signals::Signals,
    started::Started,
};
use crate::{Fault, Level, Record, STARTED, environment::may_pass, fault::Trying};

/// Runs what was asked for to its end.
pub(crate) fn run(mut started: Started, defences: &Defences) -> Answer<Ending> {
    if defences.hold(Defence::LauncherFile) {
        launcher_file::check(&started.record)?;
    }
    if defences.hold(Defence::Descriptors) {
        privileges::keep_streams_only();
    }
    settle_environment(&mut started.record, defences);
    let signals = Signals::block()?;
    prepare(&started.record, defences)?;
    // Removed at the end of this function, when all that was started has ended.
    let _own = Made::for_run(&started.record)?;
    let mut run = Run::start(started, signals, defences)?;
    run.watch()
}

/// What is passed on gets its value here, in the one process that sees the environment of whoever started it.
fn settle_environment(record: &mut Record, defences: &Defences) {
    let passed: Vec<(OsString, OsString)> = match defences.hold(Defence::Environment) {
        true => record
            .pass
            .iter()
            .filter(|name| may_pass(name))
            .filter_map(|name| Some((name.clone(), std::env::var_os(name)?)))
            .collect(),
        false => std::env::vars_os().collect(),
    };
    record.pass.clear();
    record.set.splice(0..0, passed);
}

fn prepare(record: &Record, defences: &Defences) -> Answer<()> {
    match record.level {
        Level::Full => namespaces::enter(record.network, defences)?,
        // What a program leaves behind comes to this process, and not to one that cannot be found.
        Level::Files => rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .trying(|| "cannot keep what a program leaves behind".to_owned(), REPORT)?,
    }
    privileges::hide_memory()
}

/// A program under way.
struct Run {
    level: Level,
    child: Child,
    ended: OwnedFd,
    /// What the process inside tells; `None` once it has closed its end.
    telling: Option<File>,
    heard: Vec<u8>,
    /// Never read again, and held open: when it closes, the process inside ends.
    _life: File,
    watched: Option<OwnedFd>,
    signals: Signals,
    is_started: bool,
    has_confirmed: bool,
}

/// What a wait ended with.
struct Ready {
    has_ended: bool,
    has_told: bool,
    is_deserted: bool,
    is_signalled: bool,
}

impl Run {
    fn start(started: Started, signals: Signals, defences: &Defences) -> Answer<Self> {
        let record = started.record.encode().map_err(|error| Fault::new("cannot pass the record on", error, REPORT))?;
        let (life_inside, life) = channel::pipe()?;
        let (telling, told) = channel::pipe()?;
        channel::inherit(life_inside.as_fd())?;
        channel::inherit(told.as_fd())?;
        let mut command = inside_command(&started, defences);
        command
            .args([channel::number(&life_inside), channel::number(&told)])
            .args(started.is_probe.then_some(inside::PROBE));
        let child =
            signals.apart(|| command.spawn()).trying(|| "cannot start the process inside".to_owned(), ASK_PROBE)?;
        // The ends of the child: while this process holds one, it would never hear that the child closed its own.
        drop((life_inside, told));
        let ended = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
            .trying(|| "cannot watch the process inside".to_owned(), ASK_PROBE)?;
        let mut life = File::from(life);
        // Where the child is gone already, it has told why.
        let _ = life.write_all(&record);
        Ok(Self {
            level: started.record.level,
            child,
            ended,
            telling: Some(File::from(telling)),
            heard: Vec::new(),
            _life: life,
            watched: started.watched.filter(|_| defences.hold(Defence::Watch)),
            signals,
            is_started: false,
            has_confirmed: false,
        })
    }

    fn watch(&mut self) -> Answer<Ending> {
        loop {
            let ready = self.wait()?;
            if ready.has_told {
                self.hear()?;
            }
            if ready.is_deserted {
                return self.desert();
            }
            if ready.has_ended {
                return self.ending();
            }
            if ready.is_signalled {
                self.pass_signal();
            }
        }
    }

    /// Waits until something happens. Signals wait until there is a program to pass them to.
    fn wait(&self) -> Answer<Ready> {
        let signals = self.is_started.then_some(self.signals.as_fd());
        let sources = [
            Some(self.ended.as_fd()),
            self.telling.as_ref().map(AsFd::as_fd),
            self.watched.as_ref().map(AsFd::as_fd),
            signals,
        ];
        let mut polled: Vec<PollFd<'_>> =
            sources.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        while let Err(error) = poll(&mut polled, None) {
            if error != rustix::io::Errno::INTR {
                return Err(Fault::new("cannot wait for the program", error, REPORT));
            }
        }
        let mut happened = polled.iter().map(PollFd::revents);
        let mut next =
            |is_there: bool| if is_there { happened.next().unwrap_or(PollFlags::empty()) } else { PollFlags::empty() };
        let has_ended = !next(true).is_empty();
        let has_told = !next(self.telling.is_some()).is_empty();
        let is_deserted = next(self.watched.is_some()).intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
        let is_signalled = !next(self.is_started).is_empty();
        Ok(Ready { has_ended, has_told, is_deserted, is_signalled })
    }

    fn hear(&mut self) -> Answer<()> {
        let Some(telling) = &mut self.telling else { return Ok(()) };
        if channel::hear(telling, &mut self.heard)? == 0 {
            self.telling = None;
        }
        let messages = channel::messages(&self.heard);
        self.is_started |= messages.contains(&Message::Started);
        // At `files` the process inside says so before it becomes the program, and only then closes its end.
        let is_sure = self.level == Level::Full || self.telling.is_none();
        let has_failed = messages.iter().any(|message| matches!(message, Message::Failed(_)));
        if self.is_started && is_sure && !has_failed && !self.has_confirmed {
            self.has_confirmed = true;
            self.confirm();
        }
        Ok(())
    }

    /// Tells whoever started this, where the pipe is a socket, that from here on it is the program that speaks.
    fn confirm(&self) {
        if let Some(watched) = &self.watched {
            let _ = rustix::io::write(watched, STARTED);
        }
    }

    fn pass_signal(&self) {
        if let Some(signal) = self.signals.next() {
            let _ = pidfd_send_signal(&self.ended, signal);
        }
    }

    /// Whoever started this is gone: so is everything that it started.
    fn desert(&mut self) -> Answer<Ending> {
        let _ = pidfd_send_signal(&self.ended, Signal::KILL);
        let _ = self.child.wait();
        self.end_rest()?;
        Err(Fault::new("the program was ended", "whoever started it is gone", "nothing is left to do"))
    }

    fn ending(&mut self) -> Answer<Ending> {
        let status = self.child.wait().trying(|| "cannot learn how the program ended".to_owned(), REPORT)?;
        while self.telling.is_some() {
            self.hear()?;
        }
        self.end_rest()?;
        let mut ending = (self.level == Level::Files).then(|| Ending::from(status));
        for message in channel::messages(&self.heard) {
            match message {
                Message::Failed(fault) => return Err(fault),
                Message::Ended(told) => ending = Some(told),
                Message::Started => {}
            }
        }
        ending.ok_or_else(|| {
            Fault::new("cannot learn how the program ended", format!("the process inside ended with {status}"), REPORT)
        })
    }

    /// At `full` the kernel has ended everything with the first process of its pid namespace.
    fn end_rest(&self) -> Answer<()> {
        match self.level {
            Level::Full => Ok(()),
            Level::Files => descendants::end(),
        }
    }
}

/// This program again, as the process inside.
fn inside_command(started: &Started, defences: &Defences) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("ccc-confine").arg(inside::COMMAND).env_clear().envs(defences.carried());
    if started.took_input {
        command.stdin(Stdio::null());
    }
    command
}
