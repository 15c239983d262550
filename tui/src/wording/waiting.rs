//! Whether the agent still waits for an answer.

use ccc_protocol::{
    Timestamp,
    bodies::{Status, Ticket},
};
use serde_json::Value;

use super::{span, words};
use crate::text::{Row, Tone, Untrusted, Visible};

/// Who waits and how long, or that nobody does; none where nobody has to, or nobody knows.
#[must_use]
pub fn waiting(ticket: &Ticket, now: Timestamp) -> Option<Row> {
    let waiting = ticket.waiting.filter(|_| ticket.status == Status::Queued)?;
    let who = ticket.params.get("host").and_then(Value::as_str).filter(|host| words::is_plain(host));
    let who = who.map_or_else(|| Visible::label("the agent"), |host| Untrusted(host).line().cut(NAME_CELLS));
    if !waiting.here {
        return Some(Row::new().with(Tone::Care, who.then(" has gone: an answer counts when it asks again")));
    }
    let left = waiting.until.map(|until| Visible::label(", ").then(span::until(now, until)).then(" left"));
    Some(Row::new().with(Tone::Dim, who.then(" waits").then(left.unwrap_or_default())))
}

/// Of a host's name so much is told.
const NAME_CELLS: usize = 16;
