//! The way to the bridge for a server of its actions.

use ccc_client::{Bridge, Manner, Road, follow};
use ccc_hosts::{host::Host, translate};
use ccc_protocol::{TicketId, bodies::ActionInfo};
use serde_json::{Map, Value, json};

use super::outcome::Outcome;
use crate::{
    bridge,
    judge::{Verdict, Watch},
};

/// What a server of the bridge's actions needs of the bridge.
pub trait Desk: Send + Sync {
    /// What the caller may ask for.
    ///
    /// # Errors
    /// When the bridge does not say: a sentence for the agent.
    fn actions(&self) -> Result<Vec<ActionInfo>, String>;
    /// Submits an action and waits until it ended, the deadline of `watch` is over, or nobody waits any more.
    fn submit(&self, action: &str, params: Map<String, Value>, watch: &dyn Watch) -> Outcome;
    /// Where a ticket stands.
    fn look(&self, ticket: TicketId) -> Outcome;
    /// Withdraws a ticket.
    fn withdraw(&self, ticket: TicketId);
    /// Asks for leave for a tool call of Claude Code's: its name, its input, and how the call is known to the host.
    fn approve(&self, native: &str, input: &Map<String, Value>, watch: &dyn Watch) -> Verdict;
}

/// The bridge itself.
#[derive(Debug)]
pub struct BridgeDesk {
    bridge: Bridge,
    cwd: String,
    session: String,
}

impl BridgeDesk {
    /// Tool calls to be approved are said to be made in `cwd`, by `session`.
    #[must_use]
    pub fn new(bridge: Bridge, cwd: String, session: String) -> Self {
        Self { bridge, cwd, session }
    }
}

impl Desk for BridgeDesk {
    fn actions(&self) -> Result<Vec<ActionInfo>, String> {
        self.bridge.actions().map(|list| list.actions).map_err(|error| error.to_string())
    }

    fn submit(&self, action: &str, mut params: Map<String, Value>, watch: &dyn Watch) -> Outcome {
        params.insert("action".to_owned(), json!(action));
        let body = Value::Object(params).to_string();
        Outcome::of(
            follow(&self.bridge, body.as_bytes(), Manner::Watched, watch)
                .and_then(|followed| followed.ticket)
                .map(|ticket| *ticket),
        )
    }

    fn look(&self, ticket: TicketId) -> Outcome {
        Outcome::of(self.bridge.look(ticket, None).and_then(|answer| answer.subject()))
    }

    fn withdraw(&self, ticket: TicketId) {
        // A ticket that cannot be withdrawn is decided or expires.
        let _left = self.bridge.withdraw(ticket);
    }

    fn approve(&self, native: &str, input: &Map<String, Value>, watch: &dyn Watch) -> Verdict {
        match self.use_tool(native, input) {
            Ok(body) => bridge::verdict(&self.bridge, &body, watch),
            Err(reason) => Verdict::Deny { reason, ticket: None },
        }
    }
}

impl BridgeDesk {
    /// The action that Claude Code's hook would sign for the same call.
    fn use_tool(&self, native: &str, input: &Map<String, Value>) -> Result<Value, String> {
        const EVENT: &str = "PermissionRequest";
        let document = json!({
            "hook_event_name": EVENT, "session_id": self.session, "cwd": self.cwd,
            "tool_name": native, "tool_input": input,
        });
        let fields = document.as_object().cloned().unwrap_or_default();
        let question = translate::read(Host::Claude, Some(EVENT), &fields).map_err(|problem| problem.to_string())?;
        Ok(question.content.action(None))
    }
}
