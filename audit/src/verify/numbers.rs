//! Which numbers have been seen, as runs: one run for a log in order, however long.

use std::collections::BTreeMap;

/// The most runs that are kept, at some fifty bytes each. A log in more pieces than that is named scattered.
const RUNS_MAX: usize = 1_000_000;

/// Numbers, each at most once.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// First to last of each run.
    runs: BTreeMap<u64, u64>,
    overfull: bool,
}

impl Numbers {
    pub(super) fn holds(&self, number: u64) -> bool {
        self.runs.range(..=number).next_back().is_some_and(|(_, last)| *last >= number)
    }

    /// Adds a run of numbers of which none is held.
    pub(super) fn add(&mut self, first: u64, last: u64) {
        let before = self.runs.range(..first).next_back().filter(|(_, end)| end.checked_add(1) == Some(first));
        let start = before.map_or(first, |(start, _)| *start);
        let after = last.checked_add(1).and_then(|next| self.runs.remove(&next));
        if self.runs.len() >= RUNS_MAX && start == first {
            self.overfull = true;
            return;
        }
        self.runs.insert(start, after.unwrap_or(last));
    }

    /// The greatest number held; 0 where there is none.
    pub(super) fn last(&self) -> u64 {
        self.runs.last_key_value().map_or(0, |(_, last)| *last)
    }

    /// The runs of numbers that are missing from 1 to the last.
    pub(super) fn missing(&self) -> Vec<(u64, u64)> {
        let mut next = 1;
        let mut missing = vec![];
        for (first, last) in &self.runs {
            if *first > next {
                missing.push((next, first.saturating_sub(1)));
            }
            next = last.saturating_add(1);
        }
        missing
    }

    /// True where not every number could be kept.
    pub(super) fn is_overfull(&self) -> bool {
        self.overfull
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_and_gaps_show() {
        let mut numbers = Numbers::default();
        for number in [2, 5, 4, 9] {
            numbers.add(number, number);
        }
        assert!(numbers.holds(4) && !numbers.holds(3));
        assert_eq!(numbers.missing(), [(1, 1), (3, 3), (6, 8)]);
        numbers.add(3, 3);
        numbers.add(6, 8);
        assert_eq!(numbers.missing(), [(1, 1)]);
        assert_eq!(numbers.runs.len(), 1);
        assert_eq!(numbers.last(), 9);
    }
}
