//! GitHub Copilot CLI: two dialects. Under a camel-case event the document has
//! camel-case fields and only a flat answer counts; under `PreToolUse` both
//! are as Claude Code's.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::profile::{Feed, Format, Level, Limits, Named, Profile, Switches, Trial};
use super::rewrite::{Manner, Rewrite, has_another_hook, option_in};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::event::{Event, MAIN_AGENT, Recorded, ToolCall};
use crate::jsontext::Style;
use crate::settings::{Entry, command::is_ours, place::Places, read};
use crate::tool::{self, Tools};
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "copilot",
    program: "copilot",
    title: "GitHub Copilot CLI",
    home: ".copilot",
    home_variable: Some("COPILOT_HOME"),
    user_file: "hooks/ccc-hook.json",
    project_file: Some(".github/hooks/ccc-hook.json"),
    project: Named::Variable("COPILOT_PROJECT_DIR"),
    events: EVENTS,
    gate: "preToolUse",
    permission: Some(PERMISSION),
    tools: TOOLS,
    installed: &["preToolUse", "userPromptSubmitted", "postToolUse", "sessionStart", "sessionEnd"],
    since: &[],
    format: Format::Json { style: Style::Strict, versioned: true, element },
    guard: GUARD_IN_JSON,
    feed: Feed::Stdin,
    read,
    reply,
    aside: Reply::silent,
    outranked: &["--deny-tool"],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| json!({ "sessionId": session, "timestamp": 0, "cwd": cwd, "toolName": tool, "toolArgs": {} }),
    mcp_files: |places| vec![places.host_home(Host::Copilot).join("mcp-config.json")],
    // It counts in the hook's own file alone: not in `settings.json`, `config.json` or another file of hooks.
    switches: Switches { files: |_| Vec::new(), set_in },
    deaf,
    checkup: None,
    trial: Some(TRIAL),
    rewrite: Some(REWRITE),
    tells_at_start: false,
    masked: None,
    log: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: "a crash or a missing binary blocks; a call whose hook times out RUNS, always",
        open: vec![
            "disableAllHooks in the hook's own file turns it off unless it is installed as a policy",
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

const TOOLS: Tools = Tools {
    common: &[
        ("bash", "Bash"),
        ("edit", "Edit"),
        ("create", "Write"),
        ("view", "Read"),
        ("grep", "Grep"),
        ("glob", "Glob"),
        ("web_fetch", "WebFetch"),
        ("task", "Task"),
    ],
    own: &[
        "report_intent", "update_todo", "ask_user", "exit_plan_mode", "task_complete", "sql", "session_store_sql",
        "skill", "read_agent", "list_agents", "read_bash", "list_bash", "stop_bash", "write_bash",
        "fetch_copilot_cli_documentation", "web_search",
    ],
};

/// Under `PreToolUse` the shell tool has Claude Code's name; what the others
/// are called there is not known, so they keep their own.
const PASCAL_TOOLS: Tools = Tools { common: &[("Bash", "Bash")], own: &[] };

fn read(document: &Document<'_>, event: &str, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate if event == PASCAL_PRE_TOOL => {
            let native = document.text("tool_name")?;
            let tool = tool::mcp_from_underscores(native, None)
                .unwrap_or_else(|| PASCAL_TOOLS.common_name(document.host(), native));
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
        None => TOOLS.common_name(document.host(), native),
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

fn set_in(settings: &Value) -> Option<&'static str> {
    (settings.get("disableAllHooks") == Some(&json!(true))).then_some("`disableAllHooks`")
}

const REWRITE: Rewrite = Rewrite {
    tool: SHELL,
    input: "toolArgs",
    line: "command",
    use_id: None,
    output: &["toolResult"],
    manner: |input| match (input.get("detach"), input.get("mode")) {
        (Some(detach), _) if *detach != json!(false) => Manner::Detached,
        (_, None) => Manner::Foreground,
        (_, Some(mode)) if mode == "sync" => Manner::Foreground,
        _ => Manner::Background,
    },
    keeps_directory: false,
    reply: |_, input| Reply::json(json!({ "permissionDecision": "allow", "modifiedArgs": input })),
    told: |_, words| Reply::json(json!({ "additionalContext": words })),
    files: files_against,
    against,
    variables: &[],
    started: |_, lines| option_in(lines, OPTIONS_AGAINST).then_some("an option of its command line"),
    told_against: |_| None,
    only: None,
};

const SHELL: &str = "bash";

/// An `allow` goes past its rules against tools (seen in 1.0.102), with the agent's line and with another.
const OPTIONS_AGAINST: &[&str] = &[
    "--deny-tool", "--deny-url", "--sandbox", "--plugin-dir", "--config-dir", "--available-tools", "--excluded-tools",
];

/// An installed plugin is a directory, which cannot be read as settings: that counts as against it.
fn files_against(places: &Places) -> Vec<PathBuf> {
    let home = places.host_home(Host::Copilot);
    let project = &places.project;
    let listed = |directory: PathBuf| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let hooks = [home.join("hooks"), project.join(".github/hooks"), PathBuf::from("/etc/github-copilot/policy.d")];
    let plugins = listed(home.join("installed-plugins"));
    let settings = [
        home.join("settings.json"),
        home.join("config.json"),
        project.join(".github/copilot/settings.json"),
        project.join(".github/copilot/settings.local.json"),
        project.join(".claude/settings.json"),
        project.join(".claude/settings.local.json"),
    ];
    hooks.into_iter().flat_map(listed).chain(plugins).chain(settings).collect()
}

fn against(file: &Path, settings: &Value) -> Option<&'static str> {
    let is_filled = |value: Option<&Value>| match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(_) => true,
    };
    if ["enabledPlugins", "installedPlugins"].iter().any(|key| is_filled(settings.get(key))) {
        Some("a plugin, which may have hooks")
    } else if file.parent().is_some_and(|parent| parent.ends_with("policy.d")) {
        Some("a policy of an organisation")
    } else if is_filled(settings.pointer("/sandbox/enabled")) {
        Some("its own sandbox")
    } else if ["deniedUrls", "deniedTools", "denyTools"].iter().any(|key| is_filled(settings.get(key))) {
        Some("a rule that denies")
    } else if has_another_entry(settings) || has_another_hook(settings, Host::Copilot, PASCAL_PRE_TOOL, "Bash") {
        Some("another hook on its shell")
    } else {
        None
    }
}

