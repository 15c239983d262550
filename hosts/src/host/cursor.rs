//! Cursor: `preToolUse` for every tool, and older gates for single kinds of
//! tools. An empty stdout is a failed hook there, so even a noted event is
//! answered by a document.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::profile::{Feed, Format, Level, Limits, Named, Profile, Switches, shared_call};
use super::{Host, Moment, Role};
use crate::files;
use crate::jsontext::Style;
use crate::settings::Entry;
use crate::translate::{Document, Problem};
use ccc_protocol::json as strict;

use crate::answer::{Answer, Reply};
use crate::event::{Event, Recorded, ToolCall};
use crate::project;
use crate::tool::{self, Tools};

pub(super) const PROFILE: Profile = Profile {
    name: "cursor",
    program: "cursor-agent",
    title: "Cursor",
    home: ".cursor",
    home_variable: None,
    user_file: "hooks.json",
    project_file: Some(".cursor/hooks.json"),
    project: Named::Nowhere,
    events: EVENTS,
    gate: "preToolUse",
    permission: None,
    tools: TOOLS,
    installed: &["preToolUse", PROMPT, "postToolUse", "sessionStart", "sessionEnd"],
    since: &[],
    format: Format::Json { style: Style::Strict, versioned: true, element },
    // It feeds stdin to the last command of a line, so it gets one simple command and its `failClosed`.
    guard: "",
    feed: Feed::HereDocument,
    read,
    reply: |_, answer| reply(answer),
    aside: || reply(&Answer::Allow),
    outranked: &[],
    noted,
    call: |tool, session, cwd| shared_call("preToolUse", tool, session, cwd),
    mcp_files: |places| vec![places.host_home(Host::Cursor).join("mcp.json"), places.project.join(".cursor/mcp.json")],
    switches: Switches::NONE,
    deaf: |_, _| Vec::new(),
    checkup: None,
    trial: None,
    rewrite: None,
    tells_at_start: false,
    masked: None,
    log: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: "failClosed blocks on a crash, a missing binary and a time-out; read in its source, not seen by running it",
        open: vec!["MCP calls are shown without their server's name", "an invalid hooks.json drops all hooks"],
    },
    subagents: |places| rule_agents(&places.project.join(".cursor").join("rules")),
    trusts_hooks_by_name: false,
};

const EVENTS: &[(&str, Role)] = &[
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

const TOOLS: Tools = Tools {
    common: &[
        ("Shell", "Bash"),
        ("Edit", "Edit"),
        ("Write", "Write"),
        ("Read", "Read"),
        ("Grep", "Grep"),
        ("Glob", "Glob"),
        ("Delete", "Delete"),
        ("WebFetch", "WebFetch"),
        ("Task", "Task"),
    ],
    own: &[],
};

fn read(document: &Document<'_>, event: &str, role: Role) -> Result<Event, Problem> {
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
        None => TOOLS.common_name(document.host(), native),
    }
}

/// MCP arguments come as a text that holds JSON; it is read as strictly as the
/// document around it.
fn mcp_input(document: &Document<'_>) -> Result<Value, Problem> {
    let field = "tool_input";
    strict::read_object(document.text(field)?.as_bytes(), strict::Limits::default())
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

fn reply(answer: &Answer) -> Reply {
    Reply::json(match answer.objection() {
        None => json!({ "permission": "allow" }),
        Some(reason) => json!({
            "permission": "deny",
            "user_message": reason.as_str(),
            "agent_message": reason.as_str(),
        }),
    })
}

fn noted(event: &str) -> Reply {
    Reply::json(match event {
        PROMPT => json!({ "continue": true }),
        _ => json!({}),
    })
}

fn element(entry: &Entry, role: Role) -> Value {
    let Entry { command, timeout_seconds, .. } = entry;
    match role {
        Role::Gate => json!({ "command": command, "timeout": timeout_seconds, "failClosed": true }),
        Role::Record(_) => json!({ "command": command, "timeout": timeout_seconds }),
    }
}

/// Rule files that declare an agent in their front matter, or that are rules at all; what is neither makes no agent.
fn rule_agents(rules: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(rules) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| rule_agent(&entry.ok()?.path())).collect();
    names.sort();
    names
}

fn rule_agent(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    if path.extension()? != "mdc" || stem.starts_with("ccc-") {
        return None;
    }
    agent_in_front_matter(&files::read_if_any(path).ok()??, stem)
}

fn agent_in_front_matter(text: &str, stem: &str) -> Option<String> {
    let front = text.strip_prefix("---")?.split_once("\n---")?.0;
    let field = |key: &str| {
        let value = front.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'))?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let is_agent = |key| field(key).as_deref() == Some("agent");
    if let Some(agent) = field("agent").filter(|agent| !agent.is_empty()) {
        return Some(agent);
    }
    if is_agent("kind") || is_agent("type") {
        return field("name").filter(|name| !name.is_empty());
    }
    let is_rule = ["description", "globs", "alwaysApply"].into_iter().any(|key| field(key).is_some());
    is_rule.then(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_file_makes_an_agent_only_when_it_says_so() {
        let rows = [
            ("---\nagent: builder\n---\n", Some("builder")),
            ("---\nname: \"x\"\nkind: agent\n---\n", Some("x")),
            ("---\ndescription: style\n---\nbody", Some("file")),
            ("---\nname: x\n---\n", None),
            ("no front matter\nagent: x\n", None),
        ];
        for (text, expected) in rows {
            assert_eq!(agent_in_front_matter(text, "file").as_deref(), expected, "{text}");
        }
    }
}
