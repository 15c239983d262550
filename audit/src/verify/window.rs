//! Entries that came before their turn, waiting for those that belong before them.

use ccc_protocol::Timestamp;

use crate::entry::Row;

/// The most entries that wait.
const ENTRIES_MAX: usize = 65_536;
/// The most memory that their texts may take, in bytes.
const WINDOW_BYTES_MAX: usize = 32 * 1024 * 1024;

/// An entry that waits.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) row: Row,
}

/// Entries that wait, in the order they came, no number twice.
#[derive(Debug, Default)]
pub(super) struct Window {
    held: Vec<Held>,
    bytes: usize,
    first: u64,
    last: u64,
}

impl Window {
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= ENTRIES_MAX || self.bytes >= WINDOW_BYTES_MAX
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.first = if self.held.is_empty() { held.seq } else { self.first.min(held.seq) };
        self.last = self.last.max(held.seq);
        self.bytes = self.bytes.saturating_add(held.row.json.len());
        self.held.push(held);
    }

    /// True where it holds every number from this one to its last.
    pub(super) fn is_complete_from(&self, next: u64) -> bool {
        let length = u64::try_from(self.held.len()).unwrap_or(u64::MAX);
        self.first == next && next.checked_add(length) == self.last.checked_add(1)
    }

    pub(super) fn take_sorted(&mut self) -> Vec<Held> {
        let mut held = self.take_as_found();
        held.sort_unstable_by_key(|held| held.seq);
        held
    }

    pub(super) fn take_as_found(&mut self) -> Vec<Held> {
        std::mem::take(self).held
    }
}
