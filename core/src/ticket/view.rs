//! A ticket as the wire shows it.

use ccc_protocol::bodies::{self, Status};

use super::Ticket;

impl Ticket {
    /// As callers and approvers see it. A released ticket that is looked at is no leave: that goes to the one request whose
    /// change released it.
    #[must_use]
    pub fn view(&self) -> bodies::Ticket {
        let (request, standing) = (&self.request, &self.standing);
        bodies::Ticket {
            id: request.id,
            seq: standing.seq,
            status: standing.status,
            action: request.action.clone(),
            params: request.params.clone(),
            submitted_by: request.submitted_by.clone(),
            created: request.created,
            expires: standing.deadline,
            plan: request.plan_digest,
            digest: request.digest,
            rule: request.rule.clone(),
            needed: self.needs().count,
            approvals: standing.approvals.clone(),
            decided_by: standing.decided_by.clone(),
            decided: standing.decided,
            reason: standing.reason.clone(),
            result: standing.result.clone(),
            risk: request.risk,
            irreversible: request.irreversible,
            needs_note: self.needs().justification,
            needs_roles: self.needs().roles.iter().cloned().collect(),
            grant_seconds_max: self.needs().grant_seconds_max,
            replaced_by: standing.replaced_by,
            replaces: request.replaces,
            call: request.call,
            replayed: standing.status == Status::Released,
            repeats: standing.repeats,
            // How long a denial answers is the law's affair, and a person may lift it.
            denied_until: None,
        }
    }
}
