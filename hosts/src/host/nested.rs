//! The forms that Claude Code began and others took over: a document with `tool_name`, in which a tool of an MCP server is
//! `mcp__server__tool`, and an answer whose decision lies in `hookSpecificOutput`, under the name of the event it answers.

use serde_json::{Value, json};

use super::Role;
use crate::answer::{Reason, Reply};
use crate::event::Event;
use crate::tool::{self, Tools};
use crate::translate::{Document, Problem};

/// Understands a document of a host with these tools.
pub(super) fn read(document: &Document<'_>, role: Role, tools: &Tools) -> Result<Event, Problem> {
    match role {
        Role::Gate => {
            let native = document.text("tool_name")?;
            let tool =
                tool::mcp_from_underscores(native, None).unwrap_or_else(|| tools.common_name(document.host(), native));
            document.tool_call(tool, native).map(Event::Judge)
        }
        Role::Record(moment) => document.recorded(moment).map(Event::Record),
    }
}

pub(super) fn deny_tool(event: &str, reason: &Reason) -> Reply {
    specific(json!({
        "hookEventName": event,
        "permissionDecision": "deny",
        "permissionDecisionReason": reason.as_str(),
    }))
}

pub(super) fn allow_tool(event: &str) -> Reply {
    specific(json!({ "hookEventName": event, "permissionDecision": "allow" }))
}

/// Replaces the whole input.
pub(super) fn allow_with(event: &str, input: &Value) -> Reply {
    specific(json!({ "hookEventName": event, "permissionDecision": "allow", "updatedInput": input }))
}

/// Words that reach the agent beside what its call gave back.
pub(super) fn tell(event: &str, words: &str) -> Reply {
    specific(json!({ "hookEventName": event, "additionalContext": words }))
}

/// What the model is shown in place of what its call gave back, in the form of that tool's own.
pub(super) fn show_instead(event: &str, output: &Value) -> Reply {
    specific(json!({ "hookEventName": event, "updatedToolOutput": output }))
}

pub(super) fn deny_request(event: &str, reason: &Reason) -> Reply {
    specific(json!({
        "hookEventName": event,
        "decision": { "behavior": "deny", "message": reason.as_str() },
    }))
}

pub(super) fn allow_request(event: &str) -> Reply {
    specific(json!({ "hookEventName": event, "decision": { "behavior": "allow" } }))
}

#[expect(clippy::needless_pass_by_value, reason = "a document made for this answer alone")]
fn specific(output: Value) -> Reply {
    Reply::json(json!({ "hookSpecificOutput": output }))
}
