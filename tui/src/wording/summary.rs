//! A ticket in one line: what it would do, before anybody opens its details.

use ccc_protocol::{
    ActionName,
    actions::{PIN_TOOL, SEND_EMAIL, USE_TOOL},
    beneath::beneath,
    bodies::{Ticket, abridge::CUT},
};
use serde_json::{Map, Value};

use crate::text::{Untrusted, Visible};

/// How much of a summary is ever made: rows are far shorter, and a parameter may be a megabyte.
const VALUE_CHARS_MAX: usize = 400;

/// What it would do, beside the name of the action.
#[must_use]
pub fn summary(ticket: &Ticket) -> Visible {
    match ticket.action.as_str() {
        USE_TOOL => tool_call(&ticket.params),
        SEND_EMAIL => mail(&ticket.params),
        PIN_TOOL => pin(&ticket.params),
        _ => values(&ticket.params),
    }
}

/// The whole row of what was asked for, as an entry of the log has it.
#[must_use]
pub fn asked(action: &ActionName, params: &Map<String, Value>) -> Visible {
    let named = |words: Visible| Visible::from(action).then(" ").then(words);
    match action.as_str() {
        USE_TOOL => tool_call(params),
        SEND_EMAIL => named(mail(params)),
        PIN_TOOL => named(pin(params)),
        _ => named(values(params)),
    }
}

/// The command that it would run, where it is one: what a person may want to have elsewhere.
#[must_use]
pub fn command(ticket: &Ticket) -> Option<&str> {
    ticket.params.get("input")?.get("command")?.as_str().filter(|_| ticket.action.as_str() == USE_TOOL)
}

/// What is asked for, by its name: of a tool call the tool, of a tool to be approved server and tool.
#[must_use]
pub fn name(ticket: &Ticket) -> Visible {
    if ticket.action.as_str() == PIN_TOOL {
        return Visible::from(&ticket.action).then(" ").then(pin(&ticket.params)).cut(NAME_CELLS);
    }
    let tool = ticket.params.get("tool").and_then(Value::as_str).filter(|_| ticket.action.as_str() == USE_TOOL);
    tool.map_or_else(|| Visible::from(&ticket.action), |tool| line(tool).cut(NAME_CELLS))
}

/// Longer names of tools are cut: who asks must stay in sight.
const NAME_CELLS: usize = 32;

/// The server whose tool is to be approved, where the ticket is about that.
#[must_use]
pub fn tools_of(ticket: &Ticket) -> Option<&str> {
    let server = ticket.params.get("server").and_then(Value::as_str);
    server.filter(|_| ticket.action.as_str() == PIN_TOOL)
}

/// The session of a tool call, where the ticket is one.
#[must_use]
pub fn session(ticket: &Ticket) -> Option<&str> {
    ticket.params.get("session").and_then(Value::as_str)
}

/// The name of the directory that a tool call's project is in.
#[must_use]
pub fn project(ticket: &Ticket) -> Option<Visible> {
    let told = ticket.params.get("project").or_else(|| ticket.params.get("cwd"))?.as_str()?;
    let name = told.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(line(name).cut(PROJECT_CELLS))
}

/// The kind of subagent that makes a tool call, where it is one.
#[must_use]
pub fn subagent(ticket: &Ticket) -> Option<Visible> {
    let agent = ticket.params.get("agent")?.as_str().filter(|agent| !agent.is_empty() && *agent != "main")?;
    Some(line(agent).cut(PROJECT_CELLS))
}

/// Longer names are cut: what follows them in a head must stay in sight.
const PROJECT_CELLS: usize = 24;

fn tool_call(params: &Map<String, Value>) -> Visible {
    let tool = params.get("tool").and_then(Value::as_str).unwrap_or("?");
    match telling(params) {
        ("command", command) if matches!(tool, "Bash" | "Shell") => Visible::label("$ ").then(value(command)),
        (_, told) => line(tool).then(": ").then(value(told)),
    }
}

/// A pinned tool is known by its server and its name.
fn pin(params: &Map<String, Value>) -> Visible {
    let part = |name| params.get(name).map_or_else(|| Visible::label("?"), value);
    part("server").then("/").then(part("tool"))
}

/// The whole row: the action's name and what it would do, but of a tool call only the latter.
#[must_use]
pub fn in_row(ticket: &Ticket) -> Visible {
    match ticket.action.as_str() {
        USE_TOOL => in_list(ticket),
        _ => Visible::from(&ticket.action).then(" ").then(in_list(ticket)),
    }
}

/// All that a tool call's input says, in one row; none where it has more lines than one, or says more than is ever made of it.
#[must_use]
pub fn whole(ticket: &Ticket) -> Option<Visible> {
    let tool = ticket.params.get("tool").and_then(Value::as_str)?;
    let input = ticket.params.get("input").and_then(Value::as_object)?;
    let is_shell = matches!(tool, "Bash" | "Shell");
    let (mut words, mut chars) = (line(tool).then(" "), 0);
    for (name, value) in input {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        chars += text.chars().count();
        if chars > VALUE_CHARS_MAX || text.contains(['\n', '\r']) {
            return None;
        }
        let name = if is_shell && name == "command" {
            Visible::label(" $ ")
        } else {
            Visible::label("  ").then(line(name)).then("=")
        };
        words = words.then(name).then(line(&text));
    }
    Some(words)
}

