//! Kimi Code: it blocks on the nested denial or on status 2, and on nothing
//! else. There is no way to say "allow": silence lets the call go on.

use super::document::{Document, Problem};
use super::nested;
use crate::event::Event;
use crate::host::{Moment, Role};
use crate::tool;
use crate::verdict::{Answer, Verdict};

pub(super) const EVENTS: &[(&str, Role)] = &[
    (PRE_TOOL, Role::Gate),
    ("PermissionRequest", Role::Gate),
    ("UserPromptSubmit", Role::Record(Moment::Prompt)),
    ("PostToolUse", Role::Record(Moment::PostTool)),
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
];

const PRE_TOOL: &str = "PreToolUse";

const TOOLS: &[(&str, &str)] = &[
    ("Bash", "Bash"),
    ("Edit", "Edit"),
    ("Write", "Write"),
    ("Read", "Read"),
    ("Grep", "Grep"),
    ("Glob", "Glob"),
    ("FetchURL", "WebFetch"),
    ("Agent", "Task"),
    ("Task", "Task"),
];

pub(super) fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate => {
            let native = document.text("tool_name")?;
            let tool = tool::mcp_from_underscores(native, None)
                .unwrap_or_else(|| tool::common_name(document.host(), TOOLS, native));
            document.tool_call(tool, native).map(Event::Judge)
        }
        Role::Record(moment) => document.recorded(moment).map(Event::Record),
    }
}

pub(super) fn answer(event: &str, verdict: &Verdict) -> Answer {
    match (event, verdict.objection()) {
        (_, None) => Answer::silent(),
        (PRE_TOOL, Some(reason)) => nested::deny_tool(event, &reason),
        (_, Some(reason)) => Answer::block(&reason),
    }
}
