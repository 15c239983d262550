//! The chain: each entry's hash covers the hash before it, `SHA-256(tag ‖ length of prev ‖ prev ‖ JCS of the entry)`.

use ccc_protocol::{
    ActionName, Digest, TicketId, Timestamp, UserName,
    bodies::{AuditEntry, Status},
    jcs::ObjectWriter,
};

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
    /// The entry with its final number and time.
    pub entry: AuditEntry,
    /// Its canonical form, as it is stored and hashed.
    pub json: String,
    /// Covers the hash before it, so that one hash vouches for all that came before.
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
    let about = ObjectWriter::begin()
        .some_string("about", entry.about.as_ref().map(UserName::as_str))
        .some_string("action", entry.action.as_ref().map(ActionName::as_str))
        .string("at", &entry.at.to_string())
        .some_string("by", entry.by.as_ref().map(UserName::as_str));
    let detailed = if entry.detail.is_empty() { about } else { about.object("detail", &entry.detail) };
    detailed
        .string("kind", entry.kind.as_str())
        .number("seq", entry.seq)
        .some_string("status", entry.status.map(Status::as_str))
        .some_string("ticket", entry.ticket.as_ref().map(TicketId::to_string).as_deref())
        .end()
}

/// The entry that a ticket's change makes.
#[must_use]
pub fn of_ticket(ticket: &Ticket, note: Note, at: Timestamp) -> AuditEntry {
    AuditEntry {
        seq: 0,
        at,
        kind: note.kind,
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
            kind: kind.into(),
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
    fn the_canonical_form_is_that_of_the_entry_as_json() {
        let bare = entry("a");
        let full = AuditEntry {
            seq: 7,
            by: Some("user".parse().unwrap()),
            about: Some("agent".parse().unwrap()),
            ticket: Some(TicketId::new(1, [1; 10])),
            action: Some("open-browser".parse().unwrap()),
            status: Some(Status::Denied),
            detail: [("reason".to_owned(), "no \u{1f600}\n".into()), ("at".to_owned(), 1.5.into())]
                .into_iter()
                .collect(),
            ..entry("denied")
        };
        for entry in [bare, full] {
            assert_eq!(canonical(&entry), ccc_protocol::jcs::to_string(&serde_json::to_value(&entry).unwrap()));
        }
    }

    #[test]
    fn time_never_goes_back() {
        let mut chain = Chain { latest: Timestamp::from_seconds(20), ..Chain::default() };
        assert_eq!(chain.seal(entry("a")).entry.at, Timestamp::from_seconds(20));
    }
}
