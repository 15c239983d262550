//! What can be asked of a bridge, one function an endpoint.

use std::time::{Duration, Instant};

use ccc_protocol::bodies::{
    ActionList, Approve, AuditList, Deny, Edit, Freeze, GrantList, Masks, PolicyList, Preview, QueueList, SetGroup,
    SetPolicy, Ticket, ToolOutput,
};
use ccc_protocol::{ActionName, GrantId, TicketId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::WAIT_SECONDS_MAX;
use crate::answer::Answer;
use crate::bridge::Bridge;
use crate::entropy;
use crate::error::CallError;
use crate::follow::{Manner, Until, follow, follow_ticket};
use crate::request::{Repeat, Request, deadline_after};

impl Bridge {
    /// Submits an action: `body` is the flat object with `action` and its
    /// parameters, as signed. The request carries a fresh idempotency key, so
    /// that however often it is sent it counts once.
    ///
    /// # Errors
    /// When no answer came that can be believed. A refusal that can is an answer.
    pub fn submit(&self, body: &[u8], wait_seconds: Option<u64>) -> Result<Answer, CallError> {
        self.submit_as(body, &entropy::idempotency_key()?, wait_seconds)
    }

    /// As [`Bridge::submit`], under a key that the caller keeps, so that a later
    /// try of the same request is known for the same: a UUID in quotes.
    ///
    /// # Errors
    /// As [`Bridge::submit`].
    pub fn submit_as(
        &self,
        body: &[u8],
        idempotency_key: &str,
        wait_seconds: Option<u64>,
    ) -> Result<Answer, CallError> {
        self.send_action(body, idempotency_key, wait_seconds, None)
    }

    pub(crate) fn send_action(
        &self,
        body: &[u8],
        idempotency_key: &str,
        wait_seconds: Option<u64>,
        patience_seconds: Option<u64>,
    ) -> Result<Answer, CallError> {
        let wait_seconds = wait_seconds.map(|seconds| seconds.min(WAIT_SECONDS_MAX));
        self.call(&Request {
            idempotency_key: Some(idempotency_key),
            wait_seconds,
            patience_seconds,
            repeat: Repeat::Safely,
            ..Request::post("/action", body, deadline_after(wait_seconds))
        })
    }

    /// Submits an action and waits until it has ended or `until` is past,
    /// following the ticket that an edit put in its place.
    ///
    /// A judge-only action is released to a `POST` alone, so its wait is the
    /// same request again, under the same key.
    ///
    /// # Errors
    /// As [`Bridge::submit`].
    pub fn submit_and_wait(&self, body: &[u8], until: Instant) -> Result<Answer, CallError> {
        Ok(follow(self, body, Manner::Held, &Until(until))?.answer)
    }

    /// The answer that is a ticket, after it ended or the wait is over.
    ///
    /// # Errors
    /// When no answer came that can be believed.
    pub fn look(&self, id: TicketId, wait_seconds: Option<u64>) -> Result<Answer, CallError> {
        self.read_ticket(id, wait_seconds, None)
    }

    pub(crate) fn read_ticket(
        &self,
        id: TicketId,
        wait_seconds: Option<u64>,
        patience_seconds: Option<u64>,
    ) -> Result<Answer, CallError> {
        let wait_seconds = wait_seconds.map(|seconds| seconds.min(WAIT_SECONDS_MAX));
        let target = format!("/queue/{id}");
        self.call(&Request { wait_seconds, patience_seconds, ..Request::get(&target, deadline_after(wait_seconds)) })
    }

    /// Waits until a ticket has ended or `until` is past, through lost
    /// connections, following the ticket that an edit put in its place.
    ///
    /// # Errors
    /// When no answer came that can be believed, or the ticket cannot be seen.
    pub fn wait_for(&self, id: TicketId, until: Instant) -> Result<Answer, CallError> {
        let followed = follow_ticket(self, id, &Until(until))?;
        followed.ticket.map(|_| followed.answer)
    }

    /// One ticket, in any state.
    ///
    /// # Errors
    /// As every reading call: no believable answer, or a refusal.
    pub fn ticket(&self, id: TicketId) -> Result<Ticket, CallError> {
        self.look(id, None)?.read()
    }

    /// The actions that this user may ask for.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn actions(&self) -> Result<ActionList, CallError> {
        self.read("/actions")
    }

    /// The open tickets; with `after` what changed since that sequence.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn queue(&self, after: Option<u64>) -> Result<QueueList, CallError> {
        match after {
            Some(seq) => self.read(&format!("/queue?after={seq}")),
            None => self.read("/queue"),
        }
    }

    /// What a ticket would do, as an approver is shown it.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn preview(&self, id: TicketId) -> Result<Preview, CallError> {
        self.read(&format!("/queue/{id}/preview"))
    }

    /// Approves the ticket whose digest was shown.
    ///
    /// # Errors
    /// No believable answer, or a refusal: already decided, another digest.
    pub fn approve(&self, id: TicketId, approval: &Approve) -> Result<Ticket, CallError> {
        self.decide(&format!("/queue/{id}/approve"), approval)
    }

    /// Denies a ticket.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn deny(&self, id: TicketId, denial: &Deny) -> Result<Ticket, CallError> {
        self.decide(&format!("/queue/{id}/deny"), denial)
    }

    /// Ends the cool-down of a denial, so that the same may be asked again.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn lift(&self, id: TicketId) -> Result<(), CallError> {
        accepted(&self.post(&format!("/queue/{id}/lift"), &Nothing {})?)
    }

    /// Ends a run under way. Gives the ticket as it stands then, or a few seconds later.
    ///
    /// # Errors
    /// No believable answer, or a refusal: it does not run, or cannot be stopped.
    pub fn stop(&self, id: TicketId) -> Result<Ticket, CallError> {
        self.decide(&format!("/queue/{id}/stop"), &Nothing {})
    }

    /// Puts a ticket with other parameters in the place of this one.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn edit(&self, id: TicketId, edit: &Edit) -> Result<Ticket, CallError> {
        self.decide(&format!("/queue/{id}/edit"), edit)
    }

    /// Withdraws a ticket of this user's own.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn cancel(&self, id: TicketId) -> Result<Answer, CallError> {
        self.post(&format!("/queue/{id}/cancel"), &Nothing {})
    }

    /// The same for a caller who has no more time than this.
    ///
    /// # Errors
    /// As [`Bridge::cancel`], or when no answer came in time.
    pub fn cancel_within(&self, id: TicketId, time: Duration) -> Result<Answer, CallError> {
        let (target, body) = (format!("/queue/{id}/cancel"), b"{}");
        self.call(&Request::post(&target, body, Instant::now() + time))
    }

    /// The grants in force for the users this one may approve for, all pages of them.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn grants(&self) -> Result<GrantList, CallError> {
        let mut list: GrantList = self.read("/grants")?;
        while let Some(next) = list.next {
            let more: GrantList = self.read(&format!("/grants?after={next}"))?;
            list.grants.extend(more.grants);
            // A server that does not come on is not followed for ever.
            list.next = more.next.filter(|further| *further > next);
        }
        Ok(list)
    }

    /// Ends a grant.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn revoke(&self, id: GrantId) -> Result<(), CallError> {
        accepted(&self.post(&format!("/grants/{id}/revoke"), &Nothing {})?)
    }

    /// The policies in force for the users this one may approve for.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn policies(&self) -> Result<PolicyList, CallError> {
        self.read("/policies")
    }

    /// Switches a group of actions on or off.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn set_group(&self, group: &str, change: &SetGroup) -> Result<(), CallError> {
        accepted(&self.post(&format!("/policies/group/{group}"), change)?)
    }

    /// Sets or takes away the override of an action's policy.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn set_policy(&self, action: &ActionName, change: &SetPolicy) -> Result<(), CallError> {
        accepted(&self.post(&format!("/policies/action/{action}"), change)?)
    }

    /// Refuses, or takes again, all requests of some users.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn freeze(&self, change: &Freeze) -> Result<(), CallError> {
        accepted(&self.post("/freeze", change)?)
    }

    /// Hands over what a tool gave back, to be looked at; the answer says what of it is to be masked, where that is wanted.
    ///
    /// # Errors
    /// No believable answer before the deadline, or a refusal.
    pub fn hand_over(&self, output: &ToolOutput, deadline: Instant) -> Result<Masks, CallError> {
        let body = serde_json::to_vec(output).map_err(|error| CallError::malformed(error.to_string()))?;
        self.call(&Request::post("/outputs", &body, deadline))?.read()
    }

    /// The audit log about the users this one may approve for.
    ///
    /// # Errors
    /// No believable answer, or a refusal.
    pub fn audit(&self, after: Option<u64>) -> Result<AuditList, CallError> {
        match after {
            Some(seq) => self.read(&format!("/audit?after={seq}")),
            None => self.read("/audit"),
        }
    }

    fn read<T: DeserializeOwned>(&self, target: &str) -> Result<T, CallError> {
        self.call(&Request::get(target, deadline_after(None)))?.read()
    }

    fn decide(&self, target: &str, decision: &impl Serialize) -> Result<Ticket, CallError> {
        self.post(target, decision)?.read()
    }

    fn post(&self, target: &str, body: &impl Serialize) -> Result<Answer, CallError> {
        let body = serde_json::to_vec(body).map_err(|error| CallError::malformed(error.to_string()))?;
        self.call(&Request::post(target, &body, deadline_after(None)))
    }
}

/// The body of a request that says all in its path.
#[derive(Serialize)]
struct Nothing {}

fn accepted(answer: &Answer) -> Result<(), CallError> {
    answer.read::<serde_json::Value>().map(|_| ())
}
