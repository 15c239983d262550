//! An answer that was proved to come from the server, for the request that
//! was sent.

use ccc_protocol::bodies::{Problem, ProblemType, Ticket};
use ccc_protocol::json::{self, JsonError, Limits};
use ccc_protocol::signing::{
    AnswerRefusal, AnswerShape, Fields, Key, ReceivedAnswer, RequestMark, VerifiedAnswer, verify_answer,
};
use serde::de::DeserializeOwned;

use crate::error::CallError;

/// An authentic answer. There is no other way to one than through [`Answer::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    /// The answer that this body is with these fields, where `user`'s key signed it for exactly the request marked. With it
    /// comes what the signature says beside the content.
    ///
    /// # Errors
    /// When the signature is missing or does not hold.
    pub fn verify<F: Fields + ?Sized>(
        (key, user): (&Key, &str),
        request: RequestMark<'_>,
        status: u16,
        fields: &F,
        body: Vec<u8>,
    ) -> Result<(Self, VerifiedAnswer), Disbelieved> {
        match verify_answer(key, user, request, &ReceivedAnswer { status, fields, shape: AnswerShape::Whole(&body) }) {
            Ok(verified) => Ok((Self { status, body }, verified)),
            Err(why) => Err(Disbelieved { why, body }),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether it is what was asked for, and no refusal.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
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
        self.accepted()?;
        body(&self.body).map_err(|fault| CallError::malformed(fault.to_string()))
    }

    /// That it is no refusal, whatever else it says.
    ///
    /// # Errors
    /// The problem that it is instead.
    pub fn accepted(&self) -> Result<(), CallError> {
        if self.is_success() {
            return Ok(());
        }
        Err(self.problem().map_or_else(CallError::malformed_problem, CallError::refused))
    }

    /// The ticket that this answer is. A denial comes as a problem with its ticket, which says all that the problem does.
    ///
    /// # Errors
    /// Any other problem that it is instead.
    pub fn subject(&self) -> Result<Ticket, CallError> {
        match self.ticket() {
            Err(CallError::Refused(mut problem)) if problem.kind == ProblemType::Denied => {
                match problem.ticket.take() {
                    Some(ticket) => Ok(*ticket),
                    None => Err(CallError::Refused(problem)),
                }
            }
            other => other,
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

/// What came instead of an authentic answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disbelieved {
    /// Why it is not taken for one.
    pub why: AnswerRefusal,
    /// The body, of which nothing is known.
    pub body: Vec<u8>,
}

/// Reads the body of an answer. A ticket's parameters may be as deep as a
/// request may be, and lie deeper in what lists them.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    const ANSWER_DEPTH_MAX: usize = 64;
    json::from_object(json::read_object(bytes, Limits { depth_max: ANSWER_DEPTH_MAX })?)
}
