//! Why a call brought no answer to act on.

use ccc_protocol::bodies::Problem;
use ccc_protocol::exit;
use ccc_protocol::json::JsonError;
use ccc_protocol::signing::AnswerRefusal;

/// Why a call brought no answer to act on.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection could be made: nothing was sent.
    #[error("no bridge answers at {address}: {cause}; start `ccc-server` there, or say where it is with `--url`")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The connection was lost after the request may have arrived.
    #[error("the connection to {address} was lost before an answer came: {cause}")]
    Lost {
        /// Where the server was.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// What came is not an answer of a bridge.
    #[error("the answer cannot be read: {0}")]
    Malformed(String),
    /// The answer is not signed by the server, or not for this request.
    #[error("the answer is not authentic and was not believed: {0}")]
    NotAuthentic(#[from] AnswerRefusal),
    /// An unsigned refusal: told, and not acted on.
    #[error("refused, unverified: status {status}{}", said(.detail))]
    RefusedUnverified {
        /// The HTTP status.
        status: u16,
        /// What whoever answered says, with nothing in it that a terminal
        /// would act on; empty when it says nothing.
        detail: String,
    },
    /// A signed refusal.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// This machine's clock is too far off to sign a decision again unasked.
    #[error(
        "this machine's clock differs from the server's by {seconds} seconds; look at the ticket again and decide again"
    )]
    ClockOff {
        /// By how much the clock was corrected.
        seconds: i64,
    },
    /// The system gave no random bytes, without which nothing can be signed.
    #[error("no random bytes can be had: {0}")]
    NoEntropy(String),
    /// The request target cannot be sent.
    #[error("{0}")]
    BadTarget(String),
}

impl CallError {
    /// The exit code of a command that ends with this.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(problem) => exit::of_problem(problem),
            Self::RefusedUnverified { status, .. } => exit::of_http_status(*status),
            Self::ClockOff { .. } => exit::REFUSED,
            Self::BadTarget(_) => exit::USAGE,
            Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Malformed(_)
            | Self::NotAuthentic(_)
            | Self::NoEntropy(_) => exit::UNREACHABLE,
        }
    }

    pub(crate) fn malformed(fault: impl Into<String>) -> Self {
        Self::Malformed(fault.into())
    }

    #[expect(clippy::needless_pass_by_value, reason = "the shape that `map_or_else` asks for")]
    pub(crate) fn malformed_problem(error: JsonError) -> Self {
        Self::Malformed(format!("an error without its description: {error}"))
    }

    pub(crate) fn refused(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

fn said(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(", saying: {detail}") }
}
