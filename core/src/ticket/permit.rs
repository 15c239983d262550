//! Proof that this very action may run once.

use ccc_protocol::{Digest, TicketId};

/// Leave to run one plan, once. Only the ticket's state machine makes one, in the step that records `running`;
/// it cannot be copied, and running consumes it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is dropped leaves a ticket running for ever"]
pub struct Permit {
    ticket: TicketId,
    plan: Digest,
}

impl Permit {
    pub(super) fn new(ticket: TicketId, plan: Digest) -> Self {
        Self { ticket, plan }
    }

    /// The ticket it was made for.
    #[must_use]
    pub fn ticket(&self) -> TicketId {
        self.ticket
    }

    /// The digest of the one plan it fits.
    #[must_use]
    pub fn plan(&self) -> Digest {
        self.plan
    }
}
