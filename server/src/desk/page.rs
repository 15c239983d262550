//! A page of a list, by number and by bytes.

use ccc_core::written::written_bytes;
use ccc_protocol::bodies::{
    AuditEntry,
    abridge::{Abridge, CUT},
};
use serde::Serialize;

/// Takes entries while there is room.
#[derive(Debug)]
pub(super) struct Page<T> {
    entries: Vec<T>,
    entries_max: u64,
    bytes_left: u64,
}

impl<T: Serialize> Page<T> {
    #[must_use]
    pub(super) fn new(entries_max: u64, bytes_max: u64) -> Self {
        Self { entries: vec![], entries_max, bytes_left: bytes_max }
    }

    /// Takes the entry; false, and it is not taken, where the page is full. The first is always taken, so that a reader comes
    /// on.
    pub(super) fn take(&mut self, entry: T) -> bool {
        let bytes = written_bytes(&entry);
        let is_first = self.entries.is_empty();
        if !is_first && (self.is_full() || bytes > self.bytes_left) {
            return false;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.entries.push(entry);
        true
    }

    #[must_use]
    pub(super) fn into_entries(self) -> Vec<T> {
        self.entries
    }

    fn is_full(&self) -> bool {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX) >= self.entries_max
    }
}

/// The entry as a list has it: where its detail is long that is cut, and a member says so. The members' names are the
/// server's own, so that nobody else can say it.
#[must_use]
pub(super) fn listed(entry: AuditEntry) -> AuditEntry {
    let mut abridge = Abridge::default();
    let mut detail = abridge.object(&entry.detail);
    if abridge.has_cut() {
        detail.insert(CUT.to_owned(), CUT.into());
    }
    AuditEntry { detail, ..entry }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(entries_max: u64, bytes_max: u64, texts: &[&str]) -> (Vec<String>, bool) {
        let mut page = Page::new(entries_max, bytes_max);
        let took_all = texts.iter().all(|text| page.take((*text).to_owned()));
        (page.into_entries(), took_all)
    }

    #[test]
    fn a_page_is_full_by_number_or_by_bytes_and_always_has_its_first() {
        assert_eq!(page(2, 100, &["a", "b", "c"]), (vec!["a".to_owned(), "b".to_owned()], false));
        assert_eq!(page(9, 6, &["a", "b", "c"]), (vec!["a".to_owned(), "b".to_owned()], false));
        assert_eq!(page(9, 2, &["long", "b"]), (vec!["long".to_owned()], false));
        assert_eq!(page(2, 6, &["a", "b"]), (vec!["a".to_owned(), "b".to_owned()], true));
    }
}
