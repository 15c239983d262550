//! How a host is told to run a call of its shell as another line, and what of its own keeps that from being done.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Host;
use crate::answer::Reply;
use crate::settings::{command::is_ours, place::Places};

/// How a host is told so.
///
/// A rewritten call must not weaken the host: what of its own would look at the agent's line, and no longer can, keeps calls from
/// being rewritten.
pub struct Rewrite {
    /// The host's own name of its shell.
    pub tool: &'static str,
    /// The field of a document that holds the call's input, at the gate and after the call.
    pub input: &'static str,
    /// The field of the input that holds the line.
    pub line: &'static str,
    /// The field of a document that names this very call, at the gate and after it; `None` where there is none.
    pub use_id: Option<&'static str>,
    /// The fields of a document after a call that hold what it gave back.
    pub output: &'static [&'static str],
    /// How a call with this input runs.
    pub manner: fn(&Map<String, Value>) -> Manner,
    /// True where its shell goes on where a line has left it.
    pub keeps_directory: bool,
    /// The answer that lets the call go on with this input in place of the agent's.
    pub reply: fn(event: &str, input: &Value) -> Reply,
    /// The answer to an event after a call that tells the agent something.
    pub told: fn(event: &str, words: &str) -> Reply,
    /// The files in which settings that stand against it would be.
    pub files: fn(&Places) -> Vec<PathBuf>,
    /// What in the settings of this file stands against it.
    pub against: fn(&Path, &Value) -> Option<&'static str>,
    /// Variables that stand against it where they are set.
    pub variables: &'static [&'static str],
    /// What in the way that it was started stands against it: the command lines of it and of the shells around it.
    pub started: fn(&Places, &[CommandLine]) -> Option<&'static str>,
    /// What in a document at the gate stands against it.
    pub told_against: fn(&Map<String, Value>) -> Option<&'static str>,
    /// What else must be so, for a person to read, where settings alone do not tell it.
    pub only: Option<&'static str>,
}

/// How a host runs a call of its shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It waits for the end.
    Foreground,
    /// It lets it run beside the session.
    Background,
    /// It lets it go, to outlive the session.
    Detached,
}

/// The words of a running program.
pub type CommandLine = Vec<String>;

/// True where one of these options stands on one of the lines, alone or with a value.
#[must_use]
pub fn option_in(lines: &[CommandLine], options: &[&str]) -> bool {
    let is_one = |word: &String| word.split('=').next().is_some_and(|name| options.contains(&name));
    lines.iter().flatten().any(is_one)
}

/// The lines that start this program, by itself or by an interpreter: short options are common.
pub(super) fn of_program(lines: &[CommandLine], program: &str) -> Vec<CommandLine> {
    let is_its = |word: &String| word.rsplit('/').next().is_some_and(|name| name.starts_with(program));
    lines.iter().filter(|line| line.iter().take(2).any(is_its)).cloned().collect()
}

/// True for a hook at this event, in groups as Claude Code began them, that may be asked about this tool and is not this program's.
pub(super) fn has_another_hook(settings: &Value, host: Host, event: &str, tool: &str) -> bool {
    let groups = settings.get("hooks").and_then(|hooks| hooks.get(event)).and_then(Value::as_array);
    let may_match = |group: &&Value| match group.get("matcher").and_then(Value::as_str) {
        // A matcher that may be a pattern may match.
        Some(names) if !names.is_empty() && names.chars().all(|c| c.is_ascii_alphanumeric() || "|,_ ".contains(c)) => {
            names.split(['|', ',']).any(|name| is_part(name.trim(), tool, host))
        }
        _ => true,
    };
    let of_tool = groups.into_iter().flatten().filter(may_match);
    let mut hooks = of_tool.flat_map(|group| group.get("hooks").and_then(Value::as_array).into_iter().flatten());
    hooks.any(|hook| !hook.get("command").and_then(Value::as_str).is_some_and(|line| is_ours(host, line)))
}

/// Claude Code takes a plain word for a whole name, the others for a pattern that may be a part of one.
fn is_part(name: &str, tool: &str, host: Host) -> bool {
    if host == Host::Claude { name == tool } else { tool.contains(name) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hook_counts_where_it_may_be_asked_about_the_tool() {
        let of = |matcher: &str| json!({"hooks": {"E": [{"matcher": matcher, "hooks": [{"command": "x"}]}]}});
        for (matcher, claude, gemini) in [
            ("Bash", true, true),
            ("Ba", false, true),
            ("Edit|Write", false, false),
            ("E.*|x", true, true),
            ("", true, true),
        ] {
            assert_eq!(has_another_hook(&of(matcher), Host::Claude, "E", "Bash"), claude, "{matcher}");
            assert_eq!(has_another_hook(&of(matcher), Host::Gemini, "E", "Bash"), gemini, "{matcher}");
        }
        let ours = json!({"hooks": {"E": [{"hooks": [{"command": "/b/ccc-hook --agent gemini --event E"}]}]}});
        assert!(
            !has_another_hook(&ours, Host::Gemini, "E", "Bash") && has_another_hook(&ours, Host::Codex, "E", "Bash")
        );
        assert!(!has_another_hook(&json!({}), Host::Codex, "E", "Bash"));
    }

    #[test]
    fn an_option_counts_with_its_value_and_without_on_the_programs_own_line() {
        let line = |text: &str| text.split(' ').map(ToOwned::to_owned).collect::<CommandLine>();
        let lines = [line("/bin/bash -c x"), line("node /b/gemini.js --policy=p"), line("/b/codex exec -s ro")];
        assert!(option_in(&lines, &["--policy"]) && option_in(&lines, &["-c"]) && !option_in(&lines, &["--pol"]));
        assert_eq!(of_program(&lines, "gemini"), lines[1..2]);
        assert!(!option_in(&of_program(&lines, "codex"), &["-c"]) && option_in(&of_program(&lines, "codex"), &["-s"]));
    }
}
