//! Every error: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

use super::Ticket;

/// An error as a caller reads it. Never carries a host path, a secret, SQL or a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind, as a URN.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This very case: what was given and what is wanted.
    pub detail: String,
    /// The request id, under which the log has the cause.
    pub instance: String,
    /// The parameter it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// The ticket that was denied or already decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Box<Ticket>>,
}

/// Stands in every text that asks the bridge's owner for something, so that a program on the owner's machine can tell them so.
pub const OWNERS_TASK: &str = "its owner";

/// The kinds of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProblemType {
    /// 400: not the request or JSON that the protocol describes.
    #[serde(rename = "urn:ccc:malformed")]
    Malformed,
    /// 405.
    #[serde(rename = "urn:ccc:method")]
    Method,
    /// 413.
    #[serde(rename = "urn:ccc:too-large")]
    TooLarge,
    /// 415.
    #[serde(rename = "urn:ccc:media-type")]
    MediaType,
    /// 401: the signature is missing, wrong or replayed, or the user unknown. One text for all.
    #[serde(rename = "urn:ccc:unauthenticated")]
    Unauthenticated,
    /// 401: rightly signed but not within the time window. Signed, with `date`.
    #[serde(rename = "urn:ccc:stale")]
    Stale,
    /// 403: the ticket was denied.
    #[serde(rename = "urn:ccc:denied")]
    Denied,
    /// 403: the caller may not do this.
    #[serde(rename = "urn:ccc:not-allowed")]
    NotAllowed,
    /// 404.
    #[serde(rename = "urn:ccc:not-found")]
    NotFound,
    /// 409.
    #[serde(rename = "urn:ccc:conflict")]
    Conflict,
    /// 422.
    #[serde(rename = "urn:ccc:invalid-parameter")]
    InvalidParameter,
    /// 429.
    #[serde(rename = "urn:ccc:limit")]
    Limit,
    /// 503: nothing was accepted.
    #[serde(rename = "urn:ccc:unavailable")]
    Unavailable,
    /// 507: the disk is full; nothing new is taken, and decisions still are.
    #[serde(rename = "urn:ccc:full")]
    Full,
}
