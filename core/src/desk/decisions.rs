//! What people decide: approve, deny, edit, lift a denial; and what a submitter may do about their own ticket: withdraw it.

use std::sync::Arc;

use ccc_protocol::{
    GrantId, TicketId, UserName,
    bodies::{Approval, Approve, AuditEntry, Beside, Care, Deny, EntryKind, ProblemType, Shown, Status},
};
use serde_json::Map;

use crate::{
    catalogue::effect::{Effect, Service},
    grant::{Approved, Grant},
    policy::{Decision, Needs, Ruling},
    refusal::Refusal,
    ticket::{Event, Outcome, Seen, Step, StepRefusal, Ticket, Withdrawal},
};

use super::{Change, Cx, Desk, Submission, again::Today, books::call_of, services::result_of, submit::Origin};

/// Who decides about which ticket, and how that ticket is stored if it has ended.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// Who signed the decision; whether they may make it is checked by each use case.
    pub by: &'a UserName,
    /// The ticket it names, open or not.
    pub id: TicketId,
    /// The stored ticket, where it is no longer open.
    pub ended: Option<Arc<Ticket>>,
}

impl Desk {
    /// A person's yes, with leave for more of the same where they ask for it. The last yes that is needed lets the
    /// ticket go on: the bridge's own services within this commit, programs by the worker, judge-only actions by their caller.
    ///
    /// # Errors
    /// Where the person may not decide this, shows another digest, comes too late, or asks for a grant that is not allowed.
    pub fn approve(
        &mut self,
        about: &About<'_>,
        body: Approve,
        grant_id: GrantId,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.to_decide(about, cx)?;
        self.is_let_go(about.id)?;
        let needs = self.needs_of_now(&ticket, cx)?;
        has_roles(about.by, &needs, cx).map_err(|refusal| since(refusal, &ticket, &needs))?;
        fits(body.note.as_deref(), "note", cx)?;
        if body.grant.is_some() && needs.count > 1 {
            // A grant is signed with an approval: nobody else's yes may be counted for it.
            return Err(Refusal::invalid(
                "grant",
                "a ticket that needs several people carries no grant: each time is decided anew",
            ));
        }
        let lapsed = lapsed(&ticket, &needs, cx);
        let seen =
            match body.shown.filter(|_| ticket.status() == Status::Queued && body.digest == ticket.request().digest) {
                Some(shown) => Some(seen(&shown, &ticket, &needs, cx)?),
                None => None,
            };
        let event = Event::Approve {
            by: about.by.clone(),
            digest: body.digest,
            note: body.note,
            seen,
            lapsed,
            needs: needs.clone(),
        };
        let step = ticket.step(event, cx.now);
        let step = step.map_err(|refusal| since(refused(refusal, &ticket), &ticket, &needs))?;
        let beside = body.grant.as_ref().map(|asked| asked.beside.clone()).unwrap_or_default();
        let grant = body.grant.map(|asked| self.new_grant(&asked, &step.ticket, grant_id, cx)).transpose()?;
        let approved = step.ticket.status() == Status::Approved;
        let ticket = self.record(step.ticket, step.note, None, cx.now, cx.law, change);
        if let Some(grant) = grant.filter(|_| approved) {
            self.keep_grant(grant.clone(), about.by, cx, change);
            for shown in &beside {
                self.approve_beside(&grant, shown, about.by, cx, change);
            }
        }
        if approved { Ok(self.go_on(ticket, cx, change)) } else { Ok(ticket) }
    }

