//! What was decided about a tool call, and the bytes by which a host is told.

use std::fmt;

use ccc_protocol::{exit, visible};

/// The longest reason a host is given, in characters.
pub const REASON_CHARS_MAX: usize = 2_000;

/// The decision about one tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// A rule or a person released this very call.
    Allow,
    /// A rule, a person or a failure forbids it.
    Deny(Reason),
    /// A person has not decided yet.
    ///
    /// No host is ever told to ask by itself: that would hand the question to
    /// whoever sits at the agent's terminal, and two of the hosts would run
    /// the call. All are told to stop, with where the question now waits.
    Ask(Receipt),
}

impl Answer {
    /// Why the call must not run; `None` when it may.
    #[must_use]
    pub fn objection(&self) -> Option<Reason> {
        match self {
            Self::Allow => None,
            Self::Deny(reason) => Some(reason.clone()),
            Self::Ask(receipt) => Some(receipt.reason()),
        }
    }
}

/// Words for the agent and its person. Never empty, because a denial without
/// words lets the call run on some hosts, and without a character that is not
/// seen, because they end up on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The words, cut at [`REASON_CHARS_MAX`] with a mark where they were cut.
    #[must_use]
    pub fn new(words: &str) -> Self {
        if words.trim().is_empty() {
            return Self("blocked without a reason".to_owned());
        }
        let mut shown = visible::marked_lines(words);
        if let Some((end, _)) = shown.char_indices().nth(REASON_CHARS_MAX) {
            shown.truncate(end);
            shown.push('…');
        }
        Self(shown)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an undecided call waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The ticket's id.
    pub ticket: String,
}

impl Receipt {
    /// What tells the agent to come back, and the person how to decide.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let ticket = &self.ticket;
        Reason::new(&format!(
            "waiting for a person: ticket {ticket}. To approve it: ccc-queue approve {ticket}. \
             Do not work around this; try the very same call again once it is approved"
        ))
    }
}

/// What the hook's process leaves behind: the whole of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    /// Written in one piece.
    pub stdout: Vec<u8>,
    /// Written in one piece.
    pub stderr: Vec<u8>,
    /// The process's exit status.
    pub status: u8,
    /// Why the host must stop, for when stdout cannot carry it there.
    pub objection: Option<Reason>,
}

impl Reply {
    /// Nothing said: the host goes on.
    pub fn silent() -> Self {
        Self { stdout: Vec::new(), stderr: Vec::new(), status: exit::hook::ANSWERS, objection: None }
    }

    /// A JSON document on stdout.
    #[expect(clippy::needless_pass_by_value, reason = "a document made for this answer alone")]
    pub fn json(document: serde_json::Value) -> Self {
        Self { stdout: document.to_string().into_bytes(), ..Self::silent() }
    }

    /// The last resort: words on stderr, an empty stdout and [`exit::hook::BLOCKS`]
    /// block on all hosts.
    pub fn block(reason: &Reason) -> Self {
        Self {
            stdout: Vec::new(),
            stderr: format!("ccc-hook: {reason}\n").into_bytes(),
            status: exit::hook::BLOCKS,
            objection: Some(reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_never_empty_and_carries_no_unseen_character() {
        assert!(!Reason::new("  \t").as_str().trim().is_empty());
        assert_eq!(Reason::new("a\u{1b}[2Jb\nc").as_str(), "a␛[2Jb\nc");
        assert_eq!(Reason::new("\u{202e}\u{61c}\u{3164}").as_str(), "‹U+202E›‹U+061C›‹U+3164›");
        let long = Reason::new(&"x".repeat(REASON_CHARS_MAX + 1));
        assert_eq!(long.as_str().chars().count(), REASON_CHARS_MAX + 1);
        assert!(long.as_str().ends_with('…'));
    }
}
