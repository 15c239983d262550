//! A person's yes: counted, and where enough have said it, the ticket may go on.

use ccc_protocol::{
    Digest, Timestamp, UserName,
    bodies::{Approval, EntryKind, Status},
};

use super::{Note, Seen, Standing, Step, StepRefusal, Ticket};
use crate::policy::Needs;

/// One person's yes, and which earlier ones no longer count.
pub(super) struct Yes {
    pub(super) by: UserName,
    pub(super) digest: Digest,
    pub(super) note: Option<String>,
    pub(super) seen: Option<Seen>,
    pub(super) lapsed: Vec<UserName>,
    pub(super) needs: Needs,
}

pub(super) fn approve(ticket: &Ticket, yes: Yes, now: Timestamp) -> Result<Step, StepRefusal> {
    ticket.is_undecided(now)?;
    ticket.shows(yes.digest)?;
    let mut approvals = ticket.standing.approvals.clone();
    approvals.retain(|earlier| !yes.lapsed.contains(&earlier.by));
    if approvals.iter().any(|earlier| earlier.by == yes.by) {
        return Err(StepRefusal::SecondVote);
    }
    if yes.needs.justification && yes.note.as_deref().is_none_or(|note| note.trim().is_empty()) {
        return Err(StepRefusal::NoteMissing);
    }
    let careful = yes.seen.as_ref().is_some_and(|seen| seen.typed.is_some());
    if yes.needs.care && !careful {
        return Err(StepRefusal::CareMissing);
    }
    let log = Note::new(EntryKind::Approved, Some(&yes.by))
        .with("digest", yes.digest.to_string())
        .with_some("verdict", yes.seen.as_ref().map(Seen::told))
        .with_some("note", yes.note.clone());
    approvals.push(Approval { by: yes.by.clone(), at: now, note: yes.note, careful });
    Ok(ticket.moved(standing(ticket, approvals, yes.needs, yes.by, now), log))
}

fn standing(ticket: &Ticket, approvals: Vec<Approval>, needs: Needs, by: UserName, now: Timestamp) -> Standing {
    let enough = u32::try_from(approvals.len()).unwrap_or(u32::MAX) >= needs.count;
    let needs = ticket.changed(needs);
    if !enough {
        return Standing { approvals, needs, ..ticket.standing.clone() };
    }
    Standing {
        status: Status::Approved,
        approvals,
        needs,
        decided_by: Some(by),
        decided: Some(now),
        deadline: Some(now.plus_seconds(ticket.request.approved_seconds_max)),
        ..ticket.standing.clone()
    }
}
