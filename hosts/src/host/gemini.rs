//! Gemini CLI: `BeforeTool`, answered by a flat `decision`. The nested form is
//! ignored there, and the call runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::profile::{
    Feed, Format, GUARD, GUARDED, Level, Limits, Named, Profile, Switches, Trial, TrialFile, grouped, shared_call,
};
use super::rewrite::{Manner, Rewrite, has_another_hook, of_program, option_in};
use super::{Host, Moment, Role, folder_trust, nested};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places, read};
use crate::tool::{self, Tools};
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "gemini",
    program: "gemini",
    title: "Gemini CLI",
    home: ".gemini",
    home_variable: None,
    user_file: "settings.json",
    project_file: Some(".gemini/settings.json"),
    project: Named::Variable("GEMINI_PROJECT_DIR"),
    events: EVENTS,
    gate: "BeforeTool",
    permission: None,
    tools: TOOLS,
    installed: &["BeforeTool", "BeforeAgent", "AfterTool", "SessionStart", "SessionEnd"],
    since: &[],
    // It takes comments out before it reads its settings.
    format: Format::Json { style: Style::Comments, versioned: false, element },
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| read(document, role),
    reply: |_, answer| reply(answer),
    aside: Reply::silent,
    outranked: &[],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call("BeforeTool", tool, session, cwd),
    mcp_files: |places| {
        vec![places.host_home(Host::Gemini).join("settings.json"), places.project.join(".gemini/settings.json")]
    },
    switches: Switches { files: switch_files, set_in },
    deaf,
    checkup: None,
    trial: Some(TRIAL),
    rewrite: Some(REWRITE),
    tells_at_start: false,
    masked: None,
    log: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: GUARDED,
        open: vec![
            "hooksConfig.enabled = false or hooksConfig.disabled turns the hook off",
            "project hooks do not run in a folder that is not trusted, nor where it is started in a folder beneath",
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

const TOOLS: Tools = Tools {
    common: &[
        ("run_shell_command", "Bash"),
        ("replace", "Edit"),
        ("write_file", "Write"),
        ("read_file", "Read"),
        ("read_many_files", "Read"),
        ("grep_search", "Grep"),
        ("search_file_content", "Grep"),
        ("glob", "Glob"),
        ("web_fetch", "WebFetch"),
        ("list_directory", "LS"),
        ("invoke_agent", "Task"),
    ],
    own: &[
        "update_topic", "write_todos", "ask_user", "enter_plan_mode", "exit_plan_mode", "activate_skill",
        "complete_task", "get_internal_docs", "list_mcp_resources", "read_mcp_resource", "google_web_search",
        "tracker_add_dependency", "tracker_create_task", "tracker_get_task", "tracker_list_tasks",
        "tracker_update_task", "tracker_visualize",
    ],
};

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
        return Ok(TOOLS.common_name(document.host(), native));
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
        PathBuf::from(SYSTEM_SETTINGS),
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

const REWRITE: Rewrite = Rewrite {
    tool: SHELL,
    input: "tool_input",
    line: "command",
    use_id: None,
    output: &["tool_response"],
    manner: |input| match input.get("is_background") {
        None | Some(Value::Bool(false)) => Manner::Foreground,
        Some(_) => Manner::Background,
    },
    keeps_directory: false,
    reply: |event, input| {
        let specific = json!({ "hookEventName": event, "tool_input": input });
        Reply::json(json!({ "decision": "allow", "hookSpecificOutput": specific }))
    },
    told: nested::tell,
    files: files_against,
    against,
    variables: &[
        "GEMINI_SANDBOX", "SANDBOX", "GEMINI_CLI_HOME", "GEMINI_CLI_SYSTEM_SETTINGS_PATH",
        "GEMINI_CLI_SYSTEM_DEFAULTS_PATH",
    ],
    started: |_, lines| {
        let options = ["--policy", "--admin-policy", "-s", "--sandbox"];
        option_in(&of_program(lines, PROFILE.program), &options).then_some("an option of its command line")
    },
    told_against: |_| None,
    only: None,
};

const SHELL: &str = "run_shell_command";

/// Policies are files of any name in directories of their own, also in those of extensions.
fn files_against(places: &Places) -> Vec<PathBuf> {
    let listed = |directory: PathBuf| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let extensions =
        [&places.host_home(Host::Gemini), &places.project.join(".gemini")].map(|home| home.join("extensions"));
    let extensions: Vec<_> = extensions.into_iter().flat_map(listed).filter(|path| path.is_dir()).collect();
    let homes = [places.host_home(Host::Gemini), places.project.join(".gemini"), PathBuf::from("/etc/gemini-cli")];
    let policies = homes.iter().chain(&extensions).flat_map(|home| listed(home.join("policies")));
    let hooks = extensions.iter().map(|extension| extension.join("hooks/hooks.json"));
    let defaults = PathBuf::from("/etc/gemini-cli/system-defaults.json");
    switch_files(places).into_iter().chain([defaults]).chain(policies).chain(hooks).collect()
}

/// Its policies are held to the rewritten line (seen in 0.61.0): one against `git push` would not know it any more.
fn against(file: &Path, settings: &Value) -> Option<&'static str> {
    let rules = settings.get("rule").and_then(Value::as_array);
    let mut restricts = rules.into_iter().flatten().filter(|rule| rule.get("decision") != Some(&json!("allow")));
    let is_policy = file.parent().is_some_and(|directory| directory.ends_with("policies"));
    if is_policy {
        let is_other = rules.is_none() || restricts.next().is_some();
        return is_other.then_some("a policy that denies or asks");
    }
    let is_set = |pointer: &str| match settings.pointer(pointer) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    if ["/tools/exclude", "/tools/core", "/excludeTools", "/coreTools"].into_iter().any(is_set) {
        Some("tools that it leaves out")
    } else if ["/policyPaths", "/adminPolicyPaths"].into_iter().any(is_set) {
        Some("policies that lie elsewhere")
    } else if ["/tools/sandbox", "/sandbox", "/security/toolSandboxing"].into_iter().any(is_set) {
        Some("its own sandbox")
    } else if has_another_hook(settings, Host::Gemini, PROFILE.gate, SHELL) {
        Some("another hook on its shell")
    } else {
        None
    }
}

