//! A request becomes a ticket: policy decides, the ticket opens as decided, all in one change.

use std::sync::Arc;

use ccc_protocol::{
    Digest, TicketId, UserName,
    actions::PIN_TOOL,
    approval,
    bodies::{Facts, Status},
};

use serde_json::Value;

use crate::{
    catalogue::{
        action::Action,
        effect::{Effect, Service},
    },
    limits::Limits,
    params::Args,
    planned::Planned,
    policy::{Decision, LocalTime, Question, Ruling, Standing},
    refusal::Refusal,
    risk::TextSigns,
    ticket::{self, Event, LetIn, Opening, Reading, Request, Ticket},
    written::written_bytes,
};

use super::{Change, Cx, Desk, Setting, books::Denial, services::result_of};

/// A checked request: signed, parsed, every parameter its own type, its plan resolved.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The name the ticket will have.
    pub id: TicketId,
    /// Who signed it; for an edited ticket still its submitter.
    pub caller: UserName,
    /// The declaration that it was checked against.
    pub action: Arc<Action>,
    /// Its parameters, checked, with paths as they resolved just now.
    pub args: Args,
    /// What was derived from a tool call's input.
    pub facts: Option<Facts>,
    /// What its text shows.
    pub signs: TextSigns,
    /// What would happen; the same must come out right before it does.
    pub plan: Planned,
}

/// A checked request on its way to the desk. What it is known by is digested when it is made: everybody waits for the desk.
#[derive(Debug, Clone)]
pub struct Submission {
    pub(super) asked: Asked,
    /// The time of day where the server stands.
    pub(super) local: LocalTime,
    /// True where a place to run in was taken for it: it may start in the very commit that opens it.
    may_start: bool,
    /// What a person approves: ticket, action, parameters, plan and submitter in one.
    digest: Digest,
    /// What a retry is known by, where the action is judge-only.
    call: Option<Digest>,
    /// How many bytes the parameters are as JSON.
    params_bytes: u64,
}

/// An earlier request of the same user under the same idempotency key.
#[derive(Debug, Clone)]
pub struct Prior {
    /// The ticket it was answered with, as it now stands.
    pub ticket: Arc<Ticket>,
    /// True where the bodies' bytes are equal.
    pub same_body: bool,
}

/// The ticket a request is answered with.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// A new ticket, or the earlier one that already answers this request.
    pub ticket: Arc<Ticket>,
    /// True where the ticket was released or confined to this very request, by its own change or by that of the yes it was held for: the
    /// one answer that is leave. However many ask with the same call, or find it released, one of them is given it.
    pub leave: bool,
}

/// Where a new ticket comes from.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// What a retry is known by, where the action is judge-only.
    pub(super) call: Option<Digest>,
    /// The ticket that an approver's edit replaces.
    pub(super) replaces: Option<TicketId>,
    /// The grant that let it in.
    pub(super) let_in: Option<LetIn>,
}

impl Submitted {
    /// A ticket as it stands: no leave, also where it is released or confined.
    #[must_use]
    pub fn found(ticket: Arc<Ticket>) -> Self {
        Self { ticket, leave: false }
    }

    /// A ticket as this change left it.
    fn changed(ticket: Arc<Ticket>) -> Self {
        Self { leave: ticket.status().is_leave(), ticket }
    }
}

