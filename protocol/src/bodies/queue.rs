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
}
