//! The checkpoint file, and the thread that writes it: nobody who waits for the clerk waits for this second sync as well.

mod command;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use ccc_core::audit::{AuditKey, Checkpoint};

pub use self::command::CheckpointCommand;
use self::command::Handover;
use crate::store::Mark;

/// How long after a failure the writing is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The way to the file; each checkpoint is one more line.
#[derive(Debug)]
pub(super) struct Checkpoints {
    lines: Sender<String>,
    writer: JoinHandle<()>,
}

impl Checkpoints {
    /// Begins to write to this file, and to hand each line to the owner's command.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn open(path: PathBuf, command: Option<CheckpointCommand>) -> io::Result<Self> {
        let (lines, written) = channel();
        let command = command.map(Handover::open).transpose()?;
        let writer = thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || write_all(&written, &path, command.as_ref()))?;
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
fn write_all(lines: &Receiver<String>, path: &Path, command: Option<&Handover>) {
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
            command.into_iter().for_each(|command| command.hand_over(&line));
        }
    }
}

fn append(path: &Path, lines: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

/// The newest authentic checkpoints of this file, in the order of their numbers.
pub(super) fn newest(checkpoints: &Path, key: &AuditKey) -> Vec<Mark> {
    let text = fs::read(checkpoints).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').rev().take(LINES_LOOKED_AT);
    let authentic =
        lines.filter_map(|line| serde_json::from_slice::<Checkpoint>(line).ok()).filter(|line| line.is_authentic(key));
    let mut marks: Vec<Mark> = authentic.map(|line| Mark { seq: line.seq, hash: line.hash }).collect();
    marks.sort_unstable_by_key(|mark| mark.seq);
    marks
}

/// How many of the last checkpoints a start looks at.
const LINES_LOOKED_AT: usize = 64;
