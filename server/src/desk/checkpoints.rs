//! The checkpoint file, and the thread that writes it: nobody who waits for the clerk waits for this second sync as well.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use ccc_core::audit::{AuditKey, Checkpoint};

/// How long after a failure the writing is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The way to the file; each checkpoint is one more line.
#[derive(Debug)]
pub(super) struct Checkpoints {
    lines: Sender<String>,
    writer: JoinHandle<()>,
}

impl Checkpoints {
    /// Begins to write to this file, and to hand each line to this program of the owner's on its standard input.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn open(path: PathBuf, command: Option<Vec<String>>) -> io::Result<Self> {
        let (lines, written) = channel();
        let writer = thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || write_all(&written, &path, command.as_deref()))?;
        Ok(Self { lines, writer })
    }

    /// Has a checkpoint written, after those before it. What cannot be written is logged: the next one covers it.
    pub(super) fn write(&self, checkpoint: &Checkpoint) {
        let Ok(line) = serde_json::to_string(checkpoint) else { return };
        // The writer ends with this handle, not before it.
        let _ = self.lines.send(format!("{line}\n"));
    }

    /// Waits until all are written.
    pub(super) fn close(self) {
        drop(self.lines);
        if self.writer.join().is_err() {
            tracing::error!("the writer of checkpoints failed inside; please report it");
        }
    }
}

/// What came meanwhile shares one sync. Of what could not be written the newest is tried again: it covers those before it.
fn write_all(lines: &Receiver<String>, path: &Path, command: Option<&[String]>) {
    let mut unwritten: Option<String> = None;
    loop {
        let next = match &unwritten {
            None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => lines.recv_timeout(RETRY),
        };
        if next == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        let batch: Vec<String> = unwritten.take().into_iter().chain(next).chain(lines.try_iter()).collect();
        if let Err(error) = append(path, &batch.concat()) {
            tracing::error!(%error, path = %path.display(), "checkpoint could not be written");
            unwritten = batch.into_iter().next_back();
            continue;
        }
        for line in batch {
            if let Some(Err(error)) = command.map(|command| hand_over(command, &line)) {
                tracing::error!(%error, "the checkpoint command could not be started");
            }
        }
    }
}

fn append(path: &Path, lines: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

/// The owner's command gets the line and is left to itself; it must not hold up what is written next.
fn hand_over(command: &[String], line: &str) -> io::Result<()> {
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    let mut child =
        Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let line = line.to_owned();
    thread::Builder::new().name("checkpoint-command".to_owned()).spawn(move || {
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read says so by its exit status.
            let _ = stdin.write_all(line.as_bytes());
        }
        match child.wait() {
            Ok(status) if !status.success() => tracing::error!(%status, "the checkpoint command failed"),
            Err(error) => tracing::error!(%error, "the checkpoint command could not be waited for"),
            Ok(_) => {}
        }
    })?;
    Ok(())
}

/// How far the chain had come by the newest authentic checkpoint of this file; 0 where there is none.
pub(super) fn reached(checkpoints: &Path, key: &AuditKey) -> u64 {
    let text = fs::read(checkpoints).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').rev().take(LINES_LOOKED_AT);
    let authentic =
        lines.filter_map(|line| serde_json::from_slice::<Checkpoint>(line).ok()).filter(|line| line.is_authentic(key));
    authentic.map(|checkpoint| checkpoint.seq).max().unwrap_or(0)
}

/// How many of the last checkpoints a start looks at.
const LINES_LOOKED_AT: usize = 64;
