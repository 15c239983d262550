//! The judge that asks the bridge: every question a signed action, every yes a signed answer, every failure a no.

use std::{
    thread,
    time::{Duration, Instant},
};

use ccc_client::{CallError, Manner, Objection, Road, Ruling, TOOL_BODY_BYTES_MAX, ask_for_clearance};
use ccc_protocol::{
    TicketId,
    actions::{PIN_TOOL, USE_TOOL},
    bodies::{Status, Ticket},
};
use serde_json::{Value, json};

use crate::judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch};

/// The pause before the bridge is asked about a pin again after it failed to answer, or answered sooner than it was asked to.
/// Why leave to run a call confined is none here: this program never says that it can.
pub(crate) const CANNOT_CONFINE: &str = "the bridge wants the call to be confined, which cannot be done here";

const PAUSE: Duration = Duration::from_millis(500);

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

impl<R: Road + Send + Sync> Judge for BridgeJudge<R> {
    fn judge(&self, call: &ToolCall, watch: &dyn Watch) -> Verdict {
        verdict(&self.road, &self.use_tool(call), watch)
    }

    fn withdraw(&self, ticket: TicketId) {
        // A ticket that cannot be withdrawn expires; nobody takes what it would allow.
        let _left_to_expire = self.road.withdraw(ticket);
    }

    /// A question that is still open, or was answered with no, is not asked twice: its key is made of its words. A yes
    /// counts only where it is given anew, because another form may have been approved in its place since.
    fn pin(&self, request: &PinRequest) -> Trust {
        let body = pin_tool(request);
        let ask = |key: Option<&str>| self.road.ask(body.to_string().as_bytes(), key, None)?.subject();
        let asked = match ask(Some(&key_of(&body))) {
            Ok(ticket) if matches!(ticket.status, Status::Queued | Status::Denied) => Ok(ticket),
            Ok(_) => ask(None),
            Err(error) => Err(error),
        };
        match asked {
            Ok(ticket) => trust(&ticket),
            Err(error) => Trust::Refused { reason: no_answer(&error), ticket: None },
        }
    }

    fn wait_for_pin(&self, ticket: TicketId, at_most: Duration) -> Trust {
        let begun = Instant::now();
        let found = self.road.look(ticket, Some(at_most.as_secs().max(1)));
        match found.and_then(|answer| answer.subject()) {
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
pub(crate) fn verdict(road: &dyn Road, call: &Value, watch: &dyn Watch) -> Verdict {
    let (reason, ticket) = match ask_for_clearance(road, call, Manner::Watched, watch) {
        Ruling::Cleared(clearance) => return Verdict::Allow(clearance),
        Ruling::Open(ticket) => return Verdict::Receipt { reason: ticket.rule, ticket: ticket.id },
        Ruling::Closed(objection, ticket) => (no_leave(objection, &ticket), Some(ticket.id)),
        Ruling::Gone(ticket) => ("the caller has gone".to_owned(), Some(ticket.id)),
        Ruling::TooLarge { bytes } => (too_large(bytes), None),
        Ruling::Unanswered(error) => (no_answer(&error), None),
    };
    Verdict::Deny { reason, ticket }
}

fn no_leave(objection: Objection, ticket: &Ticket) -> String {
    match objection {
        Objection::Denied | Objection::Expired | Objection::Ended => why_not(ticket),
        Objection::Spent => "the leave was already used".to_owned(),
        Objection::Foreign => format!("the ticket is about `{}`, which is no leave for this call", ticket.action),
    }
}

fn too_large(bytes: usize) -> String {
    format!("the call makes {bytes} bytes and at most {TOOL_BODY_BYTES_MAX} can be judged; split it")
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
        (status, _) => format!("the ticket is {status}{because}"),
    }
}

fn no_answer(error: &CallError) -> String {
    format!("the bridge gave no leave: {error}")
}

#[cfg(test)]
mod tests;
