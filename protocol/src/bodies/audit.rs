//! The story as approvers read it: `GET /audit`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ActionName, TicketId, Timestamp, UserName};

use super::{EntryKind, Status};

/// `GET /audit?after=SEQ`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditList {
    /// The sequence up to which the list is true.
    pub seq: u64,
    /// In the order of their sequence. Where an entry's `detail` is cut, it has a member [`CUT`](super::abridge::CUT), and the
    /// whole is in its ticket and in the log.
    pub entries: Vec<AuditEntry>,
    /// Where to read on; none at the end.
    pub next: Option<u64>,
}

/// One line of what happened. Its canonical JSON form is what the chain seals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its place, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: EntryKind,
    /// Who made it happen; none where the server did (expiry, restart).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// Whom it is about: the submitter of the ticket, or the user whose policy changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<UserName>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// The action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionName>,
    /// Where the ticket stood afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The rest: parameters and digests at submission, rule, reason, result, grant.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
}