    /// A yes to a waiting ticket that the person was shown beside the one that the grant was made of. It is theirs as any yes, and
    /// counts as no use. What the grant does not fit, and what takes more than one plain yes, waits on.
    fn approve_beside(&mut self, grant: &Grant, shown: &Beside, by: &UserName, cx: Cx<'_>, change: &mut Change) {
        let Some(ticket) = self.open.get(&shown.id).cloned() else { return };
        let about = About { by, id: shown.id, ended: None };
        if self.to_decide(&about, cx).is_err() || self.is_let_go(shown.id).is_err() || !fits_grant(grant, &ticket, cx) {
            return;
        }
        let Ok(needs) = self.needs_of_now(&ticket, cx) else { return };
        let floor = cx.law.catalogue.named(ticket.request().action.as_str()).and_then(|action| action.floor);
        let takes_more = needs.count > 1 || needs.justification || needs.care;
        let forbids_grants = needs.clone().under_floor(floor).grant_seconds_max == 0;
        let knowledge = cx.law.knowledge();
        if takes_more
            || forbids_grants
            || ticket.verdict(&needs, &knowledge).care != Care::No
            || has_roles(by, &needs, cx).is_err()
        {
            return;
        }
        let lapsed = lapsed(&ticket, &needs, cx);
        let event = Event::Approve { by: by.clone(), digest: shown.digest, note: None, seen: None, lapsed, needs };
        if let Ok(ticket) = self.advance(&ticket, event, cx, change)
            && ticket.status() == Status::Approved
        {
            self.go_on(ticket, cx, change);
        }
    }

    /// A person's no.
    ///
    /// # Errors
    /// As for [`Desk::approve`].
    pub fn deny(
        &mut self,
        about: &About<'_>,
        body: Deny,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.to_decide(about, cx)?;
        fits(body.reason.as_deref(), "reason", cx)?;
        // A no is never kept back by what it was read from: where that has changed, it is not recorded as seen.
        let seen = body.shown.and_then(|shown| seen(&shown, &ticket, ticket.needs(), cx).ok());
        let event = Event::Deny { by: about.by.clone(), reason: body.reason, digest: body.digest, seen };
        self.advance(&ticket, event, cx, change)
    }

    /// A person's other version of the parameters: the ticket ends as edited, a new one for the same submitter takes its
    /// place. Policy judges it as if it had been asked so, but it always waits for a person unless policy denies it.
    ///
    /// # Errors
    /// As for [`Desk::approve`], and for judge-only actions, whose host could not be told.
    pub fn edit(
        &mut self,
        about: &About<'_>,
        digest: ccc_protocol::Digest,
        edited: Submission,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.to_decide(about, cx)?;
        if ticket.request().judge_only {
            return Err(Refusal::conflict(
                "this host cannot rewrite a call: deny it with a reason that says what to do instead",
            ));
        }
        self.check_service(&edited, cx)?;
        let event = Event::Replace { by: about.by.clone(), digest, with: edited.asked.id };
        self.advance(&ticket, event, cx, change)?;
        let decision = still_asked(self.decision(&edited, None, cx));
        let origin = Origin { replaces: Some(about.id), ..Origin::default() };
        Ok(self.open(edited, decision, origin, cx, change))
    }

    /// Ends the cool-down of a person's denial: the same request again is asked again.
    ///
    /// # Errors
    /// Where the ticket's denial answers nothing any more, or the caller may not approve it.
    pub fn lift(&mut self, about: &About<'_>, cx: Cx<'_>, change: &mut Change) -> Result<Arc<Ticket>, Refusal> {
        let call = |ticket: &Arc<Ticket>| call_of(ticket);
        let Some(ticket) = about.ended.clone() else { return Err(self.open_or_unknown(about, cx)) };
        may_decide(about.by, ticket.submitted_by(), about.id, cx)?;
        let standing = self.denials.get(&call(&ticket)).is_some_and(|denial| denial.ticket.id() == ticket.id());
        if !standing {
            return Err(Refusal::conflict("this ticket's denial answers nothing any more").with_ticket(ticket.view()));
        }
        self.denials.remove(&call(&ticket));
        change.lifted.push(ticket.id());
        self.log_heard(lifted(about.by, &ticket, cx), cx.law, change);
        Ok(ticket)
    }

