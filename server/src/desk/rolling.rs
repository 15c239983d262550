//! What each user asked lately, so that an approver sees a request among its neighbours. Kept in memory alone.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use ccc_core::ticket::Ticket;
use ccc_protocol::{
    TicketId, Timestamp, UserName, actions,
    bodies::{RecentAsk, Status},
};
use serde_json::{Map, Value};

/// How many requests of one user are remembered.
const ASKS_PER_USER_MAX: usize = 6;
/// How much of a parameter a summary shows, in characters.
const SUMMARY_CHARS_MAX: usize = 120;

/// The last few requests of each user.
#[derive(Debug, Default)]
pub(crate) struct Recent(HashMap<UserName, VecDeque<Ask>>);

#[derive(Debug, Clone)]
struct Ask {
    ticket: Arc<Ticket>,
}

impl Recent {
    /// Remembers a ticket, or how it stands now.
    pub(crate) fn note(&mut self, ticket: &Arc<Ticket>) {
        let asks = self.0.entry(ticket.submitted_by().clone()).or_default();
        if let Some(known) = asks.iter_mut().find(|ask| ask.ticket.id() == ticket.id()) {
            known.ticket = Arc::clone(ticket);
            return;
        }
        // Reads of the bridge itself, and hooks' notes of what was done, tell an approver nothing.
        if matches!(ticket.request().action.as_str(), actions::LIST_ACTIONS | actions::RECORD_EVENT) {
            return;
        }
        asks.push_front(Ask { ticket: Arc::clone(ticket) });
        asks.truncate(ASKS_PER_USER_MAX);
    }

    /// What the user asked before this ticket, newest first.
    #[must_use]
    pub(crate) fn before(&self, user: &UserName, id: TicketId) -> Vec<RecentAsk> {
        let asks = self.0.get(user).into_iter().flatten();
        asks.filter(|ask| ask.ticket.id() < id).map(Ask::view).collect()
    }
}

impl Ask {
    fn view(&self) -> RecentAsk {
        RecentAsk {
            id: self.ticket.id(),
            summary: summary(&self.ticket),
            created: self.created(),
            status: self.status(),
        }
    }

    fn created(&self) -> Timestamp {
        self.ticket.request().created
    }

    fn status(&self) -> Status {
        self.ticket.status()
    }
}

/// One line, as a list has it: of a tool call what it does, of all else the action and its parameters; shortened where it is long.
fn summary(ticket: &Ticket) -> String {
    let request = ticket.request();
    let (name, told) = match request.action.as_str() {
        actions::USE_TOOL => call(&request.params),
        action => (action.to_owned(), Value::Object(request.params.clone()).to_string()),
    };
    let short: String = told.chars().take(SUMMARY_CHARS_MAX).collect();
    let more = if short.len() < told.len() { "…" } else { "" };
    format!("{name} {short}{more}")
}

/// What of a tool call tells most.
fn call(params: &Map<String, Value>) -> (String, String) {
    let tool = params.get("tool").and_then(Value::as_str).unwrap_or("?");
    let input = params.get("input").unwrap_or(&Value::Null);
    let names = ["command", "file_path", "path", "url", "query", "pattern"];
    let told =
        names.iter().find_map(|name| input.get(*name)?.as_str()).map_or_else(|| input.to_string(), str::to_owned);
    let is_shell = matches!(tool, "Bash" | "Shell") && input.get("command").is_some_and(Value::is_string);
    (if is_shell { "$".to_owned() } else { format!("{tool}:") }, told)
}
