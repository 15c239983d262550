//! One submitted action and where it stands: a pure state machine. [`open`] begins a ticket, [`Ticket::step`] is the only
//! way on; both give the audit entries that belong to the change.

mod abridged;
mod approve;
mod event;
mod held;
mod open;
mod permit;
mod reading;
mod step;
mod verdict;
mod view;

use std::sync::Arc;

use ccc_protocol::{
    ActionName, Digest, GrantId, TicketId, Timestamp, UserName,
    bodies::{Approval, Plan, Risk, Status},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{policy::Needs, risk::Assessment};

pub use abridged::{LeftOut, params_digest};
pub use event::{Event, Note, Outcome, Seen, StepRefusal, Withdrawal};
pub use held::Held;
pub use open::{Opened, Opening, open};
pub use permit::Permit;
pub use reading::Reading;
pub use step::Step;

/// What was asked for: fixed from the first moment to the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// A version 7 UUID: tickets sort by the time they were opened.
    pub id: TicketId,
    /// By name: the declaration it was checked against is in the plan by its digest.
    pub action: ActionName,
    /// Canonical: defaults filled in, paths in container form after links.
    pub params: Map<String, Value>,
    /// How many bytes the parameters are as JSON; 0 in tickets of versions before this was counted.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub params_bytes: u64,
    /// Who signed it, or the submitter of the ticket it was edited from.
    pub submitted_by: UserName,
    /// When it was opened, by the server's clock.
    pub created: Timestamp,
    /// The resolved effect, as an approver is shown it.
    pub plan: Plan,
    /// The digest of that plan.
    pub plan_digest: Digest,
    /// What a person approves: see [`ccc_protocol::approval::digest`].
    pub digest: Digest,
    /// The rule that decided at submission, in words.
    pub rule: String,
    /// What an approval needed at submission: the strictest of every rule that queued it.
    pub needs: Needs,
    /// True where the effect is the caller's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judge_only: bool,
    /// How much care it deserves.
    #[serde(default, skip_serializing_if = "is_normal")]
    pub risk: Risk,
    /// True where the effect cannot be taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irreversible: bool,
    /// What a retry is known by; kept for judge-only actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Digest>,
    /// The ticket that this one was edited from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<TicketId>,
    /// How long it may stay approved, in seconds: until its start, or until its caller takes it.
    pub approved_seconds_max: u64,
    /// The grant that let it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_in: Option<LetIn>,
    /// Of a tool call: those of its hosts that calls of its user were let contact before it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<Vec<String>>,
    /// Set where `params` and `plan` are only the beginning of what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Of a tool call, its risk beside what came before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed: Option<Assessment>,
    /// The first digits of the digest of the config that it was decided under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// What its tool call touches, read once.
    #[serde(skip)]
    pub reading: Reading,
}

/// The grant that let a ticket in, as it counts when policy is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetIn {
    /// Its name.
    pub grant: GrantId,
    /// Leave ends here, also for what it let in and nobody started.
    pub until: Timestamp,
    /// Whose leave it was.
    pub made_by: Vec<UserName>,
}

/// A ticket. Its standing changes by [`Ticket::step`] alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    request: Arc<Request>,
    standing: Standing,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Standing {
    status: Status,
    /// The audit sequence of the last change.
    seq: u64,
    /// That of its opening; 0 in tickets of versions before this was kept.
    #[serde(default, skip_serializing_if = "is_nothing")]
    opened: u64,
    /// When an open ticket expires, or an approved one fails for not having been started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<Approval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided_by: Option<UserName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_by: Option<TicketId>,
    #[serde(default, skip_serializing_if = "is_zero")]
    repeats: u32,
    /// A freeze denied it and not a person's judgement of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_freeze: bool,
    /// What an approval needs, where the rules have come to ask more since it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    needs: Option<Needs>,
    /// Who asked for its run to be ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped_by: Option<UserName>,
    /// Its approval's time is not counted; it has no deadline meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    /// How far the clock's steps have moved its times: since it was opened, or since a person denied it.
    #[serde(default, skip_serializing_if = "is_unmoved")]
    clock_moved_millis: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_unmoved(millis: &i64) -> bool {
    *millis == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_nothing(bytes: &u64) -> bool {
    *bytes == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_normal(risk: &Risk) -> bool {
    *risk == Risk::Normal
}

impl Ticket {
    /// What never changes about it, shared by all its standings.
    #[must_use]
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// The name that its submitter was answered with.
    #[must_use]
    pub fn id(&self) -> TicketId {
        self.request.id
    }

    /// Whose request it is: they see it and may withdraw it, and never decide it.
    #[must_use]
    pub fn submitted_by(&self) -> &UserName {
        &self.request.submitted_by
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.standing.status
    }

    /// The audit sequence of its last change.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.standing.seq
    }

    /// The audit sequence of its opening, where that is known.
    #[must_use]
    pub fn opened(&self) -> Option<u64> {
        (self.standing.opened > 0).then_some(self.standing.opened)
    }

    /// When time ends it: an undecided or untaken ticket expires, an approved one that was not started fails.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.standing.deadline
    }

    /// The person who decided; none where a rule did.
    #[must_use]
    pub fn decided_by(&self) -> Option<&UserName> {
        self.standing.decided_by.as_ref()
    }

    /// When a rule, a grant or the last person that was needed decided; none where nobody has.
    #[must_use]
    pub fn decided(&self) -> Option<Timestamp> {
        self.standing.decided
    }

    /// What an approval needs: what was asked for at its opening, or more, where rules have been tightened since.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        self.standing.needs.as_ref().unwrap_or(&self.request.needs)
    }

    /// Who asked for its run to be ended.
    #[must_use]
    pub fn stopped_by(&self) -> Option<&UserName> {
        self.standing.stopped_by.as_ref()
    }

    /// True where no person has said yes: a rule or a grant let it go on.
    #[must_use]
    pub fn was_let_in(&self) -> bool {
        self.standing.approvals.is_empty() && self.standing.decided_by.is_none() && self.standing.decided.is_some()
    }

    /// True for an approved one that the worker may look at: it is not its caller's to do, and it is not held.
    #[must_use]
    pub(crate) fn may_start(&self) -> bool {
        self.status() == Status::Approved && !self.request.judge_only && !self.is_held()
    }

    /// Who has approved so far.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.standing.approvals
    }

    /// True where a person, not a rule, denied it, neither by a freeze nor by an edit: such a denial answers the same call for a
    /// while.
    #[must_use]
    pub fn was_denied_by_a_person(&self) -> bool {
        let Standing { decided_by, replaced_by, by_freeze, .. } = &self.standing;
        self.status() == Status::Denied && decided_by.is_some() && replaced_by.is_none() && !by_freeze
    }

    /// The same ticket as last changed by this audit entry.
    #[must_use]
    pub(crate) fn sealed_at(mut self, seq: u64) -> Self {
        if self.standing.seq == 0 {
            self.standing.opened = seq;
        }
        self.standing.seq = seq;
        self
    }
}
