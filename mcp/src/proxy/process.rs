//! A server that the proxy starts: a child with its input and output as pipes, in a process group of its own, ended with the client.

use std::{
    io::{self, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use std::os::unix::process::CommandExt;

use ccc_protocol::exit;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use super::{Proxy, Settings, outbox::Outbox, wait_until};
use crate::{
    definition::ServerName,
    frame::{self, Frame, Frames},
    judge::Judge,
};

/// How often a child is asked whether it still runs, where nothing tells.
const POLL: Duration = Duration::from_millis(10);

/// Starts the server that `server` names and stands between it and the client until either ends, or `stop` says so. The exit code: 0
/// where the client ended, that of the server where the server did. By then, all that the client asked is answered.
///
/// # Errors
/// When the server cannot be started, or cannot be waited for.
pub fn run(
    server: ServerName,
    settings: Settings,
    judge: Box<dyn Judge>,
    client_in: impl Read + Send + 'static,
    client_out: impl Write + Send + 'static,
    stop: Receiver<()>,
) -> io::Result<u8> {
    let (mut child, stdin, stdout) = Kill::start(&server)?;
    let limits = settings.limits.clone();
    let patience = Duration::from_secs(limits.end_seconds_max);
    let outbox = Outbox::new(Duration::from_secs(limits.send_seconds_max));
    let proxy = Proxy::new(server, settings, judge, Box::new(client_out), Box::new(Arc::clone(&outbox)));
    let (ended, ends) = mpsc::channel();

    write_lines(stdin, &outbox)?;
    let (hearing, end) = (Arc::clone(&proxy), End(Side::Server, ended.clone()));
    let heard = pump(stdout, limits.line_bytes_max, end, move |frame| hearing.server_sent(frame))?;
    let hurry = listen_for(stop, ended.clone())?;
    // The client comes last: of what cannot be begun, it has asked nothing.
    let (asked, end) = (Arc::clone(&proxy), End(Side::Client, ended));
    pump(client_in, limits.line_bytes_max, end, move |frame| asked.client_sent(frame))?;

    let first = wait_for_end(&ends, &child, &outbox, patience);
    // Whoever waits to send gives up, so that nothing holds the end up.
    outbox.close();
    proxy.aside(if matches!(first, Ok(Side::Client)) { Proxy::client_ended } else { Proxy::server_ended });
    let status = child.end(patience, &hurry);
    // What the server said last is on its way to the client: it has as long as the server had.
    wait_until(patience, || heard.is_finished());
    proxy.finish(patience, Proxy::server_ended);
    match (first?, status?) {
        (Side::Client, _) => Ok(exit::SUCCEEDED),
        (Side::Server, status) => Ok(exit::handed_on(status.code())),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// Tells that a side has ended, also where the thread that took what it said has failed.
struct End(Side, Sender<Side>);

impl Drop for End {
    fn drop(&mut self) {
        let _another_was_first = self.1.send(self.0);
    }
}

/// Has a thread take what comes from a side, until its end.
fn pump(
    from: impl Read + Send + 'static,
    line_bytes_max: usize,
    end: End,
    take: impl Fn(Frame) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().spawn(move || {
        let _told_when_over = end;
        pump_lines(Frames::new(BufReader::new(from), line_bytes_max), take);
    })
}

/// Has a thread end the client's side once somebody asks for it. True from then on: there is no time to wait for the server.
fn listen_for(stop: Receiver<()>, ended: Sender<Side>) -> io::Result<Arc<AtomicBool>> {
    let hurry = Arc::new(AtomicBool::new(false));
    let hurried = Arc::clone(&hurry);
    thread::Builder::new().spawn(move || {
        if stop.recv().is_ok() {
            hurried.store(true, Ordering::Relaxed);
            drop(End(Side::Client, ended));
        }
    })?;
    Ok(hurry)
}

pub(super) fn pump_lines<R: io::BufRead>(mut frames: Frames<R>, take: impl Fn(Frame)) {
    // A stream that fails has ended.
    while let Ok(Some(frame)) = frames.read() {
        take(frame);
    }
}

/// Has a thread hand the server what is for it, until nothing follows or it takes no more.
fn write_lines(mut stdin: ChildStdin, outbox: &Arc<Outbox>) -> io::Result<()> {
    let lines = Arc::clone(outbox);
    thread::Builder::new().spawn(move || {
        while let Some(line) = lines.next() {
            if frame::write_line(&mut stdin, &line).is_err() {
                return lines.close();
            }
        }
    })?;
    Ok(())
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

/// A child that does not outlive its holder, nor does what it started and left in its process group.
struct Kill {
    child: Child,
    reaped: bool,
}

impl Kill {
    /// Starts the server, with pipes to it and from it.
    fn start(server: &ServerName) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let (program, args) = server.command.split_first().ok_or_else(|| io::Error::other("no command"))?;
        let mut command = Command::new(program);
        let started = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn()?;
        let mut kill = Self { child: started, reaped: false };
        match (kill.child.stdin.take(), kill.child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok((kill, stdin, stdout)),
            _ => Err(io::Error::other("the server has no pipes")),
        }
    }

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
