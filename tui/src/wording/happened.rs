//! A row of the history: a request with what became of it, or something else that happened.

use ccc_protocol::{
    UserName,
    bodies::{AuditEntry, EntryKind, Status},
};
use serde_json::Value;

use super::summary;
use crate::text::{Tone, Untrusted, Visible};

/// What happened, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// A sign that tells the outcome without a colour, and its tone.
    pub sign: (Tone, &'static str),
    /// The outcome in a word; nothing where it is no request.
    pub outcome: &'static str,
    /// Which person decided.
    pub by: Option<UserName>,
    /// What was asked for, or what happened.
    pub what: Visible,
    /// What decided when it was asked, in the words of the ticket.
    pub rule: Visible,
    /// By what it is found, beside what is shown.
    id: Visible,
}

impl Happened {
    /// What a filter is held against.
    #[must_use]
    pub fn searched(&self) -> String {
        let by = self.by.as_ref().map(UserName::as_str).unwrap_or_default();
        [self.outcome, by, self.what.as_str(), self.rule.as_str(), self.id.as_str()].join("  ")
    }
}

/// The entries of one request, oldest first, or one entry alone.
#[must_use]
pub fn happened(entries: &[&AuditEntry]) -> Happened {
    let opening = entries.first().filter(|entry| entry.kind == EntryKind::Submitted);
    let Some((opening, action)) = opening.and_then(|opening| Some((opening, opening.action.as_ref()?))) else {
        let words: Visible = entries.first().map(|entry| super::entry(entry)).unwrap_or_default();
        let plain = (Tone::Plain, " ");
        return Happened {
            sign: plain,
            outcome: "",
            by: None,
            what: words,
            rule: Visible::default(),
            id: Visible::default(),
        };
    };
    let by = entries.iter().rev().find(|entry| is_a_persons(entry)).and_then(|entry| entry.by.clone());
    let (sign, outcome) = outcome(entries, by.is_some());
    let what = match opening.detail.get("params") {
        Some(Value::Object(params)) => summary::asked(action, params),
        _ => Visible::from(action),
    };
    let rule = opening.detail.get("rule").and_then(Value::as_str).unwrap_or_default();
    let id = opening.ticket.as_ref().map_or_else(Visible::default, Visible::from);
    Happened { sign, outcome, by, what, rule: Untrusted(rule).line(), id }
}

fn is_a_persons(entry: &AuditEntry) -> bool {
    matches!(entry.kind, EntryKind::Approved | EntryKind::Denied) && entry.by.is_some() && entry.by != entry.about
}

fn outcome(entries: &[&AuditEntry], by_a_person: bool) -> ((Tone, &'static str), &'static str) {
    let last = entries.iter().rev().find_map(|entry| entry.status);
    match last {
        None => ((Tone::Plain, " "), ""),
        Some(Status::Queued) => ((Tone::Care, "?"), "waits"),
        Some(Status::Denied) => ((Tone::Bad, "✗"), "denied"),
        Some(Status::Expired) => ((Tone::Dim, "–"), "expired"),
        Some(Status::Cancelled) => ((Tone::Dim, "–"), "withdrawn"),
        Some(Status::Failed) => ((Tone::Bad, "!"), "failed"),
        Some(Status::Lost) => ((Tone::Bad, "!"), "lost"),
        Some(Status::Confined) => ((Tone::Good, "✓"), "confined"),
        Some(_) if by_a_person => ((Tone::Good, "✓"), "approved"),
        Some(_) => ((Tone::Good, "✓"), "passed"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(kind: &str, by: Option<&str>, status: &str) -> AuditEntry {
        let detail = json!({ "params": { "tool": "Bash", "input": { "command": "cargo test" } }, "rule": "use-tool: queue by default" });
        serde_json::from_value(json!({ "seq": 1, "at": "2026-03-07T12:00:00Z", "kind": kind, "by": by, "about": "agent",
            "ticket": "0198e6a2-7b1c-7d3e-8f40-000000000001", "action": "use-tool", "status": status, "detail": detail }))
        .unwrap()
    }

    fn told(entries: &[AuditEntry]) -> (&'static str, Option<String>) {
        let told = happened(&entries.iter().collect::<Vec<_>>());
        assert_eq!((told.what.as_str(), told.rule.as_str()), ("$ cargo test", "use-tool: queue by default"));
        (told.outcome, told.by.map(|by| by.to_string()))
    }

    #[test]
    fn a_request_is_told_by_what_became_of_it_and_who_said_so() {
        let asked = || entry("submitted", Some("agent"), "queued");
        assert_eq!(told(&[asked()]), ("waits", None));
        let yes = entry("approved", Some("user"), "approved");
        assert_eq!(told(&[asked(), yes.clone()]), ("approved", Some("user".into())));
        assert_eq!(
            told(&[asked(), yes.clone(), entry("released", Some("agent"), "released")]),
            ("approved", Some("user".into()))
        );
        assert_eq!(told(&[asked(), yes, entry("failed", None, "failed")]), ("failed", Some("user".into())));
        assert_eq!(told(&[asked(), entry("denied", Some("user"), "denied")]), ("denied", Some("user".into())));
        assert_eq!(told(&[asked(), entry("expired", None, "expired")]), ("expired", None));
        assert_eq!(told(&[entry("submitted", Some("agent"), "released")]), ("passed", None), "by a rule");
    }

    #[test]
    fn what_is_no_request_is_told_as_it_stands_in_the_log() {
        let mut frozen = entry("frozen", Some("user"), "denied");
        (frozen.ticket, frozen.action, frozen.status) = (None, None, None);
        let told = happened(&[&frozen]);
        assert!(told.what.as_str().starts_with("user frozen of agent") && told.outcome.is_empty(), "{told:?}");
    }
}
