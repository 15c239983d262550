//! Who waits for which ticket, and who for anything: woken by the commit that changes it, never by polling.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ccc_core::ticket::Ticket;
use ccc_protocol::{TicketId, bodies::Status};
use tokio::sync::watch;

use super::audience::Audience;

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Those who wait for one ticket.
    tickets: Mutex<Tickets>,
    /// Those who listen to all they may see.
    pub(super) audience: Audience,
}

type Tickets = HashMap<TicketId, watch::Sender<Option<Arc<Ticket>>>>;

/// One who waits. Whoever stops waiting, also by going away, leaves nothing behind.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    id: TicketId,
    changes: watch::Receiver<Option<Arc<Ticket>>>,
}

impl Waiting {
    /// Begins to wait for this ticket. To be called before its state is read, so that no change is missed.
    pub(super) fn on(&self, id: TicketId) -> Waiter<'_> {
        let mut waiting = self.tickets();
        let changes = waiting.entry(id).or_insert_with(|| watch::channel(None).0).subscribe();
        Waiter { waiting: self, id, changes }
    }

    /// Tells everybody who waits for one of these tickets how it stands now.
    pub(super) fn tell(&self, tickets: &[Arc<Ticket>]) {
        let waiting = self.tickets();
        if waiting.is_empty() {
            return;
        }
        for ticket in tickets {
            if let Some(sender) = waiting.get(&ticket.id()) {
                sender.send_replace(Some(Arc::clone(ticket)));
            }
        }
    }

    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter<'_> {
    /// The ticket as its next change left it.
    pub(super) async fn next(&mut self) -> Option<Arc<Ticket>> {
        self.changes.changed().await.ok()?;
        self.changes.borrow_and_update().clone()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.tickets();
        // This one's own receiver is still counted.
        if waiting.get(&self.id).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiting.remove(&self.id);
        }
    }
}

/// True where waiting longer brings nothing: the ticket has ended, or waits for its caller to take it.
pub(super) fn is_settled(ticket: &Ticket) -> bool {
    ticket.status().has_ended() || (ticket.status() == Status::Approved && ticket.request().judge_only)
}
