//! What can happen to a ticket, and why it may not.

use ccc_protocol::{
    Digest, TicketId, Timestamp, UserName,
    bodies::{EntryKind, Status, Verdict, Word},
};
use serde_json::{Map, Value, json};

use super::Ticket;
use crate::policy::Needs;

/// What happens. Whether a person may make it happen is the desk's to check, before: here stands what the ticket
/// allows.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person says yes to this digest.
    Approve {
        /// The person. A second yes of theirs is refused.
        by: UserName,
        /// What they were shown: only a yes to this very ticket and plan counts.
        digest: Digest,
        /// Kept with the approval and in the log; some rules ask for one.
        note: Option<String>,
        /// Which verdict they were shown, where they said so.
        seen: Option<Seen>,
        /// Earlier approvers who lost the right meanwhile: their yes no longer counts.
        lapsed: Vec<UserName>,
        /// What the rules of now need, never less than what the ticket needed before.
        needs: Needs,
    },
    /// What let it go on counts no longer, or the rules ask more: it waits for people again, or goes on waiting.
    Requeue {
        /// Approvers whose yes no longer counts.
        lapsed: Vec<UserName>,
        /// What the rules of now need.
        needs: Needs,
        /// Why, for whoever looks.
        reason: String,
        /// Until when it waits, where it did not wait before.
        until: Timestamp,
    },
    /// The rules of now refuse it.
    Forbid {
        /// Why, for the agent.
        reason: String,
    },
    /// A person wants its run to be ended.
    AskStop {
        /// The person.
        by: UserName,
    },
    /// A person says no.
    Deny {
        /// The person; the agent is told who it was.
        by: UserName,
        /// Why, for the agent.
        reason: Option<String>,
        /// What they were shown, where they want it checked.
        digest: Option<Digest>,
        /// Which verdict they were shown, where they said so.
        seen: Option<Seen>,
    },
    /// A person froze its user: denied, but not for what it asks, so that the same request may be asked again after the thaw.
    Freeze {
        /// The person who froze the user.
        by: UserName,
    },
    /// A person changed the parameters: this ticket ends, another takes its place.
    Replace {
        /// The person; the new ticket stays its submitter's.
        by: UserName,
        /// What they changed: of another ticket or plan nothing is replaced.
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
    /// Its deadline has come: a queued ticket expires, an approved one that was not started fails.
    Expire,
    /// The server stopped while it ran.
    Lose,
    /// Its row in the database is not what the log says of it.
    Disown {
        /// How, for whoever looks.
        reason: String,
    },
    /// The same call came again within the cool-down of its denial.
    Repeat,
}

/// The verdict as a person was shown it. That it is the ticket's own is the desk's to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// In words.
    pub verdict: Verdict,
    /// Its word, where they typed it.
    pub typed: Option<Word>,
}

impl Seen {
    /// As the audit log keeps it.
    pub(super) fn told(&self) -> Value {
        let Verdict { gravity, headline, objects, .. } = &self.verdict;
        let mut told = json!({ "gravity": gravity.as_str(), "headline": headline, "objects": objects });
        if let (Some(word), Some(told)) = (&self.typed, told.as_object_mut()) {
            told.insert("typed".to_owned(), word.as_str().into());
        }
        told
    }
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
    /// True where nothing was observed that says whether it worked: it may have.
    pub is_unknown: bool,
}

impl Outcome {
    /// What was observed says that it worked.
    #[must_use]
    pub fn success(result: Value) -> Self {
        Self { succeeded: true, result: Some(result), reason: None, is_unknown: false }
    }

    /// It failed, or was not done, for this reason: a sentence for the agent.
    #[must_use]
    pub fn failure(reason: impl Into<String>) -> Self {
        Self { succeeded: false, result: None, reason: Some(reason.into()), is_unknown: false }
    }

    /// It was begun, and what came of it was not observed, for this reason: a sentence for the agent.
    #[must_use]
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self { is_unknown: true, ..Self::failure(reason) }
    }
}

/// On whose account a ticket is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// Its submitter asked for it.
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
    /// Care is needed, and nobody says that the whole was shown and the word typed.
    #[error(
        "this ticket needs care: it is approved where its verdict and its end were on screen and the verdict's word was typed; \
         a client that sends no `shown` is too old for it"
    )]
    CareMissing,
    /// Its time is over, though nobody has recorded it yet.
    #[error("the ticket has expired")]
    Late,
    /// The deadline has not come.
    #[error("the ticket's time is not over")]
    Early,
    /// Somebody asked for it before.
    #[error("its run is being ended already")]
    Stopping,
    /// Nothing about it is other than before.
    #[error("nothing has changed")]
    Unchanged,
    /// The clock lies behind the log, and nobody has accepted it.
    #[error("its approval is held until the owner accepts the clock: `ccc-server clock accept`")]
    Held,
    /// Only judge-only tickets are released, and only others are started.
    #[error("this is not how such an action goes on")]
    WrongKind,
}

/// What the audit log will say of a step, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The entry's kind; the rest of the entry is the ticket's own.
    pub kind: EntryKind,
    /// Who made it happen; none where the server did.
    pub by: Option<UserName>,
    /// What this kind of step has to tell: digest, note, reason, result.
    pub detail: Map<String, Value>,
}

impl Note {
    pub(super) fn new(kind: EntryKind, by: Option<&UserName>) -> Self {
        Self { kind, by: by.cloned(), detail: Map::new() }
    }

    /// With what the ticket's call leaves behind for those after it: with its leave what it does, with a person's word what it would do.
    pub(crate) fn with_marks(self, ticket: &Ticket) -> Self {
        let Some(assessed) = &ticket.request().assessed else { return self };
        let marks = match self.kind {
            EntryKind::Released => assessed.marks.without_effects(),
            EntryKind::Approved if ticket.status() == Status::Approved => assessed.marks.clone(),
            EntryKind::Denied if ticket.was_denied_by_a_person() => assessed.marks.clone(),
            _ => return self,
        };
        self.with_some("marks", serde_json::to_value(marks).ok())
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
