//! Claude Code: `PreToolUse` and `PermissionRequest`, answered in the nested
//! form with status 0.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::profile::{
    Checkup, Feed, Format, GUARD, GUARDED, Level, Limits, Named, Profile, Switches, Trial, grouped, shared_call,
};
use super::rewrite::{Manner, Rewrite, has_another_hook, option_in};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::files;
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places};
use crate::tool::{self, Tools};
use crate::translate::{Document, Problem};
use crate::version::Version;

pub(super) const PROFILE: Profile = Profile {
    name: "claude",
    program: "claude",
    title: "Claude Code",
    home: ".claude",
    home_variable: Some("CLAUDE_CONFIG_DIR"),
    user_file: "settings.json",
    // The local file, because what is written names paths of this machine and does not belong into a repository.
    project_file: Some(".claude/settings.local.json"),
    project: Named::Variable("CLAUDE_PROJECT_DIR"),
    events: EVENTS,
    gate: "PreToolUse",
    permission: Some(PERMISSION),
    tools: TOOLS,
    installed: &[
        "PreToolUse", SKILL_SHELL, "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "SessionStart",
        "SessionEnd", "SubagentStart", "SubagentStop",
    ],
    since: &[(SKILL_SHELL, SKILL_SHELL_SINCE)],
    // Seen with 2.1.332; Codex CLI, Gemini CLI, Copilot CLI and Qwen Code pass over such a file or refuse it.
    format: Format::Json { style: Style::Marked, versioned: false, element },
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| read(document, role),
    reply,
    aside: Reply::silent,
    outranked: &[],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call("PreToolUse", tool, session, cwd),
    mcp_files,
    switches: Switches { files: switch_files, set_in },
    deaf: |_, _| Vec::new(),
    checkup: Some(CHECKUP),
    trial: Some(TRIAL),
    rewrite: Some(REWRITE),
    tells_at_start: true,
    masked: Some(nested::show_instead),
    log: None,
    limits,
    subagents,
    trusts_hooks_by_name: false,
};

const EVENTS: &[(&str, Role)] = &[
    ("PreToolUse", Role::Gate),
    (PERMISSION, Role::Gate),
    (SKILL_SHELL, Role::Gate),
    ("UserPromptSubmit", Role::Record(Moment::Prompt)),
    ("PostToolUse", Role::Record(Moment::PostTool)),
    ("PostToolUseFailure", Role::Record(Moment::PostTool)),
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
    ("SubagentStart", Role::Record(Moment::SubagentStart)),
    ("SubagentStop", Role::Record(Moment::SubagentStop)),
    ("Stop", Role::Record(Moment::TurnEnd)),
];

const PERMISSION: &str = "PermissionRequest";

/// The gate of commands that stand in a skill and run before the model sees its text: `PreToolUse` does not fire for them.
const SKILL_SHELL: &str = "PreSkillShellCommand";
const SKILL_SHELL_SINCE: Version = Version([2, 1, 332]);

const TOOLS: Tools = Tools {
    common: &[
        ("Bash", "Bash"),
        ("Edit", "Edit"),
        ("MultiEdit", "Edit"),
        ("NotebookEdit", "Edit"),
        ("Write", "Write"),
        ("Read", "Read"),
        ("Grep", "Grep"),
        ("Glob", "Glob"),
        ("WebFetch", "WebFetch"),
        ("Agent", "Task"),
        ("Task", "Task"),
    ],
    own: &[
        "AskUserQuestion", "ExitPlanMode", "EnterPlanMode", "TaskCreate", "TaskUpdate", "TaskGet", "TaskList",
        "TaskOutput", "TaskStop", "TodoWrite", "BashOutput", "KillShell", "ListAgents", "SendMessage",
        "ReportFindings", "ScheduleWakeup", "CronCreate", "CronList", "CronDelete", "Skill", "ToolSearch",
        "ListMcpResourcesTool", "ReadMcpResourceTool", "ReadMcpResourceDirTool", "RefreshMcpTools",
        "WaitForMcpServers", "WebSearch", "LSP", "Workflow", "Monitor", "EnterWorktree", "ExitWorktree",
        "RemoteTrigger", "PushNotification", "ReadNotifications", "SendUserFile", "SendUserMessage", "Brief",
        "Artifact", "Projects", "ClaudeDesign", "SendFeedback", "ProposeSkills", "ProposeGoal",
        "ShowOnboardingRolePicker", "OfferChromeSetup", "StructuredOutput",
    ],
};

fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate => {
            let native = document.text("tool_name")?;
            document.tool_call(tool_name(document, native), native).map(Event::Judge)
        }
        Role::Record(moment) => document.recorded(moment).map(Event::Record),
    }
}

fn tool_name(document: &Document<'_>, native: &str) -> String {
    let server = document.value("mcp_server").ok().and_then(|server| server.get("name")).and_then(|name| name.as_str());
    tool::mcp_from_underscores(native, server).unwrap_or_else(|| TOOLS.common_name(document.host(), native))
}

fn reply(event: &str, answer: &Answer) -> Reply {
    match (event, answer.objection()) {
        (PERMISSION, None) => nested::allow_request(event),
        (PERMISSION, Some(reason)) => nested::deny_request(event, &reason),
        (_, None) => nested::allow_tool(event),
        (_, Some(reason)) => nested::deny_tool(event, &reason),
    }
}

fn element(entry: &Entry, role: Role) -> Value {
    let Entry { command, timeout_seconds, .. } = entry;
    let handler = match role {
        Role::Gate => {
            json!({ "type": "command", "command": command, "timeout": timeout_seconds, "onFailure": "block" })
        }
        Role::Record(_) => json!({ "type": "command", "command": command, "timeout": timeout_seconds }),
    };
    grouped(role, &handler)
}

/// Without a directory of its own choosing, the person's file lies in the home directory and not in `.claude`.
fn mcp_files(places: &Places) -> Vec<PathBuf> {
    let home = places.host_home(Host::Claude);
    let own = if home == places.home.join(PROFILE.home) { &places.home } else { &home };
    vec![own.join(".claude.json"), places.project.join(".mcp.json")]
}

fn switch_files(places: &Places) -> Vec<PathBuf> {
    let project = &places.project;
    vec![
        places.host_home(Host::Claude).join("settings.json"),
        project.join(".claude/settings.json"),
        project.join(".claude/settings.local.json"),
        PathBuf::from("/etc/claude-code/managed-settings.json"),
    ]
}

fn set_in(settings: &Value) -> Option<&'static str> {
    (settings.get("disableAllHooks") == Some(&json!(true))).then_some("`disableAllHooks`")
}

const REWRITE: Rewrite = Rewrite {
    tool: SHELL,
    input: "tool_input",
    line: "command",
    use_id: Some("tool_use_id"),
    output: &["tool_response", "error"],
    manner: |input| match input.get("run_in_background") {
        None | Some(Value::Bool(false)) => Manner::Foreground,
        Some(_) => Manner::Background,
    },
    keeps_directory: true,
    reply: nested::allow_with,
    told: nested::tell,
    files: switch_files,
    against,
    variables: &["CLAUDE_CODE_SHELL_PREFIX"],
    started: |_, lines| {
        let options = ["--settings", "--disallowedTools", "--disallowed-tools", "--plugin-dir"];
        option_in(lines, &options).then_some("an option of its command line")
    },
    told_against: |_| None,
    only: None,
};

const SHELL: &str = "Bash";

/// Rules to deny or ask are held to the rewritten line, not to the agent's (seen in 2.1.329 and 2.1.332): a rule against `git push` would not
/// know it any more. Of several hooks that answer at once, which input counts is the host's affair. Its own sandbox would have
/// to let the launcher make another.
fn against(_: &Path, settings: &Value) -> Option<&'static str> {
    let rules = |list: &str| settings.pointer(list).and_then(Value::as_array).into_iter().flatten();
    let mut about_shell = rules("/permissions/deny").chain(rules("/permissions/ask"));
    let is_set = |value: Option<&Value>| value.is_some_and(|value| *value != json!(false) && !value.is_null());
    let plugins = settings.get("enabledPlugins").and_then(Value::as_object);
    if about_shell.any(|rule| rule.as_str().is_none_or(is_about_shell)) {
        Some("a rule that denies or asks about its shell")
    } else if has_another_hook(settings, Host::Claude, PROFILE.gate, SHELL) {
        Some("another hook on its shell")
    } else if is_set(settings.pointer("/sandbox/enabled")) {
        Some("its own sandbox")
    } else if plugins.is_some_and(|plugins| plugins.values().any(|on| is_set(Some(on)))) {
        Some("a plugin, which may have hooks")
    } else {
        None
    }
}

