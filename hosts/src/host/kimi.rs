//! Kimi Code: it blocks on the nested denial or on status 2, and on nothing
//! else. There is no way to say "allow": silence lets the call go on.

use super::profile::{Feed, Format, GUARD, GUARDED, Level, Limits, Profile, Switches, shared_call};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::tool;
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "kimi",
    program: "kimi",
    title: "Kimi Code",
    home: ".kimi-code",
    home_variable: Some("KIMI_CODE_HOME"),
    user_file: "config.toml",
    project_file: None,
    project_variable: None,
    events: EVENTS,
    gate: PRE_TOOL,
    installed: &[PRE_TOOL, "UserPromptSubmit", "PostToolUse", "SessionStart"],
    format: Format::TomlTables,
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| read(document, role),
    reply,
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call(PRE_TOOL, tool, session, cwd),
    mcp_files: |places| vec![places.host_home(Host::Kimi).join("mcp.json")],
    switches: Switches::NONE,
    rewrite: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: GUARDED,
        open: vec!["one unknown key, event or time-out anywhere in [[hooks]] drops all hooks with a warning"],
    },
    subagents: |_| Vec::new(),
    trusts_hooks_by_name: false,
};

const EVENTS: &[(&str, Role)] = &[
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

fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
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

fn reply(event: &str, answer: &Answer) -> Reply {
    match (event, answer.objection()) {
        (_, None) => Reply::silent(),
        (PRE_TOOL, Some(reason)) => nested::deny_tool(event, &reason),
        (_, Some(reason)) => Reply::block(&reason),
    }
}
