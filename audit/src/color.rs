//! Colour for a person's terminal, and only there.

use std::io::IsTerminal as _;

use ccc_protocol::bodies::Status;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// For a terminal that wants it.
    Ansi,
    /// For everything else.
    Plain,
}

impl Color {
    /// What stdout wants; `NO_COLOR`, set to anything, says no.
    pub(crate) fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if std::io::stdout().is_terminal() && !unwanted { Self::Ansi } else { Self::Plain }
    }

    /// The text in the colour of this status.
    pub(crate) fn paint(self, status: Option<Status>, text: &str) -> String {
        match (self, status.map(code)) {
            (Self::Ansi, Some(code)) => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

fn code(status: Status) -> u8 {
    match status {
        Status::Succeeded | Status::Released | Status::Confined => 32,
        Status::Denied | Status::Failed | Status::Lost => 31,
        Status::Queued | Status::Approved | Status::Running => 33,
        Status::Expired | Status::Cancelled => 90,
    }
}
