//! Grants on the desk: made with an approval, used in the commit of the ticket they accept, ended by time, use, revocation
//! or the loss of their makers' right.

use ccc_protocol::{
    ActionName, GrantId, TicketId, UserName,
    bodies::{AuditEntry, EntryKind, GrantRequest},
};
use serde_json::{Map, Value};

use crate::{
    grant::{self, Grant},
    policy::Decision,
    refusal::Refusal,
    ticket::{LetIn, Ticket},
};

use super::{Change, Cx, Desk, books::Due};

impl Desk {
    /// Ends a grant at once.
    ///
    /// # Errors
    /// Where there is none that the person may approve for.
    pub fn revoke(&mut self, by: &UserName, id: GrantId, cx: Cx<'_>, change: &mut Change) -> Result<Grant, Refusal> {
        let grant = self.grants.get(&id).filter(|grant| cx.law.users.may_approve(by, &grant.user)).cloned();
        let grant = grant.ok_or_else(|| Refusal::no_such("grant", id))?;
        self.end_grant(&grant, EntryKind::GrantRevoked, Some(by), cx, change);
        Ok(grant)
    }

    /// The grants that may count for this user's requests for this action: live, and their makers still have the right.
    pub(super) fn grants_of(&self, user: &UserName, action: &ActionName, cx: Cx<'_>) -> Vec<&Grant> {
        let counts = |grant: &&Grant| {
            grant.user == *user && grant.action == *action && grant.is_live(cx.now) && makers_have_the_right(grant, cx)
        };
        self.grants.values().filter(counts).collect()
    }

    /// Checks what an approval asks for; nothing is kept yet. `approved` is the ticket as this approval leaves it.
    pub(super) fn new_grant(
        &self,
        asked: &GrantRequest,
        approved: &Ticket,
        id: GrantId,
        cx: Cx<'_>,
    ) -> Result<Grant, Refusal> {
        let request = approved.request();
        let standing = self.grants.values().filter(|grant| grant.user == request.submitted_by).count();
        if u64::try_from(standing).unwrap_or(u64::MAX) >= cx.law.limits.grants_per_user_max {
            return Err(Refusal::limit(format!(
                "`{}` has {standing} standing grants: revoke some",
                request.submitted_by
            )));
        }
        let action = cx.law.catalogue.named(request.action.as_str());
        let action = action.ok_or_else(|| Refusal::no_such("action", &request.action))?;
        grant::make(asked, approved, action, id, cx.now, &cx.law.limits, &cx.law.knowledge())
    }

    pub(super) fn keep_grant(&mut self, grant: Grant, by: &UserName, cx: Cx<'_>, change: &mut Change) {
        let entry = entry(EntryKind::GrantMade, Some(by), &grant, cx);
        let detail = serde_json::to_value(grant.view()).unwrap_or_default();
        self.log(AuditEntry { ticket: Some(grant.from), detail: object(detail), ..entry }, change);
        self.note_due(&grant);
        change.grants.push(grant.clone());
        self.grants.insert(grant.id, grant);
    }

    /// Counts the use of the grant that made policy accept, in the commit of the ticket it accepted.
    pub(super) fn use_grant(
        &mut self,
        decision: &Decision,
        ticket: TicketId,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Option<LetIn> {
        let grant = decision.grant.and_then(|id| self.grants.get_mut(&id))?;
        grant.used = grant.used.saturating_add(1);
        let grant = grant.clone();
        let used = AuditEntry { ticket: Some(ticket), ..entry(EntryKind::GrantUsed, None, &grant, cx) };
        self.log(used, change);
        change.grants.push(grant.clone());
        if !grant.is_live(cx.now) {
            self.end_grant(&grant, EntryKind::GrantUsedUp, None, cx, change);
        }
        Some(LetIn { grant: grant.id, until: grant.until, made_by: grant.made_by })
    }

    pub(super) fn end_grant(
        &mut self,
        grant: &Grant,
        kind: EntryKind,
        by: Option<&UserName>,
        cx: Cx<'_>,
        change: &mut Change,
    ) {
        self.grants.remove(&grant.id);
        self.due.remove(&(grant.until, Due::Grant(grant.id)));
        change.grants.retain(|kept| kept.id != grant.id);
        change.ended_grants.push(grant.id);
        let is_taken_back = matches!(kind, EntryKind::GrantRevoked | EntryKind::GrantEnded);
        self.log(entry(kind, by, grant, cx), change);
        // A grant that ended with its last use or its time was leave all the same; one that was taken back is none.
        if is_taken_back {
            self.take_back(grant.id, cx, change);
        }
    }
}

/// A grant ends when one of its makers loses the right to approve for its user.
pub(super) fn makers_have_the_right(grant: &Grant, cx: Cx<'_>) -> bool {
    grant.made_by.iter().all(|maker| cx.law.users.may_approve(maker, &grant.user))
}

fn entry(kind: EntryKind, by: Option<&UserName>, grant: &Grant, cx: Cx<'_>) -> AuditEntry {
    let mut detail = Map::from_iter([("grant".to_owned(), Value::from(grant.id.to_string()))]);
    if let Some(left) = grant.uses_left() {
        detail.insert("uses_left".to_owned(), left.into());
    }
    AuditEntry {
        seq: 0,
        at: cx.now,
        kind,
        by: by.cloned(),
        about: Some(grant.user.clone()),
        ticket: None,
        action: Some(grant.action.clone()),
        status: None,
        detail,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
