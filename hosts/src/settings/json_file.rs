//! Our entries in the hosts' JSON settings: `hooks`, in it a list for each
//! event, in it handlers, on some hosts inside groups with a matcher.

use std::path::Path;

use serde_json::{Value, json};

use super::command::is_ours;
use super::{Entry, SettingsError};
use crate::host::{Format, Host};
use crate::jsontext::{self, Kind, Node, Style};

/// Files that begin as ours begin with this.
const EMPTY: &str = "{}\n";

pub(super) fn with_entries(host: Host, path: &Path, text: &str, wanted: &[Entry]) -> Result<String, SettingsError> {
    let mut text = if text.trim().is_empty() { EMPTY.to_owned() } else { text.to_owned() };
    parse(host, path, &text)?;
    // What is about to be filled again stays where and as it stands.
    let kept = Kept { hooks: !wanted.is_empty(), events: wanted.iter().map(|entry| entry.event.to_owned()).collect() };
    while let Some(spot) = first_unwanted(host, path, &text, wanted)? {
        text = remove(host, path, &text, &spot, &kept)?;
    }
    for entry in wanted {
        if !is_in_place(host, path, &text, entry)? {
            text = add(host, path, &text, entry)?;
        }
    }
    parse(host, path, &text)?;
    Ok(text)
}

pub(super) fn without_entries(
    host: Host,
    path: &Path,
    text: &str,
    before: Option<&str>,
) -> Result<String, SettingsError> {
    let earlier = before.map(|before| parse(host, path, before).or_else(|_| parse(host, path, EMPTY))).transpose()?;
    let kept = earlier.as_ref().map(Kept::of).unwrap_or_default();
    let mut text = text.to_owned();
    while let Some(spot) = first_unwanted(host, path, &text, &[])? {
        text = remove(host, path, &text, &spot, &kept)?;
    }
    let root = parse(host, path, &text)?;
    // Where `hooks` stays, so does the version: Copilot and Cursor call a file with hooks and without one invalid, and somebody may
    // have put hooks of their own in it since.
    let version_is_ours = earlier.is_some_and(|earlier| carries_version(host) && earlier.member("version").is_none());
    if version_is_ours && root.member("hooks").is_none() {
        text = jsontext::remove(&text, &root, index_of(&root, "version"));
    }
    parse(host, path, &text)?;
    Ok(text)
}

pub(super) fn found_entries(host: Host, path: &Path, text: &str) -> Result<Vec<(String, String)>, SettingsError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let spots = our_spots(host, &parse(host, path, text)?);
    Ok(spots.into_iter().map(|spot| (spot.event, spot.command)).collect())
}

pub(super) fn is_bare(text: &str) -> bool {
    let value = serde_json::from_str::<Value>(text);
    text.trim().is_empty() || value.is_ok_and(|value| value == json!({}) || value == json!({ "version": 1 }))
}

/// The containers that stay also where nothing is left in them.
#[derive(Default)]
struct Kept {
    hooks: bool,
    events: Vec<String>,
}

impl Kept {
    fn of(root: &Node) -> Self {
        let hooks = root.member("hooks");
        let events = match hooks.map(|hooks| &hooks.kind) {
            Some(Kind::Object(events)) => events.iter().map(|event| event.key.clone()).collect(),
            _ => Vec::new(),
        };
        Self { hooks: hooks.is_some(), events }
    }
}

/// Where a handler of ours stands.
struct Spot {
    event: String,
    /// In the event's list.
    index: usize,
    /// In the group's own list, and whether others stand beside it there.
    inner: Option<(usize, bool)>,
    command: String,
}

fn parse(host: Host, path: &Path, text: &str) -> Result<Node, SettingsError> {
    let root = jsontext::scan(text, style(host)).map_err(|error| SettingsError::syntax(path, &error))?;
    if !matches!(root.kind, Kind::Object(_)) {
        return Err(SettingsError::unexpected(path, "the whole file", "an object"));
    }
    let Some(hooks) = root.member("hooks") else { return Ok(root) };
    let Kind::Object(events) = &hooks.kind else {
        return Err(SettingsError::unexpected(path, "hooks", "an object"));
    };
    match events.iter().find(|event| !matches!(event.value.kind, Kind::Array(_))) {
        Some(event) if is_event_of_ours(host, &event.key) => {
            Err(SettingsError::unexpected(path, &format!("hooks.{}", event.key), "a list"))
        }
        _ => Ok(root),
    }
}

fn style(host: Host) -> Style {
    match host.profile().format {
        Format::Json { style, .. } => style,
        Format::TomlTables | Format::Plugin { .. } => Style::Strict,
    }
}

fn is_event_of_ours(host: Host, event: &str) -> bool {
    host.profile().installed.contains(&event)
}

/// All handlers of ours, wherever somebody may have moved them.
fn our_spots(host: Host, root: &Node) -> Vec<Spot> {
    let Some(Kind::Object(events)) = root.member("hooks").map(|hooks| &hooks.kind) else {
        return Vec::new();
    };
    let in_event = |event: &jsontext::Member| -> Vec<Spot> {
        let Kind::Array(elements) = &event.value.kind else { return Vec::new() };
        let spots = elements.iter().enumerate();
        spots.flat_map(|(index, element)| spots_in(host, &event.key, index, element)).collect()
    };
    events.iter().flat_map(in_event).collect()
}

