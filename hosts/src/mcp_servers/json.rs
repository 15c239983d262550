//! Entries in JSON: `mcpServers`, in it an object for each server. Claude Code also has such objects for each project.

use crate::{
    host::Format,
    jsontext::{self, Kind, Node, Style},
};
use serde_json::Value;

use super::{BY_URL, Config, InstallError, Launch, NO_COMMAND, Wrapping, had_empty_args, wrapped_args};

const SERVERS: &str = "mcpServers";

pub(super) fn servers(config: &Config) -> Result<Vec<String>, InstallError> {
    let root = parse(config, &config.text)?;
    let keys = |node: &Node| match &node.kind {
        Kind::Object(members) => members.iter().map(|member| member.key.clone()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    Ok(lists(&root).into_iter().flat_map(keys).collect())
}

pub(super) fn changed(config: &Config, server: &str, wrapping: Option<&Wrapping>) -> Result<String, InstallError> {
    let mut text = config.text.clone();
    let count = entries(&parse(config, &text)?, server).len();
    for index in 0..count {
        text = without(config, &text, server, index)?;
        if let Some(wrapping) = wrapping {
            text = with(config, &text, server, index, wrapping)?;
        }
    }
    parse(config, &text)?;
    Ok(text)
}

/// The text with the entry as the client's owner wrote it.
fn without(config: &Config, text: &str, server: &str, index: usize) -> Result<String, InstallError> {
    let root = parse(config, text)?;
    let Some(entry) = entries(&root, server).into_iter().nth(index) else { return Ok(text.to_owned()) };
    let launch = launch(config, server, entry)?;
    let Some(count) = wrapped_args(&launch.program, &launch.args) else { return Ok(text.to_owned()) };
    let (Some(command), Some(args)) = (entry.member("command"), entry.member("args")) else {
        return Ok(text.to_owned());
    };
    // As it was spelled, escapes and all.
    let parts = args.parts();
    let program = parts.get(count).and_then(|part| text.get(part.clone())).unwrap_or_default().to_owned();
    let new_args = match (parts.first(), parts.get(count), parts.get(count + 1)) {
        (Some(first), _, Some(own)) => replace(text, first.start..own.start, ""),
        (Some(first), Some(last), None) if had_empty_args(&launch.args) => replace(text, first.start..last.end, ""),
        _ => jsontext::remove(text, entry, member_index(entry, "args")),
    };
    // One of the two edits moves the other's place; `command` is looked for anew.
    if args.span.start > command.span.start {
        return Ok(replace(&new_args, command.span.clone(), &program));
    }
    let root = parse(config, &new_args)?;
    let command = entries(&root, server).into_iter().nth(index).and_then(|entry| entry.member("command"));
    Ok(command.map_or(new_args.clone(), |command| replace(&new_args, command.span.clone(), &program)))
}

/// The text with the entry wrapped, which is not wrapped yet.
fn with(config: &Config, text: &str, server: &str, index: usize, wrapping: &Wrapping) -> Result<String, InstallError> {
    let root = parse(config, text)?;
    let Some(entry) = entries(&root, server).into_iter().nth(index) else { return Ok(text.to_owned()) };
    let launch = launch(config, server, entry)?;
    let program = entry.member("command").and_then(|command| text.get(command.span.clone())).unwrap_or_default();
    let text = match entry.member("args") {
        None => {
            let words: Vec<String> = wrapping.words(false).into_iter().chain([launch.program]).collect();
            let text = jsontext::insert_member(text, &root, entry, "args", &Value::from(words));
            let root = parse(config, &text)?;
            let args = entries(&root, server).into_iter().nth(index).and_then(|entry| entry.member("args"));
            let last = args.and_then(|args| args.parts().pop());
            last.map_or(text.clone(), |last| replace(&text, last, program))
        }
        Some(args) => {
            let words = wrapping.words(args.parts().is_empty());
            let words: Vec<String> = words.iter().map(|word| quoted(word)).chain([program.to_owned()]).collect();
            match args.parts().first() {
                None => replace(text, args.span.start + 1..args.span.start + 1, &words.join(", ")),
                Some(first) => replace(text, first.start..first.start, &in_front(text, args, first.start, &words)),
            }
        }
    };
    let root = parse(config, &text)?;
    let command = entries(&root, server).into_iter().nth(index).and_then(|entry| entry.member("command"));
    Ok(command.map_or(text.clone(), |command| replace(&text, command.span.clone(), &quoted(&wrapping.program))))
}

/// The words, as they are written, as items before the first of a list, laid out as that one is.
fn in_front(text: &str, list: &Node, first: usize, words: &[String]) -> String {
    let gap = text.get(list.span.start + 1..first).unwrap_or_default();
    let between = if gap.contains('\n') && gap.trim().is_empty() { gap } else { " " };
    words.iter().map(|word| format!("{word},{between}")).collect()
}

fn launch(config: &Config, server: &str, entry: &Node) -> Result<Launch, InstallError> {
    let text = |node: &Node| match &node.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => None,
    };
    if entry.member("command").is_none()
        && ["url", "httpUrl", "serverUrl"].iter().any(|key| entry.member(key).is_some())
    {
        return Err(config.unfit(server, BY_URL));
    }
    let program = entry.member("command").and_then(text);
    let args = match entry.member("args").map(|args| &args.kind) {
        None => Some(Vec::new()),
        Some(Kind::Array(items)) => items.iter().map(text).collect(),
        Some(_) => None,
    };
    match (program, args) {
        (Some(program), Some(args)) => Ok(Launch { program, args }),
        _ => Err(config.unfit(server, NO_COMMAND)),
    }
}

/// All entries of this name.
fn entries<'a>(root: &'a Node, server: &str) -> Vec<&'a Node> {
    lists(root).into_iter().filter_map(|list| list.member(server)).collect()
}

/// All objects of servers: the client's own, and those that Claude Code keeps for projects.
fn lists(root: &Node) -> Vec<&Node> {
    let projects = match root.member("projects").map(|projects| &projects.kind) {
        Some(Kind::Object(projects)) => projects.as_slice(),
        _ => &[],
    };
    let of_projects = projects.iter().filter_map(|project| project.value.member(SERVERS));
    root.member(SERVERS).into_iter().chain(of_projects).collect()
}

fn parse(config: &Config, text: &str) -> Result<Node, InstallError> {
    let style = match config.host.profile().format {
        Format::Json { style, .. } => style,
        Format::TomlTables | Format::Plugin { .. } => Style::Strict,
    };
    jsontext::scan(text, style).map_err(|error| config.unparsable(error))
}

fn member_index(object: &Node, key: &str) -> usize {
    match &object.kind {
        Kind::Object(members) => members.iter().position(|member| member.key == key).unwrap_or(usize::MAX),
        _ => usize::MAX,
    }
}

fn quoted(word: &str) -> String {
    Value::from(word).to_string()
}

fn replace(text: &str, range: std::ops::Range<usize>, with: &str) -> String {
    let head = text.get(..range.start).unwrap_or_default();
    let tail = text.get(range.end..).unwrap_or_default();
    [head, with, tail].concat()
}