fn is_about_shell(rule: &str) -> bool {
    let tool = rule.split('(').next().unwrap_or_default().trim();
    tool.is_empty() || tool.contains('*') || tool.eq_ignore_ascii_case("bash")
}

/// The first version that blocks when a hook fails.
const BLOCKS_SINCE: Version = Version([2, 1, 295]);

fn limits(version: Option<Version>) -> Limits {
    let mut open = vec![
        "--bare, --safe-mode, disableAllHooks and a --setting-sources without this file turn the hook off; only managed settings survive them",
        "one invalid setting anywhere in the file drops the whole file in `claude -p`",
        "a file that the person names with `@` is read without a hook; CLAUDE_CODE_DISABLE_FILE_MENTIONS=1 turns that off",
        "Grok CLI loads this hook too: its calls are denied, because its documents are not Claude Code's",
        "a skill that the person starts by `/name` is loaded without a hook; what it does asks for itself",
    ];
    let guards_skills = version.is_some_and(|version| version >= SKILL_SHELL_SINCE);
    if !guards_skills {
        open.push(
            "before 2.1.332 the `!` commands of skills run without a hook: set `\"disableSkillShellExecution\": true` in the settings",
        );
    }
    let (level, on_failure) = match version {
        Some(version) if version >= BLOCKS_SINCE => (
            if guards_skills { Level::Enforced } else { Level::Advisory },
            "a crash, a missing binary and a time-out block (onFailure)",
        ),
        Some(_) => (Level::Advisory, GUARDED),
        None => (
            Level::Advisory,
            "from 2.1.295 on a crash, a missing binary and a time-out block; before, a timed-out call runs",
        ),
    };
    Limits { level, on_failure, open }
}

/// `Agent(name)` among the permissions that the settings allow.
fn subagents(places: &Places) -> Vec<String> {
    let files = [
        places.host_home(Host::Claude).join("settings.json"),
        places.project.join(".claude").join("settings.json"),
        places.project.join(".claude").join("settings.local.json"),
    ];
    files.iter().flat_map(|file| agents_allowed_in(file)).collect()
}

fn agents_allowed_in(file: &Path) -> Vec<String> {
    let text = files::read_if_any(file).ok().flatten().unwrap_or_default();
    let settings: Value = serde_json::from_str(&text).unwrap_or_default();
    let allowed = settings.pointer("/permissions/allow").and_then(Value::as_array);
    let rules = allowed.into_iter().flatten().filter_map(Value::as_str);
    rules.filter_map(|rule| rule.strip_prefix("Agent(")?.strip_suffix(')')).map(|name| name.trim().to_owned()).collect()
}

/// `claude doctor` lists settings that are not valid, each as `- FILE` and what is wrong; a file with one of them is dropped as a whole.
const CHECKUP: Checkup = Checkup { arguments: &["doctor"], told: invalid_settings };

fn invalid_settings(printed: &str, settings: &Path) -> Vec<String> {
    let named = format!("- {}", settings.display());
    let is_named = |line: &&str| {
        let rest = line.trim().strip_prefix(named.as_str());
        rest.is_some_and(|rest| rest.starts_with(" \u{203a} ") || rest.starts_with(':') || rest.starts_with(" ("))
    };
    let drops = |line: &str| {
        let fault = line.trim().trim_start_matches("- ");
        format!("Claude Code drops this whole file: {fault}; mend: change or remove that setting")
    };
    printed.lines().filter(is_named).map(drops).collect()
}

const TRIAL: Trial = Trial {
    arguments: |_| ["--model", "claude-sonnet-4-5", "--allowedTools", "Bash", "-p"].map(ToOwned::to_owned).to_vec(),
    environment: |url, _| {
        vec![
            ("ANTHROPIC_BASE_URL", Some(url.to_owned())),
            ("ANTHROPIC_API_KEY", Some("none".to_owned())),
            ("ANTHROPIC_AUTH_TOKEN", None),
            ("CLAUDE_CODE_USE_BEDROCK", None),
            ("CLAUDE_CODE_USE_VERTEX", None),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", Some("1".to_owned())),
            ("DISABLE_AUTOUPDATER", Some("1".to_owned())),
        ]
    },
    file: None,
};
