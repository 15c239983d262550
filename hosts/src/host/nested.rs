//! The answer form that Claude Code began and others took over: the decision
//! lies in `hookSpecificOutput`, under the name of the event it answers.

use serde_json::{Value, json};

use crate::answer::{Reason, Reply};

pub(super) fn deny_tool(event: &str, reason: &Reason) -> Reply {
    specific(json!({
        "hookEventName": event,
        "permissionDecision": "deny",
        "permissionDecisionReason": reason.as_str(),
    }))
}

pub(super) fn allow_tool(event: &str) -> Reply {
    specific(json!({ "hookEventName": event, "permissionDecision": "allow" }))
}

/// Replaces the whole input.
pub(super) fn allow_with(event: &str, input: &Value) -> Reply {
    specific(json!({ "hookEventName": event, "permissionDecision": "allow", "updatedInput": input }))
}

/// Words that reach the agent beside what its call gave back.
pub(super) fn tell(event: &str, words: &str) -> Reply {
    specific(json!({ "hookEventName": event, "additionalContext": words }))
}

pub(super) fn deny_request(event: &str, reason: &Reason) -> Reply {
    specific(json!({
        "hookEventName": event,
        "decision": { "behavior": "deny", "message": reason.as_str() },
    }))
}

pub(super) fn allow_request(event: &str) -> Reply {
    specific(json!({ "hookEventName": event, "decision": { "behavior": "allow" } }))
}

#[expect(clippy::needless_pass_by_value, reason = "a document made for this answer alone")]
fn specific(output: Value) -> Reply {
    Reply::json(json!({ "hookSpecificOutput": output }))
}
