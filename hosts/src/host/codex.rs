//! Codex CLI: the nested form, but an allowed call is answered by silence. An
//! `allow` without new input, an `ask`, an empty reason or one unknown field
//! counts as a failed hook, and the call runs.

use serde_json::{Value, json};

use super::profile::{Feed, Format, GUARDED, Level, Limits, Profile, Switches, grouped, shared_call};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::jsontext::Style;
use crate::settings::Entry;
use crate::tool;
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "codex",
    program: "codex",
    title: "Codex CLI",
    home: ".codex",
    home_variable: Some("CODEX_HOME"),
    user_file: "hooks.json",
    project_file: Some(".codex/hooks.json"),
    project_variable: None,
    events: EVENTS,
    gate: "PreToolUse",
    installed: &[
        "PreToolUse", "UserPromptSubmit", "PostToolUse", "SessionStart", "SessionEnd", "SubagentStart", "SubagentStop",
    ],
    format: Format::Json { style: Style::Strict, versioned: false, element },
    guard: GUARD_ANY_SHELL,
    feed: Feed::Stdin,
    read: |document, _, role| read(document, role),
    reply,
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call("PreToolUse", tool, session, cwd),
    mcp_files: |places| {
        vec![places.host_home(Host::Codex).join("config.toml"), places.project.join(".codex/config.toml")]
    },
    switches: Switches::NONE,
    rewrite: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: GUARDED,
        open: vec![
            "write_stdin into a running session asks no hook: deny interactive programs (shells, interpreters, ssh) by rule",
            "--dangerously-bypass-hook-trust and an untrusted or changed definition decide whether hooks run at all",
        ],
    },
    subagents: |_| Vec::new(),
    trusts_hooks_by_name: true,
};

const EVENTS: &[(&str, Role)] = &[
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
        (PERMISSION, None) => nested::allow_request(event),
        (PERMISSION, Some(reason)) => nested::deny_request(event, &reason),
        (_, None) => Reply::silent(),
        (_, Some(reason)) => nested::deny_tool(event, &reason),
    }
}

/// The guard for the person's own shell, where braces may mean something else.
const GUARD_ANY_SHELL: &str = " || sh -c 'echo \"ccc-hook failed: call blocked\" >&2; exit 2'";

fn element(entry: &Entry, role: Role) -> Value {
    let Entry { command, timeout_seconds, .. } = entry;
    grouped(role, &json!({ "type": "command", "command": command, "timeout": timeout_seconds }))
}
