//! Gemini CLI: `BeforeTool`, answered by a flat `decision`. The nested form is
//! ignored there, and the call runs.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::profile::{Feed, Format, GUARD, GUARDED, Level, Limits, Profile, Switches, grouped, shared_call};
use super::{Host, Moment, Role};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places};
use crate::tool;
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "gemini",
    program: "gemini",
    title: "Gemini CLI",
    home: ".gemini",
    home_variable: None,
    user_file: "settings.json",
    project_file: Some(".gemini/settings.json"),
    project_variable: Some("GEMINI_PROJECT_DIR"),
    events: EVENTS,
    gate: "BeforeTool",
    installed: &["BeforeTool", "BeforeAgent", "AfterTool", "SessionStart", "SessionEnd"],
    // It takes comments out before it reads its settings.
    format: Format::Json { style: Style::Comments, versioned: false, element },
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| read(document, role),
    reply: |_, answer| reply(answer),
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call("BeforeTool", tool, session, cwd),
    mcp_files: |places| {
        vec![places.host_home(Host::Gemini).join("settings.json"), places.project.join(".gemini/settings.json")]
    },
    switches: Switches { files: switch_files, set_in },
    rewrite: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: GUARDED,
        open: vec![
            "hooksConfig.enabled = false or hooksConfig.disabled turns the hook off",
            "project hooks do not run in a folder that is not trusted",
        ],
    },
    subagents: |_| Vec::new(),
    trusts_hooks_by_name: false,
};

const EVENTS: &[(&str, Role)] = &[
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

fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
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

fn reply(answer: &Answer) -> Reply {
    Reply::json(match answer.objection() {
        None => json!({ "decision": "allow" }),
        Some(reason) => json!({ "decision": "deny", "reason": reason.as_str() }),
    })
}

/// Its time-outs are in milliseconds.
fn element(entry: &Entry, role: Role) -> Value {
    let Entry { command, timeout_seconds, .. } = entry;
    grouped(
        role,
        &json!({ "type": "command", "name": "ccc-hook", "command": command, "timeout": timeout_seconds * 1000 }),
    )
}

fn switch_files(places: &Places) -> Vec<PathBuf> {
    vec![
        places.host_home(Host::Gemini).join("settings.json"),
        places.project.join(".gemini/settings.json"),
        PathBuf::from("/etc/gemini-cli/settings.json"),
    ]
}

fn set_in(settings: &Value) -> Option<&'static str> {
    if settings.pointer("/hooksConfig/enabled") == Some(&json!(false)) {
        return Some("`hooksConfig.enabled`");
    }
    let disabled = settings.pointer("/hooksConfig/disabled").and_then(Value::as_array);
    let names_ours = disabled.is_some_and(|names| names.iter().any(|name| name == "ccc-hook"));
    names_ours.then_some("`hooksConfig.disabled`")
}
