//! Reading fields out of a host's document, strictly: what a gate needs must
//! be there and be of its type, or the call is blocked.

use serde_json::{Map, Value};

use crate::event::{MAIN_AGENT, Recorded, ToolCall};
use crate::host::{Host, Moment, Role};

/// How much of a prompt is recorded, in characters.
pub(crate) const PROMPT_CHARS_MAX: usize = 2_000;

/// How much of any other text is recorded, in characters.
pub(crate) const DETAIL_CHARS_MAX: usize = 200;

/// How much of a subagent's type goes into its name, in characters.
const AGENT_TYPE_CHARS_MAX: usize = 100;

/// Why a document cannot be answered otherwise than by blocking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Neither the document nor the command line names the event.
    #[error("the hook document names no event: add `--event NAME` to the installed command")]
    NoEvent,
    /// The document names another event than the command line.
    #[error("the hook is installed for `{told}` but was asked about `{found}`: run `ccc-hook install` again")]
    OtherEvent {
        /// Named on the command line.
        told: String,
        /// Named in the document.
        found: String,
    },
    /// An event that this hook does not know, so it may be a gate.
    #[error("unknown hook event `{0}`: remove it from the agent's settings or update ccc-hook")]
    UnknownEvent(String),
    /// A field that must be there is not.
    #[error("the hook document has no `{0}`")]
    Missing(&'static str),
    /// A field is of another type than the host's contract says.
    #[error("`{field}` in the hook document is not {wanted}")]
    WrongType {
        /// The field's name.
        field: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// Grok CLI loads Claude Code's hooks, sends its own documents and heeds no answer but a status.
    #[error(
        "this hook was started by another agent than it is installed for (its documents are Grok CLI's, which loads Claude Code's hooks): the call is denied; a person can turn those hooks off there"
    )]
    OtherAgent,
    /// A document about a tool came under an event that is about none.
    #[error("a tool call came under an event that is not about tools: run `ccc-hook install` again")]
    ToolOutOfPlace,
}

