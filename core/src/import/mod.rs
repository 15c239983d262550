//! Approval rules of neighbouring systems, as rules of this one. Text or values in, rules and notes out.
//!
//! What is written is never looser than what was read: what both would decide otherwise is decided more strictly here, and
//! said. What a neighbour's own reader refuses is refused, and so is what nobody can be sure of.

pub mod jamjet;
mod pattern;
mod rule;
pub mod sentinel;

use std::fmt;

use ccc_protocol::visible;

use rule::Rule;

/// The most rules or patterns of one file.
pub const RULES_MAX: usize = 1000;

/// Rules that say what a neighbour's file said, as far as they can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    heading: &'static str,
    rules: Vec<Rule>,
    notes: Vec<String>,
}

/// What a file says that cannot be taken over: a sentence each, never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError(Vec<String>);

impl Imported {
    /// What has no equivalent here or means something else, a sentence each, without control characters.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The rules for the end of a config file, the notes before them as comments.
    #[must_use]
    pub fn toml(&self) -> String {
        let heading = format!("# {}\n# They belong at the end of the config file of ccc-server.\n", self.heading);
        let notes = self.notes.iter().map(|note| format!("#\n# {note}\n"));
        let rules = self.rules.iter().map(|rule| format!("\n{rule}"));
        std::iter::once(heading).chain(notes).chain(rules).collect()
    }
}

impl ImportError {
    fn unless_none(faults: Vec<String>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }
}

impl From<String> for ImportError {
    fn from(fault: String) -> Self {
        Self(vec![fault])
    }
}

/// One line for each fault.
impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ImportError {}

/// What somebody else wrote, fit for one line of a message or comment.
fn shown(text: &str) -> String {
    format!("`{}`", visible::escaped(text))
}
