//! The judge that asks the bridge: every question a signed action, every yes a signed answer, every failure a no.

use std::{
    thread,
    time::{Duration, Instant},
};

use ccc_client::CallError;
use ccc_protocol::{
    TicketId,
    actions::{PIN_TOOL, USE_TOOL},
    bodies::{ProblemType, Status, Ticket},
};
use serde_json::{Value, json};

use crate::judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch};

/// The longest body of a tool call that the bridge reads, in bytes.
const TOOL_BODY_BYTES_MAX: usize = 1 << 20;
/// How long one request waits for a person: as often the client hears of progress, and it is seen whether it still cares.
pub(crate) const SLICE_SECONDS: u64 = 10;
/// The pause before the bridge is asked again after it failed to answer, or answered sooner than it was asked to.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);

/// The road to the bridge. What it returns, the bridge has signed.
pub trait Road: Send + Sync {
    /// Submits an action and waits at most so many seconds for its end. Under a key, the same body is the same ticket.
    ///
    /// # Errors
    /// When there is no authentic ticket.
    fn submit(&self, body: &Value, key: Option<&str>, wait_seconds: Option<u64>) -> Result<Ticket, CallError>;
    /// Reads a ticket, waiting at most so many seconds for its end.
    ///
    /// # Errors
    /// When there is no authentic ticket.
    fn look(&self, ticket: TicketId, wait_seconds: u64) -> Result<Ticket, CallError>;
    /// Withdraws a ticket.
    ///
    /// # Errors
    /// When that is not certain.
    fn cancel(&self, ticket: TicketId) -> Result<(), CallError>;
}

impl Road for ccc_client::Bridge {
    fn submit(&self, body: &Value, key: Option<&str>, wait_seconds: Option<u64>) -> Result<Ticket, CallError> {
        let body = body.to_string();
        let answer = match key {
            Some(key) => self.submit_as(body.as_bytes(), key, wait_seconds)?,
            None => Self::submit(self, body.as_bytes(), wait_seconds)?,
        };
        ticket_of(answer.ticket())
    }

    fn look(&self, ticket: TicketId, wait_seconds: u64) -> Result<Ticket, CallError> {
        ticket_of(Self::look(self, ticket, Some(wait_seconds))?.ticket())
    }

    fn cancel(&self, ticket: TicketId) -> Result<(), CallError> {
        ticket_of(Self::cancel(self, ticket)?.ticket()).map(|_| ())
    }
}

/// A denial comes as an error with its ticket, which says all that the error does.
fn ticket_of(answer: Result<Ticket, CallError>) -> Result<Ticket, CallError> {
    match answer {
        Err(CallError::Refused(mut problem)) if problem.kind == ProblemType::Denied => match problem.ticket.take() {
            Some(ticket) => Ok(*ticket),
            None => Err(CallError::Refused(problem)),
        },
        other => other,
    }
}

/// Asks the bridge in the name of one session.
#[derive(Debug)]
pub struct BridgeJudge<R> {
    road: R,
    cwd: String,
    session: String,
}

impl<R: Road> BridgeJudge<R> {
    /// Calls are said to be made in `cwd`, by `session`.
    pub fn new(road: R, cwd: String, session: String) -> Self {
        Self { road, cwd, session }
    }

    fn use_tool(&self, call: &ToolCall) -> Value {
        json!({
            "action": USE_TOOL,
            "host": "mcp",
            "tool": format!("mcp:{}/{}", call.server, call.tool),
            "native": call.tool,
            "input": call.arguments,
            "cwd": self.cwd,
            "session": self.session,
            "agent": "main",
        })
    }
}

impl<R: Road> Judge for BridgeJudge<R> {
    fn judge(&self, call: &ToolCall, watch: &dyn Watch) -> Verdict {
        let body = self.use_tool(call);
        let bytes = body.to_string().len();
        if bytes > TOOL_BODY_BYTES_MAX {
            let reason =
                format!("the call makes {bytes} bytes and at most {TOOL_BODY_BYTES_MAX} can be judged; split it");
            return Verdict::Deny { reason, ticket: None };
        }
        ask(&self.road, &body, watch)
    }

    fn withdraw(&self, ticket: TicketId) {
        // A ticket that cannot be withdrawn expires; nobody takes what it would allow.
        let _left_to_expire = self.road.cancel(ticket);
    }

    /// A question that is still open, or was answered with no, is not asked twice: its key is made of its words. A yes
    /// counts only where it is given anew, because another form may have been approved in its place since.
    fn pin(&self, request: &PinRequest) -> Trust {
        let body = pin_tool(request);
        let asked = self.road.submit(&body, Some(&key_of(&body)), None);
        let asked = match asked {
            Ok(ticket) if matches!(ticket.status, Status::Queued | Status::Denied) => Ok(ticket),
            Ok(_) => self.road.submit(&body, None, None),
            Err(error) => Err(error),
        };
        match asked {
            Ok(ticket) => trust(&ticket),
            Err(error) => Trust::Refused { reason: no_answer(&error), ticket: None },
        }
    }

