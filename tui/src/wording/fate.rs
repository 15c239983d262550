//! How a ticket stands, and who decided it.

use ccc_protocol::bodies::{Status, Ticket};

use super::summary;
use crate::text::{Untrusted, Visible};

/// How a ticket stands, and who decided it.
#[must_use]
pub fn fate(ticket: &Ticket) -> Visible {
    let head = Visible::from(&ticket.action)
        .then(" ")
        .then(summary::short(ticket.id))
        .then(": ")
        .then(self::status(ticket.status));
    let decided = match (ticket.status, &ticket.decided_by) {
        (_, None) => Visible::default(),
        (Status::Denied | Status::Approved, Some(by)) => Visible::label(" by ").then(by),
        (_, Some(by)) => Visible::label(", approved by ").then(by),
    };
    let at = ticket.decided.as_ref().map_or_else(Visible::default, |at| Visible::label(" at ").then(at));
    let why =
        ticket.reason.as_deref().map_or_else(Visible::default, |why| Visible::label(": ").then(Untrusted(why).line()));
    head.then(decided).then(at).then(why)
}

/// How a ticket stands, in a word: what is released on the wire was allowed, as a person says it.
#[must_use]
pub fn status(status: Status) -> Visible {
    Visible::label(match status {
        Status::Released => "allowed",
        other => other.as_str(),
    })
}
