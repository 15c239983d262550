//! What is asked of the server.

use std::time::{Duration, Instant};

/// How long an answer may take, beside the time the server was asked to wait.
pub(crate) const ANSWER_SECONDS_MAX: u64 = 30;

/// The deadline of a request that asks the server to wait so long.
#[must_use]
pub fn deadline_after(wait_seconds: Option<u64>) -> Instant {
    Instant::now() + Duration::from_secs(wait_seconds.unwrap_or(0) + ANSWER_SECONDS_MAX)
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes.
    Post,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What may happen to a request whose answer did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, or carries a key under which it counts once: it is
    /// sent again.
    Safely,
    /// A person's word. It is never sent again by itself after it may have
    /// arrived, nor signed again when the clock was far off.
    Never,
}

/// One request. What it means is signed when it is sent.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Path and query, in origin form.
    pub target: &'a str,
    /// A JSON object, for a request that has a body.
    pub body: Option<&'a [u8]>,
    /// A key under which the server counts this request once.
    pub idempotency_key: Option<&'a str>,
    /// For how many seconds the server is asked to hold its answer.
    pub wait_seconds: Option<u64>,
    /// For how many seconds the caller waits in all, in this request and those that follow it; told to people.
    pub patience_seconds: Option<u64>,
    /// For an event stream, the last event that was seen.
    pub last_event_id: Option<u64>,
    /// What may happen to it when its answer does not come.
    pub repeat: Repeat,
    /// When an answer is of no more use.
    pub deadline: Instant,
}

impl<'a> Request<'a> {
    /// A reading request.
    #[must_use]
    pub fn get(target: &'a str, deadline: Instant) -> Self {
        Self {
            method: Method::Get,
            target,
            body: None,
            idempotency_key: None,
            wait_seconds: None,
            patience_seconds: None,
            last_event_id: None,
            repeat: Repeat::Safely,
            deadline,
        }
    }

    /// A request that changes something, sent once.
    #[must_use]
    pub fn post(target: &'a str, body: &'a [u8], deadline: Instant) -> Self {
        Self { method: Method::Post, body: Some(body), repeat: Repeat::Never, ..Self::get(target, deadline) }
    }

    /// Whether time may pass before its answer. A wait of no seconds is none.
    pub(crate) fn waits(&self) -> bool {
        self.wait_seconds.is_some_and(|seconds| seconds > 0)
    }

    /// What is left of the wait when the request is sent again: the answer has
    /// to come before the deadline.
    pub(crate) fn wait_left(&self) -> Option<u64> {
        let left = self.deadline.saturating_duration_since(Instant::now()).as_secs();
        self.wait_seconds.map(|seconds| seconds.min((left + 1).saturating_sub(ANSWER_SECONDS_MAX)))
    }
}
