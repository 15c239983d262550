//! Why the launcher could not do its work: what, why, and what to do.

use std::fmt;

/// Exit status of the launcher where it failed itself, as `env` and `timeout` have it.
pub const LAUNCHER_FAILED: u8 = 125;
/// Exit status where the program is there and cannot be started.
pub const CANNOT_START: u8 = 126;
/// Exit status where the program is not there, or not among what was given.
pub const NOT_FOUND: u8 = 127;

/// A failure of the launcher's own. Nothing ran, or what ran was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What could not be done.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What to do about it.
    pub mend: String,
    /// The exit status that says so.
    pub status: u8,
}

impl Fault {
    /// A failure of the launcher itself.
    pub fn new(what: impl Into<String>, why: impl fmt::Display, mend: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.to_string(), mend: mend.into(), status: LAUNCHER_FAILED }
    }

    /// The same failure under another exit status.
    #[must_use]
    pub fn status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// Says it on stderr in one line and ends this process.
    pub fn exit(&self) -> ! {
        eprintln!("{self}");
        std::process::exit(i32::from(self.status))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("ccc-confine: {}: {}; {}", self.what, self.why, self.mend);
        // One line that looks like what it is, whatever a path holds.
        line.chars().try_for_each(|c| match c {
            ' '..='~' => write!(f, "{c}"),
            c if c.is_alphanumeric() => write!(f, "{c}"),
            c => write!(f, "{}", c.escape_unicode()),
        })
    }
}

impl std::error::Error for Fault {}

/// Adds what was tried to a failed call.
pub(crate) trait Trying<T> {
    /// `self`, or a fault that says what was tried and what to do.
    fn trying(self, what: impl FnOnce() -> String, mend: &str) -> Result<T, Fault>;
}

impl<T, E: fmt::Display> Trying<T> for Result<T, E> {
    fn trying(self, what: impl FnOnce() -> String, mend: &str) -> Result<T, Fault> {
        self.map_err(|error| Fault::new(what(), error, mend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_its_line_and_shows_what_it_holds() {
        let fault = Fault::new("cannot give `/é\n\u{202e}`", "no", "x");
        assert_eq!(fault.to_string(), r"ccc-confine: cannot give `/é\u{a}\u{202e}`: no; x");
    }
}