/// The same for the list, whose rows are short: of a path beneath the project that the call names, the name of that directory
/// and what follows, so that it is not the file's own name that is cut off. What was left out shows as `…`.
#[must_use]
pub fn in_list(ticket: &Ticket) -> Visible {
    let told = |name: &str| ticket.params.get(name).and_then(Value::as_str);
    let project = told("project").or_else(|| told("cwd"));
    match (ticket.action.as_str(), telling(&ticket.params), told("tool"), project) {
        (USE_TOOL, ("file_path" | "path", Value::String(path)), Some(tool), Some(project)) => {
            let words =
                from_project(path, project).map_or_else(|| line(path), |rest| Visible::label("…").then(line(rest)));
            line(tool).then(": ").then(words)
        }
        _ => summary(ticket),
    }
}

/// What of a tool call's input tells most, by its name; the whole input where nothing does.
fn telling(params: &Map<String, Value>) -> (&'static str, &Value) {
    let input = params.get("input").unwrap_or(&Value::Null);
    let names = ["command", "file_path", "path", "url", "query", "pattern"];
    names.into_iter().find_map(|name| Some((name, input.get(name)?))).unwrap_or(("input", input))
}

/// The path from the last directory of the project on; none where it does not lie in it, or nothing would be left out.
fn from_project<'a>(path: &'a str, project: &str) -> Option<&'a str> {
    let project = project.trim_end_matches('/');
    let (before, _) = project.rsplit_once('/').filter(|(before, _)| !before.is_empty())?;
    beneath(path, project).filter(|names| !names.is_empty())?;
    path.get(before.len()..)
}

fn mail(params: &Map<String, Value>) -> Visible {
    let part = |name| params.get(name).map_or_else(|| Visible::label("?"), value);
    part("to").then(": ").then(part("subject"))
}

fn values(params: &Map<String, Value>) -> Visible {
    let mut words = Visible::default();
    for (name, given) in params {
        if !words.is_empty() {
            words = words.then("  ");
        }
        words = match given {
            Value::String(_) if params.len() == 1 => value(given),
            _ => words.then(line(name)).then("=").then(value(given)),
        };
    }
    words
}

/// A parameter's value in one line; cut, and visibly so, where it is long.
#[must_use]
pub fn value(value: &Value) -> Visible {
    match value {
        Value::String(text) => line(text),
        other => line(&other.to_string()),
    }
}

fn line(text: &str) -> Visible {
    let is_cut_before = text.ends_with(CUT);
    let cut = text.char_indices().nth(VALUE_CHARS_MAX).map(|(end, _)| text.get(..end).unwrap_or_default());
    let Some(head) = cut.or_else(|| text.strip_suffix(CUT)).filter(|_| cut.is_some() || is_cut_before) else {
        return closed_up(text);
    };
    // How many blanks a cut text goes on with nobody knows here.
    let told = head.trim_end_matches(' ');
    let end = if head.len() - told.len() >= BLANKS_MAX { " ‹blanks, and more›" } else { CUT };
    closed_up(if end == CUT { head } else { told }).then(end)
}

/// So many blanks in a row may be shown in a page as they are.
const BLANKS_MAX: usize = 16;

/// The text in one row, each flood of spaces told by its number alone: in a row there is no room for any of them.
fn closed_up(text: &str) -> Visible {
    let (mut row, mut rest) = (Visible::default(), text);
    while let Some(at) = rest.find(FLOOD) {
        let (before, flood) = rest.split_at(at);
        let after = flood.trim_start_matches(' ');
        let count = (flood.len() - after.len()) as u64;
        row = row.then(Untrusted(before).line()).then("‹").then(Visible::number(count)).then(" blanks›");
        rest = after;
    }
    row.then(Untrusted(rest).line())
}

/// [`BLANKS_MAX`] spaces.
const FLOOD: &str = "                ";

/// The last eight characters of an id: the first ones are the time, and alike for neighbours.
#[must_use]
pub fn short(id: ccc_protocol::TicketId) -> Visible {
    let text = Visible::from(&id);
    let end = text.as_str().len();
    text.between(end.saturating_sub(8), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_counted_in_a_row_and_never_fewer_than_there_are() {
        let text = |text: &str| line(text).to_string();
        assert_eq!(text(&format!("ok{}; rm x", " ".repeat(100))), "ok‹100 blanks›; rm x");
        assert_eq!(text(&format!("ok{}; rm x", " ".repeat(3000))), "ok ‹blanks, and more›", "its end is not here");
        assert_eq!(text(&format!("ok{}…", " ".repeat(300))), "ok ‹blanks, and more›", "cut by the server");
        assert_eq!(text("a  b"), "a  b");
        assert_eq!(FLOOD.len(), BLANKS_MAX);
        assert_eq!(text(&"x".repeat(500)), "x".repeat(400) + "…");
        assert_eq!(text("ends with …"), "ends with …");
    }
}
