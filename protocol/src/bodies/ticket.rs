//! A ticket as callers and approvers see it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Assessed, Verdict};
use crate::{ActionName, Digest, TicketId, Timestamp, UserName};

/// One submitted action and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// What was observed, once it ended. First, so that a server may digest once what it answers to many.
    pub result: Option<Value>,
    /// Its name, in the order of submission.
    pub id: TicketId,
    /// The audit sequence of its last change.
    pub seq: u64,
    /// Where it stands.
    pub status: Status,
    /// What was asked for.
    pub action: ActionName,
    /// Its parameters, defaults filled in, paths in canonical container form.
    pub params: Map<String, Value>,
    /// Who signed the request.
    pub submitted_by: UserName,
    /// When it was opened.
    pub created: Timestamp,
    /// When it expires if nobody decides; none once it has ended.
    pub expires: Option<Timestamp>,
    /// The digest of the plan: the resolved effect.
    pub plan: Digest,
    /// What a person approves: see `crate::approval::digest`.
    pub digest: Digest,
    /// The rule that decided, in words.
    pub rule: String,
    /// How many different people must approve.
    pub needed: u32,
    /// Who has approved so far.
    pub approvals: Vec<Approval>,
    /// The person who decided; none where a rule did.
    pub decided_by: Option<UserName>,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// Why it was denied, failed or withdrawn.
    pub reason: Option<String>,
    /// How much care it deserves.
    #[serde(default)]
    pub risk: Risk,
    /// True where the declaration says that the effect cannot be taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irreversible: bool,
    /// True where an approval must carry a note.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_note: bool,
    /// The roles that an approver needs, all of them, beside `canApprove`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs_roles: Vec<String>,
    /// The longest grant an approval may carry, in seconds; 0 where grants are forbidden.
    #[serde(default)]
    pub grant_seconds_max: u64,
    /// The ticket that an edit made of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<TicketId>,
    /// The ticket that this one was edited from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<TicketId>,
    /// For a judge-only action, what a retry is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Digest>,
    /// The ticket was released or confined, and to another request than the one this answers: no leave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// How often the same request came again and was answered with this ticket.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeats: u32,
    /// Until when this denial by a person answers the same request, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_until: Option<Timestamp>,
    /// What the bridge read from it, in words; in lists and previews, for who may approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Of a tool call, its risk beside what came before it, when it was asked for; for who may approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed: Option<Assessed>,
    /// Of a waiting judge-only action: whether its caller waits for the answer; for who may approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// In a list: `params`, `result` or an approval's note are cut ([`abridge`](super::abridge)), and the whole is at `GET /queue/{id}`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub abridged: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Whether the caller of a ticket waits for its answer. One who does not finds it when they ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// True where a request is held open for it, or was a moment ago.
    pub here: bool,
    /// Until when, where the caller said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for a person.
    Queued,
    /// May run or be released once; not started.
    Approved,
    /// Started; recorded before anything ran.
    Running,
    /// Ran, and what was observed says that it worked.
    Succeeded,
    /// Ran or should have, and did not work.
    Failed,
    /// A judge-only action was passed to its caller, once.
    Released,
    /// A judge-only action was passed to its caller, once, to be done confined and in no other way. A status of its own: whoever
    /// does not know it takes it for no leave.
    Confined,
    /// Refused by a rule or a person.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// Withdrawn by its submitter, or its user was removed.
    Cancelled,
    /// The server stopped while it ran; its effect is unknown.
    Lost,
}

impl Status {
    /// All of them, in the order of a ticket's life.
    pub const ALL: [Self; 11] = [
        Self::Queued,
        Self::Approved,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Released,
        Self::Confined,
        Self::Denied,
        Self::Expired,
        Self::Cancelled,
        Self::Lost,
    ];

    /// True where its caller was given leave, once: as asked, or confined.
    #[must_use]
    pub fn is_leave(self) -> bool {
        matches!(self, Self::Released | Self::Confined)
    }

    /// True where nothing more will happen to the ticket.
    #[must_use]
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Approved | Self::Running)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Approved => "approved",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Released => "released",
            Self::Confined => "confined",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// What they wrote beside it.
    pub note: Option<String>,
    /// True where the verdict's word was typed for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub careful: bool,
}

/// What happens to an action; ordered from loose to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Done at once.
    AutoAccept,
    /// For a tool call that runs code: released at once to be run confined, where its caller can; else held for a person.
    Confine,
    /// Held for a person.
    Queue,
    /// Refused at once.
    AutoDeny,
}

impl Policy {
    /// The word on the wire and in config.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AutoAccept => "auto-accept",
            Self::Confine => "confine",
            Self::Queue => "queue",
            Self::AutoDeny => "auto-deny",
        }
    }
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much care a ticket deserves, by its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nothing special.
    #[default]
    Normal,
    /// A typed word is asked for before it is approved.
    High,
}
