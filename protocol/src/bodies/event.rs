//! A hint on the event stream, never acted on without a signed read.

use serde::{Deserialize, Serialize};

/// The data of one server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The audit sequence.
    pub seq: u64,
    /// The kind of the audit entry.
    pub kind: String,
    /// The ticket or grant it is about.
    pub id: Option<String>,
}