/// One document of one host.
pub struct Document<'a> {
    host: Host,
    fields: &'a Map<String, Value>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(host: Host, fields: &'a Map<String, Value>) -> Self {
        Self { host, fields }
    }

    /// True for a document of a program that borrows the hooks of a host that it is not.
    pub(crate) fn is_of_another_agent(&self) -> bool {
        ["toolInput", "workspaceRoot"].iter().all(|field| self.has(field)) && !self.has("tool_name")
    }

    /// The event, from the document and the command line, which must agree.
    pub(crate) fn event(&self, told: Option<&str>) -> Result<String, Problem> {
        let found = match self.text_if_any("hook_event_name")? {
            Some(name) => Some(name),
            None => self.text_if_any("hookName")?,
        };
        match (told, found) {
            (None, None) => Err(Problem::NoEvent),
            (Some(told), Some(found)) if told != found => {
                Err(Problem::OtherEvent { told: told.to_owned(), found: found.to_owned() })
            }
            (_, Some(name)) | (Some(name), None) => Ok(name.to_owned()),
        }
    }

    /// A tool call must not slip by under an event that only records: a hook
    /// installed for the wrong event blocks instead of noting and passing.
    pub(crate) fn fits(&self, role: Role) -> Result<(), Problem> {
        let names_tool = self.fields.contains_key("tool_name") || self.fields.contains_key("toolName");
        let has_outcome = ["tool_response", "tool_output", "toolResult", "error"]
            .iter()
            .any(|field| self.fields.contains_key(*field));
        match role {
            Role::Gate => Ok(()),
            Role::Record(Moment::PostTool) if has_outcome => Ok(()),
            Role::Record(Moment::PostTool) => Err(Problem::Missing("tool_response")),
            Role::Record(_) if names_tool => Err(Problem::ToolOutOfPlace),
            Role::Record(_) => Ok(()),
        }
    }

    pub(crate) fn host(&self) -> Host {
        self.host
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    pub(crate) fn value(&self, field: &'static str) -> Result<&'a Value, Problem> {
        self.fields.get(field).ok_or(Problem::Missing(field))
    }

    pub(crate) fn object(&self, field: &'static str) -> Result<&'a Value, Problem> {
        let value = self.value(field)?;
        if value.is_object() { Ok(value) } else { Err(Problem::WrongType { field, wanted: "an object" }) }
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<&'a str, Problem> {
        self.text_if_any(field)?.ok_or(Problem::Missing(field))
    }

    /// The text of a field that may be absent, null or empty.
    pub(crate) fn text_if_any(&self, field: &'static str) -> Result<Option<&'a str>, Problem> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(Problem::WrongType { field, wanted: "a text" }),
        }
    }

    /// The subagent by its type and id (`reviewer/a97df`), or the name of the main agent, which no subagent has.
    pub(crate) fn agent(&self) -> Result<String, Problem> {
        let Some(id) = self.text_if_any("agent_id")? else { return Ok(MAIN_AGENT.to_owned()) };
        let kind = self.text_if_any("agent_type")?.map(|kind| shortened(kind, AGENT_TYPE_CHARS_MAX));
        Ok(format!("{}/{id}", kind.as_deref().unwrap_or("subagent")))
    }

    /// A tool call whose fields have the names that most hosts give them.
    pub(crate) fn tool_call(&self, tool: String, native: &str) -> Result<ToolCall, Problem> {
        Ok(ToolCall {
            host: self.host,
            tool,
            native: native.to_owned(),
            input: self.object("tool_input")?.clone(),
            cwd: self.text("cwd")?.to_owned(),
            project: None,
            session: self.text("session_id")?.to_owned(),
            agent: self.agent()?,
        })
    }

    /// A recorded event whose fields have the names that most hosts give them.
    pub(crate) fn recorded(&self, moment: Moment) -> Result<Recorded, Problem> {
        Ok(Recorded {
            host: self.host,
            moment,
            session: self.text("session_id")?.to_owned(),
            agent: self.agent()?,
            detail: self.detail(),
        })
    }

    /// A bounded summary of what is worth keeping. What a tool gave back stays
    /// out: it may hold secrets, and its size tells enough.
    pub(crate) fn detail(&self) -> Map<String, Value> {
        let mut detail = Map::new();
        let kept = [
            ("source", "source"),
            ("reason", "reason"),
            ("agent_type", "agent_type"),
            ("subagent_type", "agent_type"),
            ("tool_name", "native"),
            ("toolName", "native"),
        ];
        for (theirs, ours) in kept {
            if let Some(Value::String(text)) = self.fields.get(theirs) {
                detail.insert(ours.to_owned(), Value::from(shortened(text, DETAIL_CHARS_MAX)));
            }
        }
        if let Some(prompt) = self.fields.get("prompt") {
            detail.insert("prompt".to_owned(), Value::from(shortened(&prompt_text(prompt), PROMPT_CHARS_MAX)));
        }
        if let Some(milliseconds) = self.fields.get("duration_ms").and_then(Value::as_u64) {
            detail.insert("duration_ms".to_owned(), Value::from(milliseconds));
        }
        if let Some(bytes) = self.output_bytes() {
            detail.insert("output_bytes".to_owned(), Value::from(bytes));
        }
        detail
    }

    /// The size of what a tool gave back: of its text, or of its JSON.
    fn output_bytes(&self) -> Option<usize> {
        let outcome =
            ["tool_response", "tool_output", "toolResult", "error"].iter().find_map(|field| self.fields.get(*field))?;
        Some(match outcome {
            Value::String(text) => text.len(),
            other => other.to_string().len(),
        })
    }
}

/// A prompt is a text, or a list of parts of which some are texts.
fn prompt_text(prompt: &Value) -> String {
    match prompt {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The text, cut at `chars_max` with a mark where it was cut.
fn shortened(text: &str, chars_max: usize) -> String {
    let mut short: String = text.chars().take(chars_max).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
