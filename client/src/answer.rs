//! An answer that was proved to come from the server, for the request that
//! was sent.

use ccc_protocol::bodies::{Problem, Ticket};
use ccc_protocol::json::{self, JsonError, Limits};
use serde::de::DeserializeOwned;

use crate::error::CallError;

/// An authentic answer. There is no other way to one than through its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn authentic(status: u16, body: Vec<u8>) -> Self {
        Self { status, body }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What a 200 or 202 carries.
    ///
    /// # Errors
    /// The problem that any other answer is.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        match self.status {
            200..=299 => body(&self.body).map_err(|fault| CallError::malformed(fault.to_string())),
            _ => Err(self.problem().map_or_else(CallError::malformed_problem, CallError::refused)),
        }
    }

    /// The ticket that this answer is, or that its problem is about.
    #[must_use]
    pub fn subject(&self) -> Option<Ticket> {
        match self.status {
            200..=299 => self.ticket().ok(),
            _ => self.problem().ok()?.ticket.map(|ticket| *ticket),
        }
    }

    /// The ticket that this answer is.
    ///
    /// # Errors
    /// The problem that it is instead.
    pub fn ticket(&self) -> Result<Ticket, CallError> {
        self.read()
    }

    /// The problem that this answer is.
    pub(crate) fn problem(&self) -> Result<Problem, JsonError> {
        body(&self.body)
    }
}

/// Reads the body of an answer. A ticket's parameters may be as deep as a
/// request may be, and lie deeper in what lists them.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    const ANSWER_DEPTH_MAX: usize = 64;
    json::from_object(json::read_object(bytes, Limits { depth_max: ANSWER_DEPTH_MAX })?)
}
