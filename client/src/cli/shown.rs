//! What a terminal shows of an answer: sentences, and a table of actions. Programs get the JSON.

use ccc_protocol::{
    actions::LIST_ACTIONS,
    bodies::{Status, Ticket},
    visible,
};
use serde_json::{Map, Value};

/// Of one value so much is shown; the JSON has it whole.
const VALUE_CHARS_MAX: usize = 2000;
/// Longer names push what stands beside them to the right.
const NAME_CELLS: usize = 22;
const POLICY_CELLS: usize = 12;

/// A ticket for a person, line by line; a terminal obeys nothing of it.
pub(super) fn ticket(ticket: &Ticket) -> String {
    let actions = ticket.result.as_ref().and_then(|result| result.get("actions")).and_then(Value::as_array);
    let text = match actions.filter(|_| ticket.action.as_str() == LIST_ACTIONS) {
        Some(actions) => table(actions),
        None => sentences(ticket),
    };
    visible::marked_lines(text.trim_end())
}

fn table(actions: &[Value]) -> String {
    let mut text = row("ACTION", "POLICY", "WHAT IT DOES, AND ITS PARAMETERS");
    for action in actions {
        let told = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default();
        text += &row(told("action"), told("policy"), told("description"));
        let params = action.get("params").and_then(Value::as_array).into_iter().flatten().map(param);
        let params: Vec<String> = params.collect();
        if !params.is_empty() {
            text += &row("", "", &params.join("  "));
        }
    }
    text
}

/// What may be left out stands in brackets.
fn param(param: &Value) -> String {
    let told = |name: &str| param.get(name).and_then(Value::as_str).unwrap_or("?");
    let words = format!("{}:{}", told("name"), told("type"));
    match param.get("required").and_then(Value::as_bool) {
        Some(true) => words,
        _ => format!("[{words}]"),
    }
}

fn row(name: &str, policy: &str, words: &str) -> String {
    format!("{name:NAME_CELLS$}  {policy:POLICY_CELLS$}  {words}\n")
}

fn sentences(ticket: &Ticket) -> String {
    let mut text = format!("{}: {}{}\n", ticket.action, became(ticket.status), by(ticket));
    if let Some(reason) = &ticket.reason {
        text += &format!("  because   {reason}\n");
    }
    text += &facts(&ticket.params);
    match &ticket.result {
        None | Some(Value::Null) => {}
        Some(Value::Object(result)) if result.is_empty() => {}
        Some(Value::Object(result)) => text += &format!("what came of it:\n{}", facts(result)),
        Some(other) => text += &format!("what came of it: {}\n", value(other)),
    }
    text + &format!("ticket {}\n", ticket.id)
}

/// How it stands, as a person says it.
fn became(status: Status) -> &'static str {
    match status {
        Status::Queued => "waits for a person",
        Status::Approved => "approved, not begun",
        Status::Running => "running",
        Status::Succeeded => "done",
        Status::Released => "allowed",
        Status::Confined => "allowed, confined",
        other => other.as_str(),
    }
}

fn by(ticket: &Ticket) -> String {
    match (&ticket.decided_by, ticket.status) {
        (Some(by), Status::Denied) => format!(", by {by}"),
        (Some(by), _) => format!(", approved by {by}"),
        (None, _) if ticket.rule.is_empty() => String::new(),
        (None, _) => format!(" ({})", ticket.rule),
    }
}

fn facts(values: &Map<String, Value>) -> String {
    values.iter().map(|(name, given)| format!("  {name:8}  {}\n", value(given))).collect()
}

/// Lines after the first stand below it.
fn value(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cut = text.char_indices().nth(VALUE_CHARS_MAX).and_then(|(end, _)| text.get(..end));
    let text = cut.map_or_else(|| text.clone(), |head| format!("{head}… (`--json` has the whole)"));
    text.trim_end().replace('\n', "\n            ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(of: &Value) -> String {
        let mut whole = json!({
            "id": "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", "seq": 42, "status": "queued", "action": "open-browser",
            "params": { "url": "https://docs.rs" }, "submitted_by": "agent", "created": "2026-03-07T12:00:00Z",
            "expires": null, "plan": ccc_protocol::Digest::of(b""), "digest": ccc_protocol::Digest::of(b""), "rule": "",
            "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
        });
        for (name, value) in of.as_object().unwrap() {
            whole[name] = value.clone();
        }
        ticket(&serde_json::from_value(whole).unwrap())
    }

    #[test]
    fn a_ticket_is_told_in_sentences() {
        assert_eq!(
            shown(&json!({})),
            "open-browser: waits for a person\n  url       https://docs.rs\nticket 0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f"
        );
        let denied = shown(&json!({ "status": "denied", "decided_by": "ana", "reason": "not now" }));
        assert!(denied.starts_with("open-browser: denied, by ana\n  because   not now\n"), "{denied}");
        let done = shown(&json!({ "status": "succeeded", "rule": "docs", "result": { "stdout": "one\ntwo\n" } }));
        assert!(done.contains("done (docs)") && done.contains("  stdout    one\n            two\n"), "{done}");
    }

    #[test]
    fn actions_are_a_table() {
        let url = json!({ "name": "url", "type": "url", "required": true });
        let note = json!({ "name": "note", "type": "string", "required": false });
        let action = json!({
            "action": "open-browser", "policy": "queue", "description": "Open a page", "params": [url, note],
        });
        let told =
            shown(&json!({ "action": "list-actions", "status": "succeeded", "result": { "actions": [action] } }));
        let lines: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["open-browser", "queue", "Open", "a", "page"]);
        assert_eq!(lines[2], ["url:url", "[note:string]"]);
    }

    #[test]
    fn a_terminal_obeys_nothing_and_a_flood_is_cut() {
        let told = shown(&json!({ "params": { "\u{1b}[2J": "\u{202e}x", "long": "y".repeat(5000) } }));
        assert!(told.chars().all(|c| c == '\n' || visible::is_visible(c)), "{told:?}");
        assert!(told.contains("(`--json` has the whole)") && told.len() < 3000);
    }
}
