//! What can happen to a ticket, and why it may not.

use ccc_protocol::{
    Digest, TicketId, UserName,
    bodies::{EntryKind, Status},
};
use serde_json::{Map, Value};

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person says yes to this digest.
    Approve {
        /// Who.
        by: UserName,
        /// What they were shown.
        digest: Digest,
        /// What they wrote.
        note: Option<String>,
        /// Earlier approvers who lost the right meanwhile: their yes no longer counts.
        lapsed: Vec<UserName>,
    },
    /// A person says no.
    Deny {
        /// Who.
        by: UserName,
        /// Why, for the agent.
        reason: Option<String>,
        /// What they were shown, where they want it checked.
        digest: Option<Digest>,
    },
    /// A person froze its user: denied, but not for what it asks, so that the same request may be asked again after the thaw.
    Freeze {
        /// Who.
        by: UserName,
    },
    /// A person changed the parameters: this ticket ends, another takes its place.
    Replace {
        /// Who.
        by: UserName,
        /// What they were shown.
        digest: Digest,
        /// The ticket that takes its place.
        with: TicketId,
    },
    /// The worker is about to start what it resolved anew.
    Begin {
        /// The digest of what would run now.
        plan: Digest,
    },
    /// An approved ticket cannot be started.
    Stop {
        /// Why, for the agent.
        reason: String,
    },
    /// It ran, and this was observed.
    Finish(Outcome),
    /// Its caller takes the judge-only action.
    Release,
    /// It is withdrawn.
    Withdraw(Withdrawal),
    /// Time has passed.
    Expire,
    /// The server stopped while it ran.
    Lose,
    /// The same call came again within the cool-down of its denial.
    Repeat,
}

/// What was observed of an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// True where what was observed says that it worked.
    pub succeeded: bool,
    /// Exit status, output, SMTP answer …
    pub result: Option<Value>,
    /// Why it failed, in a sentence for the agent.
    pub reason: Option<String>,
}

/// Who withdraws a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// Its submitter.
    BySubmitter,
    /// The server, because its user was removed or their secret changed.
    UserChanged,
}

/// Why a step is refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefusal {
    /// It no longer waits for this.
    #[error("the ticket is already {0}")]
    Already(Status),
    /// What was shown is not what would run.
    #[error("the digest is not that of this ticket: look at it again")]
    WrongDigest,
    /// One person, two votes.
    #[error("you have approved this ticket already; it needs another person")]
    SecondVote,
    /// A rule asks for a reason.
    #[error("this ticket needs a note that says why")]
    NoteMissing,
    /// Its time is over, though nobody has recorded it yet.
    #[error("the ticket has expired")]
    Late,
    /// The deadline has not come.
    #[error("the ticket's time is not over")]
    Early,
    /// Only judge-only tickets are released, and only others are started.
    #[error("this is not how such an action goes on")]
    WrongKind,
}

/// What the audit log will say of a step, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// What happened.
    pub kind: EntryKind,
    /// Who made it happen; none where the server did.
    pub by: Option<UserName>,
    /// The rest.
    pub detail: Map<String, Value>,
}

impl Note {
    pub(super) fn new(kind: EntryKind, by: Option<&UserName>) -> Self {
        Self { kind, by: by.cloned(), detail: Map::new() }
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}
