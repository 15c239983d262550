//! Qwen Code: a descendant of Gemini CLI with Claude Code's hooks. Its tools have Gemini CLI's names, its answers the nested form, and
//! its time-outs are in milliseconds.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::profile::{
    Feed, Format, GUARD, GUARDED, Level, Limits, Named, Profile, Switches, Trial, grouped, shared_call,
};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places};
use crate::tool::Tools;

pub(super) const PROFILE: Profile = Profile {
    name: "qwen",
    program: "qwen",
    title: "Qwen Code",
    home: ".qwen",
    home_variable: Some("QWEN_HOME"),
    user_file: "settings.json",
    project_file: Some(".qwen/settings.json"),
    project: Named::Variable("QWEN_PROJECT_DIR"),
    events: EVENTS,
    gate: PRE_TOOL,
    permission: None,
    tools: TOOLS,
    installed: &[PRE_TOOL, "UserPromptSubmit", "PostToolUse", "SessionStart", "SessionEnd"],
    since: &[],
    format: Format::Json { style: Style::Comments, versioned: false, element },
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| nested::read(document, role, &TOOLS),
    reply,
    aside: Reply::silent,
    outranked: &[],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call(PRE_TOOL, tool, session, cwd),
    mcp_files: |places| {
        vec![places.host_home(Host::Qwen).join("settings.json"), places.project.join(".qwen/settings.json")]
    },
    switches: Switches { files: switch_files, set_in },
    // With folder trust on, and the folder not trusted, 0.15.10 ran a project's hooks all the same.
    deaf: |_, _| Vec::new(),
    checkup: None,
    trial: Some(TRIAL),
    rewrite: None,
    tells_at_start: false,
    masked: None,
    log: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: GUARDED,
        open: vec![
            "--bare and disableAllHooks in any of its settings files turn the hook off",
            "a version may pass over project hooks in a folder that is not trusted, where folder trust is on",
        ],
    },
    subagents: |_| Vec::new(),
    trusts_hooks_by_name: false,
};

const PRE_TOOL: &str = "PreToolUse";

const EVENTS: &[(&str, Role)] = &[
    (PRE_TOOL, Role::Gate),
    ("UserPromptSubmit", Role::Record(Moment::Prompt)),
    ("PostToolUse", Role::Record(Moment::PostTool)),
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
];

const TOOLS: Tools = Tools {
    common: &[
        ("run_shell_command", "Bash"),
        ("edit", "Edit"),
        ("write_file", "Write"),
        ("read_file", "Read"),
        ("grep_search", "Grep"),
        ("glob", "Glob"),
        ("web_fetch", "WebFetch"),
        ("list_directory", "LS"),
        ("agent", "Task"),
        // The same tools as Claude Code's, in the house's other spelling.
        ("todo_write", "TodoWrite"),
        ("ask_user_question", "AskUserQuestion"),
        ("cron_create", "CronCreate"),
        ("cron_list", "CronList"),
        ("cron_delete", "CronDelete"),
        ("task_stop", "TaskStop"),
        ("send_message", "SendMessage"),
        ("monitor", "Monitor"),
        ("structured_output", "StructuredOutput"),
        ("lsp", "LSP"),
    ],
    own: &["exit_plan_mode", "skill", "tool_search"],
};

fn reply(event: &str, answer: &Answer) -> Reply {
    match answer.objection() {
        None => nested::allow_tool(event),
        Some(reason) => nested::deny_tool(event, &reason),
    }
}

fn element(entry: &Entry, role: Role) -> Value {
    let Entry { command, timeout_seconds, .. } = entry;
    grouped(
        role,
        &json!({ "type": "command", "name": "ccc-hook", "command": command, "timeout": timeout_seconds * 1000 }),
    )
}

const SYSTEM_SETTINGS: &str = "/etc/qwen-code/settings.json";

fn switch_files(places: &Places) -> Vec<PathBuf> {
    vec![
        places.host_home(Host::Qwen).join("settings.json"),
        places.project.join(".qwen/settings.json"),
        PathBuf::from(SYSTEM_SETTINGS),
    ]
}

fn set_in(settings: &Value) -> Option<&'static str> {
    (settings.get("disableAllHooks") == Some(&json!(true))).then_some("`disableAllHooks`")
}

const TRIAL: Trial = Trial {
    arguments: |url| {
        let address = format!("{url}/v1");
        let key = ["--auth-type", "openai", "--openai-api-key", "none", "--openai-base-url", &address];
        [&key[..], &["--model", "fake", "--approval-mode", "yolo", "-p"]]
            .concat()
            .into_iter()
            .map(ToOwned::to_owned)
            .collect()
    },
    environment: |_, _| Vec::new(),
    file: None,
};
