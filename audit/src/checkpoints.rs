//! What the checkpoint file proves: which entry had which hash.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use ccc_core::audit::{AuditKey, Checkpoint};
use ccc_protocol::Digest;

use crate::{error::Error, import::bounded_line};

/// The most checkpoints that are read. Each takes 48 bytes of memory.
pub const CHECKPOINTS_MAX: usize = 4_000_000;
/// The longest line of a checkpoint file, in bytes.
const LINE_BYTES_MAX: usize = 4096;
/// How many unreadable or forged lines are named; the rest is counted.
const LINES_NAMED_MAX: usize = 10;

/// Checkpoints to hold a log against.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints {
    /// In the order of their numbers.
    marks: Vec<Mark>,
    /// Lines whose MAC is not of any key given.
    pub forged: Lines,
    /// Lines that are no checkpoints: torn by a crash, or written by somebody else. They prove nothing.
    pub unreadable: Lines,
    /// True where the MACs were checked.
    pub authenticated: bool,
}

/// One checkpoint's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The number of the entry.
    pub seq: u64,
    /// The hash it had.
    pub hash: Digest,
    /// The line it stands in.
    pub line: u32,
}

/// Some lines of a file: the first few by number, all by count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The first few.
    pub first: Vec<u32>,
    /// How many there are.
    pub count: u64,
}

impl Lines {
    fn add(&mut self, line: u32) {
        self.count += 1;
        if self.first.len() < LINES_NAMED_MAX {
            self.first.push(line);
        }
    }
}

impl Checkpoints {
    /// Reads a checkpoint file. With keys, a checkpoint that none of them made is kept apart as forged.
    ///
    /// # Errors
    /// Where the file cannot be read, holds too much, or holds lines and not one checkpoint.
    pub fn open(path: &Path, keys: &[AuditKey]) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::file(path))?;
        let checkpoints = Self::read(BufReader::new(file), keys).map_err(Error::file(path))?;
        if checkpoints.is_no_checkpoint_file() {
            let line = checkpoints.unreadable.first.first().copied().unwrap_or(1);
            return Err(Error::Usage(format!(
                "`{}` line {line} is no checkpoint: name the checkpoint file",
                path.display()
            )));
        }
        Ok(checkpoints)
    }

    /// The same from any reader.
    ///
    /// # Errors
    /// Where reading fails or there are more than [`CHECKPOINTS_MAX`].
    pub fn read(mut input: impl BufRead, keys: &[AuditKey]) -> std::io::Result<Self> {
        let mut found = Self { authenticated: !keys.is_empty(), ..Self::default() };
        let mut line = vec![];
        let mut number: u32 = 0;
        while let Some(whole) = bounded_line(&mut input, &mut line, LINE_BYTES_MAX)? {
            number = number.saturating_add(1);
            match serde_json::from_slice::<Checkpoint>(&line) {
                Ok(checkpoint) if whole => found.add(&checkpoint, number, keys)?,
                _ => found.unreadable.add(number),
            }
        }
        found.marks.sort_unstable_by_key(|mark| (mark.seq, mark.line));
        found.marks.dedup_by_key(|mark| (mark.seq, mark.hash));
        Ok(found)
    }

    fn add(&mut self, checkpoint: &Checkpoint, line: u32, keys: &[AuditKey]) -> std::io::Result<()> {
        if !keys.is_empty() && !keys.iter().any(|key| checkpoint.is_authentic(key)) {
            self.forged.add(line);
            return Ok(());
        }
        if self.marks.len() >= CHECKPOINTS_MAX {
            return Err(std::io::Error::other(format!("more than {CHECKPOINTS_MAX} checkpoints")));
        }
        self.marks.push(Mark { seq: checkpoint.seq, hash: checkpoint.hash, line });
        Ok(())
    }

    fn is_no_checkpoint_file(&self) -> bool {
        self.unreadable.count > 0 && self.marks.is_empty() && self.forged.count == 0
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.marks.len()
    }

    /// The one that reaches furthest.
    #[must_use]
    pub fn furthest(&self) -> Option<Mark> {
        self.marks.last().copied()
    }

    /// What is said of this entry; more than one word where two chains were signed.
    pub fn of(&self, seq: u64) -> impl Iterator<Item = Mark> + '_ {
        let from = self.marks.partition_point(|mark| mark.seq < seq);
        self.marks.iter().skip(from).take_while(move |mark| mark.seq == seq).copied()
    }
}
