//! What an examination comes to, in words: what was checked, what could not be, and what is wrong.

use std::io::Write;

use crate::{checkpoints::Checkpoints, visible};

use super::{
    Category, Findings,
    finding::{Counted, list},
};

/// What an examination comes to.
#[derive(Debug)]
pub struct Report {
    /// How many entries were found.
    pub entries: u64,
    /// The number of the last one; 0 for an empty log.
    pub last: u64,
    /// What the log was held against.
    pub checkpoints: Option<Checkpoints>,
    /// How many checkpoints saw what was found.
    pub checkpoints_met: u64,
    /// The last entry that a checkpoint vouches for.
    pub covered_until: u64,
    /// What is wrong.
    pub findings: Findings,
}

impl Report {
    /// The log in one word.
    #[must_use]
    pub fn category(&self) -> Category {
        self.findings.category()
    }

    /// Says it, the word first. `tickets` is how many tickets were held against the log; none where there were none to hold.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, tickets: Option<u64>, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "{}: {}", self.category(), Counted(self.entries, "entry"))?;
        for finding in self.findings.kept() {
            writeln!(out, "  wrong    {}", visible::text(&finding.to_string()))?;
        }
        if self.findings.more > 0 {
            writeln!(out, "  wrong    {} more", self.findings.more)?;
        }
        writeln!(out, "  checked  the chain of hashes, from entry 1 to entry {}", self.last)?;
        self.write_checkpoints(out)?;
        match tickets {
            Some(count) => writeln!(out, "  checked  {} against the log", Counted(count, "ticket")),
            None => writeln!(out, "  not      tickets: an export holds none"),
        }
    }

    fn write_checkpoints(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Some(checkpoints) = &self.checkpoints else {
            return writeln!(
                out,
                "  not      the end: without checkpoints, a cut tail or another log in this one's place does not show"
            );
        };
        let count = u64::try_from(checkpoints.count()).unwrap_or(u64::MAX);
        let met = self.checkpoints_met;
        writeln!(
            out,
            "  checked  {}: {met} saw this log, up to entry {}",
            Counted(count, "checkpoint"),
            self.covered_until
        )?;
        if !checkpoints.authenticated {
            writeln!(out, "  not      whether the checkpoints are genuine: that takes the audit key (--key)")?;
        }
        if checkpoints.unreadable.count > 0 {
            let unreadable = &checkpoints.unreadable;
            let lines = Counted(unreadable.count, "line");
            writeln!(
                out,
                "  not      {lines} of the checkpoint file, no checkpoint: line {}",
                list(&unreadable.first)
            )?;
        }
        let tail = self.last.saturating_sub(self.covered_until);
        if tail > 0 {
            writeln!(out, "  not      the end: no checkpoint vouches for the last {}", Counted(tail, "entry"))?;
        }
        Ok(())
    }
}
