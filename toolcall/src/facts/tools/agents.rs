//! Tools that one host or another gives its agents beside files, shell and web: by name, what each does.
//!
//! The names are those in the packages of Claude Code 2.1.332, Codex 0.171.0, Gemini CLI 0.61.0 and Kimi Code 2.1.0; Copilot CLI's
//! package does not show its own, which are those that were met. The test `tests/tests/agents_tools.rs` holds this list and that of
//! `hosts` together, and Claude Code's against its package. A name that is missing here is not known, and is asked.

use serde_json::Value;

use super::super::gather::Gather;
use super::super::{Access, Class};
use super::{PATHS, run, search, texts, touch};

/// What a tool does.
enum Does {
    /// Nothing beyond the agent's own conversation, list or task; what a subagent does asks for itself.
    Own,
    /// Always the same, in these words.
    This(Class, &'static str),
    /// Something that only the person who reads it can judge, in these words.
    Unseen(&'static str),
    /// What its input says.
    Says(fn(&Value, &mut Gather)),
}

/// Adds the facts of a call of the agent's tool `name`.
pub(super) fn judge(name: &str, input: &Value, gather: &mut Gather) {
    match TOOLS.iter().find(|(names, _)| names.contains(&name)).map(|(_, does)| does) {
        Some(Does::Own) => own(name, gather),
        Some(Does::This(class, what)) => gather.class(*class, *what),
        Some(Does::Unseen(what)) => gather.opaque(*what),
        Some(Does::Says(read)) => read(input, gather),
        None => gather.opaque(format!("the tool `{name}` is not known here")),
    }
}

fn own(name: &str, gather: &mut Gather) {
    gather.class(Class::Bookkeeping, format!("`{name}` is the agent's own bookkeeping"));
}

const TOOLS: &[(&[&str], Does)] = &[
    // Lists, plans, goals and topics.
    (
        &[
            "TaskCreate", "TaskUpdate", "TaskGet", "TaskList", "TodoWrite", "TodoRead", "TodoList", "SetTodoList",
            "write_todos", "update_todo", "update_plan", "update_topic", "report_intent", "ReportFindings",
            "EnterPlanMode", "enter_plan_mode", "get_goal", "create_goal", "update_goal", "GetGoal", "CreateGoal",
            "UpdateGoal", "SetGoalBudget", "ProposeGoal", "ProposeSkills", "tracker_add_dependency",
            "tracker_create_task", "tracker_get_task", "tracker_list_tasks", "tracker_update_task",
            "tracker_visualize", "task_complete", "complete_task", "StructuredOutput",
        ],
        Does::Own,
    ),
    // Questions and plans put to the person, which the host shows them.
    (
        &[
            "AskUserQuestion", "ExitPlanMode", "ask_user", "exit_plan_mode", "request_user_input",
            "ShowOnboardingRolePicker", "OfferChromeSetup", "PushNotification", "ReadNotifications",
        ],
        Does::Own,
    ),
    // Subagents, and what runs already: looked at, waited for, ended.
    (
        &[
            "Agent", "Task", "AgentSwarm", "ListAgents", "list_agents", "read_agent", "spawn_agent", "wait_agent",
            "close_agent", "resume_agent", "send_input", "send_message", "followup_task", "TaskOutput", "TaskStop",
            "BashOutput", "KillShell", "KillBash", "read_bash", "list_bash", "stop_bash",
        ],
        Does::Own,
    ),
    // Skills, tools and documents that the host itself brings.
    (
        &[
            "Skill", "skill", "activate_skill", "ToolSearch", "tool_search", "ListMcpResources",
            "ListMcpResourcesTool", "list_mcp_resources", "list_mcp_resource_templates", "RefreshMcpTools",
            "WaitForMcpServers", "get_internal_docs", "fetch_copilot_cli_documentation",
        ],
        Does::Own,
    ),
    // Timers: what the agent does when it wakes asks for itself.
    (&["ScheduleWakeup", "CronList", "CronDelete"], Does::Own),
    (&["CronCreate"], Does::Says(timer)),
    (
        &["ReadMcpResourceTool", "ReadMcpResourceDirTool", "read_mcp_resource"],
        Does::This(Class::Server, "reads from an MCP server, which does as it pleases"),
    ),
    (&["google_web_search", "web_search"], Does::This(Class::Network, "asks a search engine")),
    (&["list_directory"], Does::Says(|input, gather| search("LS", input, gather))),
    (&["LSP"], Does::Says(language_server)),
    (&["sql", "session_store_sql"], Does::Says(own_database)),
    (&["EnterWorktree"], Does::Says(enter_worktree)),
    (&["ExitWorktree"], Does::Says(leave_worktree)),
    (&["Monitor"], Does::Says(monitor)),
    (&["SendMessage"], Does::Says(message)),
    (&["SendUserFile", "SendUserMessage", "Brief"], Does::Says(shown)),
    (&["Artifact"], Does::Says(artifact)),
    (&["Projects"], Does::Says(projects)),
    (&["Workflow"], Does::This(Class::Runs, "runs a script that starts subagents")),
    (
        &["RemoteTrigger", "ClaudeDesign", "SendFeedback"],
        Does::This(Class::Upload, "sends what it is given to the agent's vendor"),
    ),
    (&["request_permissions"], Does::This(Class::Privilege, "asks for more than its host's sandbox allows")),
    (&["write_bash", "write_stdin"], Does::Unseen("types into a program that runs already")),
];

fn is_true(input: &Value, name: &str) -> bool {
    input.get(name).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
}

/// A timer that is kept in a file starts the agent again in a later session.
fn timer(input: &Value, gather: &mut Gather) {
    own("CronCreate", gather);
    if is_true(input, "durable") {
        gather.class(Class::Persistence, "sets a timer that starts the agent in later sessions too");
    }
}

/// Asks about symbols of a file; the language server was started by the host.
fn language_server(input: &Value, gather: &mut Gather) {
    for path in texts(input, &["filePath", "file_path", "path"]) {
        touch(path, Access::Read, gather);
    }
    gather.class(Class::Reads, "asks a language server");
}

/// A database of the session; words by which a statement reaches another file are not for it.
fn own_database(input: &Value, gather: &mut Gather) {
    const LEAVES: &[&str] = &["attach", "vacuum", "load_extension", "readfile", "writefile", "edit", "pragma"];
    let mut queries = texts(input, &["query", "sql", "statement"]).peekable();
    if queries.peek().is_none() {
        return gather.opaque("the input has no query that can be read");
    }
    let leaves = |query: &str| {
        let lower = query.to_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| LEAVES.contains(&word))
    };
    if queries.any(leaves) {
        return gather.opaque("the query reaches beyond the session's own database");
    }
    own("sql", gather);
}

fn enter_worktree(input: &Value, gather: &mut Gather) {
    gather.class(Class::VcsChange, "goes into a work tree of the repository, made where there is none");
    for path in texts(input, &["path"]) {
        touch(path, Access::Read, gather);
    }
}

fn leave_worktree(input: &Value, gather: &mut Gather) {
    let keeps = texts(input, &["action"]).all(|action| action == "keep") && input.get("action").is_some();
    match keeps {
        true => gather.class(Class::VcsChange, "leaves a work tree of the repository as it is"),
        false if is_true(input, "discard_changes") => {
            gather.class(Class::Discards, "removes a work tree with changes that are nowhere else");
        }
        // The host refuses where something would be lost.
        false => gather.class(Class::VcsChange, "removes a work tree that holds nothing of its own"),
    }
}

/// A command that runs beside the agent, or a socket that is listened to.
fn monitor(input: &Value, gather: &mut Gather) {
    match input.get("command") {
        Some(Value::String(text)) => run(text, input, gather),
        Some(Value::Null) | None if input.get("ws").is_some() => {
            gather.opaque("opens a connection that stays open");
        }
        _ => gather.opaque("the input has no command that can be read"),
    }
}

/// To an agent of the same session by its name, else to another program.
fn message(input: &Value, gather: &mut Gather) {
    let by_name = |to: &str| !to.is_empty() && to.chars().all(|c| c.is_alphanumeric() || "-_ *".contains(c));
    match input.get("to").and_then(Value::as_str) {
        Some(to) if by_name(to) => own("SendMessage", gather),
        _ => gather.class(Class::Upload, "sends a message to another session or program"),
    }
}

/// Files that the person is shown.
fn shown(input: &Value, gather: &mut Gather) {
    own("SendUserMessage", gather);
    for path in files(input) {
        touch(path, Access::Read, gather);
    }
}

/// Pages that are published under the person's account.
fn artifact(input: &Value, gather: &mut Gather) {
    let action = input.get("action").map(|action| action.as_str().unwrap_or("?"));
    match action {
        Some("list" | "list_types" | "status" | "list_assets" | "read" | "watch" | "unwatch" | "pin" | "unpin") => {
            gather.class(Class::Network, "asks about pages that the person published");
        }
        Some("read_asset") => {
            gather.class(Class::Network, "asks about pages that the person published");
            for path in texts(input, &["out_dir"]) {
                touch(path, Access::Write, gather);
            }
        }
        _ => {
            gather.class(Class::Upload, "publishes or removes a page of the person's");
            for path in files(input) {
                touch(path, Access::Read, gather);
            }
        }
    }
}

/// Documents that the vendor keeps for the person.
fn projects(input: &Value, gather: &mut Gather) {
    match input.get("method").and_then(Value::as_str) {
        Some("project_info" | "project_read" | "project_search" | "project_memory_list" | "project_memory_read") => {
            gather.class(Class::Network, "reads documents that the vendor keeps");
        }
        _ => gather.class(Class::Upload, "changes documents that the vendor keeps"),
    }
    for path in texts(input, &["local_path"]) {
        touch(path, Access::Read, gather);
    }
}

/// All paths that an input names, alone or in lists of texts or of objects with a path.
fn files(input: &Value) -> Vec<&str> {
    const LISTS: &[&str] = &["file_paths", "files", "attachments", "paths"];
    let single = texts(input, PATHS);
    let listed = LISTS.iter().filter_map(|name| input.get(name)?.as_array()).flatten();
    let in_lists = listed.filter_map(|item| item.as_str().or_else(|| texts(item, PATHS).next()));
    single.chain(in_lists).collect()
}
