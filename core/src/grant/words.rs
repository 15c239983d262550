//! The words of a tool's input that a grant looks past, host by host: those that do nothing, and those that do nothing which
//! a grant is about.

use serde_json::{Map, Value};

/// Words that the call's effect does not depend on: agents write them anew each time. A grant of "exactly this" leaves them out.
const WITHOUT_EFFECT: &[(&str, &str, &[&str])] = &[
    ("claude", "Bash", &["description"]),
    ("codex", "Bash", &["justification"]),
    ("copilot", "Bash", &["description"]),
    ("gemini", "Bash", &["description"]),
];

/// The tools whose input is a command.
const SHELLS: [&str; 2] = ["Bash", "Shell"];

/// What a grant of a program or of a shell lets differ in the input: the command and where it starts, which the facts tell, and
/// how long it is waited for. Every other word stays: it may ask the host for more rights.
const OF_A_COMMAND: [&str; 12] = [
    "command", "cmd", "script", "directory", "dir_path", "workdir", "working_directory", "cwd", "timeout",
    "timeout_ms", "run_in_background", "is_background",
];

/// True where the same parameter of two requests says the same, words without effect left out.
pub(super) fn is_same(name: &str, approved: &Map<String, Value>, given: &Map<String, Value>) -> bool {
    match (approved.get(name), given.get(name)) {
        (Some(Value::Object(one)), Some(Value::Object(other))) if name == "input" => {
            let without = without_effect(approved);
            equal_but_for(one, other, |word| without.contains(&word))
        }
        (one, other) => one.is_some() && one == other,
    }
}

/// True where the input of a shell differs in its command alone; that of another tool is the facts' to judge.
pub(super) fn beside_the_command_is_same(approved: &Map<String, Value>, given: &Map<String, Value>) -> bool {
    if text(approved, "tool") != text(given, "tool") {
        return says_a_command_alone(given);
    }
    if !SHELLS.contains(&text(approved, "tool")) {
        return true;
    }
    let (Some(Value::Object(one)), Some(Value::Object(other))) = (approved.get("input"), given.get("input")) else {
        return false;
    };
    let without = without_effect(approved);
    equal_but_for(one, other, |word| without.contains(&word) || OF_A_COMMAND.contains(&word))
}

/// Of another tool than the approved one: where it is a shell, no word beside the command was ever approved.
fn says_a_command_alone(given: &Map<String, Value>) -> bool {
    let Some(Value::Object(input)) = given.get("input") else { return false };
    let without = without_effect(given);
    !SHELLS.contains(&text(given, "tool"))
        || input.keys().all(|word| without.contains(&word.as_str()) || OF_A_COMMAND.contains(&word.as_str()))
}

fn without_effect(params: &Map<String, Value>) -> &'static [&'static str] {
    let (host, tool) = (text(params, "host"), text(params, "tool"));
    WITHOUT_EFFECT.iter().find(|entry| (entry.0, entry.1) == (host, tool)).map_or(&[], |entry| entry.2)
}

fn text<'a>(params: &'a Map<String, Value>, name: &str) -> &'a str {
    params.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn equal_but_for(one: &Map<String, Value>, other: &Map<String, Value>, free: impl Fn(&str) -> bool) -> bool {
    let held = |from: &Map<String, Value>, in_: &Map<String, Value>| {
        from.iter().all(|(word, value)| free(word) || in_.get(word) == Some(value))
    };
    held(one, other) && held(other, one)
}
