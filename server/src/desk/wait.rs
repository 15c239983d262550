//! Who waits for which ticket, and who for anything: woken by the commit that changes it, never by polling.
//!
//! A held request that would take its ticket leaves its claim here. The commit that approves the ticket releases it to the first
//! claim at once: one sync between the person's key and the agent's answer, not two.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ccc_core::{desk::Submitted, ticket::Ticket};
use ccc_protocol::{TicketId, bodies::Status};
use tokio::sync::{oneshot, watch};

use crate::store::Nonce;

use super::{audience::Audience, presence::Presence};

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Those who wait for one ticket.
    tickets: Mutex<Tickets>,
    /// Those who listen to all they may see.
    pub(super) audience: Audience,
    /// Whose submitters wait.
    pub(super) presence: Presence,
}

type Tickets = HashMap<TicketId, Watched>;

#[derive(Debug)]
struct Watched {
    changes: watch::Sender<Option<Arc<Ticket>>>,
    /// Of held requests that would take it, by their numbers: the one that waits longest first.
    claims: BTreeMap<u64, Claim>,
    next: u64,
}

/// A held request's wish to be the one that the ticket is released to. Dropped, it gives nothing, and the request goes on
/// waiting as if it had never wished.
#[derive(Debug)]
pub(super) struct Claim {
    /// Of the held request: part of the commit that releases the ticket to it.
    pub(super) nonce: Nonce,
    gives: oneshot::Sender<Submitted>,
}

/// What a claim is given once the commit stands.
#[derive(Debug)]
pub(super) struct Gift {
    claim: Claim,
    released: Submitted,
}

/// One who waits. Whoever stops waiting, also by going away, leaves nothing behind.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    id: TicketId,
    changes: watch::Receiver<Option<Arc<Ticket>>>,
    /// Its claim's number, and where a gift comes.
    claim: Option<(u64, oneshot::Receiver<Submitted>)>,
}

impl Waiting {
    /// Begins to wait for this ticket. To be called before its state is read, so that no change is missed.
    pub(super) fn on(&self, id: TicketId) -> Waiter<'_> {
        self.begin(id, None)
    }

    /// The same for a request that takes the ticket once it is approved.
    pub(super) fn to_take(&self, id: TicketId, nonce: Nonce) -> Waiter<'_> {
        self.begin(id, Some(nonce))
    }

    fn begin(&self, id: TicketId, nonce: Option<Nonce>) -> Waiter<'_> {
        let mut waiting = self.tickets();
        let watched = waiting.entry(id).or_insert_with(Watched::new);
        let claim = nonce.map(|nonce| watched.note(nonce));
        Waiter { waiting: self, id, changes: watched.changes.subscribe(), claim }
    }

    /// The claim of the held request that waits longest, for whoever approves the ticket. It is nobody else's from now on.
    pub(super) fn claim(&self, id: TicketId) -> Option<Claim> {
        self.tickets().get_mut(&id)?.claims.pop_first().map(|(_, claim)| claim)
    }

    /// Tells everybody who waits for one of these tickets how it stands now. Gifts are to be given before: who is told that a
    /// ticket was released looks whether it was to them.
    pub(super) fn tell(&self, tickets: &[Arc<Ticket>]) {
        let waiting = self.tickets();
        if waiting.is_empty() {
            return;
        }
        for ticket in tickets {
            if let Some(watched) = waiting.get(&ticket.id()) {
                watched.changes.send_replace(Some(Arc::clone(ticket)));
            }
        }
    }

    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn new() -> Self {
        Self { changes: watch::channel(None).0, claims: BTreeMap::new(), next: 0 }
    }

    fn note(&mut self, nonce: Nonce) -> (u64, oneshot::Receiver<Submitted>) {
        let (gives, given) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.claims.insert(number, Claim { nonce, gives });
        (number, given)
    }
}

impl Claim {
    /// What is given to it, after the commit.
    pub(super) fn of(self, released: Submitted) -> Gift {
        Gift { claim: self, released }
    }
}

impl Gift {
    /// Gives. Whoever has gone away meanwhile is not told; what was committed stands.
    pub(super) fn give(self) {
        let _ = self.claim.gives.send(self.released);
    }
}

impl Waiter<'_> {
    /// The ticket as its next change left it.
    pub(super) async fn next(&mut self) -> Option<Arc<Ticket>> {
        self.changes.changed().await.ok()?;
        self.changes.borrow_and_update().clone()
    }

    /// Stops waiting. Where this one's claim is in the hands of a commit, how that ends is what was waited for; nothing where
    /// there is no such claim, or the commit was not made.
    pub(super) async fn given(mut self) -> Option<Submitted> {
        let (number, given) = self.claim.take()?;
        if self.withdraw(number) { None } else { given.await.ok() }
    }

    /// Takes a claim back; false where somebody has it.
    fn withdraw(&self, number: u64) -> bool {
        let mut waiting = self.waiting.tickets();
        waiting.get_mut(&self.id).is_some_and(|watched| watched.claims.remove(&number).is_some())
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if let Some((number, _)) = self.claim.take() {
            self.withdraw(number);
        }
        let mut waiting = self.waiting.tickets();
        // This one's own receiver is still counted.
        if waiting.get(&self.id).is_some_and(|watched| watched.changes.receiver_count() <= 1) {
            waiting.remove(&self.id);
        }
    }
}

/// True where waiting longer brings nothing: the ticket has ended, or waits for its caller to take it, and may be taken.
pub(super) fn is_settled(ticket: &Ticket) -> bool {
    ticket.status().has_ended()
        || (ticket.status() == Status::Approved && ticket.request().judge_only && !ticket.is_held())
}
