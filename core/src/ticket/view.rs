//! A ticket as the wire shows it.

use ccc_protocol::bodies::{self, abridge::Abridge};
use serde_json::Map;

use super::Ticket;

impl Ticket {
    /// As callers and approvers see it. A released or confined ticket that is looked at is no leave: that goes to the one request whose
    /// change released it.
    #[must_use]
    pub fn view(&self) -> bodies::Ticket {
        bodies::Ticket {
            params: self.request.params.clone(),
            approvals: self.standing.approvals.clone(),
            reason: self.standing.reason.clone(),
            result: self.standing.result.clone(),
            ..self.without_texts()
        }
    }

    /// The same for a list, in a few kB however large the request was: `params`, `result` and notes are cut.
    #[must_use]
    pub fn listed(&self) -> bodies::Ticket {
        let (request, standing) = (&self.request, &self.standing);
        let mut abridge = Abridge::default();
        // The words that somebody gave come before the agent's parameters, which may take all the room.
        let reason = standing.reason.as_ref().map(|reason| abridge.text(reason));
        let params = abridge.object(&request.params);
        let result = standing.result.as_ref().map(|result| abridge.value(result));
        let mut approvals = standing.approvals.clone();
        for approval in &mut approvals {
            approval.note = approval.note.as_ref().map(|note| abridge.text(note));
        }
        let abridged = abridge.has_cut() || request.left_out.is_some();
        bodies::Ticket { params, result, reason, approvals, abridged, ..self.without_texts() }
    }

    /// All but what may be long.
    fn without_texts(&self) -> bodies::Ticket {
        let (request, standing) = (&self.request, &self.standing);
        bodies::Ticket {
            id: request.id,
            seq: standing.seq,
            status: standing.status,
            action: request.action.clone(),
            params: Map::new(),
            submitted_by: request.submitted_by.clone(),
            created: request.created,
            expires: standing.deadline,
            plan: request.plan_digest,
            digest: request.digest,
            rule: request.rule.clone(),
            needed: self.needs().count,
            approvals: vec![],
            decided_by: standing.decided_by.clone(),
            decided: standing.decided,
            reason: None,
            result: None,
            risk: request.risk,
            irreversible: request.irreversible,
            needs_note: self.needs().justification,
            needs_roles: self.needs().roles.iter().cloned().collect(),
            grant_seconds_max: self.needs().grant_seconds_max,
            replaced_by: standing.replaced_by,
            replaces: request.replaces,
            call: request.call,
            replayed: standing.status.is_leave(),
            repeats: standing.repeats,
            // How long a denial answers is the law's affair, and a person may lift it.
            denied_until: None,
            // Reading a call takes time, and its submitter needs no verdict: whoever shows it to an approver fills it in.
            verdict: None,
            // Nor what it is reckoned by: whoever is judged would learn how to stay below.
            assessed: None,
            waiting: None,
            abridged: request.left_out.is_some(),
        }
    }
}
