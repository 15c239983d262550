//! What a person approves: one digest over the request and its resolved plan (docs/protocol.md), computed alike by server and console.

use serde_json::{Map, Value};

use crate::{
    ActionName, Digest, TicketId, UserName,
    actions::{CAN, USE_TOOL},
    bodies::{Plan, Preview},
    jcs::ObjectWriter,
};

/// The SHA-256 over the canonical form of `{"action","id","params","plan","submitted_by"}`.
#[must_use]
pub fn digest(
    id: TicketId,
    action: &ActionName,
    params: &Map<String, Value>,
    plan: Digest,
    submitted_by: &UserName,
) -> Digest {
    let canonical = ObjectWriter::begin()
        .string("action", action.as_str())
        .string("id", &id.to_string())
        .object("params", params)
        .string("plan", &plan.text())
        .string("submitted_by", submitted_by.as_str())
        .end();
    Digest::of(canonical.as_bytes())
}

/// The SHA-256 over the canonical form of the plan.
#[must_use]
pub fn plan_digest(plan: &Plan) -> Digest {
    // A plan holds strings, numbers and lists alone: it always has a JSON form.
    Digest::of_json(&serde_json::to_value(plan).unwrap_or(Value::Null))
}

/// What a retry of a judge-only action is known by: the SHA-256 over the canonical form of `{"action","params","submitted_by"}`.
/// What the asking program can do with the answer ([`CAN`]) is no part of what is asked.
#[must_use]
pub fn call_digest(action: &ActionName, params: &Map<String, Value>, submitted_by: &UserName) -> Digest {
    let without_can = (action.as_str() == USE_TOOL && params.contains_key(CAN)).then(|| {
        let mut params = params.clone();
        params.remove(CAN);
        params
    });
    let canonical = ObjectWriter::begin()
        .string("action", action.as_str())
        .object("params", without_can.as_ref().unwrap_or(params))
        .string("submitted_by", submitted_by.as_str())
        .end();
    Digest::of(canonical.as_bytes())
}

/// True where the plan shown and the ticket shown carry just the digests that the ticket claims.
#[must_use]
pub fn is_consistent(preview: &Preview) -> bool {
    let ticket = &preview.ticket;
    plan_digest(&preview.plan) == ticket.plan
        && digest(ticket.id, &ticket.action, &ticket.params, ticket.plan, &ticket.submitted_by) == ticket.digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_known_by_its_canonical_form() {
        let declaration = Digest::of(b"declaration");
        let release = format!(r#"{{"declaration":"{declaration}","kind":"release"}}"#);
        assert_eq!(plan_digest(&Plan::Release { declaration }), Digest::of(release.as_bytes()));
        let bridge = format!(r#"{{"declaration":"{declaration}","kind":"bridge","what":"list-actions"}}"#);
        let what = "list-actions".to_owned();
        assert_eq!(plan_digest(&Plan::Bridge { declaration, what }), Digest::of(bridge.as_bytes()));
    }
}
