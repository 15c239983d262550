//! Gemini CLI: `BeforeTool`, answered by a flat `decision`. The nested form is
//! ignored there, and the call runs.

use serde_json::{Value, json};

use super::document::{Document, Problem};
use crate::event::Event;
use crate::host::{Moment, Role};
use crate::tool;
use crate::verdict::{Answer, Verdict};

pub(super) const EVENTS: &[(&str, Role)] = &[
    ("BeforeTool", Role::Gate),
    ("BeforeAgent", Role::Record(Moment::Prompt)),
    ("AfterTool", Role::Record(Moment::PostTool)),
    ("AfterAgent", Role::Record(Moment::TurnEnd)),
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
];

const TOOLS: &[(&str, &str)] = &[
    ("run_shell_command", "Bash"),
    ("replace", "Edit"),
    ("write_file", "Write"),
    ("read_file", "Read"),
    ("read_many_files", "Read"),
    ("grep_search", "Grep"),
    ("search_file_content", "Grep"),
    ("glob", "Glob"),
    ("web_fetch", "WebFetch"),
];

pub(super) fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate => {
            let native = document.text("tool_name")?;
            document.tool_call(tool_name(document, native)?, native).map(Event::Judge)
        }
        Role::Record(moment) => document.recorded(moment).map(Event::Record),
    }
}

/// `mcp_server_tool` can be cut in several places; the context beside it says
/// where.
fn tool_name(document: &Document<'_>, native: &str) -> Result<String, Problem> {
    if !document.has("mcp_context") {
        return Ok(tool::common_name(document.host(), TOOLS, native));
    }
    let context = document.object("mcp_context")?;
    let name = |field| context.get(field).and_then(Value::as_str).filter(|name| !name.is_empty());
    match (name("server_name"), name("tool_name")) {
        (Some(server), Some(tool)) => Ok(tool::mcp_name(server, tool)),
        _ => Err(Problem::Missing("mcp_context.server_name")),
    }
}

pub(super) fn answer(verdict: &Verdict) -> Answer {
    Answer::json(match verdict.objection() {
        None => json!({ "decision": "allow" }),
        Some(reason) => json!({ "decision": "deny", "reason": reason.as_str() }),
    })
}
