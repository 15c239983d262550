//! A server that the proxy starts: a child with its input and output as pipes, in a process group of its own, ended with the client.

use std::{
    io::{self, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use std::os::unix::process::CommandExt;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use super::{Proxy, Settings, outbox::Outbox, wait_until};
use crate::{
    definition::ServerName,
    frame::{self, Frame, Frames},
    judge::Judge,
};

/// How often a child is asked whether it still runs, where nothing tells.
const POLL: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// Starts the server that `server` names and stands between it and the client until either ends, or `stop` says so. The exit code: 0
/// where the client ended, that of the server where the server did.
///
/// # Errors
/// When the server cannot be started.
pub fn run(
    server: ServerName,
    settings: Settings,
    judge: Box<dyn Judge>,
    client_in: impl Read + Send + 'static,
    client_out: impl Write + Send + 'static,
    stop: Receiver<()>,
) -> io::Result<u8> {
    let mut child = Kill { child: start(&server)?, reaped: false };
    let (Some(stdin), Some(stdout)) = (child.child.stdin.take(), child.child.stdout.take()) else {
        return Err(io::Error::other("the server has no pipes"));
    };
    let end = Duration::from_secs(settings.limits.end_seconds_max);
    let line_bytes_max = settings.limits.line_bytes_max;
    let outbox = Outbox::new(Duration::from_secs(settings.limits.send_seconds_max));
    let proxy = Proxy::new(server, settings, judge, Box::new(client_out), Box::new(Arc::clone(&outbox)));
    let (ended, ends) = mpsc::channel();
    let hurry = Arc::new(AtomicBool::new(false));

    let lines = Arc::clone(&outbox);
    thread::spawn(move || write_lines(stdin, &lines));
    let (pump, told) = (Arc::clone(&proxy), ended.clone());
    thread::spawn(move || {
        pump_lines(Frames::new(BufReader::new(client_in), line_bytes_max), |frame| pump.client_sent(frame));
        let _nobody_left = told.send(Side::Client);
    });
    let (hurried, told) = (Arc::clone(&hurry), ended.clone());
    thread::spawn(move || {
        if stop.recv().is_ok() {
            hurried.store(true, Ordering::Relaxed);
            let _nobody_left = told.send(Side::Client);
        }
    });
    let pump = Arc::clone(&proxy);
    thread::spawn(move || {
        pump_lines(Frames::new(BufReader::new(stdout), line_bytes_max), |frame| pump.server_sent(frame));
        let _nobody_left = ended.send(Side::Server);
    });
    match wait_for_end(&ends, &child, &outbox, end)? {
        Side::Client => {
            // Whoever waits to send gives up, so that nothing holds the end up.
            outbox.close();
            let closed = Arc::clone(&proxy);
            let closing = thread::spawn(move || closed.client_ended());
            child.end(end, &hurry)?;
            // What the server said last is on its way to the client: it has as long as the server had.
            let _quiet = ends.recv_timeout(end);
            wait_until(end, || closing.is_finished() && proxy.is_idle());
            Ok(0)
        }
        Side::Server => {
            // A client that does not read holds up whoever tells it, for good.
            let closed = Arc::clone(&proxy);
            let closing = thread::spawn(move || closed.server_ended());
            let status = child.end(end, &hurry)?;
            // A question that was on its way to the bridge is withdrawn as soon as its ticket is known.
            wait_until(end, || closing.is_finished() && proxy.is_idle());
            Ok(exit_code(status))
        }
    }
}

fn start(server: &ServerName) -> io::Result<Child> {
    let (program, args) = server.command.split_first().ok_or_else(|| io::Error::other("no command"))?;
    Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn()
}

pub(super) fn pump_lines<R: io::BufRead>(mut frames: Frames<R>, take: impl Fn(Frame)) {
    // A stream that fails has ended.
    while let Ok(Some(frame)) = frames.read() {
        take(frame);
    }
}

/// Hands the server what is for it, until nothing follows or it takes no more.
fn write_lines(mut stdin: ChildStdin, outbox: &Outbox) {
    while let Some(line) = outbox.next() {
        if frame::write_line(&mut stdin, &line).is_err() {
            return outbox.close();
        }
    }
}

/// The side that ended first. A server that is gone but left its output open to others has ended, after a while; one that takes no
/// messages has ended too.
fn wait_for_end(ends: &Receiver<Side>, child: &Kill, outbox: &Outbox, patience: Duration) -> io::Result<Side> {
    let mut gone: Option<Instant> = None;
    loop {
        match ends.recv_timeout(Duration::from_millis(200)) {
            Ok(side) => return Ok(side),
            Err(RecvTimeoutError::Disconnected) => return Ok(Side::Server),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if outbox.has_stalled() {
            return Ok(Side::Server);
        }
        if child.is_gone()? && gone.get_or_insert_with(Instant::now).elapsed() >= patience {
            return Ok(Side::Server);
        }
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// A child that does not outlive its holder, nor does what it started and left in its process group.
struct Kill {
    child: Child,
    reaped: bool,
}

impl Kill {
    /// Waits for the child to end, asks the group to after `patience`, in a hurry at once, and makes it after as long again. What is
    /// left of the group when the child has gone is asked at once.
    fn end(&mut self, patience: Duration, hurry: &AtomicBool) -> io::Result<ExitStatus> {
        self.wait(Instant::now() + patience, || hurry.load(Ordering::Relaxed))?;
        self.signal(Signal::TERM);
        let until = Instant::now() + patience;
        if !self.wait(until, || false)? {
            self.signal(Signal::KILL);
            return self.reap();
        }
        let status = self.reap()?;
        self.end_rest(until);
        Ok(status)
    }

    /// True once the child is gone.
    fn wait(&self, until: Instant, hurry: impl Fn() -> bool) -> io::Result<bool> {
        while !self.is_gone()? {
            if Instant::now() >= until || hurry() {
                return Ok(false);
            }
            thread::sleep(POLL);
        }
        Ok(true)
    }

    /// Leaves the child unreaped, so that its number stays its own.
    fn is_gone(&self) -> io::Result<bool> {
        let child = WaitId::Pid(Pid::from_child(&self.child));
        let ended = waitid(child, WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT)?;
        Ok(ended.is_some())
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.reaped = true;
        Ok(status)
    }

    /// Waits for what the reaped child left in its group, which was asked to end, and ends it. Nobody else gets the group's number
    /// while anybody is left in it, and all numbers do not go round between two looks.
    fn end_rest(&self, until: Instant) {
        while test_kill_process_group(Pid::from_child(&self.child)).is_ok() {
            if Instant::now() >= until {
                return self.signal(Signal::KILL);
            }
            thread::sleep(POLL);
        }
    }

    /// To the whole group: a server started by a launcher is a child of the child. A group that is gone needs none.
    fn signal(&self, signal: Signal) {
        let _gone = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Kill {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(Signal::KILL);
            let _reaped = self.reap();
        }
    }
}
