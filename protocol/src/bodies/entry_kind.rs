//! What an audit entry says happened.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Status;

macro_rules! entry_kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// What an audit entry says happened. On the wire and in the log it is a word; a word that this version does not know
        /// is kept as it came, so that a newer server's log can still be read, shown and verified.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum EntryKind {
            $($(#[$doc])* $kind,)*
            /// A word of another version.
            Unknown(UnknownKind),
        }

        impl EntryKind {
            /// Those that this version knows.
            pub const KNOWN: &[Self] = &[$(Self::$kind,)*];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$kind => $word,)*
                    Self::Unknown(UnknownKind(word)) => word,
                }
            }
        }

        impl From<&str> for EntryKind {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$kind,)*
                    _ => Self::Unknown(UnknownKind(word.into())),
                }
            }
        }
    };
}

/// The text of a kind that this version does not know. Only reading makes one, so that it is never the word of a known kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownKind(Box<str>);

entry_kinds! {
    /// A request became a ticket, whatever policy then said.
    Submitted = "submitted",
    /// A person said yes; more may be needed.
    Approved = "approved",
    /// What let it go on counts no longer: it waits for a person again, or for more of them. `detail.lapsed` names whose yes is
    /// not counted any more.
    Requeued = "requeued",
    /// The rules ask more of it now than when it was asked; it goes on waiting.
    Tightened = "tightened",
    /// A person asked for its run to be ended; how it ended follows.
    StopAsked = "stop-asked",
    /// A rule's yes or the last needed one was taken up, and the effect begins.
    Started = "started",
    /// It ran, and what was observed says that it worked.
    Succeeded = "succeeded",
    /// It ran or should have, and did not work.
    Failed = "failed",
    /// A judge-only action was passed to its caller.
    Released = "released",
    /// A judge-only action was passed to its caller, to be run confined.
    Confined = "confined",
    /// A person said no, or it was edited or frozen.
    Denied = "denied",
    /// Nobody decided in time, or nobody took what was approved.
    Expired = "expired",
    /// Withdrawn by its submitter, or its user was removed.
    Cancelled = "cancelled",
    /// Its effect is unknown: the server stopped while it ran, or its row was not what the log says of it.
    Lost = "lost",
    /// The same request came again while a person's denial still answers it.
    Repeated = "repeated",
    /// A person took back what their denial still answered. The ticket stays as it ended.
    DenialLifted = "denial-lifted",
    /// An approval gave leave for more of the same.
    GrantMade = "grant-made",
    /// A grant made policy accept a ticket.
    GrantUsed = "grant-used",
    /// A grant ended with its last use.
    GrantUsedUp = "grant-used-up",
    /// A person ended a grant.
    GrantRevoked = "grant-revoked",
    /// A grant's time was over.
    GrantExpired = "grant-expired",
    /// A grant ended because its user or one of its makers changed.
    GrantEnded = "grant-ended",
    /// An approver switched a group of actions on or off.
    GroupSet = "group-set",
    /// An approver set or took away the override of an action.
    PolicySet = "policy-set",
    /// An approver froze or thawed users.
    FreezeSet = "freeze-set",
    /// Something was found in what a tool gave back; `detail.findings` says what, and `detail.answer` what is done about it.
    OutputFound = "output-found",
    /// A person lifted what earlier calls held against a user's sessions.
    RiskLifted = "risk-lifted",
    /// The secrets file named other users or secrets than before.
    UsersRead = "users-read",
    /// The owner's mail permission file said something else than what was kept.
    MailPermissionsRead = "mail-permissions-read",
    /// The server began.
    ServerStarted = "server-started",
    /// The server ended cleanly; a checkpoint follows at once.
    ServerStopped = "server-stopped",
    /// The server took up a changed config.
    Reloaded = "reloaded",
    /// A changed config, or a file beside it, was not taken: `detail.reason` says why. What was read before holds on.
    ReloadRefused = "reload-refused",
    /// A start's look at the whole database ended: what was held since goes on, or, with `detail.broken_at`, waits for people.
    StoreChecked = "store-checked",
    /// The data directory's disk is full: requests are refused, decisions are still taken.
    DiskFull = "disk-full",
    /// There is room again, and requests are taken.
    DiskRoom = "disk-room",
    /// The system's clock was set: forward, and the server's time went with it and took the deadlines along; or back, and the
    /// server's time goes on as it went. `detail.ahead_millis` says how far it is ahead of the clock since.
    ClockStepped = "clock-stepped",
    /// A server found the clock behind the last entry after the machine was started again. What was granted or approved before is
    /// neither used nor released until the owner accepts the clock, or the clock has come to be right.
    ClockHeld = "clock-held",
    /// The owner accepted the clock as it stands. The one entry that may be earlier than the one before it.
    ClockAccepted = "clock-accepted",
    /// Entries before this one are missing, from `detail.from` to `detail.to`.
    GapDeclared = "gap-declared",
}

