//! From a tool call to an answer: what came of asking the bridge, in words for the agent.

use std::cell::Cell;
use std::time::Instant;

use ccc_client::{CallError, Manner, Objection, Road, Ruling, TOOL_BODY_BYTES_MAX, Terms, Watch, ask_for_clearance};
use ccc_hosts::answer::{Answer, Reason, Receipt};
use ccc_protocol::TicketId;
use ccc_protocol::actions::CAN;
use ccc_protocol::bodies::{Status, Ticket};
use serde_json::Value;

/// The bridge, and what else a hook asks of it than leave.
pub trait Bridge {
    /// The road to it.
    fn road(&self) -> &dyn Road;

    /// Asks for nothing, to see that the bridge is there and accepts the key;
    /// the user it was asked as.
    ///
    /// # Errors
    /// When there is no authentic answer: why, in words for the agent.
    fn greet(&self) -> Result<String, Reason>;
}

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Judged {
    /// To be told to the host as it is.
    Answered(Answer),
    /// The call may go on confined, and in no other way.
    Confined,
}

/// How a call waits for its answer.
pub struct Waiting<'a> {
    /// When it is of no more use.
    pub deadline: Instant,
    /// Told of each ticket that it waits for, before it does.
    pub opened: &'a dyn Fn(TicketId),
}

/// A watch that keeps the ticket that was the last.
struct Kept<'a> {
    waiting: &'a Waiting<'a>,
    ticket: Cell<Option<TicketId>>,
}

impl Watch for Kept<'_> {
    fn queued(&self, ticket: TicketId) -> bool {
        if self.ticket.replace(Some(ticket)) != Some(ticket) {
            (self.waiting.opened)(ticket);
        }
        true
    }

    fn deadline(&self) -> Instant {
        self.waiting.deadline
    }
}

/// Asks for leave until there is an answer or the time to wait is over. Where the bridge does not know yet that a call `can` be
/// confined, it is asked without that word.
///
/// # Errors
/// When the bridge gave no authentic answer: the words to block with.
pub fn judge(road: &dyn Road, call: &Value, waiting: &Waiting<'_>) -> Result<Judged, Reason> {
    let watch = Kept { waiting, ticket: Cell::default() };
    let ruling = ask_for_clearance(road, call, Manner::Opened, &watch);
    let ruling = match (&ruling, without_can(call)) {
        (Ruling::Unanswered(error), Some(silent)) if is_about_can(error) => {
            ask_for_clearance(road, &silent, Manner::Opened, &watch)
        }
        _ => ruling,
    };
    match ruling {
        Ruling::Cleared(clearance) => Ok(match clearance.spend() {
            Terms::Free => Judged::Answered(Answer::Allow),
            Terms::Confined => Judged::Confined,
        }),
        Ruling::Closed(objection, ticket) => Ok(Judged::Answered(Answer::Deny(no_leave(objection, &ticket)))),
        Ruling::Open(ticket) | Ruling::Gone(ticket) => {
            Ok(Judged::Answered(Answer::Ask(Receipt { ticket: ticket.id.to_string() })))
        }
        Ruling::TooLarge { bytes } => Err(too_large(bytes)),
        Ruling::Unanswered(error) => Err(match watch.ticket.get() {
            Some(ticket) if is_away(&error) => went_away(ticket, &error),
            _ => no_answer(&error),
        }),
    }
}

fn is_away(error: &CallError) -> bool {
    matches!(error, CallError::Unreachable { .. } | CallError::Lost { .. })
}

fn went_away(ticket: TicketId, error: &CallError) -> Reason {
    Reason::new(&format!(
        "the bridge went away while ticket {ticket} waited for a person ({error}); once it is back, try the same call again: \
         it finds its ticket"
    ))
}

fn is_about_can(error: &CallError) -> bool {
    matches!(error, CallError::Refused(problem) if problem.status == 422 && problem.param.as_deref() == Some(CAN))
}

fn without_can(call: &Value) -> Option<Value> {
    let mut silent = call.as_object()?.clone();
    silent.remove(CAN).map(|_| Value::Object(silent))
}

/// Records an event.
///
/// # Errors
/// When it is not certain that the bridge recorded it.
pub fn record(road: &dyn Road, event: &Value) -> Result<(), Reason> {
    let answer = road.ask(event.to_string().as_bytes(), None, None);
    let ticket = answer.and_then(|answer| answer.subject()).map_err(|error| no_answer(&error))?;
    match ticket.status {
        Status::Succeeded => Ok(()),
        other => Err(Reason::new(&format!("the bridge did not record this event: it is {other}{}", because(&ticket)))),
    }
}

fn no_leave(objection: Objection, ticket: &Ticket) -> Reason {
    let Ticket { id, status, action, .. } = ticket;
    Reason::new(&match objection {
        Objection::Denied => denial(ticket),
        Objection::Expired => format!("nobody decided ticket {id} in time; try the same call again to ask anew"),
        Objection::Spent => {
            format!("the leave of ticket {id} went to an equal call; try the same call again to ask anew")
        }
        Objection::Foreign => format!("ticket {id} is about `{action}`, which is no leave for this call"),
        Objection::Ended => format!("ticket {id} is {status}, which is no leave{}", because(ticket)),
    })
}

fn denial(ticket: &Ticket) -> String {
    let by = match &ticket.decided_by {
        Some(person) => format!("denied by {person}"),
        // What decided says itself whether it is a rule: "rule `no uploads`", "the action's own policy".
        None => format!("denied by {}", ticket.rule),
    };
    let again = ticket.denied_until.map(|until| format!(" (the same call is answered so until {until})"));
    format!("{by}{}{}", because(ticket), again.unwrap_or_default())
}

fn because(ticket: &Ticket) -> String {
    match ticket.reason.as_deref() {
        Some(reason) if !reason.trim().is_empty() => format!(": {reason}"),
        _ => String::new(),
    }
}

fn too_large(bytes: usize) -> Reason {
    Reason::new(&format!(
        "the tool's input makes {bytes} bytes and at most {TOOL_BODY_BYTES_MAX} can be judged: split it into smaller calls"
    ))
}

fn no_answer(error: &CallError) -> Reason {
    Reason::new(&match error {
        CallError::Refused(problem) => format!("the bridge refused this call: {}", problem.detail),
        other => other.to_string(),
    })
}
