//! Whether a tool call may go on: the one place that says yes, and the proof that it did.
//!
//! INVARIANT: a [`Clearance`] is made by [`ask_for_clearance`] alone, from an answer whose signature held, in which the bridge says of the
//! `use-tool` ticket that it was released, or released to be confined, to this very request. Whoever holds one has no status left to ask for.

use std::time::Duration;

use ccc_protocol::actions::USE_TOOL;
use ccc_protocol::bodies::{Status, Ticket};
use serde_json::Value;

use crate::error::CallError;
use crate::follow::{End, Followed, Manner, Watch, follow};
use crate::road::Road;

/// The largest body of a tool call that the bridge takes, in bytes.
pub const TOOL_BODY_BYTES_MAX: usize = 1024 * 1024;

/// The time between the leave of an equal call and the next question.
const AGAIN: Duration = Duration::from_millis(100);

/// Proof that this very tool call may go on, once. It is spent by value, so one yes lets one call go on.
///
/// ```
/// fn once(clearance: ccc_client::Clearance) -> ccc_client::Terms {
///     clearance.spend()
/// }
/// ```
///
/// It is not spent twice, not copied, and not made by anybody but [`ask_for_clearance`]:
///
/// ```compile_fail,E0382
/// fn twice(clearance: ccc_client::Clearance) {
///     let _first = clearance.spend();
///     let _second = clearance.spend();
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn copied(clearance: &ccc_client::Clearance) -> ccc_client::Clearance {
///     <ccc_client::Clearance as Clone>::clone(clearance)
/// }
/// ```
///
/// ```compile_fail,E0451
/// let made = ccc_client::Clearance { terms: ccc_client::Terms::Free };
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a call that may go on is let go on, or its leave is lost"]
pub struct Clearance {
    terms: Terms,
}

/// On which terms a call may go on. Whoever spends a clearance names each of them, so that a new one is overlooked nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a call goes on under these terms or not at all"]
pub enum Terms {
    /// As it was asked for.
    Free,
    /// Run confined, and in no other way.
    Confined,
}

impl Clearance {
    /// Lets the call go on, under these terms.
    pub fn spend(self) -> Terms {
        self.terms
    }
}

/// What came of asking for leave.
#[derive(Debug)]
#[must_use = "a call whose ruling is not looked at is not judged"]
pub enum Ruling {
    /// It may go on.
    Cleared(Clearance),
    /// It does not go on: this is how its ticket ended.
    Closed(Objection, Box<Ticket>),
    /// Nobody had decided when the deadline came. The same call asked again later is answered by this ticket.
    Open(Box<Ticket>),
    /// Nobody waits for the call any more; its ticket was withdrawn.
    Gone(Box<Ticket>),
    /// It was not asked about: as a request it has so many bytes, more than [`TOOL_BODY_BYTES_MAX`].
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// The bridge gave no authentic answer, or refused the request.
    Unanswered(CallError),
}

/// Why the end of a ticket is no leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// A rule or a person said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// It was released, and to another request than this one.
    Spent,
    /// The answer is no ticket of a tool call's, or came with a refusal.
    Foreign,
    /// It ended in some other way.
    Ended,
}

/// Asks whether a tool call may go on, and waits for the answer until the deadline of `watch`. `call` is the whole of the
/// action, as it is signed.
///
/// Equal calls wait for one ticket, and one yes lets one of them go on. Each of the others is asked about anew.
pub fn ask_for_clearance(road: &dyn Road, call: &Value, manner: Manner, watch: &dyn Watch) -> Ruling {
    let body = call.to_string();
    if body.len() > TOOL_BODY_BYTES_MAX {
        return Ruling::TooLarge { bytes: body.len() };
    }
    loop {
        let ruled = match follow(road, body.as_bytes(), manner, watch) {
            Ok(followed) => ruling(followed),
            Err(error) => Ruling::Unanswered(error),
        };
        let is_anothers = matches!(ruled, Ruling::Closed(Objection::Spent, _));
        if !is_anothers || watch.now() >= watch.deadline() {
            return ruled;
        }
        // A bridge that says the same again and again is not asked without end at once.
        watch.pause(AGAIN);
    }
}

/// INVARIANT: only an answer that is itself the released ticket clears, never a refusal that carries one. No arm stands for a
/// status that nobody thought of.
fn ruling(followed: Followed) -> Ruling {
    let is_refusal = !followed.answer.is_success();
    let ticket = match followed.ticket {
        Ok(ticket) => ticket,
        Err(error) => return Ruling::Unanswered(error),
    };
    match followed.end {
        End::Deadline => return Ruling::Open(ticket),
        End::Gone => return Ruling::Gone(ticket),
        End::Ended => {}
    }
    match ticket.status {
        Status::Released | Status::Confined if is_refusal || ticket.action.as_str() != USE_TOOL => {
            Ruling::Closed(Objection::Foreign, ticket)
        }
        Status::Released | Status::Confined if ticket.replayed => Ruling::Closed(Objection::Spent, ticket),
        Status::Released => Ruling::Cleared(Clearance { terms: Terms::Free }),
        Status::Confined => Ruling::Cleared(Clearance { terms: Terms::Confined }),
        Status::Queued | Status::Approved | Status::Running => Ruling::Open(ticket),
        Status::Denied => Ruling::Closed(Objection::Denied, ticket),
        Status::Expired => Ruling::Closed(Objection::Expired, ticket),
        Status::Succeeded | Status::Failed | Status::Cancelled | Status::Lost => {
            Ruling::Closed(Objection::Ended, ticket)
        }
    }
}

#[cfg(test)]
mod tests;
