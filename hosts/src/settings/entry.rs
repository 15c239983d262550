//! One hook of ours in a host's settings.

use super::command::Program;
use crate::host::{Host, Role};
use crate::version::Version;

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
    /// All entries that an install writes for this host in this version, the gate first; `timeout_seconds` says how long it waits at
    /// an event in that role. Where the version is not known, it may be an old one.
    #[must_use]
    pub fn of_install(
        host: Host,
        version: Option<Version>,
        program: &Program,
        timeout_seconds: impl Fn(Option<Role>) -> u64,
    ) -> Vec<Self> {
        let entry = |event: &&'static str| Self {
            event,
            command: program.command(host, event),
            timeout_seconds: timeout_seconds(host.role(event)),
        };
        host.profile().events_of(version).map(entry).collect()
    }
}
