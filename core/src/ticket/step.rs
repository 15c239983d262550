//! The state machine: the same ticket, event and time always give the same step.

use ccc_protocol::{
    Timestamp, UserName,
    bodies::{EntryKind, Status},
};

use super::{
    Event, Note, Outcome, Permit, Seen, Standing, StepRefusal, Ticket, Withdrawal,
    approve::{Yes, approve},
};
use crate::policy::Needs;

/// A change: the ticket as it then stands, what the log will say, and the permit where it starts.
#[derive(Debug)]
pub struct Step {
    /// The ticket afterwards; the one that was stepped is as it was.
    pub ticket: Ticket,
    /// What the log will say.
    pub note: Note,
    /// Leave to run, made by `Begin` alone.
    pub permit: Option<Permit>,
}

impl Ticket {
    /// What happens to the ticket by this event at this time.
    ///
    /// # Errors
    /// A [`StepRefusal`] where the event does not fit; the ticket is as it was.
    pub fn step(&self, event: Event, now: Timestamp) -> Result<Step, StepRefusal> {
        match event {
            Event::Approve { by, digest, note, seen, lapsed, needs } => {
                approve(self, Yes { by, digest, note, seen, lapsed, needs }, now)
            }
            Event::Requeue { lapsed, needs, reason, until } => self.requeued(&lapsed, needs, &reason, until),
            Event::Forbid { reason } => {
                self.has_not_started()?;
                let mut step = self.ended(Status::Denied, None, Some(reason));
                step.ticket.standing.decided_by = None;
                step.ticket.standing.decided = Some(now);
                Ok(step)
            }
            Event::AskStop { by } => self.stop_asked(by),
            Event::Deny { by, reason, digest, seen } => {
                // Until it starts or is taken, a no comes in time.
                self.has_not_started()?;
                self.in_time(now)?;
                self.shows(digest.unwrap_or(self.request.digest))?;
                let mut step = self.denied(by, reason, now);
                step.note = step.note.with_some("verdict", seen.as_ref().map(Seen::told));
                Ok(step)
            }
            Event::Freeze { by } => {
                self.is_undecided(now)?;
                let mut step = self.denied(by, Some("frozen".to_owned()), now);
                step.ticket.standing.by_freeze = true;
                Ok(step)
            }
            Event::Replace { by, digest, with } => {
                self.is_undecided(now)?;
                self.shows(digest)?;
                let mut step = self.denied(by, Some("edited".to_owned()), now);
                step.ticket.standing.replaced_by = Some(with);
                step.note = step.note.with("replaced_by", with.to_string());
                Ok(step)
            }
            Event::Begin { plan } => self.begin(plan, now),
            Event::Stop { reason } => {
                self.is(Status::Approved)?;
                Ok(self.ended(Status::Failed, None, Some(reason)))
            }
            Event::Finish(outcome) => {
                self.is(Status::Running)?;
                Ok(self.finished(outcome))
            }
            Event::Release => self.release(now),
            Event::Withdraw(withdrawal) => self.withdraw(&withdrawal),
            Event::Expire => self.expire(now),
            Event::Lose => {
                self.is(Status::Running)?;
                Ok(self.ended(
                    Status::Lost,
                    None,
                    Some("the server stopped while it ran; its effect is unknown".to_owned()),
                ))
            }
            Event::Disown { reason } => {
                if self.standing.status.has_ended() {
                    return Err(StepRefusal::Already(self.standing.status));
                }
                Ok(self.ended(Status::Lost, None, Some(reason)))
            }
            Event::Repeat => self.repeated(),
        }
    }

    /// Waits for a person, and its time is not over.
    pub(super) fn is_undecided(&self, now: Timestamp) -> Result<(), StepRefusal> {
        self.is(Status::Queued)?;
        self.in_time(now)
    }

    fn has_not_started(&self) -> Result<(), StepRefusal> {
        match self.standing.status {
            Status::Queued | Status::Approved => Ok(()),
            other => Err(StepRefusal::Already(other)),
        }
    }

    /// These needs, where they are others than those of the ticket's opening.
    pub(super) fn changed(&self, needs: Needs) -> Option<Needs> {
        (needs != self.request.needs).then_some(needs)
    }

    fn is(&self, status: Status) -> Result<(), StepRefusal> {
        if self.standing.status == status { Ok(()) } else { Err(StepRefusal::Already(self.standing.status)) }
    }

