//! What came of an action, as the result of a tool call.

use ccc_client::CallError;
use ccc_protocol::{
    TicketId,
    bodies::{Status, Ticket},
};
use serde_json::{Map, Value, json};

use crate::answer::Era;

/// What came of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Where its ticket stands; `refused` where there is none.
    status: &'static str,
    ticket: Option<TicketId>,
    reason: Option<String>,
    result: Option<Value>,
    is_error: bool,
}

impl Outcome {
    /// What an answer of the bridge means for the agent.
    #[must_use]
    pub fn of(answer: Result<Ticket, CallError>) -> Self {
        match answer {
            Ok(ticket) => Self {
                status: ticket.status.as_str(),
                ticket: Some(ticket.id),
                reason: reason(&ticket),
                is_error: is_error(ticket.status),
                result: ticket.result,
            },
            Err(error) => Self::refused(error.to_string()),
        }
    }

    /// Nothing was accepted.
    #[must_use]
    pub fn refused(reason: String) -> Self {
        Self { status: "refused", ticket: None, reason: Some(reason), result: None, is_error: true }
    }

    /// The result of the call. It fits the output schema of its tool whatever came of it.
    #[must_use]
    pub fn into_result(self, era: Era) -> Value {
        let text = self.text();
        let structured = json!({
            "status": self.status, "ticket": self.ticket, "reason": self.reason, "result": self.result, "next": self.next(),
        });
        let mut result = Map::from_iter([
            ("content".to_owned(), json!([{ "type": "text", "text": text }])),
            ("structuredContent".to_owned(), structured),
            ("isError".to_owned(), json!(self.is_error)),
        ]);
        era.complete(&mut result);
        Value::Object(result)
    }

    fn text(&self) -> String {
        let mut text = format!("Status: {}", self.status);
        if let Some(ticket) = self.ticket {
            text.push_str(&format!(" (ticket {ticket})"));
        }
        if let Some(reason) = &self.reason {
            text.push_str(&format!(". Reason: {reason}"));
        }
        if let Some(next) = self.next() {
            text.push_str(&format!(". {next}"));
        }
        if let Some(result) = &self.result {
            text.push('\n');
            text.push_str(&serde_json::to_string_pretty(result).unwrap_or_default());
        }
        text
    }

    fn next(&self) -> Option<String> {
        let ticket = self.ticket?;
        match self.status {
            "queued" | "approved" | "running" => Some(format!(
                "It goes on by itself. Look later with the tool `{}` and the ticket {ticket}; do not ask again",
                super::catalogue::LOOK
            )),
            "denied" => Some("Do not repeat the same request: the answer stays the same for a while".to_owned()),
            "lost" => Some("Its effect is unknown: look before doing it again".to_owned()),
            _ => None,
        }
    }
}

/// The JSON Schema that every result of an action fits.
#[must_use]
pub(super) fn schema() -> Value {
    let text_or_none = json!({ "type": ["string", "null"] });
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "string", "description": "where the ticket stands; refused where none was opened" },
            "ticket": text_or_none,
            "reason": text_or_none,
            "result": { "description": "what was observed, once it ended" },
            "next": text_or_none,
        },
        "required": ["status", "ticket", "reason", "result", "next"],
    })
}

fn reason(ticket: &Ticket) -> Option<String> {
    match ticket.status {
        Status::Queued => Some(ticket.rule.clone()),
        Status::Denied if ticket.reason.is_none() => Some(ticket.rule.clone()),
        Status::Expired => Some("nobody decided in time".to_owned()),
        _ => ticket.reason.clone(),
    }
}

/// What waits is not an error: it goes on without the agent.
fn is_error(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Denied | Status::Expired | Status::Cancelled | Status::Lost)
}
