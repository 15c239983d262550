//! The history on screen: entries of the audit log, newest first, searchable.

use ccc_protocol::bodies::{AuditEntry, AuditList};

use super::filter::Filter;
use crate::wording;

/// How many entries are read at first; older ones are read when a person goes there.
pub const WINDOW: u64 = 2000;

/// Entries as read so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Oldest first, without gaps.
    entries: Vec<AuditEntry>,
    /// Up to where the log was read; none before the first reading.
    read_to: Option<u64>,
    /// The entry after which reading began, once it has.
    begins_after: u64,
    begun: bool,
    filter: Filter,
    /// Places in `entries` that fit the filter, oldest first.
    fitting: Vec<usize>,
    /// From the newest, 0.
    at: usize,
    top: usize,
    height: usize,
}

impl History {
    /// From where the next reading goes on; the newest window where nothing was read yet.
    #[must_use]
    pub fn read_after(&self, newest: u64) -> u64 {
        self.read_to.unwrap_or_else(|| newest.saturating_sub(WINDOW))
    }

    /// True where something was read.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.read_to.is_some()
    }

    /// Where reading must begin to have older entries too; none where all were read.
    #[must_use]
    pub fn older(&self) -> Option<u64> {
        let begun = self.read_to.is_some() && self.begins_after > 0;
        begun.then(|| self.begins_after.saturating_sub(WINDOW))
    }

    /// Takes over a part of the log that was read after `after`.
    pub fn take(&mut self, list: AuditList) {
        let newest = self.entries.last().map_or(0, |entry| entry.seq);
        let oldest = self.entries.first().map_or(u64::MAX, |entry| entry.seq);
        let (older, newer): (Vec<_>, Vec<_>) = list
            .entries
            .into_iter()
            .filter(|entry| entry.seq > newest || entry.seq < oldest)
            .partition(|entry| entry.seq < oldest && newest > 0);
        if !older.is_empty() {
            self.entries.splice(0..0, older);
        }
        let grown = newer.len();
        self.entries.extend(newer);
        self.read_to = Some(self.read_to.unwrap_or(0).max(list.next.unwrap_or(list.seq)));
        self.refilter();
        if self.at > 0 {
            self.at += grown;
        }
        self.step(0);
    }

    /// Tells after which entry a reading begins.
    pub fn reading_after(&mut self, after: u64) {
        self.begins_after = if self.begun { self.begins_after.min(after) } else { after };
        self.begun = true;
    }

    /// All entries read.
    pub fn entries(&self) -> impl Iterator<Item = &AuditEntry> {
        self.entries.iter()
    }

    /// All entries read, newest first, whatever the filter.
    pub fn all_newest(&self) -> impl Iterator<Item = &AuditEntry> {
        self.entries.iter().rev()
    }

    /// Those that fit, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &AuditEntry> {
        (0..self.fitting.len()).map_while(|at| self.nth_newest(at))
    }

    /// How many fit, and how many were read.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.fitting.len(), self.entries.len())
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what fits these words.
    pub fn set_filter(&mut self, words: &str) {
        self.filter = Filter::new(words);
        self.refilter();
        self.at = 0;
        self.top = 0;
    }

    fn refilter(&mut self) {
        let fits = |entry: &AuditEntry| self.filter.is_empty() || self.filter.fits(wording::entry(entry).as_str());
        self.fitting = (0..self.entries.len()).filter(|&at| self.entries.get(at).is_some_and(fits)).collect();
    }

    fn nth_newest(&self, at: usize) -> Option<&AuditEntry> {
        let place = self.fitting.len().checked_sub(at + 1)?;
        self.fitting.get(place).and_then(|&at| self.entries.get(at))
    }

    /// The entry under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&AuditEntry> {
        self.nth_newest(self.at)
    }

    /// The rows on screen, each with whether the cursor is on it.
    pub fn visible(&self) -> impl Iterator<Item = (&AuditEntry, bool)> {
        (self.top..self.top + self.height).map_while(|at| Some((self.nth_newest(at)?, at == self.at)))
    }

    /// Moves the cursor by so many rows; true where it came to the oldest.
    pub fn step(&mut self, rows: isize) -> bool {
        let last = self.fitting.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(rows).min(last);
        self.keep_in_sight();
        self.at == last && rows > 0
    }

    /// Tells how many rows the pane has.
    pub fn resize(&mut self, height: usize) {
        self.height = height;
        self.keep_in_sight();
    }

    fn keep_in_sight(&mut self) {
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(self.height.max(1)));
    }
}
