//! A host's plugin as a settings file: the whole file is ours, and one line of it holds our entries as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::{Entry, SettingsError};

/// With what the line begins that holds the entries.
const LINE: &str = "const HOOKS = ";

pub(super) fn with_entries(template: &str, path: &Path, text: &str, wanted: &[Entry]) -> Result<String, SettingsError> {
    found_entries(path, text)?;
    if wanted.is_empty() {
        return Ok(String::new());
    }
    let hooks: Vec<Value> = wanted.iter().map(element).collect();
    let line =
        |line: &str| if line.starts_with(LINE) { format!("{LINE}{}\n", json!(hooks)) } else { format!("{line}\n") };
    Ok(template.lines().map(line).collect())
}

/// Our entries; none in an empty file, and an error where the file is somebody else's.
pub(super) fn found_entries(path: &Path, text: &str) -> Result<Vec<(String, String)>, SettingsError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let line = text.lines().find_map(|line| line.strip_prefix(LINE));
    let hooks = line.and_then(|line| serde_json::from_str::<Vec<Value>>(line).ok());
    let theirs = || SettingsError::unexpected(path, "the whole file", "the plugin that `ccc-hook install` writes");
    let word = |hook: &Value, key: &str| hook.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(hooks.ok_or_else(theirs)?.iter().map(|hook| (word(hook, "event"), word(hook, "command"))).collect())
}

fn element(entry: &Entry) -> Value {
    json!({ "event": entry.event, "command": entry.command, "seconds": entry.timeout_seconds })
}