    fn wait_for_pin(&self, ticket: TicketId, at_most: Duration) -> Trust {
        let begun = Instant::now();
        match self.road.look(ticket, at_most.as_secs().max(1)) {
            Ok(found) => match trust(&found) {
                Trust::Waiting(_) => thread::sleep(PAUSE.saturating_sub(begun.elapsed())),
                decided => return decided,
            },
            Err(_) => thread::sleep(at_most.saturating_sub(begun.elapsed()).max(PAUSE)),
        }
        Trust::Waiting(ticket)
    }
}

/// Asks for leave until there is a verdict, nobody cares any more, or the deadline has come.
///
/// Waiting reads the ticket and never submits: what is submitted after the caller has gone would be a question that nobody
/// withdraws. Only an approved ticket is asked for again, which takes it.
pub(crate) fn ask(road: &dyn Road, body: &Value, watch: &dyn Watch) -> Verdict {
    let mut ticket = match road.submit(body, None, None) {
        Ok(ticket) => ticket,
        Err(error) => return Verdict::Deny { reason: no_answer(&error), ticket: None },
    };
    loop {
        match ticket.status {
            Status::Released if !ticket.replayed && ticket.action.as_str() == USE_TOOL => return Verdict::Allow,
            Status::Queued | Status::Approved | Status::Running => {}
            _ => return Verdict::Deny { reason: why_not(&ticket), ticket: Some(ticket.id) },
        }
        if !watch.queued(ticket.id) {
            let _left_to_expire = road.cancel(ticket.id);
            return Verdict::Deny { reason: "the caller has gone".to_owned(), ticket: Some(ticket.id) };
        }
        let left = watch.deadline().saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Verdict::Receipt { reason: ticket.rule, ticket: ticket.id };
        }
        ticket = next(road, body, ticket, left);
    }
}

/// Where the ticket stands a while later. A bridge that does not answer may be back before the deadline.
fn next(road: &dyn Road, body: &Value, ticket: Ticket, left: Duration) -> Ticket {
    let begun = Instant::now();
    let seconds = left.as_secs().clamp(1, SLICE_SECONDS);
    let found = match ticket.status {
        Status::Approved => road.submit(body, None, Some(seconds)),
        _ => road.look(ticket.id, seconds),
    };
    match found {
        Ok(found) if found.status == Status::Approved || found.status.has_ended() => found,
        Ok(found) => {
            thread::sleep(PAUSE.saturating_sub(begun.elapsed()).min(left));
            found
        }
        Err(_) => {
            thread::sleep(PAUSE.min(left));
            ticket
        }
    }
}

fn pin_tool(request: &PinRequest) -> Value {
    json!({
        "action": PIN_TOOL,
        "server": request.server,
        "command": shown(&request.command),
        "tool": request.tool,
        "digest": request.digest,
        "definition": request.definition,
    })
}

/// A command line on one line, in which two different ones never look the same.
fn shown(command: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let quoted = command.iter().map(|word| {
        let is_plain = !word.is_empty() && word.chars().all(plain);
        if is_plain { word.clone() } else { Value::from(word.as_str()).to_string() }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// A key that is the same for the same body: a UUID (version 8, RFC 9562) of its digest.
fn key_of(body: &Value) -> String {
    let mut bytes = [0; 16];
    let digest = ccc_protocol::Digest::of_json(body);
    bytes.iter_mut().zip(digest.as_bytes()).for_each(|(byte, from)| *byte = *from);
    format!("\"{}\"", uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn trust(ticket: &Ticket) -> Trust {
    match ticket.status {
        Status::Succeeded if ticket.action.as_str() == PIN_TOOL => Trust::Approved,
        Status::Queued | Status::Approved | Status::Running => Trust::Waiting(ticket.id),
        _ => Trust::Refused { reason: why_not(ticket), ticket: Some(ticket.id) },
    }
}

fn why_not(ticket: &Ticket) -> String {
    let said = ticket.reason.as_deref().filter(|reason| !reason.trim().is_empty());
    let because = said.map(|reason| format!(": {reason}")).unwrap_or_default();
    let again = ticket.denied_until.map(|until| format!(" (the same request is answered so until {until})"));
    match (ticket.status, &ticket.decided_by) {
        (Status::Denied, Some(person)) => format!("denied by {person}{because}{}", again.unwrap_or_default()),
        // Policy says itself that it was policy.
        (Status::Denied, None) => said.unwrap_or(&ticket.rule).to_owned(),
        (Status::Expired, _) => "nobody decided in time; call again to ask anew".to_owned(),
        (Status::Released, _) => "the leave was already used".to_owned(),
        (status, _) => format!("the ticket is {status}{because}"),
    }
}

fn no_answer(error: &CallError) -> String {
    format!("the bridge gave no leave: {error}")
}

#[cfg(test)]
mod tests;
