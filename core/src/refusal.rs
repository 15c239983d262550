//! A request that is not accepted: one text for the caller, one for the log.

use ccc_protocol::bodies::{ProblemType, Ticket};

/// Why a request was refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What kind; it tells the HTTP status.
    pub kind: ProblemType,
    /// For the caller: what was given and what is wanted. No host path, no secret.
    pub detail: String,
    /// For the log, where there is more to say.
    pub cause: Option<String>,
    /// The parameter it is about.
    pub param: Option<String>,
    /// The ticket that was denied or already decided.
    pub ticket: Option<Box<Ticket>>,
}

impl Refusal {
    /// A refusal of this kind with this text for the caller.
    #[must_use]
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), cause: None, param: None, ticket: None }
    }

    /// The same, about this parameter.
    #[must_use]
    pub fn about(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// The same, with what only the log may know.
    #[must_use]
    pub fn because(self, cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..self }
    }

    /// The same, with the ticket it is about.
    #[must_use]
    pub fn with_ticket(self, ticket: Ticket) -> Self {
        Self { ticket: Some(Box::new(ticket)), ..self }
    }

    /// 404, in the same words for what is not there and what the caller may not see.
    #[must_use]
    pub fn no_such(what: &str, name: impl std::fmt::Display) -> Self {
        Self::new(ProblemType::NotFound, format!("no {what} `{name}` that you may see"))
    }

    /// 403.
    #[must_use]
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::NotAllowed, detail)
    }

    /// 409.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Conflict, detail)
    }

    /// 422, about this parameter.
    #[must_use]
    pub fn invalid(param: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ProblemType::InvalidParameter, detail).about(param)
    }

    /// 429.
    #[must_use]
    pub fn limit(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Limit, detail)
    }

    /// 507: there is no room for anything new; decisions are still taken.
    #[must_use]
    pub fn full(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Full, detail)
    }

    /// 503: nothing was accepted.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Unavailable, detail)
    }
}
