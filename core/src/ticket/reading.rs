//! What a tool call touches, read once for each ticket and law, and shared by all standings of the ticket.

use std::sync::{Arc, Mutex, PoisonError};

use ccc_protocol::bodies::Facts;
use ccc_toolcall::facts::{self, Knowledge};

use super::Ticket;

/// Facts that are read when they are first asked for, or were at hand when the ticket was opened, beside what they were read with: a
/// law that knows other programs reads them anew. They follow from request and law: two requests differ by what they say, not by
/// whether they were read.
#[derive(Debug, Default)]
pub struct Reading(Mutex<Option<(Knowledge, Arc<Facts>)>>);

impl Clone for Reading {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.kept().clone()))
    }
}

impl PartialEq for Reading {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Reading {
    /// Facts that were read with this, where there are any.
    #[must_use]
    pub fn of(facts: Option<Facts>, knowledge: Knowledge) -> Self {
        Self(Mutex::new(facts.map(|facts| (knowledge, Arc::new(facts)))))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<(Knowledge, Arc<Facts>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_with(&self, knowledge: &Knowledge) -> Option<Arc<Facts>> {
        self.kept().as_ref().filter(|(with, _)| with == knowledge).map(|(_, facts)| Arc::clone(facts))
    }

    fn keep(&self, knowledge: &Knowledge, facts: Arc<Facts>) {
        *self.kept() = Some((knowledge.clone(), facts));
    }
}

impl Ticket {
    /// What the tool call touches; none for another action, and where it is not kept whole. Reading takes time: a thread that serves everybody has it read
    /// elsewhere before.
    #[must_use]
    pub fn facts(&self, knowledge: &Knowledge) -> Option<Arc<Facts>> {
        let request = self.request();
        let read = || {
            // Another may read it meanwhile: that comes to the same.
            let facts = Arc::new(facts::of_request(&request.params, knowledge));
            request.reading.keep(knowledge, Arc::clone(&facts));
            facts
        };
        self.is_readable().then(|| request.reading.read_with(knowledge).unwrap_or_else(read))
    }

    /// Takes facts that were read from the same call elsewhere.
    pub(crate) fn know(&self, facts: Option<&Facts>, knowledge: &Knowledge) {
        if let Some(facts) = facts.filter(|_| !self.is_read(knowledge)) {
            self.request().reading.keep(knowledge, Arc::new(facts.clone()));
        }
    }

    fn is_readable(&self) -> bool {
        self.request().judge_only && self.request().left_out.is_none()
    }

    /// True where the facts are at hand, or there are none.
    #[must_use]
    pub fn is_read(&self, knowledge: &Knowledge) -> bool {
        !self.is_readable() || self.request().reading.read_with(knowledge).is_some()
    }
}
