//! Claude Code: `PreToolUse` and `PermissionRequest`, answered in the nested
//! form with status 0.

use super::document::{Document, Problem};
use super::nested;
use crate::event::Event;
use crate::host::{Moment, Role};
use crate::tool;
use crate::verdict::{Answer, Verdict};

pub(super) const EVENTS: &[(&str, Role)] = &[
    ("PreToolUse", Role::Gate),
    (PERMISSION, Role::Gate),
    ("UserPromptSubmit", Role::Record(Moment::Prompt)),
    ("PostToolUse", Role::Record(Moment::PostTool)),
    ("PostToolUseFailure", Role::Record(Moment::PostTool)),
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
    ("SubagentStart", Role::Record(Moment::SubagentStart)),
    ("SubagentStop", Role::Record(Moment::SubagentStop)),
    ("Stop", Role::Record(Moment::TurnEnd)),
];

const PERMISSION: &str = "PermissionRequest";

const TOOLS: &[(&str, &str)] = &[
    ("Bash", "Bash"),
    ("Edit", "Edit"),
    ("MultiEdit", "Edit"),
    ("NotebookEdit", "Edit"),
    ("Write", "Write"),
    ("Read", "Read"),
    ("Grep", "Grep"),
    ("Glob", "Glob"),
    ("WebFetch", "WebFetch"),
    ("Agent", "Task"),
    ("Task", "Task"),
];

pub(super) fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate => {
            let native = document.text("tool_name")?;
            document.tool_call(tool_name(document, native), native).map(Event::Judge)
        }
        Role::Record(moment) => document.recorded(moment).map(Event::Record),
    }
}

fn tool_name(document: &Document<'_>, native: &str) -> String {
    let server = document.value("mcp_server").ok().and_then(|server| server.get("name")).and_then(|name| name.as_str());
    tool::mcp_from_underscores(native, server).unwrap_or_else(|| tool::common_name(document.host(), TOOLS, native))
}

pub(super) fn answer(event: &str, verdict: &Verdict) -> Answer {
    match (event, verdict.objection()) {
        (PERMISSION, None) => nested::allow_request(event),
        (PERMISSION, Some(reason)) => nested::deny_request(event, &reason),
        (_, None) => nested::allow_tool(event),
        (_, Some(reason)) => nested::deny_tool(event, &reason),
    }
}
