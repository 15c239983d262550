//! A call of a tool, from the thread that carries it out to its one answer.

use std::{cell::Cell, sync::Arc, time::Instant};

use ccc_client::Terms;
use ccc_protocol::{TicketId, visible};
use serde_json::{Map, Value, json};

use super::{
    catalogue::{self, APPROVE, LOOK},
    outcome::Outcome,
    session::Session,
};
use crate::{
    answer::{self, Era},
    bridge::CANNOT_CONFINE,
    id::Id,
    judge::{Verdict, Watch},
};

/// A call on its way to an answer.
pub(super) struct Waiting {
    pub(super) session: Arc<Session>,
    pub(super) id: Id,
    pub(super) serial: u64,
    pub(super) era: Era,
    pub(super) token: Option<Value>,
    pub(super) step: Cell<u32>,
    pub(super) deadline: Instant,
}

impl Waiting {
    /// Carries the call out and answers it.
    pub(super) fn run(self, tool: &str, arguments: Map<String, Value>) {
        let result = match tool {
            APPROVE => self.approve(&arguments),
            LOOK => self.look(&arguments).into_result(self.era),
            _ => self.act(tool, arguments).into_result(self.era),
        };
        self.answer(&result);
    }

    fn act(&self, tool: &str, arguments: Map<String, Value>) -> Outcome {
        if arguments.contains_key("action") {
            return Outcome::refused("there is no parameter `action`".to_owned());
        }
        let offered = match self.session.desk.actions() {
            Ok(actions) => catalogue::offered(actions).any(|info| info.action.as_str() == tool),
            Err(error) => return Outcome::refused(error),
        };
        if !offered {
            return Outcome::refused(format!(
                "there is no tool `{}`; list the tools to see what there is",
                visible::escaped(tool)
            ));
        }
        self.session.desk.submit(tool, arguments, self)
    }

    fn look(&self, arguments: &Map<String, Value>) -> Outcome {
        let ticket = arguments.get("ticket").and_then(Value::as_str).and_then(|text| text.parse().ok());
        match ticket {
            Some(ticket) => self.session.desk.look(ticket),
            None => Outcome::refused("`ticket` is not the id of a ticket".to_owned()),
        }
    }

    /// The one text block that Claude Code reads. What is not surely leave is a denial.
    fn approve(&self, arguments: &Map<String, Value>) -> Value {
        let asked =
            (arguments.get("tool_name").and_then(Value::as_str), arguments.get("input").and_then(Value::as_object));
        let answer = match asked {
            (Some(tool), Some(input)) => match self.session.desk.approve(tool, input, self) {
                Verdict::Allow(clearance) => match clearance.spend() {
                    Terms::Free => json!({ "behavior": "allow", "updatedInput": input }),
                    Terms::Confined => denial(CANNOT_CONFINE, None, ""),
                },
                Verdict::Deny { reason, ticket } => denial(&reason, ticket, "Do not repeat the same call."),
                Verdict::Receipt { reason, ticket } => {
                    denial(&reason, Some(ticket), "A person has not decided yet: make the very same call again later.")
                }
            },
            _ => denial("the call names no tool or no input", None, ""),
        };
        let mut result =
            Map::from_iter([("content".to_owned(), json!([{ "type": "text", "text": answer.to_string() }]))]);
        self.era.complete(&mut result);
        Value::Object(result)
    }

    /// Answers, unless nobody waits for this call any more. From then on its id is free.
    fn answer(&self, result: &Value) {
        let mut calls = self.session.calls();
        let waits = calls.get(&self.id).is_some_and(|call| call.serial == self.serial);
        if waits {
            calls.remove(&self.id);
        }
        drop(calls);
        if waits {
            self.session.say(&answer::result(&self.id, result));
        }
    }
}

impl Watch for Waiting {
    fn queued(&self, ticket: TicketId) -> bool {
        let mut calls = self.session.calls();
        let Some(call) = calls.get_mut(&self.id).filter(|call| call.serial == self.serial) else { return false };
        call.ticket = Some(ticket);
        drop(calls);
        let Some(token) = &self.token else { return self.session.outlet.send(b"") };
        let step = self.step.get();
        self.step.set(step.saturating_add(1));
        let message = format!("waiting for a person to decide ticket {ticket}");
        self.session.outlet.send(&answer::progress(token, step, &message))
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let what = "the call could not be carried out: the server failed, or has too much to do";
        self.answer(&Outcome::refused(what.to_owned()).into_result(self.era));
        self.session.is_over();
    }
}

fn denial(reason: &str, ticket: Option<TicketId>, next: &str) -> Value {
    let ticket = ticket.map(|id| format!(" (ticket {id})")).unwrap_or_default();
    json!({ "behavior": "deny", "message": format!("{reason}{ticket}. {next}").trim_end() })
}
