//! What a call comes to beside what came before it: its level with the reasons, and what was found in what a tool gave back.

use serde::{Deserialize, Serialize};

use super::Gravity;
use crate::{Digest, Timestamp, UserName};

/// How much risk a call carries. On every screen it stands for the same as the [`Gravity`] of its verdict: low is plain, medium
/// odd, high and critical grave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing out of the ordinary.
    #[default]
    Low,
    /// Worth a second look.
    Medium,
    /// Gives something away or cannot be taken back, or little of it does after what came before.
    High,
    /// The worst there is.
    Critical,
}

impl Level {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its word on the wire, in rules and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What a verdict of this level is shown as.
    #[must_use]
    pub fn gravity(self) -> Gravity {
        match self {
            Self::Low => Gravity::Plain,
            Self::Medium => Gravity::Odd,
            Self::High | Self::Critical => Gravity::Grave,
        }
    }

    /// The least level that a verdict of this gravity may stand beside.
    #[must_use]
    pub fn least_of(gravity: Gravity) -> Self {
        match gravity {
            Gravity::Plain => Self::Low,
            Gravity::Odd => Self::Medium,
            Gravity::Grave => Self::High,
        }
    }
}

/// The risk of a call, as tickets, lists and the log tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessed {
    /// How much.
    pub level: Level,
    /// The number behind it, in thousandths; short circuits and the verdict's gravity may put the level above it.
    pub score_millis: u32,
    /// Why, in words, the gravest first: at most [`Assessed::REASONS_MAX`]. They may name what an agent chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Assessed {
    /// The most reasons.
    pub const REASONS_MAX: usize = 6;
}

/// Something that was found in what a tool gave back. Nothing of the text itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How sure and how bad.
    pub severity: Level,
    /// Where it was found: a path, a host, a tool; at most [`Finding::PLACE_CHARS_MAX`] characters.
    pub place: String,
    /// The keyed digest of what was found, so that the same thing is known again.
    pub digest: Digest,
}

impl Finding {
    /// The most characters of a place.
    pub const PLACE_CHARS_MAX: usize = 160;
    /// The most findings of one output.
    pub const AT_ONCE_MAX: usize = 16;
}

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Text that tells the agent what to do: hidden, in comments, in forged roles.
    Injection,
    /// Data on its way out.
    Exfiltration,
    /// A secret is shown.
    Secret,
    /// Text that is made not to be read: encoded, split, invisible.
    Obfuscation,
    /// A marked value that nobody should have read.
    Canary,
}

impl FindingKind {
    /// Its word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Injection => "injection",
            Self::Exfiltration => "exfiltration",
            Self::Secret => "secret",
            Self::Obfuscation => "obfuscation",
            Self::Canary => "canary",
        }
    }

    /// In words, for reasons.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Injection => "instructions to the agent in what it read",
            Self::Exfiltration => "data on its way out",
            Self::Secret => "a secret in what a tool gave back",
            Self::Obfuscation => "text that is made not to be read",
            Self::Canary => "a marked value that nobody should have read",
        }
    }
}

/// What is done about findings, the gentlest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FenceAnswer {
    /// It is written down.
    Log,
    /// The session is marked for a while.
    Monitor,
    /// The session's next calls wait for a person for a while.
    Escalate,
    /// The session is frozen until a person lifts it.
    Emergency,
}

impl FenceAnswer {
    /// Its word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Monitor => "monitor",
            Self::Escalate => "escalate",
            Self::Emergency => "emergency",
        }
    }
}

/// What stands against a user's or a session's requests, in `GET /policies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whose requests.
    pub user: UserName,
    /// The session's short name; none where it is all of the user's that have no session of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What: `frozen`, `escalated`, `enforced`, `narrowed`.
    pub what: String,
    /// Until when; none where a person lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why, in words.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_screens_is_the_word_on_the_wire() {
        for level in Level::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
        for answer in [FenceAnswer::Log, FenceAnswer::Monitor, FenceAnswer::Escalate, FenceAnswer::Emergency] {
            assert_eq!(serde_json::to_value(answer).unwrap(), answer.as_str());
        }
        use FindingKind::{Canary, Exfiltration, Injection, Obfuscation, Secret};
        for kind in [Injection, Exfiltration, Secret, Obfuscation, Canary] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn level_and_gravity_are_one_table() {
        for level in Level::ALL {
            assert!(Level::least_of(level.gravity()) <= level);
        }
        for gravity in [Gravity::Plain, Gravity::Odd, Gravity::Grave] {
            assert_eq!(Level::least_of(gravity).gravity(), gravity);
        }
    }
}
