//! One entry as it was found: its text, its hash, and where it stood.

use std::fmt;

use ccc_protocol::{Digest, bodies::AuditEntry, jcs};
use serde::Deserialize as _;

/// The most that one entry may take, in bytes. What a server writes stays far below.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The row of the database with this number.
    Row(u64),
    /// This line of an export, from 1.
    Line(u64),
}

/// An entry's text and hash, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it was found.
    pub place: Place,
    /// The entry as it was hashed.
    pub json: String,
    /// The hash that was stored with it.
    pub hash: Digest,
    /// The ticket that it is filed under.
    pub filed: Filed,
}

/// The ticket that a row is filed under: by this, not by the entry, the server finds what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// An export files nothing.
    Nowhere,
    /// Under this ticket, or under none.
    Under(Option<[u8; 16]>),
}

impl Filed {
    /// True where nothing is filed under a ticket that it is not about.
    #[must_use]
    pub fn fits(self, entry: &AuditEntry) -> bool {
        match self {
            Self::Nowhere => true,
            Self::Under(ticket) => ticket == entry.ticket.map(|id| *id.as_bytes()),
        }
    }
}

/// What a source has at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Something that may be an entry.
    Row(Row),
    /// Something that is none, and why.
    Unreadable(Place, String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(number) => write!(f, "row {number}"),
            Self::Line(number) => write!(f, "line {number}"),
        }
    }
}

/// Reads an entry from its text, which must be the canonical one: two readers of it never see two entries.
///
/// # Errors
/// What is wrong with the text.
pub fn read(json: &str) -> Result<AuditEntry, String> {
    let value: serde_json::Value = serde_json::from_str(json).map_err(|error| format!("it is not JSON: {error}"))?;
    if jcs::to_string(&value) != json {
        return Err("it is not in canonical form".to_owned());
    }
    AuditEntry::deserialize(value).map_err(|error| format!("it is no audit entry: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_an_entry() {
        assert_eq!(read(r#"{"at":"2026-03-07T12:00:00Z","kind":"a","seq":1}"#).unwrap().seq, 1);
        for text in [
            r#"{"kind":"a","at":"2026-03-07T12:00:00Z","seq":1}"#,
            r#"{"at":"2026-03-07T12:00:00Z","kind":"a", "seq":1}"#,
            r#"{"at":"2026-03-07T12:00:00Z","detail":{"a":1,"a":2},"kind":"a","seq":1}"#,
            r#"{"kind":"a","seq":1}"#,
            "[]",
            "",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