fn spots_in(host: Host, event: &str, index: usize, element: &Node) -> Vec<Spot> {
    let spot = |inner, command: &str| Spot { event: event.to_owned(), index, inner, command: command.to_owned() };
    if let Some(command) = our_command(host, element) {
        return vec![spot(None, command)];
    }
    let Some(Kind::Array(handlers)) = element.member("hooks").map(|hooks| &hooks.kind) else {
        return Vec::new();
    };
    let others = handlers.len() > 1;
    handlers
        .iter()
        .enumerate()
        .filter_map(|(inner, handler)| Some(spot(Some((inner, others)), our_command(host, handler)?)))
        .collect()
}

fn our_command(host: Host, handler: &Node) -> Option<&str> {
    ["command", "bash"].into_iter().find_map(|key| match &handler.member(key)?.kind {
        Kind::Text(command) if is_ours(host, command) => Some(command.as_str()),
        _ => None,
    })
}

/// A handler of ours that is not exactly one of those wanted, once.
fn first_unwanted(host: Host, path: &Path, text: &str, wanted: &[Entry]) -> Result<Option<Spot>, SettingsError> {
    let root = parse(host, path, text)?;
    let mut kept: Vec<&str> = Vec::new();
    for spot in our_spots(host, &root) {
        let entry = wanted.iter().find(|entry| entry.event == spot.event);
        match entry {
            Some(entry) if !kept.contains(&entry.event) && stands_as(host, &root, text, &spot, entry) => {
                kept.push(entry.event);
            }
            _ => return Ok(Some(spot)),
        }
    }
    Ok(None)
}

fn stands_as(host: Host, root: &Node, text: &str, spot: &Spot, entry: &Entry) -> bool {
    let span = event_list(root, &spot.event).and_then(|list| list.parts().into_iter().nth(spot.index));
    let written = span.and_then(|span| text.get(span)).map(serde_json::from_str::<Value>);
    matches!(written, Some(Ok(value)) if value == element(host, entry))
}

fn is_in_place(host: Host, path: &Path, text: &str, entry: &Entry) -> Result<bool, SettingsError> {
    let root = parse(host, path, text)?;
    Ok(our_spots(host, &root).iter().any(|spot| spot.event == entry.event))
}

/// Takes out the handler and whatever it leaves empty above it, but for what is kept.
fn remove(host: Host, path: &Path, text: &str, spot: &Spot, kept: &Kept) -> Result<String, SettingsError> {
    let root = parse(host, path, text)?;
    let Some(list) = event_list(&root, &spot.event) else { return Ok(text.to_owned()) };
    if let (Some((inner, true)), Kind::Array(elements)) = (spot.inner, &list.kind) {
        let handlers = elements.get(spot.index).and_then(|group| group.member("hooks"));
        return Ok(handlers.map_or_else(|| text.to_owned(), |handlers| jsontext::remove(text, handlers, inner)));
    }
    if list.parts().len() > 1 || kept.events.contains(&spot.event) {
        return Ok(jsontext::remove(text, list, spot.index));
    }
    let hooks = root.member("hooks").filter(|hooks| hooks.parts().len() > 1 || kept.hooks);
    Ok(match hooks {
        Some(hooks) => jsontext::remove(text, hooks, index_of(hooks, &spot.event)),
        None => jsontext::remove(text, &root, index_of(&root, "hooks")),
    })
}

fn add(host: Host, path: &Path, text: &str, entry: &Entry) -> Result<String, SettingsError> {
    let text = with_version(host, path, text)?;
    let root = parse(host, path, &text)?;
    let handler = element(host, entry);
    Ok(match (root.member("hooks"), event_list(&root, entry.event)) {
        (_, Some(list)) => jsontext::append(&text, &root, list, &handler),
        (Some(hooks), None) => jsontext::insert_member(&text, &root, hooks, entry.event, &json!([handler])),
        (None, None) => jsontext::insert_member(&text, &root, &root, "hooks", &json!({ entry.event: [handler] })),
    })
}

/// The hosts whose hook files carry a version refuse one without it.
fn with_version(host: Host, path: &Path, text: &str) -> Result<String, SettingsError> {
    let root = parse(host, path, text)?;
    Ok(if carries_version(host) && root.member("version").is_none() {
        jsontext::insert_member(text, &root, &root, "version", &json!(1))
    } else {
        text.to_owned()
    })
}

fn carries_version(host: Host) -> bool {
    matches!(host.profile().format, Format::Json { versioned: true, .. })
}

/// The entry as it stands in the list under its event; nothing where the host's settings are no JSON.
fn element(host: Host, entry: &Entry) -> Value {
    match (host.profile().format, host.role(entry.event)) {
        (Format::Json { element, .. }, Some(role)) => element(entry, role),
        _ => Value::Null,
    }
}

fn event_list<'a>(root: &'a Node, event: &str) -> Option<&'a Node> {
    root.member("hooks").and_then(|hooks| hooks.member(event))
}

fn index_of(object: &Node, key: &str) -> usize {
    match &object.kind {
        Kind::Object(members) => members.iter().position(|member| member.key == key).unwrap_or(usize::MAX),
        _ => usize::MAX,
    }
}
