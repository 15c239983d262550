//! The seam between the proxy and whoever decides: the bridge, or a test.

use std::time::Duration;

use ccc_client::Clearance;
pub use ccc_client::Watch;
use ccc_protocol::{Digest, TicketId};
use serde_json::{Map, Value};

/// A tool call as it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The server's name in this proxy's command line.
    pub server: String,
    /// The tool, as its server calls it.
    pub tool: String,
    /// What the tool is called with, all of it; what stands beside the arguments, under a member of its own.
    pub arguments: Map<String, Value>,
}

/// What was decided about a call.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a call whose verdict is not looked at is not judged"]
pub enum Verdict {
    /// Leave for this one call, now.
    Allow(Clearance),
    /// It does not happen.
    Deny {
        /// Why, for the agent.
        reason: String,
        /// The ticket that says so.
        ticket: Option<TicketId>,
    },
    /// A person has not decided yet; the same call later takes the ticket up again.
    Receipt {
        /// Why it waits, for the agent.
        reason: String,
        /// The ticket that is open.
        ticket: TicketId,
    },
}

/// A tool definition that wants to be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct PinRequest {
    /// The server's name in this proxy's command line.
    pub server: String,
    /// How the server is reached: its command line, or its address.
    pub command: Vec<String>,
    /// The tool's name.
    pub tool: String,
    /// Of server, command and definition together.
    pub digest: Digest,
    /// All that the server says of it.
    pub definition: Map<String, Value>,
}

/// Whether a tool definition is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a tool whose pin is not looked at is not pinned"]
pub enum Trust {
    /// A rule or a person approved this very definition.
    Approved,
    /// A person has not decided yet.
    Waiting(TicketId),
    /// It is not to be used.
    Refused {
        /// Why, for the agent.
        reason: String,
        /// The ticket that says so.
        ticket: Option<TicketId>,
    },
}

/// Who decides. Every failure of its own is a denial: no method has an error to be overlooked.
pub trait Judge: Send + Sync {
    /// Decides about one call; may take until the deadline of `watch`.
    fn judge(&self, call: &ToolCall, watch: &dyn Watch) -> Verdict;
    /// Takes back the question that `ticket` is; nobody waits for it any more.
    fn withdraw(&self, ticket: TicketId);
    /// Decides about one tool definition, at once.
    fn pin(&self, request: &PinRequest) -> Trust;
    /// Waits at most this long for a person's decision about a definition. Where it cannot ask, it waits and says `Waiting`.
    fn wait_for_pin(&self, ticket: TicketId, at_most: Duration) -> Trust;
}
