//! `GET /health`, the one unsigned answer that says yes.

use serde::{Deserialize, Serialize};

/// How the server is. One that cannot go on does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// [`Health::OK`] or [`Health::DISK_FULL`].
    pub status: String,
}

impl Health {
    /// All is well.
    pub const OK: &str = "ok";
    /// The disk is full: nothing new is taken, and decisions still are.
    pub const DISK_FULL: &str = "disk-full";
}
