//! Who waits for which ticket: woken by the commit that changes it, never by polling.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ccc_core::ticket::Ticket;
use ccc_protocol::{TicketId, bodies::Status};
use tokio::sync::watch;

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<TicketId, watch::Sender<Option<Arc<Ticket>>>>>);

impl Waiting {
    /// Begins to wait for this ticket. To be called before its state is read, so that no change is missed.
    pub(super) fn on(&self, id: TicketId) -> watch::Receiver<Option<Arc<Ticket>>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(id).or_insert_with(|| watch::channel(None).0).subscribe()
    }

    /// Tells everybody who waits for one of these tickets how it stands now, and forgets those nobody waits for.
    pub(super) fn tell(&self, tickets: &[Arc<Ticket>]) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return;
        }
        for ticket in tickets {
            if let Some(sender) = waiting.get(&ticket.id()) {
                sender.send_replace(Some(Arc::clone(ticket)));
            }
        }
    }

    /// Forgets a ticket that nobody waits for any more.
    pub(super) fn leave(&self, id: TicketId) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&id);
        }
    }
}

/// True where waiting longer brings nothing: the ticket has ended, or waits for its caller to take it.
pub(super) fn is_settled(ticket: &Ticket) -> bool {
    ticket.status().has_ended() || (ticket.status() == Status::Approved && ticket.request().judge_only)
}
