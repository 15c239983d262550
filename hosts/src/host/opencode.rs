//! OpenCode: hooks are functions of a plugin that runs inside of it. Ours starts the hook as other hosts do and throws, which denies,
//! unless exactly leave comes back; so it is the plugin that fails closed.

use std::path::Path;

use serde_json::json;

use super::profile::{Feed, Format, GUARD, Level, Limits, Named, Profile, Switches, Trial, shared_call};
use super::{Host, Moment, Role};
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::settings::place::Places;
use crate::tool::{self, Tools};
use crate::translate::{Document, Problem};

pub(super) const PROFILE: Profile = Profile {
    name: "opencode",
    program: "opencode",
    title: "OpenCode",
    home: ".config/opencode",
    home_variable: Some("OPENCODE_CONFIG_DIR"),
    user_file: "plugins/ccc-hook.js",
    project_file: Some(".opencode/plugins/ccc-hook.js"),
    project: Named::Nowhere,
    events: EVENTS,
    gate: BEFORE,
    permission: None,
    tools: TOOLS,
    installed: &[BEFORE, "chat.message", "tool.execute.after"],
    since: &[],
    format: Format::Plugin { template: include_str!("opencode.js") },
    guard: GUARD,
    feed: Feed::Stdin,
    read: |document, _, role| read(document, role),
    reply: |_, answer| reply(answer),
    // The plugin takes silence for a failure.
    aside: || reply(&Answer::Allow),
    outranked: &[],
    noted: |_| Reply::silent(),
    call: |tool, session, cwd| shared_call(BEFORE, tool, session, cwd),
    // Its servers stand in its config in a form of its own, which is not read.
    mcp_files: |_| Vec::new(),
    switches: Switches::NONE,
    deaf,
    checkup: None,
    trial: Some(TRIAL),
    rewrite: None,
    tells_at_start: false,
    masked: None,
    log: None,
    limits: |_| Limits {
        level: Level::Advisory,
        on_failure: "a crash, a missing binary and a time-out block (the plugin throws)",
        open: vec![
            "--pure turns all plugins off, and one that cannot be loaded is passed over in silence",
            "what the person runs by `!` in its window asks no hook",
        ],
    },
    subagents: |_| Vec::new(),
    trusts_hooks_by_name: false,
};

const BEFORE: &str = "tool.execute.before";

const EVENTS: &[(&str, Role)] = &[
    (BEFORE, Role::Gate),
    ("chat.message", Role::Record(Moment::Prompt)),
    ("tool.execute.after", Role::Record(Moment::PostTool)),
];

const TOOLS: Tools = Tools {
    common: &[
        ("bash", "Bash"),
        ("edit", "Edit"),
        ("write", "Write"),
        ("read", "Read"),
        ("grep", "Grep"),
        ("glob", "Glob"),
        ("list", "LS"),
        ("webfetch", "WebFetch"),
        ("task", "Task"),
        ("websearch", "WebSearch"),
        // The same tools as Claude Code's, in the house's other spelling.
        ("todowrite", "TodoWrite"),
        ("todoread", "TodoRead"),
        ("question", "AskUserQuestion"),
        ("lsp", "LSP"),
    ],
    own: &["skill"],
};

fn read(document: &Document<'_>, role: Role) -> Result<Event, Problem> {
    match role {
        Role::Gate => {
            let native = document.text("tool_name")?;
            document.tool_call(tool_name(document.host(), native), native).map(Event::Judge)
        }
        Role::Record(moment) => document.recorded(moment).map(Event::Record),
    }
}

/// A tool of an MCP server is `server_tool`, which can be cut in several places.
fn tool_name(host: Host, native: &str) -> String {
    let is_its_own = TOOLS.common.iter().any(|(name, _)| *name == native) || TOOLS.own.contains(&native);
    if is_its_own || !native.contains('_') {
        TOOLS.common_name(host, native)
    } else {
        tool::mcp_name_without_server(native)
    }
}

fn reply(answer: &Answer) -> Reply {
    Reply::json(match answer.objection() {
        None => json!({ "decision": "allow" }),
        Some(reason) => json!({ "decision": "deny", "reason": reason.as_str() }),
    })
}

/// It keeps to the XDG directories; the install knows the usual one, and the one that it is told by its own variable.
fn deaf(places: &Places, settings: &Path) -> Vec<String> {
    let is_moved = places.moved.iter().any(|(host, _)| *host == Host::OpenCode);
    let usual = places.home.join(".config");
    let moved = std::env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty() && Path::new(path) != usual);
    let is_project = Host::OpenCode.project_of(places, settings).is_some();
    let told = |_| {
        "OpenCode reads its plugins beneath XDG_CONFIG_HOME, which is elsewhere; mend: set OPENCODE_CONFIG_DIR to that directory's `opencode` and install again".to_owned()
    };
    moved.filter(|_| !is_moved && !is_project).map(told).into_iter().collect()
}

const TRIAL: Trial = Trial {
    arguments: |_| ["run", "--model", "ccc-hook/fake"].map(ToOwned::to_owned).to_vec(),
    environment: |url, _| {
        let options = json!({ "baseURL": format!("{url}/v1"), "apiKey": "none" });
        let provider = json!({
            "npm": "@ai-sdk/openai-compatible", "name": "ccc-hook", "options": options, "models": { "fake": { "name": "fake" } },
        });
        let config = json!({ "small_model": "ccc-hook/fake", "provider": { "ccc-hook": provider } });
        vec![
            ("OPENCODE_CONFIG_CONTENT", Some(config.to_string())),
            ("OPENCODE_DISABLE_AUTOUPDATE", Some("1".to_owned())),
        ]
    },
    file: None,
};
