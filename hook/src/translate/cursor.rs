//! Cursor: `preToolUse` for every tool, and older gates for single kinds of
//! tools. An empty stdout is a failed hook there, so even a noted event is
//! answered by a document.

use ccc_protocol::json::{self as strict, Limits};
use serde_json::{Value, json};

use super::document::{Document, Problem};
use crate::event::{Event, Recorded, ToolCall};
use crate::host::{Moment, Role};
use crate::project;
use crate::tool;
use crate::verdict::{Answer, Verdict};

pub(super) const EVENTS: &[(&str, Role)] = &[
    ("preToolUse", Role::Gate),
    (SHELL, Role::Gate),
    (MCP, Role::Gate),
    (READ_FILE, Role::Gate),
    (PROMPT, Role::Record(Moment::Prompt)),
    ("postToolUse", Role::Record(Moment::PostTool)),
    ("sessionStart", Role::Record(Moment::SessionStart)),
    ("sessionEnd", Role::Record(Moment::SessionEnd)),
];

const SHELL: &str = "beforeShellExecution";
const MCP: &str = "beforeMCPExecution";
const READ_FILE: &str = "beforeReadFile";
const PROMPT: &str = "beforeSubmitPrompt";

const TOOLS: &[(&str, &str)] = &[
    ("Shell", "Bash"),
    ("Edit", "Edit"),
    ("Write", "Write"),
    ("Read", "Read"),
    ("Grep", "Grep"),
    ("Glob", "Glob"),
    ("Delete", "Delete"),
    ("WebFetch", "WebFetch"),
    ("Task", "Task"),
];

pub(super) fn read(document: &Document<'_>, event: &str, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate => tool_call(document, event).map(Event::Judge),
        Role::Record(moment) => recorded(document, moment).map(Event::Record),
    }
}

fn tool_call(document: &Document<'_>, event: &str) -> Result<ToolCall, Problem> {
    let (native, tool, input) = match event {
        SHELL => ("Shell", "Bash".to_owned(), json!({ "command": document.text("command")? })),
        // The content is the file's, not the call's: what is asked is whether it may be read.
        READ_FILE => ("Read", "Read".to_owned(), json!({ "file_path": document.text("file_path")? })),
        MCP => {
            let native = document.text("tool_name")?;
            (native, tool::mcp_name_without_server(native), mcp_input(document)?)
        }
        _ => {
            let native = document.text("tool_name")?;
            (native, tool_name(document, native), document.object("tool_input")?.clone())
        }
    };
    let cwd = directory(document)?;
    Ok(ToolCall {
        host: document.host(),
        tool,
        native: native.to_owned(),
        input,
        project: workspaces(document).find_map(|root| project::around(root, &cwd)).map(ToOwned::to_owned),
        cwd,
        session: session(document)?,
        agent: document.agent()?,
    })
}

fn tool_name(document: &Document<'_>, native: &str) -> String {
    match native.strip_prefix("MCP:") {
        Some(tool) => tool::mcp_name_without_server(tool),
        None => tool::common_name(document.host(), TOOLS, native),
    }
}

/// MCP arguments come as a text that holds JSON; it is read as strictly as the
/// document around it.
fn mcp_input(document: &Document<'_>) -> Result<Value, Problem> {
    let field = "tool_input";
    strict::read_object(document.text(field)?.as_bytes(), Limits::default())
        .map(Value::Object)
        .map_err(|_| Problem::WrongType { field, wanted: "a text that holds a JSON object" })
}

/// Cursor leaves `cwd` out of some documents; the first workspace stands for it.
fn directory(document: &Document<'_>) -> Result<String, Problem> {
    if let Some(cwd) = document.text_if_any("cwd")? {
        return Ok(cwd.to_owned());
    }
    workspaces(document).next().map(ToOwned::to_owned).ok_or(Problem::Missing("cwd"))
}

fn workspaces<'a>(document: &Document<'a>) -> impl Iterator<Item = &'a str> {
    let roots = document.value("workspace_roots").ok().and_then(Value::as_array);
    roots.into_iter().flatten().filter_map(Value::as_str)
}

fn session(document: &Document<'_>) -> Result<String, Problem> {
    match document.text_if_any("session_id")? {
        Some(session) => Ok(session.to_owned()),
        None => document.text("conversation_id").map(ToOwned::to_owned),
    }
}

fn recorded(document: &Document<'_>, moment: Moment) -> Result<Recorded, Problem> {
    Ok(Recorded {
        host: document.host(),
        moment,
        session: session(document)?,
        agent: document.agent()?,
        detail: document.detail(),
    })
}

pub(super) fn answer(verdict: &Verdict) -> Answer {
    Answer::json(match verdict.objection() {
        None => json!({ "permission": "allow" }),
        Some(reason) => json!({
            "permission": "deny",
            "user_message": reason.as_str(),
            "agent_message": reason.as_str(),
        }),
    })
}

pub(super) fn noted(event: &str) -> Answer {
    Answer::json(match event {
        PROMPT => json!({ "continue": true }),
        _ => json!({}),
    })
}
