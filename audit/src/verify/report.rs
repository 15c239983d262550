//! What an examination comes to, in words: what was checked, what could not be, and what is wrong.

use std::io::Write;

use ccc_protocol::visible;

use crate::checkpoints::Checkpoints;

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

/// What stands beside the log and was held against it.
#[derive(Debug)]
pub struct Beside {
    /// How many tickets.
    pub tickets: u64,
    /// How many grants, with all else that approvers set; none where entries are missing.
    pub grants: Option<u64>,
}

impl Report {
    /// The log in one word.
    #[must_use]
    pub fn category(&self) -> Category {
        self.findings.category()
    }

    /// Says it, the word first. `beside` is what was held against the log; none where there was nothing to hold.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, beside: Option<&Beside>, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "{}: {}", self.category(), Counted(self.entries, "entry"))?;
        for finding in self.findings.kept() {
            writeln!(out, "  wrong    {}", visible::marked(&finding.to_string()))?;
        }
        if self.findings.more > 0 {
            writeln!(out, "  wrong    {} more", self.findings.more)?;
        }
        writeln!(out, "  checked  the chain of hashes, from entry 1 to entry {}", self.last)?;
        self.write_checkpoints(out)?;
        let Some(Beside { tickets, grants }) = beside else {
            return writeln!(out, "  not      tickets and what approvers set: an export holds neither");
        };
        writeln!(out, "  checked  {} against the log", Counted(*tickets, "ticket"))?;
        match grants {
            Some(grants) => {
                let grants = Counted(*grants, "grant");
                writeln!(out, "  checked  overrides, groups, freezes and {grants} against the log")?;
            }
            None => writeln!(out, "  not      overrides, groups, freezes and grants: entries are missing")?,
        }
        writeln!(
            out,
            "  not      mail permissions, pinned tools, known users, idempotency keys, until when denials answer"
        )
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
