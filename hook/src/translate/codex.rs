//! Codex CLI: the nested form, but an allowed call is answered by silence. An
//! `allow` without new input, an `ask`, an empty reason or one unknown field
//! counts as a failed hook, and the call runs.

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
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
    ("SubagentStart", Role::Record(Moment::SubagentStart)),
    ("SubagentStop", Role::Record(Moment::SubagentStop)),
    ("Stop", Role::Record(Moment::TurnEnd)),
];

const PERMISSION: &str = "PermissionRequest";

const TOOLS: &[(&str, &str)] =
    &[("Bash", "Bash"), ("apply_patch", "Edit"), ("view_image", "Read"), ("spawn_agent", "Task")];

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
        (PERMISSION, None) => nested::allow_request(event),
        (PERMISSION, Some(reason)) => nested::deny_request(event, &reason),
        (_, None) => Answer::silent(),
        (_, Some(reason)) => nested::deny_tool(event, &reason),
    }
}