impl EntryKind {
    /// True where it is a grant that it is about, rather than the ticket it also names.
    #[must_use]
    pub fn is_about_a_grant(&self) -> bool {
        matches!(self, Self::GrantMade | Self::GrantUsed) || self.ends_a_grant()
    }

    /// True where a grant no longer stands afterwards.
    #[must_use]
    pub fn ends_a_grant(&self) -> bool {
        matches!(self, Self::GrantUsedUp | Self::GrantRevoked | Self::GrantExpired | Self::GrantEnded)
    }

    /// True where it is about the server's time: deadlines may be others afterwards.
    #[must_use]
    pub fn is_about_the_clock(&self) -> bool {
        matches!(self, Self::ClockStepped | Self::ClockHeld | Self::ClockAccepted)
    }

    /// True where what approvers have set may be different afterwards. An unknown kind may have set something: whoever
    /// shows policies reads them again.
    #[must_use]
    pub fn may_change_policies(&self) -> bool {
        matches!(
            self,
            Self::GroupSet
                | Self::PolicySet
                | Self::FreezeSet
                | Self::OutputFound
                | Self::RiskLifted
                | Self::Unknown(_)
        )
    }
}

/// The kind of the entry by which a ticket comes to stand so.
impl From<Status> for EntryKind {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Submitted,
            Status::Approved => Self::Approved,
            Status::Running => Self::Started,
            Status::Succeeded => Self::Succeeded,
            Status::Failed => Self::Failed,
            Status::Released => Self::Released,
            Status::Confined => Self::Confined,
            Status::Denied => Self::Denied,
            Status::Expired => Self::Expired,
            Status::Cancelled => Self::Cancelled,
            Status::Lost => Self::Lost,
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EntryKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EntryKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|word| Self::from(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words stand in logs that were written, in exports and in scripts: none changes.
    #[test]
    fn the_words_are_those_of_logs_that_stand() {
        let words: Vec<&str> = EntryKind::KNOWN.iter().map(EntryKind::as_str).collect();
        assert_eq!(
            words,
            [
                "submitted", "approved", "requeued", "tightened", "stop-asked", "started", "succeeded", "failed",
                "released", "confined", "denied", "expired", "cancelled", "lost", "repeated", "denial-lifted",
                "grant-made", "grant-used", "grant-used-up", "grant-revoked", "grant-expired", "grant-ended",
                "group-set", "policy-set", "freeze-set", "output-found", "risk-lifted", "users-read",
                "mail-permissions-read", "server-started", "server-stopped", "reloaded", "reload-refused",
                "store-checked", "disk-full", "disk-room", "clock-stepped", "clock-held", "clock-accepted",
                "gap-declared",
            ]
        );
    }

    #[test]
    fn a_kind_is_its_word_in_json() {
        for kind in EntryKind::KNOWN {
            let json = format!("\"{kind}\"");
            assert_eq!(serde_json::to_string(kind).unwrap(), json);
            assert_eq!(serde_json::from_str::<EntryKind>(&json).unwrap(), *kind);
        }
    }

    #[test]
    fn an_unknown_kind_keeps_its_text() {
        for json in [r#""quorum-set""#, r#""""#, r#""Submitted""#, r#""a\u001bb""#] {
            let kind: EntryKind = serde_json::from_str(json).unwrap();
            assert!(matches!(kind, EntryKind::Unknown(_)), "{json}");
            assert_eq!(serde_json::to_string(&kind).unwrap(), json);
        }
        assert!(serde_json::from_str::<EntryKind>(r#"{"submitted":null}"#).is_err());
        assert!(serde_json::from_str::<EntryKind>("null").is_err());
    }

    #[test]
    fn each_end_of_a_ticket_is_told_in_its_own_word() {
        for status in Status::ALL.into_iter().filter(|status| status.has_ended()) {
            assert_eq!(EntryKind::from(status).as_str(), status.as_str());
        }
    }

    #[test]
    fn the_kinds_about_grants_and_policies_are_those_whose_words_say_so() {
        for kind in EntryKind::KNOWN {
            assert_eq!(kind.is_about_a_grant(), kind.as_str().starts_with("grant-"), "{kind}");
            let holds_sessions = matches!(kind, EntryKind::OutputFound | EntryKind::RiskLifted);
            assert_eq!(kind.may_change_policies(), kind.as_str().ends_with("-set") || holds_sessions, "{kind}");
        }
        for kind in EntryKind::KNOWN {
            assert_eq!(kind.is_about_the_clock(), kind.as_str().starts_with("clock-"), "{kind}");
        }
        assert!(EntryKind::from("quorum-set").may_change_policies());
        assert!(!EntryKind::from("grant-lent").is_about_a_grant());
    }
}
