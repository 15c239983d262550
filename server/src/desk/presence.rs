//! Whose answer is still waited for: a person is told whether anybody hears what they decide. Known from requests that are held open, and
//! from what they say of how long they will be followed by others; nothing is decided by it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ccc_protocol::{TicketId, Timestamp, bodies::Waiting};

/// Who waits asks again within this time after an answer.
const GRACE: Duration = Duration::from_secs(3);

/// From so many tickets on those are looked for that nobody waits for any more.
const LOOKED_THROUGH_MIN: usize = 64;

/// The submitters that wait, by their tickets.
#[derive(Debug, Default)]
pub(super) struct Presence(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    tickets: HashMap<TicketId, Submitter>,
    /// At how many tickets they are looked through next.
    look_at: usize,
}

#[derive(Debug)]
struct Submitter {
    /// Requests that are held open.
    held: u32,
    /// Until when they wait in all, as they said last.
    until: Option<Timestamp>,
    /// When the last request was answered.
    left: Instant,
}

/// A request that is held open. Dropped, as also when its connection breaks, it is not.
#[derive(Debug)]
pub(super) struct Present<'a> {
    presence: &'a Presence,
    id: TicketId,
}

impl Presence {
    /// A request of the submitter's is held open for this ticket, and will be followed by others until then.
    pub(super) fn arrive(&self, id: TicketId, until: Option<Timestamp>) -> Present<'_> {
        let mut seen = self.seen();
        seen.forget_gone();
        let found = seen.tickets.entry(id).or_insert_with(|| Submitter { held: 0, until, left: Instant::now() });
        found.held = found.held.saturating_add(1);
        found.until = until;
        Present { presence: self, id }
    }

    /// Whether anybody waits for this ticket.
    pub(super) fn of(&self, id: TicketId) -> Waiting {
        let seen = self.seen();
        match seen.tickets.get(&id).filter(|submitter| submitter.is_here()) {
            Some(submitter) => Waiting { here: true, until: submitter.until },
            None => Waiting { here: false, until: None },
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Who has gone is the same as who never waited.
    fn forget_gone(&mut self) {
        if self.tickets.len() >= self.look_at.max(LOOKED_THROUGH_MIN) {
            self.tickets.retain(|_, submitter| submitter.is_here());
            self.look_at = self.tickets.len().saturating_mul(2);
        }
    }
}

impl Submitter {
    fn is_here(&self) -> bool {
        self.held > 0 || self.left.elapsed() < GRACE
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        if let Some(submitter) = self.presence.seen().tickets.get_mut(&self.id) {
            submitter.held = submitter.held.saturating_sub(1);
            submitter.left = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> TicketId {
        TicketId::new(n, [0; 10])
    }

    #[test]
    fn who_is_held_waits_and_who_never_was_does_not() {
        let presence = Presence::default();
        let until = Some(Timestamp::from_seconds(9));
        assert!(!presence.of(id(1)).here);
        let first = presence.arrive(id(1), until);
        let second = presence.arrive(id(1), until);
        drop(first);
        assert_eq!(presence.of(id(1)), Waiting { here: true, until });
        assert!(!presence.of(id(2)).here);
        drop(second);
        assert!(presence.of(id(1)).here, "between two requests");
        let past = Instant::now().checked_sub(GRACE).unwrap();
        presence.seen().tickets.get_mut(&id(1)).unwrap().left = past;
        assert_eq!(presence.of(id(1)), Waiting { here: false, until: None });
    }

    #[test]
    fn tickets_that_nobody_waits_for_are_forgotten() {
        let presence = Presence::default();
        let past = Instant::now().checked_sub(GRACE).unwrap();
        for n in 0..10_000 {
            drop(presence.arrive(id(n), None));
            presence.seen().tickets.get_mut(&id(n)).unwrap().left = past;
        }
        assert!(presence.seen().tickets.len() <= LOOKED_THROUGH_MIN);
        let held: Vec<_> = (0..100).map(|n| presence.arrive(id(n), None)).collect();
        drop(presence.arrive(id(200), None));
        assert!((0..100).all(|n| presence.of(id(n)).here), "{}", held.len());
    }
}
