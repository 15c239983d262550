//! What a tool call touches, read once for each ticket and shared by all its standings.

use std::sync::{Arc, OnceLock};

use ccc_protocol::bodies::Facts;
use ccc_toolcall::facts;

use super::Ticket;
use crate::limits::Limits;

/// Facts that are read when they are first asked for, or were at hand when the ticket was opened. They follow from the request:
/// two requests differ by what they say, not by whether they were read.
#[derive(Debug, Clone, Default)]
pub struct Reading(OnceLock<Arc<Facts>>);

impl PartialEq for Reading {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl From<Option<Facts>> for Reading {
    fn from(facts: Option<Facts>) -> Self {
        let reading = Self::default();
        if let Some(facts) = facts {
            // Nobody else has it yet.
            let _ = reading.0.set(Arc::new(facts));
        }
        reading
    }
}

impl Ticket {
    /// What the tool call touches; none for another action. Reading takes time: a thread that serves everybody has it read
    /// elsewhere before.
    #[must_use]
    pub fn facts(&self, limits: &Limits) -> Option<&Arc<Facts>> {
        let request = self.request();
        let read = || Arc::new(facts::of_request(&request.params, limits.into()));
        request.judge_only.then(|| request.reading.0.get_or_init(read))
    }

    /// Takes facts that were read from the same call elsewhere.
    pub(crate) fn know(&self, facts: Option<&Facts>) {
        if let Some(facts) = facts.filter(|_| !self.is_read()) {
            // Another may have read them meanwhile: they are the same.
            let _ = self.request().reading.0.set(Arc::new(facts.clone()));
        }
    }

    /// True where the facts are at hand, or there are none.
    #[must_use]
    pub fn is_read(&self) -> bool {
        !self.request().judge_only || self.request().reading.0.get().is_some()
    }
}