    /// A submitter withdraws their own ticket.
    ///
    /// # Errors
    /// Where it is another's, or no longer waits.
    pub fn cancel(&mut self, about: &About<'_>, cx: Cx<'_>, change: &mut Change) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.find(about)?;
        if ticket.submitted_by() != about.by {
            return Err(match cx.law.users.may_see(about.by, ticket.submitted_by()) {
                true => Refusal::not_allowed("only its submitter withdraws a ticket: deny it instead"),
                false => Refusal::no_such("ticket", about.id),
            });
        }
        self.advance(&ticket, Event::Withdraw(Withdrawal::BySubmitter), cx, change)
    }

    fn find(&self, about: &About<'_>) -> Result<Arc<Ticket>, Refusal> {
        let found = self.open.get(&about.id).cloned().or_else(|| about.ended.clone());
        found.ok_or_else(|| Refusal::no_such("ticket", about.id))
    }

    /// The ticket, where this person may decide it.
    pub(super) fn to_decide(&self, about: &About<'_>, cx: Cx<'_>) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.find(about)?;
        may_decide(about.by, ticket.submitted_by(), about.id, cx)?;
        Ok(ticket)
    }

    /// What a yes to this ticket needs by the rules of now. One that is decided already is not asked about again.
    fn needs_of_now(&self, ticket: &Ticket, cx: Cx<'_>) -> Result<Needs, Refusal> {
        if ticket.status() != Status::Queued {
            return Ok(ticket.needs().clone());
        }
        match self.today(ticket, cx) {
            Today::Asks { needs, .. } => Ok(needs),
            Today::Refuses { reason } => {
                let detail = format!("the rules have changed since it was asked, and refuse it now: {reason}");
                Err(Refusal::conflict(detail).with_ticket(ticket.view()))
            }
        }
    }

    fn open_or_unknown(&self, about: &About<'_>, cx: Cx<'_>) -> Refusal {
        match self.to_decide(about, cx) {
            Ok(ticket) => Refusal::conflict("this ticket has not been denied").with_ticket(ticket.view()),
            Err(refusal) => refusal,
        }
    }

    /// One event on one ticket, recorded.
    pub(super) fn advance(
        &mut self,
        ticket: &Arc<Ticket>,
        event: Event,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let step = ticket.step(event, cx.now).map_err(|refusal| refused(refusal, ticket))?;
        Ok(self.record(step.ticket, step.note, step.permit, cx.now, cx.law, change))
    }

    /// What follows the last approval.
    fn go_on(&mut self, ticket: Arc<Ticket>, cx: Cx<'_>, change: &mut Change) -> Arc<Ticket> {
        if ticket.request().judge_only {
            return ticket;
        }
        let effect = cx.law.catalogue.named(ticket.request().action.as_str()).map(|action| action.effect.clone());
        let Some(Effect::Bridge(service)) = effect else {
            change.to_start.push(ticket.id());
            return ticket;
        };
        match self.serve(&ticket, service, cx) {
            Ok(Step { ticket: done, note, .. }) => {
                let done = self.record(done, note, None, cx.now, cx.law, change);
                self.keep_service(Some(service), &done, cx, change);
                done
            }
            Err(_) => ticket,
        }
    }

    /// A queued service of the bridge's own: started and ended within the commit of its approval.
    fn serve(&self, ticket: &Ticket, service: Service, cx: Cx<'_>) -> Result<Step, StepRefusal> {
        // The permit of a service is used up here: its effect is the commit itself.
        let Step { ticket: begun, .. } = ticket.step(Event::Begin { plan: ticket.request().plan_digest }, cx.now)?;
        begun.step(
            Event::Finish(Outcome { succeeded: true, result: result_of(service, cx), reason: None, is_unknown: false }),
            cx.now,
        )
    }
}

/// 404 for whom the ticket is none of their business, 403 for whom it is.
fn may_decide(by: &UserName, submitter: &UserName, id: TicketId, cx: Cx<'_>) -> Result<(), Refusal> {
    if cx.law.users.may_approve(by, submitter) {
        return Ok(());
    }
    if by == submitter {
        return Err(Refusal::not_allowed("nobody decides their own ticket"));
    }
    Err(Refusal::no_such("ticket", id))
}

/// The verdict as this person was shown it, where it is the one that holds now.
fn seen(shown: &Shown, ticket: &Ticket, needs: &Needs, cx: Cx<'_>) -> Result<Seen, Refusal> {
    let verdict = ticket.verdict(needs, &cx.law.knowledge());
    if shown.verdict != verdict.digest() {
        let detail = "what is read from this request has changed since it was shown: look at it again";
        return Err(Refusal::conflict(detail));
    }
    if shown.word.as_ref().is_some_and(|typed| *typed != verdict.word) {
        return Err(Refusal::invalid("shown", format!("the word to type for this ticket is `{}`", verdict.word)));
    }
    Ok(Seen { verdict, typed: shown.word.clone() })
}

