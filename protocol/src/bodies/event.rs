//! A hint on the event stream, never acted on without a signed read.

use serde::{Deserialize, Serialize};

use super::EntryKind;

/// The data of one server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The audit sequence.
    pub seq: u64,
    /// What the audit entry says happened.
    pub kind: EntryKind,
    /// The ticket or grant it is about.
    pub id: Option<String>,
}
