//! Kimi Code: it blocks on the nested denial or on status 2, and on nothing
//! else. There is no way to say "allow": silence lets the call go on.

use std::path::Path;

use serde_json::Value;

use super::profile::{Feed, Format, GUARD, GUARDED, Level, Limits, Named, Profile, Switches, Trial, shared_call};
use super::{Host, Moment, Role, nested};
use crate::answer::{Answer, Reply};
use crate::settings::read;
use crate::tool::Tools;

pub(super) const PROFILE: Profile = Profile {
    name: "kimi",
    program: "kimi",
    title: "Kimi Code",
    home: ".kimi-code",
    home_variable: Some("KIMI_CODE_HOME"),
    user_file: "config.toml",
    project_file: None,
    project: Named::Nowhere,
    events: EVENTS,
    gate: PRE_TOOL,
    permission: Some(PERMISSION),
    tools: TOOLS,
    installed: &[PRE_TOOL, "UserPromptSubmit", "PostToolUse", "SessionStart"],
    since: &[],
    format: Format::TomlTables,
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| nested::read(document, role, &TOOLS),
    reply,
    aside: Reply::silent,
    outranked: &[],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call(PRE_TOOL, tool, session, cwd),
    mcp_files: |places| vec![places.host_home(Host::Kimi).join("mcp.json")],
    switches: Switches::NONE,
    deaf: |_, settings| deaf(settings),
    checkup: None,
    trial: Some(TRIAL),
    rewrite: None,
    tells_at_start: false,
    masked: None,
    log: None,
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
    (PERMISSION, Role::Gate),
    ("UserPromptSubmit", Role::Record(Moment::Prompt)),
    ("PostToolUse", Role::Record(Moment::PostTool)),
    ("SessionStart", Role::Record(Moment::SessionStart)),
    ("SessionEnd", Role::Record(Moment::SessionEnd)),
];

const PRE_TOOL: &str = "PreToolUse";
const PERMISSION: &str = "PermissionRequest";

const TOOLS: Tools = Tools {
    common: &[
        ("Bash", "Bash"),
        ("Edit", "Edit"),
        ("Write", "Write"),
        ("Read", "Read"),
        ("Grep", "Grep"),
        ("Glob", "Glob"),
        ("FetchURL", "WebFetch"),
        ("Agent", "Task"),
        ("Task", "Task"),
        ("ReadMediaFile", "Read"),
        ("AgentSwarm", "Task"),
    ],
    own: &[
        "AskUserQuestion", "EnterPlanMode", "ExitPlanMode", "TodoList", "SetTodoList", "GetGoal", "CreateGoal",
        "UpdateGoal", "SetGoalBudget", "TaskList", "TaskOutput", "TaskStop", "CronCreate", "CronList", "CronDelete",
        "Skill", "WebSearch",
    ],
};

fn reply(event: &str, answer: &Answer) -> Reply {
    match (event, answer.objection()) {
        (_, None) => Reply::silent(),
        (PRE_TOOL, Some(reason)) => nested::deny_tool(event, &reason),
        (_, Some(reason)) => Reply::block(&reason),
    }
}

/// All that a `[[hooks]]` table may hold.
const KEYS: [&str; 4] = ["event", "matcher", "command", "timeout"];

/// All events that 2.1.0 has; one more drops all hooks.
const KNOWN_EVENTS: [&str; 20] = [
    "PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest", "PermissionResult", "UserPromptSubmit",
    "UserPromptQueued", "TurnStarted", "Stop", "StopFailure", "Interrupt", "SessionStart", "SessionEnd",
    "SessionHeartbeat", "SubagentStart", "SubagentStop", "TaskStarted", "PreCompact", "PostCompact", "Notification",
];

/// One table that it does not understand makes it drop the whole section.
fn deaf(settings: &Path) -> Vec<String> {
    let all = read::value_in(settings).unwrap_or_default();
    let hooks = all.get("hooks").and_then(Value::as_array).into_iter().flatten();
    let faults = hooks.enumerate().filter_map(|(at, hook)| Some((at + 1, fault(hook)?)));
    faults
        .map(|(number, fault)| {
            format!("Kimi Code drops all hooks for its [[hooks]] number {number}: {fault}; mend: change or remove that")
        })
        .collect()
}

fn fault(hook: &Value) -> Option<String> {
    let odd = hook.as_object()?.keys().find(|key| !KEYS.contains(&key.as_str()));
    let event = hook.get("event").and_then(Value::as_str).unwrap_or_default();
    let is_text = |key: &str| hook.get(key).is_none_or(Value::is_string);
    let seconds =
        hook.get("timeout").map(|seconds| seconds.as_u64().is_some_and(|seconds| (1..=600).contains(&seconds)));
    if let Some(key) = odd {
        return Some(format!("it knows no `{key}` there"));
    }
    if !KNOWN_EVENTS.contains(&event) {
        return Some(format!("it knows no event `{event}`"));
    }
    if seconds == Some(false) {
        return Some("`timeout` is not a number of seconds from 1 to 600".to_owned());
    }
    let has_command = hook.get("command").and_then(Value::as_str).is_some_and(|command| !command.is_empty());
    (!has_command || !is_text("matcher")).then(|| "`command` or `matcher` is no text".to_owned())
}

/// Its variables make a model of their own, beside those of the config.
const TRIAL: Trial = Trial {
    arguments: |_| vec!["-p".to_owned()],
    environment: |url, _| {
        vec![
            ("KIMI_MODEL_NAME", Some("fake".to_owned())),
            ("KIMI_MODEL_PROVIDER_TYPE", Some("openai".to_owned())),
            ("KIMI_MODEL_BASE_URL", Some(format!("{url}/v1"))),
            ("KIMI_MODEL_API_KEY", Some("none".to_owned())),
            ("KIMI_MODEL_MAX_CONTEXT_SIZE", Some("100000".to_owned())),
            ("KIMI_CODE_NO_AUTO_UPDATE", Some("1".to_owned())),
        ]
    },
    file: None,
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_at_fault_that_kimi_code_does_not_understand() {
        let rows = [
            (json!({"event": "Stop", "command": "true"}), None),
            (json!({"event": "Stop", "command": "true", "matcher": "x", "timeout": 600}), None),
            (json!({"event": "Stop", "command": "true", "foo": 1}), Some("no `foo`")),
            (json!({"event": "Nope", "command": "true"}), Some("no event `Nope`")),
            (json!({"command": "true"}), Some("no event")),
            (json!({"event": "Stop", "command": "true", "timeout": 601}), Some("from 1 to 600")),
            (json!({"event": "Stop", "command": "true", "timeout": "5"}), Some("from 1 to 600")),
            (json!({"event": "Stop"}), Some("no text")),
            (json!({"event": "Stop", "command": "true", "matcher": 1}), Some("no text")),
        ];
        for (hook, told) in rows {
            let fault = fault(&hook);
            assert_eq!(fault.is_some(), told.is_some(), "{hook}: {fault:?}");
            assert!(fault.unwrap_or_default().contains(told.unwrap_or_default()), "{hook}");
        }
        assert!(PROFILE.events.iter().all(|(event, _)| KNOWN_EVENTS.contains(event)));
    }
}
