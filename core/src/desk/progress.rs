//! How an approved ticket goes on: started with a permit, ended by what was observed.

use std::sync::Arc;

use ccc_protocol::{
    Digest, TicketId,
    bodies::{Plan, Status},
};

use crate::{
    catalogue::effect::Effect,
    refusal::Refusal,
    ticket::{Event, Outcome, Ticket},
};

use super::{About, Change, Cx, Desk, decisions::refused};

impl Desk {
    /// The worker is about to start an approved ticket with the plan it resolved anew. The permit is in the change, for
    /// after the commit; where the plan is another one than was approved, the ticket ends and there is none.
    ///
    /// # Errors
    /// Where the ticket is not approved any more.
    pub fn begin(
        &mut self,
        id: TicketId,
        plan: Digest,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.open.get(&id).cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
        self.is_let_go(id)?;
        if self.is_barred(&ticket, cx) {
            let reason = "its user or session was frozen, or its group switched off, before it was started".to_owned();
            return self.advance(&ticket, Event::Stop { reason }, cx, change);
        }
        if let Some(refusal) = self.mail_forbidden(&ticket, cx) {
            return self.advance(&ticket, Event::Stop { reason: refusal.detail }, cx, change);
        }
        let may_begin = ticket.status() == Status::Approved && !ticket.request().judge_only;
        if may_begin && let Some(instead) = self.held_back(&ticket, cx, change) {
            return Ok(instead);
        }
        self.advance(&ticket, Event::Begin { plan }, cx, change)
    }

    /// An approved ticket cannot be started: its parameters no longer resolve, its action is gone.
    ///
    /// # Errors
    /// Where the ticket is not approved any more.
    pub fn stop(
        &mut self,
        id: TicketId,
        reason: String,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.open.get(&id).cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
        self.advance(&ticket, Event::Stop { reason }, cx, change)
    }

    /// A person wants a run under way to be ended. The run's own end is what ends the ticket.
    ///
    /// # Errors
    /// Where the person may not approve it, it does not run, or what it started is not the bridge's to end.
    pub fn stop_run(&mut self, about: &About<'_>, cx: Cx<'_>, change: &mut Change) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.to_decide(about, cx)?;
        let not = |why: &str| Err(Refusal::conflict(why).with_ticket(ticket.view()));
        match (ticket.status(), &ticket.request().plan) {
            (Status::Queued | Status::Approved, _) => not("it has not started: deny it"),
            (Status::Running, Plan::Open { .. }) => not("what is open on the person's screen cannot be stopped here"),
            (Status::Running, Plan::Mail { .. }) => not("a mail that is under way cannot be stopped"),
            (Status::Released | Status::Confined, _) => {
                not("a released call is its caller's to do: it cannot be stopped")
            }
            _ => {
                let stopped = self.advance(&ticket, Event::AskStop { by: about.by.clone() }, cx, change)?;
                change.to_stop.push((about.id, about.by.clone()));
                Ok(stopped)
            }
        }
    }

    /// It ran, and this was observed.
    ///
    /// # Errors
    /// Where the ticket is not running.
    pub fn finish(
        &mut self,
        id: TicketId,
        outcome: Outcome,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Arc<Ticket>, Refusal> {
        let ticket = self.open.get(&id).cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
        let step = ticket.step(Event::Finish(outcome), cx.now).map_err(|refusal| refused(refusal, &ticket))?;
        Ok(self.record(step.ticket, step.note, None, cx.now, cx.law, change))
    }

    /// The permission to mail is asked again right before the effect.
    fn mail_forbidden(&self, ticket: &Ticket, cx: Cx<'_>) -> Option<Refusal> {
        let request = ticket.request();
        let action = cx.law.catalogue.named(request.action.as_str())?;
        match action.effect {
            Effect::Mail => self.may_mail(&request.submitted_by, &request.params).err(),
            _ => None,
        }
    }
}
