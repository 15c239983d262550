//! What is wrong with a config: where it stands, and what to write instead.

use std::fmt;

/// Everything that is wrong, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// One for each thing to mend, so that a file is mended in one go.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands; none where it is about the file as a whole.
    pub position: Option<Position>,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// A place in the file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1. 0 is a rule that no file holds: the server's own.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    /// The position of this byte of the text.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte.min(text.len())).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
        }
    }
}

impl Fault {
    /// A fault at this place.
    pub(super) fn at(position: Position, message: impl Into<String>) -> Self {
        Self { position: Some(position), message: message.into() }
    }

    /// A fault that has no place of its own.
    pub(super) fn anywhere(message: impl Into<String>) -> Self {
        Self { position: None, message: message.into() }
    }
}

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl ConfigError {
    /// `Ok` where nothing is wrong.
    pub(super) fn unless_none(mut faults: Vec<Fault>) -> Result<(), Self> {
        faults.sort_by_key(|fault| fault.position);
        if faults.is_empty() { Ok(()) } else { Err(Self { faults }) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// One line for each fault.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if index > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_in_characters() {
        let at = |byte| {
            let position = Position::of("aé\nbc", byte);
            (position.line, position.column)
        };
        assert_eq!([at(0), at(3), at(4), at(5), at(99)], [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3)]);
    }
}
