//! From a tool call to a answer: ask the bridge, wait as long as the config
//! says, and take nothing but a released ticket for leave.

use std::time::{Duration, Instant};

use ccc_protocol::actions::USE_TOOL;
use ccc_protocol::bodies::{Status, Ticket};
use serde_json::Value;

use ccc_hosts::answer::{Answer, Reason, Receipt};

/// The longest wait asked of the bridge in one request, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 300;

/// The largest body of a tool call that the bridge takes, in bytes.
pub const TOOL_BODY_BYTES_MAX: usize = 1024 * 1024;

/// The shortest time between two requests for the same call, in milliseconds,
/// for a bridge that answers sooner than it was asked to.
const PAUSE_MILLIS: u64 = 500;

/// The road to the bridge. What it returns was signed by the bridge.
pub trait Bridge {
    /// Submits an action and waits at most `wait` for its end.
    ///
    /// # Errors
    /// When there is no authentic ticket: why, in words for the agent.
    fn submit(&mut self, action: &Value, wait: Duration) -> Result<Ticket, Reason>;

    /// Asks for nothing, to see that the bridge is there and accepts the key;
    /// the user it was asked as.
    ///
    /// # Errors
    /// As [`Bridge::submit`].
    fn greet(&mut self) -> Result<String, Reason>;
}

/// Asks for leave until there is a answer or `hold` is over.
///
/// # Errors
/// When the bridge gave no authentic answer: the words to block with.
pub fn judge(bridge: &mut impl Bridge, call: &Value, hold: Duration) -> Result<Answer, Reason> {
    fits_in_a_body(call)?;
    let end = Instant::now() + hold;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let ticket = bridge.submit(call, left.min(Duration::from_secs(WAIT_SECONDS_MAX)))?;
        match step(&ticket) {
            Step::Decided(answer) => return Ok(answer),
            Step::Again if Instant::now() < end => std::thread::sleep(Duration::from_millis(PAUSE_MILLIS).min(left)),
            Step::Again => return Ok(Answer::Ask(Receipt { ticket: ticket.id.to_string() })),
        }
    }
}

/// Records an event.
///
/// # Errors
/// When it is not certain that the bridge recorded it.
pub fn record(bridge: &mut impl Bridge, event: &Value) -> Result<(), Reason> {
    let ticket = bridge.submit(event, Duration::ZERO)?;
    match ticket.status {
        Status::Succeeded => Ok(()),
        other => Err(Reason::new(&format!("the bridge did not record this event: it is {other}{}", because(&ticket)))),
    }
}

/// What a ticket means for a call that waits for it.
enum Step {
    Decided(Answer),
    /// Not decided, or decided and not yet taken: ask once more, which takes it.
    Again,
}

fn step(ticket: &Ticket) -> Step {
    match ticket.status {
        Status::Released if !ticket.replayed && ticket.action.as_str() == USE_TOOL => Step::Decided(Answer::Allow),
        Status::Queued | Status::Approved | Status::Running => Step::Again,
        Status::Denied => Step::Decided(Answer::Deny(denial(ticket))),
        other => Step::Decided(Answer::Deny(no_leave(ticket, other))),
    }
}

fn denial(ticket: &Ticket) -> Reason {
    let by = match &ticket.decided_by {
        Some(person) => format!("denied by {person}"),
        None => format!("denied by rule `{}`", ticket.rule),
    };
    let again = ticket.denied_until.map(|until| format!(" (the same call is answered so until {until})"));
    Reason::new(&format!("{by}{}{}", because(ticket), again.unwrap_or_default()))
}

fn no_leave(ticket: &Ticket, status: Status) -> Reason {
    let id = &ticket.id;
    Reason::new(&match status {
        Status::Expired => format!("nobody decided ticket {id} in time; try the same call again to ask anew"),
        Status::Released => format!("the leave of ticket {id} was already used"),
        other => format!("ticket {id} is {other}, which is no leave{}", because(ticket)),
    })
}

fn because(ticket: &Ticket) -> String {
    match ticket.reason.as_deref() {
        Some(reason) if !reason.trim().is_empty() => format!(": {reason}"),
        _ => String::new(),
    }
}

fn fits_in_a_body(call: &Value) -> Result<(), Reason> {
    let bytes = call.to_string().len();
    if bytes > TOOL_BODY_BYTES_MAX {
        return Err(Reason::new(&format!(
            "the tool's input makes {bytes} bytes and at most {TOOL_BODY_BYTES_MAX} can be judged: split it into smaller calls"
        )));
    }
    Ok(())
}
