//! What a host's document says, in one vocabulary for all hosts, and the flat
//! action bodies made from it.

use ccc_protocol::actions;
use serde_json::{Map, Value, json};

use crate::host::{Host, Moment};
use crate::project;
use crate::tool;

/// The agent's name in a session that is not a subagent's.
pub const MAIN_AGENT: &str = "main";

/// A hook document, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The agent wants to use a tool and waits for leave.
    Judge(ToolCall),
    /// Something happened.
    Record(Recorded),
}

/// One use of a tool that an agent asks leave for.
///
/// The host's own call id is left out on purpose: it differs in a retry, and
/// the same call asked again must find the ticket it already has.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The asking host.
    pub host: Host,
    /// The tool by its name for all hosts, such as `Bash` or `mcp:server/tool`.
    pub tool: String,
    /// The tool by the host's own name.
    pub native: String,
    /// The whole input, as the host gave it.
    pub input: Value,
    /// The directory the call runs in.
    pub cwd: String,
    /// The project's directory, where the host names one beside `cwd`.
    pub project: Option<String>,
    /// The host's session.
    pub session: String,
    /// The subagent as `type/id`, or [`MAIN_AGENT`].
    pub agent: String,
}

/// Something that happened at a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The host it happened at.
    pub host: Host,
    /// What happened.
    pub moment: Moment,
    /// The host's session.
    pub session: String,
    /// The subagent as `type/id`, or [`MAIN_AGENT`].
    pub agent: String,
    /// A bounded summary; never a tool's output or a file's content.
    pub detail: Map<String, Value>,
}

impl Event {
    /// A tool call's project, where the host named one in its environment and
    /// not in the document.
    pub fn in_project(&mut self, named: Option<&str>) {
        if let Self::Judge(call) = self
            && call.project.is_none()
        {
            call.project = named.and_then(|named| project::around(named, &call.cwd)).map(ToOwned::to_owned);
        }
    }

    /// The session the event belongs to.
    #[must_use]
    pub fn session(&self) -> &str {
        match self {
            Self::Judge(call) => &call.session,
            Self::Record(recorded) => &recorded.session,
        }
    }

    /// The action to sign. `declared_user` is a hint that nobody checked; the
    /// signature alone says who asks.
    #[must_use]
    pub fn action(&self, declared_user: Option<&str>) -> Value {
        match self {
            Self::Judge(call) => call.action(declared_user),
            Self::Record(recorded) => recorded.action(),
        }
    }
}

impl ToolCall {
    /// True for a call by which the agent asks its own person, at a gate before that person is asked.
    #[must_use]
    pub fn asks_the_person(&self) -> bool {
        tool::asks_the_person(&self.tool)
    }

    fn action(&self, declared_user: Option<&str>) -> Value {
        let mut body = json!({
            "action": actions::USE_TOOL,
            "host": self.host.name(),
            "tool": self.tool,
            "native": self.native,
            "input": self.input,
            "cwd": self.cwd,
            "session": self.session,
            "agent": self.agent,
        });
        let optional = [("project", self.project.as_deref()), ("declared_user", declared_user)];
        if let Some(fields) = body.as_object_mut() {
            fields
                .extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))));
        }
        body
    }
}

impl Recorded {
    fn action(&self) -> Value {
        json!({
            "action": actions::RECORD_EVENT,
            "host": self.host.name(),
            "event": self.moment.name(),
            "session": self.session,
            "agent": self.agent,
            "detail": self.detail,
        })
    }
}
