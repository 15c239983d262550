//! From a tool call to an answer: what came of asking the bridge, in words for the agent.

use std::time::{Duration, Instant};

use ccc_client::{CallError, Manner, Objection, Road, Ruling, TOOL_BODY_BYTES_MAX, Terms, Until, ask_for_clearance};
use ccc_hosts::answer::{Answer, Reason, Receipt};
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

/// Asks for leave until there is an answer or `hold` is over.
///
/// # Errors
/// When the bridge gave no authentic answer: the words to block with.
pub fn judge(road: &dyn Road, call: &Value, hold: Duration) -> Result<Answer, Reason> {
    let until = Until(Instant::now() + hold);
    match ask_for_clearance(road, call, Manner::Held, &until) {
        Ruling::Cleared(clearance) => match clearance.spend() {
            Terms::Free => Ok(Answer::Allow),
            Terms::Confined => {
                Ok(Answer::Deny(Reason::new("this call is to be run confined, which is not set up here")))
            }
        },
        Ruling::Closed(objection, ticket) => Ok(Answer::Deny(no_leave(objection, &ticket))),
        Ruling::Open(ticket) | Ruling::Gone(ticket) => Ok(Answer::Ask(Receipt { ticket: ticket.id.to_string() })),
        Ruling::TooLarge { bytes } => Err(too_large(bytes)),
        Ruling::Unanswered(error) => Err(no_answer(&error)),
    }
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
        Objection::Spent => format!("the leave of ticket {id} was already used"),
        Objection::Foreign => format!("ticket {id} is about `{action}`, which is no leave for this call"),
        Objection::Ended => format!("ticket {id} is {status}, which is no leave{}", because(ticket)),
    })
}

fn denial(ticket: &Ticket) -> String {
    let by = match &ticket.decided_by {
        Some(person) => format!("denied by {person}"),
        None => format!("denied by rule `{}`", ticket.rule),
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