impl Desk {
    /// Opens a ticket for a request, or finds the one it repeats.
    ///
    /// # Errors
    /// Where the request conflicts with an earlier one, is not allowed whatever policy says, or a limit is reached.
    pub fn open_or_find(
        &mut self,
        submission: Submission,
        prior: Option<Prior>,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Result<Submitted, Refusal> {
        if let Some(prior) = prior {
            return self.repeat_of(prior, cx, change);
        }
        self.check_service(&submission, cx)?;
        let call = submission.call;
        if let Some(open) = call.and_then(|call| self.calls.get(&call)).copied() {
            if let Some(ticket) = self.open.get(&open) {
                // The same call, and so the same facts: nobody waits for them to be read again.
                ticket.know(submission.asked.facts.as_ref(), &cx.law.knowledge());
            }
            return self.take(open, cx, change);
        }
        let denial = self.denial_of(&submission, call);
        let decision = self.decision(&submission, denial.as_ref(), cx);
        if let (Ruling::DeniedBefore { .. }, Some(denial)) = (&decision.ruling, denial) {
            return self.denied_again(&denial, cx, change);
        }
        self.has_room(&submission, &decision, cx)?;
        let decision = self.paired(&submission, decision, cx);
        let let_in = self.use_grant(&decision, submission.asked.id, cx, change);
        let origin = Origin { call, let_in, ..Origin::default() };
        Ok(Submitted::changed(self.open(submission, decision, origin, cx, change)))
    }

    /// An approved judge-only ticket is released to its submitter's request, once; any other open one is answered as it stands.
    ///
    /// # Errors
    /// Where the ticket is gone.
    pub fn take(&mut self, id: TicketId, cx: Cx<'_>, change: &mut Change) -> Result<Submitted, Refusal> {
        let ticket = self.open.get(&id).cloned().ok_or_else(|| Refusal::no_such("ticket", id))?;
        if ticket.status() != Status::Approved || !ticket.request().judge_only {
            return Ok(Submitted::found(ticket));
        }
        // A freeze or a group switched off since the approval stands above it.
        if self.is_barred(&ticket, cx) || self.is_held(id) || ticket.is_held() {
            return Ok(Submitted::found(ticket));
        }
        if let Some(instead) = self.held_back(&ticket, cx, change) {
            return Ok(Submitted::found(instead));
        }
        Ok(match ticket.step(Event::Release, cx.now) {
            Ok(step) => {
                let released = self.record(step.ticket, step.note, None, cx.now, cx.law, change);
                self.note_hosts(&released, cx, change);
                Submitted::changed(released)
            }
            Err(_) => Submitted::found(ticket),
        })
    }

    fn repeat_of(&mut self, prior: Prior, cx: Cx<'_>, change: &mut Change) -> Result<Submitted, Refusal> {
        if !prior.same_body {
            return Err(
                Refusal::conflict("this idempotency key was used with another body").with_ticket(prior.ticket.view())
            );
        }
        if prior.ticket.status().has_ended() {
            return Ok(Submitted::found(prior.ticket));
        }
        self.take(prior.ticket.id(), cx, change)
    }

    fn denial_of(&self, submission: &Submission, call: Option<Digest>) -> Option<Denial> {
        if self.denials.is_empty() {
            return None;
        }
        let Asked { caller, action, args, .. } = &submission.asked;
        let call = call.unwrap_or_else(|| approval::call_digest(&action.name, &args.json, caller));
        self.denials.get(&call).cloned()
    }

    pub(super) fn decision(&self, submission: &Submission, denial: Option<&Denial>, cx: Cx<'_>) -> Decision {
        let Asked { caller, action, args, facts, signs, .. } = &submission.asked;
        let question = Question {
            caller,
            action,
            args,
            facts: facts.as_ref(),
            risk: None,
            local: submission.local,
            now: cx.now,
            users: &cx.law.users,
            limits: &cx.law.limits,
        };
        let grants = self.grants_of(caller, &action.name, cx);
        let denial = denial.map(|denial| (denial.ticket.id(), denial.until));
        let standing = Standing { overrides: &self.overrides, denial, grants: &grants };
        let decision = self.weigh(&question, signs, &standing, cx);
        self.already_pinned(submission, decision)
    }

    /// A tool whose very form was approved before needs no second approval.
    fn already_pinned(&self, submission: &Submission, decision: Decision) -> Decision {
        let is_pin = matches!(submission.asked.action.effect, Effect::Bridge(Service::PinTool));
        if !is_pin || decision.ruling != Ruling::Queue {
            return decision;
        }
        match self.pins.approved_by(&submission.asked.caller, &submission.asked.args.json) {
            Some(ticket) => Decision {
                ruling: Ruling::Accept,
                rule: format!("{PIN_TOOL}: approved as it is by ticket {ticket}"),
                ..decision
            },
            None => decision,
        }
    }

    fn denied_again(&mut self, denial: &Denial, cx: Cx<'_>, change: &mut Change) -> Result<Submitted, Refusal> {
        let step =
            denial.ticket.step(Event::Repeat, cx.now).map_err(|refusal| Refusal::conflict(refusal.to_string()))?;
        // A denial answers for minutes, and each answer writes its row anew.
        let ticket = step.ticket.abridged(cx.law.limits.denied_bytes_max);
        let ticket = self.record(ticket, step.note, None, cx.now, cx.law, change);
        Ok(Submitted::found(ticket))
    }

    /// True where the request would be answered with an open ticket: nothing would be opened.
    #[must_use]
    pub fn has_open(&self, submission: &Submission) -> bool {
        submission.call.is_some_and(|call| self.calls.contains_key(&call))
    }

    fn has_room(&self, submission: &Submission, decision: &Decision, cx: Cx<'_>) -> Result<(), Refusal> {
        let limits = &cx.law.limits;
        if decision.ruling != Ruling::Queue {
            return Ok(());
        }
        let own = self.open_of(&submission.asked.caller);
        if own >= limits.queued_per_user_max {
            let detail = format!(
                "you have {own} open tickets, the most that may wait (`queued_per_user_max`): cancel some or wait"
            );
            return Err(Refusal::limit(detail));
        }
        let (held, more) = (self.open_bytes_of(&submission.asked.caller), submission.params_bytes);
        if own > 0 && held.saturating_add(more) > limits.queued_bytes_per_user_max {
            let detail = format!(
                "your {own} open tickets hold {held} bytes, and {more} more are over what may wait \
                 (`queued_bytes_per_user_max`): cancel some or wait"
            );
            return Err(Refusal::limit(detail));
        }
        self.has_room_for_a_pin(submission, limits)?;
        if u64::try_from(self.open.len()).unwrap_or(u64::MAX) >= limits.queued_max {
            return Err(Refusal::unavailable("the queue is full: try again later"));
        }
        Ok(())
    }

    /// A server that says of many tools, or of one again and again, what nobody has approved fills no queue.
    fn has_room_for_a_pin(&self, submission: &Submission, limits: &Limits) -> Result<(), Refusal> {
        let Asked { caller, action, args, .. } = &submission.asked;
        let server = args.json.get("server").and_then(Value::as_str);
        let Some(server) = server.filter(|_| action.name.as_str() == PIN_TOOL) else { return Ok(()) };
        let waiting = self.open_pins_of(caller, server);
        if waiting < limits.pins_queued_per_server_max {
            return Ok(());
        }
        Err(Refusal::limit(format!(
            "{waiting} tools of this MCP server wait for a person already, the most that may (`pins_queued_per_server_max`)"
        )))
    }

    /// Opens the ticket as policy decided.
    pub(super) fn open(
        &mut self,
        submission: Submission,
        decision: Decision,
        origin: Origin,
        cx: Cx<'_>,
        change: &mut Change,
    ) -> Arc<Ticket> {
        let opening = opening(&submission, &decision, cx);
        let after = submission.after_acceptance();
        let known_hosts = self.known_among(&submission);
        let request = Request { known_hosts, ..request(submission, decision, origin, cx) };
        let request = match opening {
            Opening::Deny { .. } => request.abridged(cx.law.limits.denied_bytes_max),
            _ => request,
        };
        let opened = ticket::open(request, opening);
        let ticket = self.record(opened.ticket, opened.note, opened.permit, cx.now, cx.law, change);
        match ticket.status() {
            Status::Approved => change.to_start.push(ticket.id()),
            Status::Released | Status::Confined => self.note_hosts(&ticket, cx, change),
            Status::Succeeded => self.keep_service(after, &ticket, cx, change),
            _ => {}
        }
        ticket
    }

    /// Those of the call's hosts that calls of its user were let contact before; none where it contacts no host.
    fn known_among(&self, submission: &Submission) -> Option<Vec<String>> {
        let Asked { caller, facts, .. } = &submission.asked;
        let hosts = facts.as_ref().map(|facts| facts.hosts.as_slice()).filter(|hosts| !hosts.is_empty())?;
        Some(self.known_hosts.among(caller, hosts))
    }

    /// A call was let go on: its hosts are seen from now on.
    fn note_hosts(&mut self, ticket: &Ticket, cx: Cx<'_>, change: &mut Change) {
        let Some(facts) = ticket.facts(&cx.law.knowledge()).filter(|facts| !facts.hosts.is_empty()) else { return };
        if self.known_hosts.note(ticket.submitted_by(), &facts.hosts, cx.law.limits.known_hosts_per_user_max) {
            change.settings.push(Setting::KnownHosts(self.known_hosts.clone()));
        }
    }
}

impl Submission {
    /// Of what is asked, at this time of day.
    #[must_use]
    pub fn new(asked: Asked, local: LocalTime, may_start: bool) -> Self {
        let Asked { id, caller, action, args, plan, .. } = &asked;
        let digest = approval::digest(*id, &action.name, &args.json, plan.digest(), caller);
        let call = action.is_judge_only().then(|| approval::call_digest(&action.name, &args.json, caller));
        let params_bytes = written_bytes(&args.json);
        Self { asked, local, may_start, digest, call, params_bytes }
    }