    fn in_time(&self, now: Timestamp) -> Result<(), StepRefusal> {
        if self.is_due(now) { Err(StepRefusal::Late) } else { Ok(()) }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.standing.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// What the person was shown is what this ticket is.
    pub(super) fn shows(&self, digest: ccc_protocol::Digest) -> Result<(), StepRefusal> {
        if digest == self.request.digest { Ok(()) } else { Err(StepRefusal::WrongDigest) }
    }

    fn denied(&self, by: UserName, reason: Option<String>, now: Timestamp) -> Step {
        let mut step = self.ended(Status::Denied, Some(&by), reason);
        step.ticket.standing.decided_by = Some(by);
        step.ticket.standing.decided = Some(now);
        // From here on its cool-down is what is moved.
        step.ticket.standing.clock_moved_millis = 0;
        step
    }

    fn begin(&self, plan: ccc_protocol::Digest, now: Timestamp) -> Result<Step, StepRefusal> {
        self.is(Status::Approved)?;
        self.is_not_held()?;
        self.in_time(now)?;
        if self.request.judge_only {
            return Err(StepRefusal::WrongKind);
        }
        // INVARIANT: what runs is what was shown. Another plan ends the ticket; nothing runs.
        if plan != self.request.plan_digest {
            let reason = "what would run is no longer what was shown: ask again".to_owned();
            return Ok(self.ended(Status::Failed, None, Some(reason)));
        }
        let note = Note::new(EntryKind::Started, None).with("digest", self.request.digest.to_string());
        let permit = Some(Permit::new(self.request.id, plan));
        Ok(Step {
            permit,
            ..self.moved(Standing { status: Status::Running, deadline: None, ..self.standing.clone() }, note)
        })
    }

    fn release(&self, now: Timestamp) -> Result<Step, StepRefusal> {
        if !self.request.judge_only {
            return Err(StepRefusal::WrongKind);
        }
        self.is(Status::Approved)?;
        self.is_not_held()?;
        self.in_time(now)?;
        Ok(self.ended(Status::Released, Some(&self.request.submitted_by), None))
    }

    fn requeued(&self, lapsed: &[UserName], needs: Needs, reason: &str, until: Timestamp) -> Result<Step, StepRefusal> {
        self.has_not_started()?;
        let waited = self.standing.status == Status::Queued;
        let mut approvals = self.standing.approvals.clone();
        approvals.retain(|earlier| !lapsed.contains(&earlier.by));
        let all_count = approvals.len() == self.standing.approvals.len();
        if waited && all_count && needs == *self.needs() {
            return Err(StepRefusal::Unchanged);
        }
        let kind = if waited && all_count { EntryKind::Tightened } else { EntryKind::Requeued };
        let note = Note::new(kind, None)
            .with("reason", reason)
            .with("needed", needs.count)
            .with("lapsed", lapsed.iter().map(UserName::as_str).collect::<Vec<_>>());
        let standing = Standing {
            status: Status::Queued,
            approvals,
            needs: self.changed(needs),
            decided_by: None,
            decided: None,
            deadline: if waited { self.standing.deadline } else { Some(until) },
            held: None,
            ..self.standing.clone()
        };
        Ok(self.moved(standing, note))
    }

    fn stop_asked(&self, by: UserName) -> Result<Step, StepRefusal> {
        self.is(Status::Running)?;
        if self.standing.stopped_by.is_some() {
            return Err(StepRefusal::Stopping);
        }
        let note = Note::new(EntryKind::StopAsked, Some(&by));
        Ok(self.moved(Standing { stopped_by: Some(by), ..self.standing.clone() }, note))
    }

    fn finished(&self, outcome: Outcome) -> Step {
        let status = match outcome {
            Outcome { is_unknown: true, .. } => Status::Lost,
            Outcome { succeeded: true, .. } => Status::Succeeded,
            Outcome { succeeded: false, .. } => Status::Failed,
        };
        let mut step = self.ended(status, None, outcome.reason);
        step.note = step.note.with_some("result", outcome.result.clone());
        step.ticket.standing.result = outcome.result;
        step
    }

    fn withdraw(&self, withdrawal: &Withdrawal) -> Result<Step, StepRefusal> {
        match self.standing.status {
            Status::Queued | Status::Approved => {}
            // A removed user's running effect cannot be taken back either: it ends as it ends.
            other => return Err(StepRefusal::Already(other)),
        }
        let (by, reason) = match withdrawal {
            Withdrawal::BySubmitter => (Some(&self.request.submitted_by), "withdrawn by its submitter"),
            Withdrawal::UserChanged => (None, "its user was removed or their secret changed"),
        };
        Ok(self.ended(Status::Cancelled, by, Some(reason.to_owned())))
    }

    fn expire(&self, now: Timestamp) -> Result<Step, StepRefusal> {
        if self.standing.status.has_ended() {
            return Err(StepRefusal::Already(self.standing.status));
        }
        if !self.is_due(now) {
            return Err(StepRefusal::Early);
        }
        Ok(match self.standing.status {
            Status::Approved if !self.request.judge_only => {
                self.ended(Status::Failed, None, Some("it was approved but could not be started in time".to_owned()))
            }
            Status::Approved => {
                self.ended(Status::Expired, None, Some("its caller did not take it in time".to_owned()))
            }
            _ => self.ended(Status::Expired, None, Some("nobody decided in time".to_owned())),
        })
    }

    fn repeated(&self) -> Result<Step, StepRefusal> {
        if !self.was_denied_by_a_person() {
            return Err(StepRefusal::Already(self.standing.status));
        }
        let repeats = self.standing.repeats.saturating_add(1);
        let note = Note::new(EntryKind::Repeated, Some(&self.request.submitted_by)).with("repeats", repeats);
        Ok(self.moved(Standing { repeats, ..self.standing.clone() }, note))
    }

    fn ended(&self, status: Status, by: Option<&UserName>, reason: Option<String>) -> Step {
        let note = Note::new(status.into(), by).with_some("reason", reason.clone());
        self.moved(Standing { status, reason, deadline: None, held: None, ..self.standing.clone() }, note)
    }

    pub(super) fn moved(&self, standing: Standing, note: Note) -> Step {
        Step { ticket: Self { request: self.request.clone(), standing }, note, permit: None }
    }
}
