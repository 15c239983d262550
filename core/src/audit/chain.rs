//! The chain: each entry's hash covers the hash before it, `SHA-256(tag ‖ length of prev ‖ prev ‖ JCS of the entry)`.

use ccc_protocol::{Digest, Timestamp, bodies::AuditEntry, jcs};

use crate::ticket::{Note, Ticket};

const TAG: &[u8] = b"ccc audit entry v1\n";

/// The end of the chain: how long it is, and the hash of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The number of its last entry; 0 for an empty chain.
    pub seq: u64,
    /// The hash of its last entry; all zero for an empty chain.
    pub head: Link,
    /// When its last entry was made. Time never goes back behind it.
    pub latest: Timestamp,
}

/// The hash of one entry.
pub type Link = Digest;

/// An entry in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The entry.
    pub entry: AuditEntry,
    /// Its canonical form, as it is stored and hashed.
    pub json: String,
    /// Its hash.
    pub hash: Link,
}

impl Default for Chain {
    fn default() -> Self {
        Self { seq: 0, head: Digest::from_bytes([0; 32]), latest: Timestamp::default() }
    }
}

impl Chain {
    /// Appends an entry: gives it its number and never a time before the last one's.
    pub fn seal(&mut self, entry: AuditEntry) -> Sealed {
        let entry = AuditEntry { seq: self.seq + 1, at: entry.at.max(self.latest), ..entry };
        let json = canonical(&entry);
        let hash = link(self.head, json.as_bytes());
        *self = Self { seq: entry.seq, head: hash, latest: entry.at };
        Sealed { entry, json, hash }
    }
}

/// The hash of an entry with this canonical form behind an entry with this hash.
#[must_use]
pub fn link(previous: Link, canonical_entry: &[u8]) -> Link {
    let previous = previous.as_bytes();
    let length = u64::try_from(previous.len()).unwrap_or(u64::MAX).to_be_bytes();
    Digest::of(&[TAG, &length, previous, canonical_entry].concat())
}

/// The canonical form of an entry (RFC 8785).
#[must_use]
pub fn canonical(entry: &AuditEntry) -> String {
    // An entry holds strings, numbers and JSON values alone: it always has a JSON form.
    jcs::to_string(&serde_json::to_value(entry).unwrap_or_default())
}

/// The entry that a ticket's change makes.
#[must_use]
pub fn of_ticket(ticket: &Ticket, note: Note, at: Timestamp) -> AuditEntry {
    AuditEntry {
        seq: 0,
        at,
        kind: note.kind.to_owned(),
        by: note.by,
        about: Some(ticket.submitted_by().clone()),
        ticket: Some(ticket.id()),
        action: Some(ticket.request().action.clone()),
        status: Some(ticket.status()),
        detail: note.detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: &str) -> AuditEntry {
        AuditEntry {
            seq: 0,
            at: Timestamp::from_seconds(10),
            kind: kind.to_owned(),
            by: None,
            about: None,
            ticket: None,
            action: None,
            status: None,
            detail: serde_json::Map::new(),
        }
    }

    #[test]
    fn each_hash_covers_the_one_before() {
        let mut chain = Chain::default();
        let first = chain.seal(entry("a"));
        let second = chain.seal(entry("b"));
        assert_eq!(first.json, r#"{"at":"1970-01-01T00:00:10Z","kind":"a","seq":1}"#);
        assert_eq!(second.hash, link(first.hash, second.json.as_bytes()));
        assert_ne!(second.hash, link(Chain::default().head, second.json.as_bytes()));
    }

    #[test]
    fn time_never_goes_back() {
        let mut chain = Chain { latest: Timestamp::from_seconds(20), ..Chain::default() };
        assert_eq!(chain.seal(entry("a")).entry.at, Timestamp::from_seconds(20));
    }
}
