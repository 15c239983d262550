//! How far a session is in one sequence.

use ccc_protocol::Timestamp;

use super::super::state::is_recent;

/// Paths that one sequence follows at most; the oldest are forgotten first.
const PATHS_MAX: usize = 16;

/// The steps taken, since when, and the paths that were written by them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Progress {
    steps: u8,
    since: Timestamp,
    calls: u32,
    paths: Vec<String>,
}

impl Progress {
    /// How many steps were taken.
    pub(super) fn steps(&self) -> usize {
        usize::from(self.steps)
    }

    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    pub(super) fn paths(&self) -> &[String] {
        &self.paths
    }

    pub(super) fn is_within(&self, now: Timestamp, seconds: u64, calls_max: u32) -> bool {
        self.steps > 0 && is_recent(self.since, now, seconds) && self.calls <= calls_max
    }

    /// One call more went by, whatever it did.
    pub(in super::super) fn count_call(&mut self) {
        self.calls = self.calls.saturating_add(1);
    }

    /// This step was taken, by a call that wrote these paths. The first begins the window; one that was taken before carries its paths on.
    pub(super) fn take(&mut self, step: u8, last: u8, paths: &[String], now: Timestamp) {
        if step == 0 && self.steps <= 1 {
            (self.since, self.calls) = (now, 0);
        }
        self.steps = self.steps.max(step.saturating_add(1)).min(last);
        for path in paths {
            if !self.paths.contains(path) {
                self.paths.push(path.clone());
            }
        }
        let over = self.paths.len().saturating_sub(PATHS_MAX);
        self.paths.drain(..over);
    }
}
