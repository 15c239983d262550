//! What a call leaves behind for those that come after it. It stands in the audit log: a start rebuilds from there what a session did.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Effect, Key};

/// What one call says about its session from then on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// The session's short name; none where the request names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Key>,
    /// Its level was high or critical.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub high: bool,
    /// What it does that counts later, once it may be done.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub signs: BTreeSet<Sign>,
    /// The steps of sequences that it takes, once it may be done: the sequence's name, and which step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(String, u8)>,
    /// The first few paths that it writes, where a sequence follows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrote: Vec<String>,
    /// The first few paths that it touches, where a sequence counts them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<String>,
    /// What is held against the session from now on, whatever becomes of the call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Follow>,
    /// What it would do, for as long as a person may deny it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// Something that a call did, and that counts later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// It read or changed secrets.
    ReadSecret,
    /// It contacted another machine.
    Contacted,
    /// It sent data to another machine.
    Uploaded,
    /// It changed what will run later by itself.
    Persisted,
    /// The session says that it belongs to somebody else than whose key signs.
    OtherUser,
    /// A sequence or the fence marked the session.
    Marked,
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::ReadSecret, Self::Contacted, Self::Uploaded, Self::Persisted, Self::OtherUser, Self::Marked];

    /// Its word in rules and in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadSecret => "read-secret",
            Self::Contacted => "contacted",
            Self::Uploaded => "uploaded",
            Self::Persisted => "persisted",
            Self::OtherUser => "other-user",
            Self::Marked => "marked",
        }
    }
}

/// What is held against a session from a call on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "then")]
pub enum Follow {
    /// The session counts as marked for a while.
    Mark,
    /// Nothing of it passes until a person lifts it.
    Freeze {
        /// Why, in words.
        why: String,
    },
    /// For a while it has these classes and no others.
    Narrow {
        /// Why, in words.
        why: String,
        /// The classes it keeps.
        classes: Vec<ccc_protocol::bodies::Class>,
        /// For how long, in seconds.
        seconds: u64,
    },
}

impl Marks {
    /// As the log keeps them with an entry of a ticket's opening: what it would do is only kept where somebody denies it.
    #[must_use]
    pub fn without_effects(&self) -> Self {
        Self { effects: vec![], ..self.clone() }
    }

    /// True where there is nothing that a later start would have to know.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Self { session: None, ..self.clone() } == Self::default()
    }
}
