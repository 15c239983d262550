//! What a request came to when it was made.

use std::fmt;

use serde::Serialize;

/// What a request came to, from loose to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done, or released, without a question.
    Passed,
    /// Passed, to be done confined and in no other way.
    Confined,
    /// A person was asked.
    Asked,
    /// Denied by a rule.
    Denied,
    /// Not taken at all: there is no such action, or not with such parameters.
    Refused,
}

impl Outcome {
    /// From loose to strict.
    pub const ALL: [Self; 5] = [Self::Passed, Self::Confined, Self::Asked, Self::Denied, Self::Refused];

    /// Its word, in reports and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Confined => "confined",
            Self::Asked => "asked",
            Self::Denied => "denied",
            Self::Refused => "refused",
        }
    }

    /// What a ticket came to that stood so in the entry that opened it; `None` for a word that this version does not know.
    #[must_use]
    pub fn of_opening(status: &str) -> Option<Self> {
        match status {
            "queued" => Some(Self::Asked),
            "denied" => Some(Self::Denied),
            "confined" => Some(Self::Confined),
            "approved" | "running" | "succeeded" | "released" => Some(Self::Passed),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
