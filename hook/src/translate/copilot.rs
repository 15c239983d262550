//! GitHub Copilot CLI: two dialects. Under a camel-case event the document has
//! camel-case fields and only a flat answer counts; under `PreToolUse` both
//! are as Claude Code's.

use serde_json::json;

use super::document::{Document, Problem};
use super::nested;
use crate::event::{Event, MAIN_AGENT, Recorded, ToolCall};
use crate::host::{Moment, Role};
use crate::tool;
use crate::verdict::{Answer, Verdict};

pub(super) const EVENTS: &[(&str, Role)] = &[
    ("preToolUse", Role::Gate),
    (PERMISSION, Role::Gate),
    (PASCAL_PRE_TOOL, Role::Gate),
    ("userPromptSubmitted", Role::Record(Moment::Prompt)),
    ("postToolUse", Role::Record(Moment::PostTool)),
    ("sessionStart", Role::Record(Moment::SessionStart)),
    ("sessionEnd", Role::Record(Moment::SessionEnd)),
];

const PERMISSION: &str = "permissionRequest";
const PASCAL_PRE_TOOL: &str = "PreToolUse";

const TOOLS: &[(&str, &str)] = &[
    ("bash", "Bash"),
    ("edit", "Edit"),
    ("create", "Write"),
    ("view", "Read"),
    ("grep", "Grep"),
    ("glob", "Glob"),
    ("web_fetch", "WebFetch"),
    ("task", "Task"),
];

/// Under `PreToolUse` the shell tool has Claude Code's name; what the others
/// are called there is not known, so they keep their own.
const PASCAL_TOOLS: &[(&str, &str)] = &[("Bash", "Bash")];

pub(super) fn read(document: &Document<'_>, event: &str, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate if event == PASCAL_PRE_TOOL => {
            let native = document.text("tool_name")?;
            let tool = tool::mcp_from_underscores(native, None)
                .unwrap_or_else(|| tool::common_name(document.host(), PASCAL_TOOLS, native));
            document.tool_call(tool, native).map(Event::Judge)
        }
        Role::Gate => tool_call(document, event).map(Event::Judge),
        Role::Record(moment) => recorded(document, moment).map(Event::Record),
    }
}

fn tool_call(document: &Document<'_>, event: &str) -> Result<ToolCall, Problem> {
    let native = document.text("toolName")?;
    let input = if event == PERMISSION { "toolInput" } else { "toolArgs" };
    Ok(ToolCall {
        host: document.host(),
        tool: tool_name(document, native),
        native: native.to_owned(),
        input: document.object(input)?.clone(),
        cwd: document.text("cwd")?.to_owned(),
        project: None,
        session: document.text("sessionId")?.to_owned(),
        agent: MAIN_AGENT.to_owned(),
    })
}

/// An MCP tool is `server/tool` in a permission request and `server-tool`
/// before the call, where a second dash makes it readable in two ways.
fn tool_name(document: &Document<'_>, native: &str) -> String {
    if let Some((server, tool)) = native.split_once('/') {
        return tool::mcp_name(server, tool);
    }
    match native.split_once('-') {
        Some((server, tool)) if !tool.contains('-') => tool::mcp_name(server, tool),
        Some(_) => tool::mcp_name_without_server(native),
        None => tool::common_name(document.host(), TOOLS, native),
    }
}

fn recorded(document: &Document<'_>, moment: Moment) -> Result<Recorded, Problem> {
    Ok(Recorded {
        host: document.host(),
        moment,
        session: document.text("sessionId")?.to_owned(),
        agent: MAIN_AGENT.to_owned(),
        detail: document.detail(),
    })
}

pub(super) fn answer(event: &str, verdict: &Verdict) -> Answer {
    let objection = verdict.objection();
    match (event, objection) {
        (PASCAL_PRE_TOOL, None) => nested::allow_tool(event),
        (PASCAL_PRE_TOOL, Some(reason)) => nested::deny_tool(event, &reason),
        (PERMISSION, None) => Answer::json(json!({ "behavior": "allow" })),
        (PERMISSION, Some(reason)) => Answer::json(json!({ "behavior": "deny", "message": reason.as_str() })),
        (_, None) => Answer::json(json!({ "permissionDecision": "allow" })),
        (_, Some(reason)) => Answer::json(json!({
            "permissionDecision": "deny",
            "permissionDecisionReason": reason.as_str(),
        })),
    }
}
