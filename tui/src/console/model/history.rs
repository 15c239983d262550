//! The history on screen: what was asked for, a request a row, and what else happened, newest first, searchable.

use std::collections::HashMap;

use ccc_protocol::{
    TicketId,
    bodies::{AuditEntry, AuditList},
};

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
    /// Places in `entries`, of each row its own, oldest first: a request with all that became of it, or an entry alone. A row stands
    /// where it begins, and stays there whatever becomes of it.
    rows: Vec<Vec<usize>>,
    /// Places in `rows` that fit the filter, oldest first.
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
        self.entries.extend(newer);
        let before = self.rows.len();
        let is_older = self.gather();
        let grown = if is_older { 0 } else { self.rows.len().saturating_sub(before) };
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

    /// Makes the rows anew; true where older ones came than there were.
    fn gather(&mut self) -> bool {
        let oldest =
            self.rows.first().and_then(|row| row.first()).and_then(|&at| self.entries.get(at)).map(|first| first.seq);
        let (mut rows, mut of): (Vec<Vec<usize>>, HashMap<TicketId, usize>) = (vec![], HashMap::new());
        for (at, entry) in self.entries.iter().enumerate() {
            let known = entry.ticket.and_then(|ticket| of.get(&ticket)).and_then(|&row| rows.get_mut(row));
            match known {
                Some(row) => row.push(at),
                None => {
                    of.extend(entry.ticket.map(|ticket| (ticket, rows.len())));
                    rows.push(vec![at]);
                }
            }
        }
        self.rows = rows;
        self.entries.first().map(|first| first.seq) < oldest
    }

    /// All entries read.
    pub fn entries(&self) -> impl Iterator<Item = &AuditEntry> {
        self.entries.iter()
    }

    /// All entries read, newest first, whatever the filter.
    pub fn all_newest(&self) -> impl Iterator<Item = &AuditEntry> {
        self.entries.iter().rev()
    }

    /// Those rows that fit, newest first; of each its entries, oldest first.
    pub fn newest(&self) -> impl Iterator<Item = Vec<&AuditEntry>> {
        (0..self.fitting.len()).map_while(|at| self.nth_newest(at))
    }

    /// How many rows fit, and how many there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.fitting.len(), self.rows.len())
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
        let fits = |row: &usize| {
            self.filter.is_empty()
                || self.row(*row).is_some_and(|row| self.filter.fits(&wording::happened(&row).searched()))
        };
        self.fitting = (0..self.rows.len()).filter(fits).collect();
        if !self.filter.is_empty() {
            // The best stands first, which is last here; among equals the newest.
            let rank =
                |row: &usize| self.row(*row).and_then(|row| self.filter.rank(&wording::happened(&row).searched()));
            let mut ranked = self.fitting.clone();
            ranked.sort_by_cached_key(rank);
            self.fitting = ranked;
        }
    }

    fn row(&self, at: usize) -> Option<Vec<&AuditEntry>> {
        let row: Vec<_> = self.rows.get(at)?.iter().filter_map(|&at| self.entries.get(at)).collect();
        (!row.is_empty()).then_some(row)
    }

    fn nth_newest(&self, at: usize) -> Option<Vec<&AuditEntry>> {
        let place = self.fitting.len().checked_sub(at + 1)?;
        self.fitting.get(place).and_then(|&at| self.row(at))
    }

    /// The entries of the row under the cursor, oldest first; nothing where there is no row.
    #[must_use]
    pub fn selected(&self) -> Vec<&AuditEntry> {
        self.nth_newest(self.at).unwrap_or_default()
    }

    /// The rows on screen, each with whether the cursor is on it.
    pub fn visible(&self) -> impl Iterator<Item = (Vec<&AuditEntry>, bool)> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(entries: &[(u64, u8, &str)], next: Option<u64>) -> AuditList {
        let entry = |&(seq, ticket, kind): &(u64, u8, &str)| {
            json!({ "seq": seq, "at": "2026-03-07T12:00:00Z", "kind": kind, "by": "agent", "about": "agent",
                "ticket": TicketId::from_bytes([ticket; 16]), "action": "greet", "status": "queued" })
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        serde_json::from_value(json!({ "seq": 9, "entries": entries, "next": next })).unwrap()
    }

    fn seqs(history: &History) -> Vec<Vec<u64>> {
        history.newest().map(|row| row.iter().map(|entry| entry.seq).collect()).collect()
    }

    #[test]
    fn a_request_is_one_row_and_the_cursor_stays_on_it() {
        let mut history = History::default();
        history.resize(10);
        history.take(list(&[(5, 1, "submitted"), (6, 2, "submitted")], None));
        history.step(1);
        history.take(list(&[(7, 1, "approved"), (8, 3, "submitted")], None));
        assert_eq!(seqs(&history), [vec![8], vec![6], vec![5, 7]]);
        assert_eq!(history.selected().first().map(|entry| entry.seq), Some(5));
        assert_eq!(history.counts(), (3, 3));
        history.take(list(&[(3, 4, "submitted"), (4, 2, "submitted")], None));
        assert_eq!(seqs(&history), [vec![8], vec![5, 7], vec![4, 6], vec![3]], "older ones are read behind");
    }
}