/// True for a hook at its gate, in its own form, that is not this program's.
fn has_another_entry(settings: &Value) -> bool {
    let entries = settings.pointer("/hooks/preToolUse").and_then(Value::as_array);
    let is_ours =
        |entry: &Value| entry.get("bash").and_then(Value::as_str).is_some_and(|line| is_ours(Host::Copilot, line));
    entries.into_iter().flatten().any(|entry| !is_ours(entry))
}

/// A project's hooks run in a trusted folder alone, or in one beneath it, and are read at the root of its repository.
fn deaf(places: &Places, settings: &Path) -> Vec<String> {
    let Some(project) = Host::Copilot.project_of(places, settings) else { return Vec::new() };
    let config = read::value_in(&places.host_home(Host::Copilot).join("config.json")).unwrap_or_default();
    let lists = ["trustedFolders", "trusted_folders"].map(|name| config.get(name).and_then(Value::as_array));
    let mut trusted = lists.into_iter().flatten().flatten().filter_map(Value::as_str);
    let distrust = (!trusted.any(|folder| project.starts_with(folder))).then(|| {
        format!(
            "GitHub Copilot CLI does not trust the folder {} and passes over its hooks; mend: start `copilot` there and trust it, or install for the person",
            project.display()
        )
    });
    let root = project.ancestors().find(|folder| folder.join(".git").exists());
    let elsewhere = root.filter(|root| *root != project).map(|root| {
        format!("GitHub Copilot CLI reads the hooks of a project in {}; mend: install there", root.display())
    });
    distrust.into_iter().chain(elsewhere).collect()
}

const TRIAL: Trial = Trial {
    arguments: |_| ["--allow-all-tools", "-p"].map(ToOwned::to_owned).to_vec(),
    environment: |url, _| {
        vec![
            ("COPILOT_OFFLINE", Some("true".to_owned())),
            ("COPILOT_PROVIDER_BASE_URL", Some(format!("{url}/v1"))),
            ("COPILOT_MODEL", Some("fake".to_owned())),
            ("COPILOT_AUTO_UPDATE", Some("false".to_owned())),
        ]
    },
    file: None,
};