    /// What is asked; what was digested of it can no longer change.
    #[must_use]
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    fn after_acceptance(&self) -> Option<Service> {
        match self.asked.action.effect {
            Effect::Bridge(service) => Some(service),
            _ => None,
        }
    }
}

fn opening(submission: &Submission, decision: &Decision, cx: Cx<'_>) -> Opening {
    match &decision.ruling {
        Ruling::Deny { reason } => Opening::Deny { reason: reason.clone() },
        Ruling::DeniedBefore { ticket } => Opening::Deny { reason: format!("denied before, as ticket {ticket}") },
        Ruling::Queue => {
            let limit = cx.law.limits.queue_seconds_max;
            let seconds = decision.needs.expires_seconds.map_or(limit, |own| own.min(limit));
            Opening::Queue { until: cx.now.plus_seconds(seconds) }
        }
        Ruling::Confine => Opening::Confine,
        Ruling::Accept => match submission.asked.action.effect {
            Effect::Bridge(service) => Opening::Done { result: result_of(service, cx) },
            Effect::Release => Opening::Release,
            _ if submission.may_start => Opening::Start,
            _ => Opening::Await,
        },
    }
}

fn request(submission: Submission, decision: Decision, origin: Origin, cx: Cx<'_>) -> Request {
    let Submission { asked, digest, params_bytes, .. } = submission;
    let (plan, plan_digest) = asked.plan.into_parts();
    let (action, limits) = (asked.action, &cx.law.limits);
    let judge_only = action.is_judge_only();
    let start_seconds_max = action.start_seconds_max.unwrap_or(limits.start_seconds_max);
    Request {
        id: asked.id,
        action: action.name.clone(),
        risk: action.risk,
        irreversible: action.irreversible,
        params: asked.args.json,
        params_bytes,
        submitted_by: asked.caller,
        created: cx.now,
        plan,
        plan_digest,
        digest,
        rule: decision.rule,
        needs: decision.needs,
        judge_only,
        call: origin.call,
        replaces: origin.replaces,
        approved_seconds_max: if judge_only { limits.release_seconds_max } else { start_seconds_max },
        let_in: origin.let_in,
        known_hosts: None,
        left_out: None,
        assessed: decision.assessed,
        config: cx.law.config.map(config_note),
        reading: Reading::of(asked.facts, cx.law.knowledge()),
    }
}

/// Enough of the digest to tell one config from the next.
fn config_note(digest: Digest) -> String {
    let text = digest.text();
    text.split_once(':').map_or(text.as_str(), |(_, hex)| hex).chars().take(16).collect()
}
