//! What is written for each host: which events, and the handler in the host's
//! own shape with an explicit time-out in the host's own unit.

use serde_json::{Value, json};

use super::command::Program;
use crate::config::Config;
use crate::host::{Host, Role};
use crate::translate;

/// How long a host waits for the hook to record an event, in seconds.
pub const RECORD_TIMEOUT_SECONDS: u64 = 10;

/// One hook of ours in a host's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The host's event.
    pub event: &'static str,
    /// The command line.
    pub command: String,
    /// How long the host waits, in seconds.
    pub timeout_seconds: u64,
}

/// The one gate that is asked about every tool call of this host.
///
/// Permission requests are understood too but not installed: they follow a
/// gate that already decided, and a person would be asked twice.
#[must_use]
pub fn gate(host: Host) -> &'static str {
    match host {
        Host::Claude | Host::Codex | Host::Kimi => "PreToolUse",
        Host::Gemini => "BeforeTool",
        Host::Copilot | Host::Cursor => "preToolUse",
    }
}

/// The events to install, the gate first. None is listed that the host is not
/// known to have: on some hosts one unknown name drops all hooks.
#[must_use]
pub fn events(host: Host) -> &'static [&'static str] {
    match host {
        Host::Claude => &[
            "PreToolUse", "UserPromptSubmit", "PostToolUse", "SessionStart", "SessionEnd", "SubagentStart",
            "SubagentStop",
        ],
        Host::Codex => &[
            "PreToolUse", "UserPromptSubmit", "PostToolUse", "SessionStart", "SessionEnd", "SubagentStart",
            "SubagentStop",
        ],
        Host::Gemini => &["BeforeTool", "BeforeAgent", "AfterTool", "SessionStart", "SessionEnd"],
        Host::Copilot => &["preToolUse", "userPromptSubmitted", "postToolUse", "sessionStart", "sessionEnd"],
        Host::Kimi => &["PreToolUse", "UserPromptSubmit", "PostToolUse", "SessionStart"],
        Host::Cursor => &["preToolUse", "beforeSubmitPrompt", "postToolUse", "sessionStart", "sessionEnd"],
    }
}

/// All entries for one host.
#[must_use]
pub fn entries(host: Host, program: &Program, config: &Config) -> Vec<Entry> {
    let timeout = |event| match translate::role(host, event) {
        Some(Role::Gate) => config.host_timeout_seconds(),
        _ => RECORD_TIMEOUT_SECONDS,
    };
    events(host)
        .iter()
        .map(|event| Entry { event, command: program.command(host, event), timeout_seconds: timeout(event) })
        .collect()
}

/// The entry as it stands in the list under its event. Kimi Code's settings
/// are TOML and made elsewhere.
#[must_use]
pub fn element(host: Host, entry: &Entry) -> Value {
    let handler = handler(host, entry);
    match host {
        Host::Claude | Host::Codex | Host::Gemini if is_about_tools(host, entry.event) => {
            json!({ "matcher": "*", "hooks": [handler] })
        }
        Host::Claude | Host::Codex | Host::Gemini => json!({ "hooks": [handler] }),
        Host::Copilot | Host::Kimi | Host::Cursor => handler,
    }
}

fn is_about_tools(host: Host, event: &str) -> bool {
    use crate::host::Moment::PostTool;
    matches!(translate::role(host, event), Some(Role::Gate | Role::Record(PostTool)))
}

fn handler(host: Host, entry: &Entry) -> Value {
    let (command, seconds) = (&entry.command, entry.timeout_seconds);
    let is_gate = translate::role(host, entry.event) == Some(Role::Gate);
    match host {
        Host::Claude if is_gate => {
            json!({ "type": "command", "command": command, "timeout": seconds, "onFailure": "block" })
        }
        Host::Claude | Host::Codex | Host::Kimi => {
            json!({ "type": "command", "command": command, "timeout": seconds })
        }
        Host::Gemini => {
            json!({ "type": "command", "name": "ccc-hook", "command": command, "timeout": seconds * 1000 })
        }
        Host::Copilot => json!({ "type": "command", "bash": command, "timeoutSec": seconds }),
        Host::Cursor if is_gate => json!({ "command": command, "timeout": seconds, "failClosed": true }),
        Host::Cursor => json!({ "command": command, "timeout": seconds }),
    }
}
