//! The log as events of the Open Cybersecurity Schema Framework 1.3.0: class 6003, API Activity. An entry is a call that a user
//! made of the bridge, or a step the bridge took; docs/audit.md has the mapping as a table.

use ccc_protocol::bodies::{AuditEntry, EntryKind, Status};
use serde_json::{Map, Value, json};

use crate::entry::Row;

const SCHEMA: &str = "1.3.0";
const CLASS: u32 = 6003;
const SERVER: &str = "ccc-server";

/// The event of this entry.
pub(super) fn event(entry: &AuditEntry, row: &Row) -> Value {
    let activity = Activity::of(entry);
    let (status_id, status) = outcome(entry.status);
    let (severity_id, severity) = severity(&entry.kind);
    let mut event = json!({
        "activity_id": activity.id(),
        "activity_name": activity.name(),
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity.id(),
        "type_name": format!("API Activity: {}", activity.name()),
        "severity_id": severity_id,
        "severity": severity,
        "time": entry.at.millis(),
        "status_id": status_id,
        "status": status,
        "message": entry.kind,
        "actor": actor(entry),
        "api": { "operation": entry.action.as_ref().map_or(entry.kind.as_str(), |action| action.as_str()), "service": { "name": SERVER } },
        "src_endpoint": { "name": entry.by.as_ref().map_or(SERVER, |by| by.as_str()) },
        "metadata": {
            "version": SCHEMA,
            "product": { "name": SERVER, "vendor_name": "Conduit", "version": env!("CARGO_PKG_VERSION") },
            "log_name": "audit",
            "event_code": entry.kind,
            "uid": row.hash,
            "sequence": entry.seq,
            "original_time": entry.at,
        },
        "unmapped": Value::Object(unmapped(entry)),
        "raw_data": row.json,
    });
    if let Some(ticket) = entry.ticket {
        set(&mut event, "resources", json!([{ "type": "ticket", "uid": ticket }]));
        set_in(&mut event, "metadata", "correlation_uid", json!(ticket));
        set_in(&mut event, "api", "request", json!({ "uid": ticket }));
    }
    if let Some(reason) = entry.detail.get("reason").filter(|reason| reason.is_string()) {
        set(&mut event, "status_detail", reason.clone());
    }
    event
}

/// How much somebody who watches should mind: what is set for everybody, and what cannot be told any more, above what one
/// person or rule said about one call.
fn severity(kind: &EntryKind) -> (u8, &'static str) {
    match kind {
        EntryKind::Unknown(_) => (0, "Unknown"),
        EntryKind::Denied
        | EntryKind::Repeated
        | EntryKind::DenialLifted
        | EntryKind::Failed
        | EntryKind::GrantMade => (2, "Low"),
        EntryKind::GroupSet
        | EntryKind::PolicySet
        | EntryKind::UsersRead
        | EntryKind::OutputFound
        | EntryKind::RiskLifted
        | EntryKind::MailPermissionsRead
        | EntryKind::ReloadRefused
        | EntryKind::ClockStepped
        | EntryKind::ClockAccepted => (3, "Medium"),
        EntryKind::FreezeSet | EntryKind::Lost | EntryKind::DiskFull | EntryKind::ClockHeld => (4, "High"),
        EntryKind::GapDeclared => (5, "Critical"),
        _ => (1, "Informational"),
    }
}

/// What the framework knows of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Create,
    Update,
    Delete,
    Other,
}

impl Activity {
    /// Something new was asked for or made; something that stood changed; something ended that stood; none of these.
    fn of(entry: &AuditEntry) -> Self {
        match &entry.kind {
            EntryKind::Submitted | EntryKind::GrantMade => Self::Create,
            EntryKind::GrantUsed => Self::Update,
            EntryKind::ServerStarted | EntryKind::ServerStopped => Self::Other,
            kind if kind.ends_a_grant() => Self::Delete,
            _ if entry.ticket.is_some() || entry.by.is_some() => Self::Update,
            _ => Self::Other,
        }
    }

    fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Update => 3,
            Self::Delete => 4,
            Self::Other => 99,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Other => "Other",
        }
    }
}

/// 1 success, 2 failure, 99 another end or none yet, in our own word; 0 where an entry is about no ticket.
fn outcome(status: Option<Status>) -> (u32, &'static str) {
    match status {
        Some(Status::Succeeded | Status::Released | Status::Confined | Status::Approved) => (1, "Success"),
        Some(Status::Denied | Status::Failed) => (2, "Failure"),
        Some(other) => (99, other.as_str()),
        None => (0, "Unknown"),
    }
}

fn actor(entry: &AuditEntry) -> Value {
    match &entry.by {
        Some(by) => json!({ "user": { "name": by, "uid": by } }),
        None => json!({ "app_name": SERVER }),
    }
}

fn unmapped(entry: &AuditEntry) -> Map<String, Value> {
    let mut rest = entry.detail.clone();
    rest.extend(entry.about.as_ref().map(|about| ("about".to_owned(), json!(about))));
    rest.extend(entry.status.map(|status| ("ticket_status".to_owned(), json!(status))));
    rest
}

fn set(event: &mut Value, name: &str, value: Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn set_in(event: &mut Value, object: &str, name: &str, value: Value) {
    if let Some(inner) = event.get_mut(object) {
        set(inner, name, value);
    }
}

#[cfg(test)]
mod tests {
    use ccc_protocol::Digest;

    use super::*;
    use crate::entry::{Filed, Place};

    fn of(json: &str) -> Value {
        let row = Row { place: Place::Row(1), json: json.to_owned(), hash: Digest::of(b"x"), filed: Filed::Nowhere };
        event(&serde_json::from_str(json).unwrap(), &row)
    }

    #[test]
    fn a_denial_is_an_update_by_a_person_that_failed() {
        let event = of(
            r#"{"about":"agent","action":"open-browser","at":"2026-03-07T12:00:00Z","by":"user","detail":{"reason":"no"},"kind":"denied","seq":2,"status":"denied","ticket":"0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f"}"#,
        );
        assert_eq!(event["type_uid"], 600_303);
        assert_eq!(event["status_id"], 2);
        assert_eq!(event["status_detail"], "no");
        assert_eq!(event["actor"]["user"]["name"], "user");
        assert_eq!(event["api"]["operation"], "open-browser");
        assert_eq!(event["time"], 1_772_884_800_000_i64);
        assert_eq!(event["metadata"]["correlation_uid"], "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f");
        assert_eq!(event["unmapped"]["about"], "agent");
    }

    #[test]
    fn every_event_has_what_the_class_requires() {
        let event = of(r#"{"at":"2026-03-07T12:00:00Z","kind":"server-started","seq":1}"#);
        let required = [
            "activity_id", "actor", "api", "category_uid", "class_uid", "metadata", "severity_id", "src_endpoint",
            "time", "type_uid",
        ];
        assert!(required.iter().all(|name| !event[name].is_null()), "{event}");
        assert!(!event["api"]["operation"].is_null() && !event["metadata"]["product"].is_null());
    }

    #[test]
    fn severity_follows_the_kind() {
        let severity = |kind: &str| {
            let event = of(&format!(r#"{{"at":"2026-03-07T12:00:00Z","detail":{{}},"kind":"{kind}","seq":2}}"#));
            (event["severity_id"].as_u64().unwrap(), event["severity"].as_str().unwrap().to_owned())
        };
        for (kind, id, name) in [
            ("submitted", 1, "Informational"),
            ("denied", 2, "Low"),
            ("policy-set", 3, "Medium"),
            ("freeze-set", 4, "High"),
            ("lost", 4, "High"),
            ("disk-full", 4, "High"),
            ("gap-declared", 5, "Critical"),
            ("of-another-version", 0, "Unknown"),
        ] {
            assert_eq!(severity(kind), (id, name.to_owned()), "{kind}");
        }
    }
}
