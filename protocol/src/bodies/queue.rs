//! What waits: `GET /queue`.

use serde::{Deserialize, Serialize};

use super::Ticket;

/// Open tickets, or with `after` those that changed since, also the ones that left the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueList {
    /// The audit sequence up to which it is true.
    pub seq: u64,
    /// In the order of their last change, each cut where it is long.
    pub tickets: Vec<Ticket>,
    /// Where to read on with `after`; none at the end.
    pub next: Option<u64>,
    /// The server's disk is full: nothing new is taken, and decisions still are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disk_full: bool,
    /// What is wrong with a changed config that was not taken, until it is mended; told to those with approval rights alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_fault: Option<String>,
    /// How the server's time stands to the machine's clock, where they are not in step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<OutOfStep>,
}

/// The server's time is not that of the machine's clock: somebody set that back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfStep {
    /// By how much the server's time, and so every deadline that is told, is ahead of the clock.
    pub ahead_millis: u64,
    /// True where grants, and approvals that nobody has taken, are held: neither used nor released until the owner accepts the
    /// clock.
    pub held: bool,
}
