//! Which entries somebody wants to see.

use ccc_protocol::{Timestamp, bodies::AuditEntry};

use crate::args::Which;

/// Which entries, at this time.
#[derive(Debug)]
pub struct Filter<'w> {
    which: &'w Which,
    since: Option<Timestamp>,
}

impl<'w> Filter<'w> {
    /// As asked for now.
    #[must_use]
    pub fn new(which: &'w Which, now: Timestamp) -> Self {
        Self { which, since: which.since.map(|since| since.at(now)) }
    }

    /// True where the entry is among them.
    #[must_use]
    pub fn admits(&self, entry: &AuditEntry) -> bool {
        let Which { since: _, user, action, status } = self.which;
        let about = |name| entry.by.as_ref() == Some(name) || entry.about.as_ref() == Some(name);
        self.since.is_none_or(|since| entry.at >= since)
            && user.as_ref().is_none_or(about)
            && action.as_ref().is_none_or(|action| entry.action.as_ref() == Some(action))
            && status.is_none_or(|status| entry.status == Some(status))
    }
}
