//! Codex CLI: the nested form, but an allowed call is answered by silence. An
//! `allow` without new input, an `ask`, an empty reason or one unknown field
//! counts as a failed hook, and the call runs.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::profile::{Checkup, Feed, Format, GUARDED, Level, Limits, Profile, Switches, Trial, grouped, shared_call};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places};
use crate::tool::Tools;

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
    permission: Some(PERMISSION),
    tools: TOOLS,
    installed: &[
        "PreToolUse", "UserPromptSubmit", "PostToolUse", "SessionStart", "SessionEnd", "SubagentStart", "SubagentStop",
    ],
    since: &[],
    format: Format::Json { style: Style::Strict, versioned: false, element },
    guard: GUARD_ANY_SHELL,
    feed: Feed::Stdin,
    read: |document, _, role| nested::read(document, role, &TOOLS),
    reply,
    aside: Reply::silent,
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call("PreToolUse", tool, session, cwd),
    mcp_files: |places| {
        vec![places.host_home(Host::Codex).join("config.toml"), places.project.join(".codex/config.toml")]
    },
    switches: Switches { files: switch_files, set_in },
    deaf: |_, _| Vec::new(),
    checkup: Some(CHECKUP),
    trial: Some(TRIAL),
    rewrite: None,
    tells_at_start: false,
    masked: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: GUARDED,
        open: vec![
            "write_stdin into a running session asks no hook: deny interactive programs (shells, interpreters, ssh) by rule",
            "--disable hooks, `features.hooks` and a profile that sets it turn the hook off",
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

const TOOLS: Tools = Tools {
    common: &[("Bash", "Bash"), ("apply_patch", "Edit"), ("view_image", "Read"), ("spawn_agent", "Task")],
    own: &[
        "update_plan", "request_user_input", "request_permissions", "get_goal", "create_goal", "update_goal",
        "wait_agent", "close_agent", "resume_agent", "send_input", "send_message", "followup_task", "list_agents",
        "tool_search", "list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource", "web_search",
        "write_stdin",
    ],
};

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

/// What it gives a hook at the end of a session at most, in seconds; for more it warns at each start.
const SESSION_END_SECONDS_MAX: u64 = 3;

fn element(entry: &Entry, role: Role) -> Value {
    let Entry { command, timeout_seconds, event } = entry;
    let seconds = if *event == "SessionEnd" { SESSION_END_SECONDS_MAX.min(*timeout_seconds) } else { *timeout_seconds };
    grouped(role, &json!({ "type": "command", "command": command, "timeout": seconds }))
}

fn switch_files(places: &Places) -> Vec<PathBuf> {
    vec![
        places.host_home(Host::Codex).join("config.toml"),
        places.project.join(".codex/config.toml"),
        PathBuf::from("/etc/codex/config.toml"),
    ]
}

/// `codex_hooks` is what the feature was called before.
fn set_in(settings: &Value) -> Option<&'static str> {
    let is_off = |name: &str| settings.pointer(&format!("/features/{name}")) == Some(&json!(false));
    match (is_off("hooks"), is_off("codex_hooks")) {
        (true, _) => Some("`features.hooks`"),
        (false, true) => Some("`features.codex_hooks`"),
        (false, false) => None,
    }
}

/// `codex features list` tells what counts in the end, wherever it was set.
const CHECKUP: Checkup = Checkup {
    arguments: &["features", "list"],
    told: |printed, _| {
        let is_off = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some("hooks") && words.last() == Some("false")
        };
        let off = "Codex has its feature `hooks` off; mend: codex features enable hooks";
        printed.lines().any(is_off).then(|| off.to_owned()).into_iter().collect()
    },
};

const TRIAL: Trial = Trial {
    arguments: |url| {
        let provider = format!(
            "model_providers.ccc-hook={{name=\"ccc-hook\",base_url=\"{url}/v1\",env_key=\"{TRIAL_KEY}\",wire_api=\"responses\"}}"
        );
        let fixed = ["exec", "--skip-git-repo-check", "--ephemeral", "-c", "model=\"fake\"", "-c"];
        let mut arguments = fixed.map(ToOwned::to_owned).to_vec();
        arguments.extend(["model_provider=\"ccc-hook\"".to_owned(), "-c".to_owned(), provider]);
        arguments
    },
    environment: |_, _| vec![(TRIAL_KEY, Some("none".to_owned()))],
    file: None,
};

const TRIAL_KEY: &str = "CCC_HOOK_TRIAL_KEY";
