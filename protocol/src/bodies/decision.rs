//! What an approver sends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{GrantRequest, Shown};
use crate::Digest;

/// `POST /queue/{id}/approve`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// What was shown; anything else is refused with 409.
    pub digest: Digest,
    /// Why; required where the rule asks for a justification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Leave for more of the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantRequest>,
    /// Which verdict was shown, and the word typed for it. Where the ticket needs care, an approval without it is refused with 422;
    /// where another verdict was shown than holds now, with 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// `POST /queue/{id}/deny`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// Why, for the agent to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was shown, where the denier wants it checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Which verdict was shown. Another than holds now keeps nobody from denying; it is not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// `POST /queue/{id}/edit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What was shown.
    pub digest: Digest,
    /// The whole new parameters.
    pub params: Map<String, Value>,
}
