//! Our entries in Kimi Code's TOML settings: `[[hooks]]` tables. One unknown
//! key, event or time-out over 600 s there drops all hooks, so nothing but the
//! four known keys is written.

use std::path::Path;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::command::is_ours;
use super::{Entry, SettingsError};
use crate::host::Host;

/// The longest time-out that Kimi Code takes, in seconds.
const TIMEOUT_SECONDS_MAX: u64 = 600;

pub(super) fn with_entries(path: &Path, text: &str, wanted: &[Entry]) -> Result<String, SettingsError> {
    let mut document = parse(path, text)?;
    if stands_as(&document, wanted) {
        return Ok(text.to_owned());
    }
    if let Some(Item::ArrayOfTables(hooks)) = document.get_mut("hooks") {
        hooks.retain(|hook| !is_our_hook(hook));
        if hooks.is_empty() {
            document.remove("hooks");
        }
    }
    if !wanted.is_empty() {
        let hooks = document.entry("hooks").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Item::ArrayOfTables(hooks) = hooks {
            wanted.iter().for_each(|entry| hooks.push(table(entry)));
        }
    }
    Ok(document.to_string())
}

pub(super) fn found_entries(path: &Path, text: &str) -> Result<Vec<(String, String)>, SettingsError> {
    let document = parse(path, text)?;
    let found = our_hooks(&document).map(|hook| (text_of(hook, "event"), text_of(hook, "command")));
    Ok(found.collect())
}

fn parse(path: &Path, text: &str) -> Result<DocumentMut, SettingsError> {
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| SettingsError::Unparsable {
        path: path.to_owned(),
        place: place(text, &error),
    })?;
    match document.get("hooks") {
        None | Some(Item::ArrayOfTables(_)) => Ok(document),
        Some(_) => Err(SettingsError::unexpected(path, "hooks", "written as [[hooks]] tables")),
    }
}

fn place(text: &str, error: &toml_edit::TomlError) -> String {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let what = error.message().lines().next().unwrap_or_default();
    format!("line {line}, column {column}: {what}")
}

fn our_hooks(document: &DocumentMut) -> impl Iterator<Item = &Table> {
    let hooks = document.get("hooks").and_then(Item::as_array_of_tables);
    hooks.into_iter().flat_map(ArrayOfTables::iter).filter(|hook| is_our_hook(hook))
}

fn is_our_hook(hook: &Table) -> bool {
    is_ours(Host::Kimi, &text_of(hook, "command"))
}

fn text_of(hook: &Table, key: &str) -> String {
    hook.get(key).and_then(Item::as_str).unwrap_or_default().to_owned()
}

fn stands_as(document: &DocumentMut, wanted: &[Entry]) -> bool {
    let plain = |hook: &Table| -> Vec<(String, String)> {
        hook.iter().map(|(key, item)| (key.to_owned(), item.to_string().trim().to_owned())).collect()
    };
    let found: Vec<_> = our_hooks(document).map(plain).collect();
    let wanted: Vec<_> = wanted.iter().map(|entry| plain(&table(entry))).collect();
    found == wanted
}

fn table(entry: &Entry) -> Table {
    let seconds = entry.timeout_seconds.min(TIMEOUT_SECONDS_MAX);
    let mut hook = Table::new();
    hook.insert("event", value(entry.event));
    hook.insert("matcher", value(""));
    hook.insert("command", value(entry.command.as_str()));
    hook.insert("timeout", value(i64::try_from(seconds).unwrap_or(i64::MAX)));
    hook
}