/// Its own documentation says that folder trust is off at first; 0.61.0 asks for it where nobody says.
fn deaf(places: &Places, settings: &Path) -> Vec<String> {
    folder_trust::distrust(Host::Gemini, places, settings, SYSTEM_SETTINGS).into_iter().collect()
}

/// The login is chosen in the settings; those of the system stand above the person's and are taken along.
const TRIAL: Trial = Trial {
    arguments: |_| ["--approval-mode", "yolo", "--skip-trust", "-p"].map(ToOwned::to_owned).to_vec(),
    environment: |url, directory| {
        let system = directory.join(TRIAL_FILE);
        vec![
            ("GOOGLE_GEMINI_BASE_URL", Some(url.to_owned())),
            ("GEMINI_API_KEY", Some("none".to_owned())),
            ("GEMINI_CLI_SYSTEM_SETTINGS_PATH", Some(system.display().to_string())),
        ]
    },
    file: Some(TrialFile {
        name: TRIAL_FILE,
        text: || with_login_by_key(read::value_in(Path::new(SYSTEM_SETTINGS))).to_string(),
    }),
};

const TRIAL_FILE: &str = "system.json";
const SYSTEM_SETTINGS: &str = "/etc/gemini-cli/settings.json";

fn with_login_by_key(settings: Option<Value>) -> Value {
    let mut settings = settings.filter(Value::is_object).unwrap_or_else(|| json!({}));
    let security = settings.pointer("/security").cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
    if let (Value::Object(settings), Value::Object(mut security)) = (&mut settings, security) {
        security.insert("auth".to_owned(), json!({ "selectedType": "gemini-api-key" }));
        settings.insert("security".to_owned(), Value::Object(security));
    }
    settings
}
