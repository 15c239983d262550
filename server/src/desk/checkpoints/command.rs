//! The owner's command that gets each checkpoint on its standard input: one at a time, each for so long and no longer. It
//! holds up nobody, whatever it does.

use std::{
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::descriptors;

/// A program of the owner's and how long it may take over one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointCommand {
    /// The program, absolute, and its arguments.
    pub words: Vec<String>,
    /// After this it is ended.
    pub time_max: Duration,
}

/// How many checkpoints may wait for the command; each covers those before it.
const WAITING_MAX: usize = 64;
/// How often a running command is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The way to the command.
#[derive(Debug)]
pub(super) struct Handover {
    lines: SyncSender<String>,
}

impl Handover {
    /// Begins to run it for each line, one after the other, in a thread that ends with this handle.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn open(command: CheckpointCommand) -> io::Result<Self> {
        let (lines, handed) = sync_channel(WAITING_MAX);
        thread::Builder::new().name("checkpoint-command".to_owned()).spawn(move || run_each(&handed, &command))?;
        Ok(Self { lines })
    }

    /// Hands a line over, to be given when the lines before it are done with.
    pub(super) fn hand_over(&self, line: &str) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line.to_owned()) {
            tracing::error!(WAITING_MAX, "the checkpoint command is too slow: a checkpoint is in the file alone");
        }
    }
}

fn run_each(lines: &Receiver<String>, command: &CheckpointCommand) {
    for line in lines {
        match run(command, &line) {
            Ok(Some(status)) if status.success() => {}
            Ok(Some(status)) => tracing::error!(%status, "the checkpoint command failed"),
            Ok(None) => tracing::error!(time_max = ?command.time_max, "the checkpoint command took too long: ended"),
            Err(error) => tracing::error!(%error, "the checkpoint command could not be run"),
        }
    }
}

/// Runs it once; no status where its time ran out.
fn run(command: &CheckpointCommand, line: &str) -> io::Result<Option<ExitStatus>> {
    let Some((program, args)) = command.words.split_first() else { return Ok(None) };
    let mut started = Command::new(program);
    started.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = started.spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    group.into_iter().for_each(descriptors::give_back);
    if let Some(mut stdin) = child.stdin.take() {
        // A line is far shorter than a pipe holds. A command that does not read says so by its exit status.
        let _ = stdin.write_all(line.as_bytes());
    }
    let ended = wait(&mut child, command.time_max)?;
    if ended.is_none() {
        // The leader is not reaped yet: the group is still its own.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        child.wait()?;
    }
    Ok(ended)
}

fn wait(child: &mut Child, time_max: Duration) -> io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    loop {
        match child.try_wait()? {
            None if began.elapsed() < time_max => thread::sleep(LOOK),
            ended => return Ok(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str, time_max: Duration) -> CheckpointCommand {
        CheckpointCommand { words: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(), time_max }
    }

    #[test]
    fn a_command_that_does_not_end_is_ended_with_what_it_started() {
        let began = Instant::now();
        let ended = run(&command("sleep 600 & wait", Duration::from_millis(50)), "line\n").unwrap();
        assert!(ended.is_none() && began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn commands_run_one_after_the_other_each_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        // Each fails where another is at work: `mkdir` makes a directory that is not there.
        let script =
            format!("read line; mkdir {lock} && echo $line >>{out}; rmdir {lock}", lock = at("lock"), out = at("out"));
        let command = command(&script, Duration::from_secs(60));
        let (lines, handed) = sync_channel(WAITING_MAX);
        for line in ["1", "2", "3", "4"] {
            lines.send(format!("{line}\n")).unwrap();
        }
        drop(lines);
        run_each(&handed, &command);
        assert_eq!(std::fs::read_to_string(at("out")).unwrap(), "1\n2\n3\n4\n");
    }

    #[test]
    fn a_slow_command_holds_up_nobody() {
        let began = Instant::now();
        let slow = Handover::open(command("sleep 5", Duration::from_secs(5))).unwrap();
        (0..WAITING_MAX * 2).for_each(|_| slow.hand_over("line\n"));
        assert!(began.elapsed() < Duration::from_secs(4));
    }
}
