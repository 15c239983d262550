//! Why no rule is made.

use thiserror::Error;

use crate::config::ConfigError;

/// Why no lasting rule is made of what a person chose. It may hold what an agent wrote: show it through `visible`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoRule {
    /// Nothing was chosen.
    #[error("nothing is chosen that a rule could be made of")]
    Nothing,
    /// The config takes no such request.
    #[error("the config takes no such request: {0}")]
    NotTaken(String),
    /// It is a person's to answer each time.
    #[error("this is a person's to answer each time: no rule can hold it to what it was")]
    EachTime,
    /// What it does is not known from its text.
    #[error("it cannot be read whole: {0}")]
    Unread(String),
    /// They are of too many kinds.
    #[error("they are of {kinds} kinds, which would take as many rules; at most {most} are made at once")]
    Unlike {
        /// How many.
        kinds: usize,
        /// How many may be.
        most: usize,
    },
    /// No condition names it so that a person sees what it is.
    #[error(
        "no condition is narrow enough: there are too many different values, or a name with characters that nobody sees"
    )]
    NotHeld,
    /// Something like it was denied.
    #[error("it would let pass what a person denied")]
    Denied,
    /// Another rule is stricter.
    #[error("another rule or a floor of the config would still ask, and the stricter one holds")]
    StillAsked,
    /// It would let a grave example pass.
    #[error("it would let pass what no rule of this kind may: {0}")]
    GraveExample(String),
    /// The config with it would be wrong.
    #[error("{0}")]
    DoesNotFitIn(String),
    /// What was said of a program is nothing that it can do.
    #[error("`{word}` is no kind of call; say one or more of: {known}")]
    NoClass {
        /// What was written.
        word: String,
        /// What may be.
        known: String,
    },
}

impl NoRule {
    /// The config itself is wrong.
    #[must_use]
    pub fn of_config(error: &ConfigError) -> Self {
        Self::DoesNotFitIn(error.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}
