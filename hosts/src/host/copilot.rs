//! GitHub Copilot CLI: two dialects. Under a camel-case event the document has
//! camel-case fields and only a flat answer counts; under `PreToolUse` both
//! are as Claude Code's.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::profile::{Feed, Format, Level, Limits, Profile, Switches};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::event::{Event, MAIN_AGENT, Recorded, ToolCall};
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places};
use crate::tool;
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "copilot",
    program: "copilot",
    title: "GitHub Copilot CLI",
    home: ".copilot",
    home_variable: Some("COPILOT_HOME"),
    user_file: "hooks/ccc-hook.json",
    project_file: Some(".github/hooks/ccc-hook.json"),
    project_variable: Some("COPILOT_PROJECT_DIR"),
    events: EVENTS,
    gate: "preToolUse",
    installed: &["preToolUse", "userPromptSubmitted", "postToolUse", "sessionStart", "sessionEnd"],
    format: Format::Json { style: Style::Strict, versioned: true, element },
    guard: GUARD_IN_JSON,
    feed: Feed::Stdin,
    read,
    reply,
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| json!({ "sessionId": session, "timestamp": 0, "cwd": cwd, "toolName": tool, "toolArgs": {} }),
    mcp_files: |places| vec![places.host_home(Host::Copilot).join("mcp-config.json")],
    switches: Switches { files: switch_files, set_in },
    rewrite: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: "a crash or a missing binary blocks; a call whose hook times out RUNS, always",
        open: vec![
            "disableAllHooks turns the hook off unless it is installed as a policy",
            "project hooks do not run in a folder that is not trusted",
        ],
    },
    subagents: |_| Vec::new(),
    trusts_hooks_by_name: false,
};

const EVENTS: &[(&str, Role)] = &[
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

fn read(document: &Document<'_>, event: &str, role: Role) -> Result<Event, Problem> {
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

fn reply(event: &str, answer: &Answer) -> Reply {
    let objection = answer.objection();
    match (event, objection) {
        (PASCAL_PRE_TOOL, None) => nested::allow_tool(event),
        (PASCAL_PRE_TOOL, Some(reason)) => nested::deny_tool(event, &reason),
        (PERMISSION, None) => Reply::json(json!({ "behavior": "allow" })),
        (PERMISSION, Some(reason)) => Reply::json(json!({ "behavior": "deny", "message": reason.as_str() })),
        (_, None) => Reply::json(json!({ "permissionDecision": "allow" })),
        (_, Some(reason)) => Reply::json(json!({
            "permissionDecision": "deny",
            "permissionDecisionReason": reason.as_str(),
        })),
    }
}

/// It denies by any bad status and shows the model only what a JSON answer beside it says.
const GUARD_IN_JSON: &str = concat!(
    r#" || { echo '{"permissionDecision":"deny","permissionDecisionReason":"ccc-hook failed: call blocked"}'; "#,
    "echo 'ccc-hook failed: call blocked' >&2; exit 2; }"
);

fn element(entry: &Entry, _: Role) -> Value {
    json!({ "type": "command", "bash": entry.command, "timeoutSec": entry.timeout_seconds })
}

fn switch_files(places: &Places) -> Vec<PathBuf> {
    let home = places.host_home(Host::Copilot);
    vec![home.join("settings.json"), home.join("config.json")]
}

fn set_in(settings: &Value) -> Option<&'static str> {
    (settings.get("disableAllHooks") == Some(&json!(true))).then_some("`disableAllHooks`")
}
