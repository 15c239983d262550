//! A ticket in one line: what it would do, before anybody opens its details.

use ccc_protocol::bodies::{Risk, Ticket};
use serde_json::Value;

use crate::text::{Untrusted, Visible};

/// How much of a summary is ever made: rows are far shorter, and a parameter may be a megabyte.
const VALUE_CHARS_MAX: usize = 400;

/// What it would do, beside the name of the action.
#[must_use]
pub fn summary(ticket: &Ticket) -> Visible {
    match ticket.action.as_str() {
        "use-tool" => tool_call(ticket),
        "send-email" => mail(ticket),
        _ => values(ticket),
    }
}

/// The session of a tool call, where the ticket is one.
#[must_use]
pub fn session(ticket: &Ticket) -> Option<&str> {
    ticket.params.get("session").and_then(Value::as_str)
}

/// A sign before the row, for what deserves care: `‼` a typed word is asked for, `²` more than one person, `+` a note.
#[must_use]
pub fn care(ticket: &Ticket) -> &'static str {
    match (deserves_care(ticket), ticket.needed > 1, ticket.needs_note) {
        (true, _, _) => "‼",
        (false, true, _) => "²",
        (false, false, true) => "+",
        (false, false, false) => " ",
    }
}

/// True where its last line must have been seen and a word typed before it is approved.
#[must_use]
pub fn deserves_care(ticket: &Ticket) -> bool {
    ticket.irreversible || ticket.risk == Risk::High
}

fn tool_call(ticket: &Ticket) -> Visible {
    let tool = ticket.params.get("tool").and_then(Value::as_str).unwrap_or("?");
    let words = match telling(ticket) {
        ("file_path" | "path", Value::String(path)) => line(in_project(ticket, path)),
        (_, said) => value(said),
    };
    line(tool).then(": ").then(words)
}

/// What of a tool call's input tells most, by its name; the whole input where nothing does.
fn telling(ticket: &Ticket) -> (&'static str, &Value) {
    let input = ticket.params.get("input").unwrap_or(&Value::Null);
    let names = ["command", "file_path", "path", "url", "query", "pattern"];
    names.into_iter().find_map(|name| Some((name, input.get(name)?))).unwrap_or(("input", input))
}

/// What a filter finds it by: its summary, and a path whole.
#[must_use]
pub fn words(ticket: &Ticket) -> Visible {
    match telling(ticket) {
        ("file_path" | "path", path) => summary(ticket).then(" ").then(value(path)),
        _ => summary(ticket),
    }
}

/// A path as the project of the call sees it: rows are short, and what lies outside keeps its whole name.
fn in_project<'a>(ticket: &Ticket, path: &'a str) -> &'a str {
    let text = |name: &str| ticket.params.get(name).and_then(Value::as_str);
    let project = text("project").or_else(|| text("cwd")).map(|project| project.trim_end_matches('/'));
    let beneath = project.filter(|project| project.starts_with('/')).and_then(|project| path.strip_prefix(project));
    let rest = beneath.and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| !rest.is_empty() && !rest.split('/').any(|part| part == "..")).unwrap_or(path)
}

fn mail(ticket: &Ticket) -> Visible {
    let part = |name| ticket.params.get(name).map_or_else(|| Visible::label("?"), value);
    part("to").then(": ").then(part("subject"))
}

fn values(ticket: &Ticket) -> Visible {
    let mut words = Visible::default();
    for (name, given) in &ticket.params {
        if !words.is_empty() {
            words = words.then("  ");
        }
        words = match given {
            Value::String(_) if ticket.params.len() == 1 => value(given),
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
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => Untrusted(text.get(..end).unwrap_or_default()).line().then("…"),
        None => Untrusted(text).line(),
    }
}

/// The last eight characters of an id: the first ones are the time, and alike for neighbours.
#[must_use]
pub fn short(id: ccc_protocol::TicketId) -> Visible {
    let text = Visible::from(&id);
    let end = text.as_str().len();
    text.between(end.saturating_sub(8), end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(params: &Value) -> String {
        summary(&call(params)).to_string()
    }

    fn call(params: &Value) -> Ticket {
        let digest = "sha-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let ticket = json!({
            "id": ccc_protocol::TicketId::from_bytes([1; 16]), "seq": 1, "status": "queued", "action": "use-tool",
            "params": params, "submitted_by": "agent", "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest,
            "digest": digest, "rule": "", "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null,
            "result": null,
        });
        serde_json::from_value(ticket).unwrap()
    }

    #[test]
    fn a_filter_finds_a_file_also_by_its_whole_name() {
        let edit = call(&json!({ "tool": "Edit", "input": { "file_path": "/p/app/a.rs" }, "cwd": "/p/app" }));
        assert_eq!(words(&edit).to_string(), "Edit: a.rs /p/app/a.rs");
    }

    #[test]
    fn a_file_of_the_project_is_named_as_the_project_sees_it_and_no_other() {
        let edit = |path: &str, cwd: &str, project: Option<&str>| {
            let mut params = json!({ "tool": "Edit", "input": { "file_path": path }, "cwd": cwd });
            if let Some(project) = project {
                params["project"] = json!(project);
            }
            shown(&params)
        };
        assert_eq!(edit("/p/app/src/a.rs", "/p/app", None), "Edit: src/a.rs");
        assert_eq!(edit("/p/app/b.rs", "/p/app/src", Some("/p/app/")), "Edit: b.rs");
        for (path, cwd) in [
            ("/p/apple/a.rs", "/p/app"),
            ("/p/app/../x", "/p/app"),
            ("/p/app", "/p/app"),
            ("/p/app/", "/p/app"),
            ("/etc/passwd", "/"),
            ("/etc/passwd", ""),
        ] {
            assert_eq!(edit(path, cwd, None), format!("Edit: {path}"), "{cwd}");
        }
        assert_eq!(
            shown(&json!({ "tool": "Bash", "input": { "command": "/p/app/run" }, "cwd": "/p/app" })),
            "Bash: /p/app/run"
        );
    }
}
