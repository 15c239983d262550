//! From a tool call to an answer: what came of asking the bridge, in words for the agent.

use std::time::{Duration, Instant};

use ccc_client::{CallError, Manner, Objection, Road, Ruling, TOOL_BODY_BYTES_MAX, Terms, Until, ask_for_clearance};
use ccc_hosts::answer::{Answer, Reason, Receipt};
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

/// Asks for leave until there is an answer or `hold` is over. Where the bridge does not know yet that a call `can` be confined,
/// it is asked without that word.
///
/// # Errors
/// When the bridge gave no authentic answer: the words to block with.
pub fn judge(road: &dyn Road, call: &Value, hold: Duration) -> Result<Judged, Reason> {
    let until = Until(Instant::now() + hold);
    let ruling = ask_for_clearance(road, call, Manner::Held, &until);
    let ruling = match (&ruling, without_can(call)) {
        (Ruling::Unanswered(error), Some(silent)) if is_about_can(error) => {
            ask_for_clearance(road, &silent, Manner::Held, &until)
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
        Ruling::Unanswered(error) => Err(no_answer(&error)),
    }
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
        Objection::Spent => format!("the leave of ticket {id} was already used"),
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
