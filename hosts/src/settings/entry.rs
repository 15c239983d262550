//! One hook of ours in a host's settings.

use super::command::Program;
use crate::host::{Host, Role};

/// An event, and what the host is told to do at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The host's event.
    pub event: &'static str,
    /// The command line.
    pub command: String,
    /// How long the host waits, in seconds.
    pub timeout_seconds: u64,
}

impl Entry {
    /// All entries that an install writes for this host, the gate first; `timeout_seconds` says how long it waits at an event in that
    /// role.
    #[must_use]
    pub fn of_install(host: Host, program: &Program, timeout_seconds: impl Fn(Option<Role>) -> u64) -> Vec<Self> {
        let entry = |event: &&'static str| Self {
            event,
            command: program.command(host, event),
            timeout_seconds: timeout_seconds(host.role(event)),
        };
        host.profile().installed.iter().map(entry).collect()
    }
}
