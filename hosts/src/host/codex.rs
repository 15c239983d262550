//! Codex CLI: the nested form, but an allowed call is answered by silence. An
//! `allow` without new input, an `ask`, an empty reason or one unknown field
//! counts as a failed hook, and the call runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::profile::{
    Checkup, Feed, Format, GUARDED, Level, Limits, Log, Logged, Named, Profile, Switches, Trial, grouped, shared_call,
};
use super::rewrite::{CommandLine, Manner, Rewrite, has_another_hook, of_program, option_in};
use super::{Host, Moment, Role, nested, shell_patch};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places, read};
use crate::tool::Tools;
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "codex",
    program: "codex",
    title: "Codex CLI",
    home: ".codex",
    home_variable: Some("CODEX_HOME"),
    user_file: "hooks.json",
    project_file: Some(".codex/hooks.json"),
    project: Named::HooksDirectory,
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
    read,
    reply,
    aside: Reply::silent,
    outranked: &[],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call("PreToolUse", tool, session, cwd),
    mcp_files: |places| {
        vec![places.host_home(Host::Codex).join("config.toml"), places.project.join(".codex/config.toml")]
    },
    switches: Switches { files: switch_files, set_in },
    deaf: |_, _| Vec::new(),
    checkup: Some(CHECKUP),
    trial: Some(TRIAL),
    rewrite: Some(REWRITE),
    tells_at_start: false,
    masked: None,
    log: Some(LOG),
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

/// A patch that is given to the shell is applied by Codex itself (seen in 0.171.0), and is judged as one.
fn read(document: &Document<'_>, _: &str, role: Role) -> Result<Event, Problem> {
    let mut event = nested::read(document, role, &TOOLS)?;
    if let Event::Judge(call) = &mut event {
        let line = call.input.get("command").and_then(Value::as_str).unwrap_or_default();
        if call.native == SHELL && shell_patch::is_one(line) {
            "Edit".clone_into(&mut call.tool);
        }
    }
    Ok(event)
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

/// A file for each session, a line for each thing that happened in it (seen in 0.171.0).
const LOG: Log = Log {
    use_id: "tool_use_id",
    directory: |places| places.host_home(Host::Codex).join("sessions"),
    is_file: |name| name.starts_with("rollout-") && name.ends_with(".jsonl"),
    read: logged,
};

fn logged(line: &Value) -> Option<Logged> {
    let text = |name: &str| line.pointer(&format!("/payload/{name}")).and_then(Value::as_str).map(str::to_owned);
    match (line.get("type")?.as_str()?, text("type").as_deref()) {
        ("session_meta", _) => Some(Logged::Session(text("session_id").or_else(|| text("id"))?)),
        ("response_item", Some("function_call" | "custom_tool_call" | "local_shell_call")) => Some(Logged::Call {
            id: text("call_id")?,
            tool: text("name").unwrap_or_else(|| "local_shell".to_owned()),
            at: line.get("timestamp")?.as_str()?.parse().ok()?,
        }),
        _ => None,
    }
}

const REWRITE: Rewrite = Rewrite {
    tool: SHELL,
    input: "tool_input",
    line: "command",
    use_id: Some("tool_use_id"),
    output: &["tool_response"],
    // It tells of none that it leaves running.
    manner: |_| Manner::Foreground,
    keeps_directory: false,
    reply: nested::allow_with,
    told: nested::tell,
    files: files_against,
    against,
    variables: &[],
    started,
    told_against,
    only: Some("its own sandbox is off and it asks its person about nothing"),
};

const SHELL: &str = "Bash";

/// Its own rules about programs lie beside its config, in files of any name.
fn files_against(places: &Places) -> Vec<PathBuf> {
    let layers = [places.host_home(Host::Codex), places.project.join(".codex"), PathBuf::from("/etc/codex")];
    let settings = ["hooks.json", "config.toml", "managed_config.toml", "requirements.toml"];
    let of_layer = |layer: &PathBuf| {
        let entries = fs::read_dir(layer.join("rules")).into_iter().flatten().flatten().map(|entry| entry.path());
        let rules = entries.filter(|path| path.extension().is_some_and(|extension| extension == "rules"));
        settings.iter().map(|name| layer.join(name)).chain(rules).collect::<Vec<_>>()
    };
    layers.iter().flat_map(of_layer).collect()
}

/// Its rules are held to the rewritten line (seen in 0.171.0), and so is what it asks its person. Rules that only allow take nothing
/// away.
fn against(file: &Path, settings: &Value) -> Option<&'static str> {
    if let Value::String(rules) = settings {
        let restricts = ["forbidden", "prompt"].iter().any(|decision| rules.contains(decision));
        return restricts.then_some("a rule that forbids or asks");
    }
    let is_filled = |value: Option<&Value>| value.and_then(Value::as_object).is_some_and(|fields| !fields.is_empty());
    if has_another_hook(settings, Host::Codex, PROFILE.gate, SHELL) {
        Some("another hook on its shell")
    } else if is_filled(settings.get("plugins")) {
        Some("a plugin, which may have hooks")
    } else if file.ends_with("requirements.toml") && is_filled(Some(settings)) {
        Some("requirements of an organisation")
    } else {
        None
    }
}

/// Its own sandbox would have to let the launcher make another; that it is off is said on its command line or in the person's config.
fn started(places: &Places, lines: &[CommandLine]) -> Option<&'static str> {
    let lines = of_program(lines, PROFILE.program);
    let is_off_here = option_in(&lines, &["--dangerously-bypass-approvals-and-sandbox", "--yolo"]);
    let changes = ["-s", "--sandbox", "-c", "--config", "-p", "--profile", "--full-auto", "--approve-for-me"];
    let is_changed = option_in(&lines, &changes);
    let own = read::value_in(&places.host_home(Host::Codex).join("config.toml")).unwrap_or_default();
    let project = read::value_in(&places.project.join(".codex/config.toml")).unwrap_or_default();
    let says_off = own.get("sandbox_mode") == Some(&json!("danger-full-access"));
    let elsewhere = ["profile", "default_permissions", "permissions"].iter().any(|key| own.get(key).is_some());
    let is_off = is_off_here || says_off && !elsewhere && !is_changed && project.get("sandbox_mode").is_none();
    (!is_off).then_some("its own sandbox")
}

/// Where it asks its person, they would be shown the launcher's line.
fn told_against(document: &Map<String, Value>) -> Option<&'static str> {
    let is_silent = document.get("permission_mode") == Some(&json!("bypassPermissions"));
    (!is_silent).then_some("its own questions to its person")
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