/// Held against the grant as a new request would be.
fn fits_grant(grant: &Grant, ticket: &Ticket, cx: Cx<'_>) -> bool {
    let Some(action) = cx.law.catalogue.named(ticket.request().action.as_str()) else { return false };
    let asked = Approved::new(ticket, action, &cx.law.knowledge());
    grant.fits(ticket.submitted_by(), action, &asked.args, asked.facts.as_deref(), cx.now)
}

fn has_roles(by: &UserName, needs: &Needs, cx: Cx<'_>) -> Result<(), Refusal> {
    let missing = needs.roles.iter().find(|role| !cx.law.users.has_role(by, role));
    match missing {
        Some(role) => Err(Refusal::not_allowed(format!("this ticket needs an approver with the role `{role}`"))),
        None => Ok(()),
    }
}

/// Earlier approvers whose yes would not be enough by these needs: they have lost the right or the role since, gave no reason,
/// or took no care.
pub(super) fn lapsed(ticket: &Ticket, needs: &Needs, cx: Cx<'_>) -> Vec<UserName> {
    let entitled =
        |by: &UserName| cx.law.users.may_approve(by, ticket.submitted_by()) && has_roles(by, needs, cx).is_ok();
    let says_why = |note: Option<&str>| !needs.justification || note.is_some_and(|note| !note.trim().is_empty());
    let took_care = |approval: &Approval| !needs.care || approval.careful;
    let counts =
        |approval: &&Approval| entitled(&approval.by) && says_why(approval.note.as_deref()) && took_care(approval);
    ticket.approvals().iter().filter(|approval| !counts(approval)).map(|approval| approval.by.clone()).collect()
}

/// The refusal, with a word about what has changed since the ticket was asked.
fn since(refusal: Refusal, ticket: &Ticket, needs: &Needs) -> Refusal {
    if *needs == ticket.request().needs {
        return refusal;
    }
    let detail = format!("{}; the rules have changed since it was asked, and ask for more now", refusal.detail);
    Refusal { detail, ..refusal }
}

fn fits(text: Option<&str>, param: &str, cx: Cx<'_>) -> Result<(), Refusal> {
    let most = cx.law.limits.note_bytes_max;
    let given = text.map_or(0, |text| u64::try_from(text.len()).unwrap_or(u64::MAX));
    if given <= most {
        return Ok(());
    }
    Err(Refusal::invalid(param, format!("`{param}` has {given} bytes; at most {most} are taken")))
}

/// An edit is a person's wish, not yet their approval: what policy would have accepted at once waits for their yes.
fn still_asked(decision: Decision) -> Decision {
    match decision.ruling {
        Ruling::Deny { .. } => decision,
        _ => Decision {
            ruling: Ruling::Queue,
            rule: format!("edited; {}", decision.rule),
            grant: None,
            assessed: decision.assessed,
            held: decision.held,
            needs: Needs { count: decision.needs.count.max(1), ..decision.needs },
        },
    }
}

/// A refused step as the approver reads it: what it is about, and who was faster.
pub(super) fn refused(refusal: StepRefusal, ticket: &Ticket) -> Refusal {
    if refusal == StepRefusal::NoteMissing {
        return Refusal::invalid("note", refusal.to_string());
    }
    if refusal == StepRefusal::CareMissing {
        return Refusal::invalid("shown", refusal.to_string());
    }
    let who = match (ticket.decided_by(), ticket.decided()) {
        (Some(by), Some(at)) => format!(", decided by `{by}` at {at}"),
        _ => String::new(),
    };
    let detail = match refusal {
        StepRefusal::Already(status) => format!("the ticket is already {status}{who}"),
        other => other.to_string(),
    };
    Refusal { kind: ProblemType::Conflict, ..Refusal::conflict(detail) }.with_ticket(ticket.view())
}

fn lifted(by: &UserName, ticket: &Ticket, cx: Cx<'_>) -> AuditEntry {
    AuditEntry {
        seq: 0,
        at: cx.now,
        kind: EntryKind::DenialLifted,
        by: Some(by.clone()),
        about: Some(ticket.submitted_by().clone()),
        ticket: Some(ticket.id()),
        action: Some(ticket.request().action.clone()),
        status: Some(ticket.status()),
        detail: Map::new(),
    }
}
