//! An entry of the history in one line.

use ccc_protocol::bodies::AuditEntry;

use super::summary;
use crate::text::{Untrusted, Visible};

/// An entry in one line: who did what to which. The whole id stands last: it is searched for more than it is read.
#[must_use]
pub fn entry(entry: &AuditEntry) -> Visible {
    let by = entry.by.as_ref().map_or(Visible::label("server"), Visible::from);
    let mut words = by.then(" ").then(Untrusted(entry.kind.as_str()).line());
    if let Some(action) = &entry.action {
        words = words.then(" ").then(action);
    }
    if let Some(about) = entry.about.as_ref().filter(|about| entry.by.as_ref() != Some(about)) {
        words = words.then(" of ").then(about);
    }
    if let Some(ticket) = &entry.ticket {
        words = words.then(" ").then(summary::short(*ticket));
    }
    for value in
        ["params", "reason", "note"].iter().filter_map(|name| entry.detail.get(*name)).filter(|value| !value.is_null())
    {
        words = words.then("  ").then(summary::value(value));
    }
    match &entry.ticket {
        Some(ticket) => words.then("  ").then(ticket),
        None => words,
    }
}
