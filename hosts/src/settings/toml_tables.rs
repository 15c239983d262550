//! Our entries in TOML settings with `[[hooks]]` tables, as Kimi Code has them. One unknown key, event or time-out over 600 s there
//! drops all hooks, so nothing but the four known keys is written.

use std::ops::Range;
use std::path::Path;

use toml_edit::{ArrayOfTables, Document, Item, Table, value};

use super::command::is_ours;
use super::{Entry, SettingsError};
use crate::host::Host;

/// The longest time-out that is taken, in seconds.
const TIMEOUT_SECONDS_MAX: u64 = 600;

pub(super) fn with_entries(host: Host, path: &Path, text: &str, wanted: &[Entry]) -> Result<String, SettingsError> {
    let document = parse(path, text)?;
    if stands_as(host, &document, wanted) {
        return Ok(text.to_owned());
    }
    let mut text = text.to_owned();
    while let Some(ours) = last_of_ours(host, &parse(path, &text)?, &text) {
        text.replace_range(ours, "");
    }
    if !wanted.is_empty() {
        text = with_last(&text, wanted);
    }
    parse(path, &text)?;
    Ok(text)
}

/// Where our last table stands: its lines, and the blank one before them.
fn last_of_ours(host: Host, document: &Document<&str>, text: &str) -> Option<Range<usize>> {
    let hook = our_hooks(host, document).last()?;
    let header = hook.span()?;
    let end = hook.iter().filter_map(|(_, item)| item.span()).map(|span| span.end).chain([header.end]).max()?;
    let end = text.get(end..)?.find('\n').map_or(text.len(), |newline| end + newline + 1);
    let before = text.get(..header.start)?;
    let blank = without_break(before);
    let kept = if !text.get(..end)?.ends_with('\n') {
        // A file that ends without a line break did so before our tables came.
        without_break(blank)
    } else if blank.is_empty() || blank.ends_with('\n') {
        blank
    } else {
        before
    };
    Some(kept.len()..end)
}

fn without_break(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

/// The text with these tables behind all else, in the file's own line breaks, which also ends as it did.
fn with_last(text: &str, wanted: &[Entry]) -> String {
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let tables: Vec<String> = wanted.iter().map(|entry| format!("[[hooks]]\n{}", table(entry))).collect();
    let tables = tables.join("\n").replace('\n', line_break);
    if text.is_empty() {
        return tables;
    }
    if text.ends_with('\n') {
        return format!("{text}{line_break}{tables}");
    }
    format!("{text}{line_break}{line_break}{}", tables.trim_end())
}

pub(super) fn found_entries(host: Host, path: &Path, text: &str) -> Result<Vec<(String, String)>, SettingsError> {
    let document = parse(path, text)?;
    let found = our_hooks(host, &document).map(|hook| (text_of(hook, "event"), text_of(hook, "command")));
    Ok(found.collect())
}

fn parse<'a>(path: &Path, text: &'a str) -> Result<Document<&'a str>, SettingsError> {
    let document = Document::parse(text)
        .map_err(|error| SettingsError::Unparsable { path: path.to_owned(), place: place(text, &error) })?;
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

fn our_hooks<'a>(host: Host, document: &'a Document<&str>) -> impl Iterator<Item = &'a Table> {
    let hooks = document.get("hooks").and_then(Item::as_array_of_tables);
    hooks.into_iter().flat_map(ArrayOfTables::iter).filter(move |hook| is_our_hook(host, hook))
}

fn is_our_hook(host: Host, hook: &Table) -> bool {
    is_ours(host, &text_of(hook, "command"))
}

fn text_of(hook: &Table, key: &str) -> String {
    hook.get(key).and_then(Item::as_str).unwrap_or_default().to_owned()
}

fn stands_as(host: Host, document: &Document<&str>, wanted: &[Entry]) -> bool {
    let wanted: Vec<_> = wanted.iter().map(table).collect();
    our_hooks(host, document).map(plain).eq(wanted.iter().map(plain))
}

/// What a table says, however it is laid out.
fn plain(hook: &Table) -> Vec<(&str, Option<&str>, Option<i64>)> {
    hook.iter().map(|(key, item)| (key, item.as_str(), item.as_integer())).collect()
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
