//! What the clock does to what stands. Deadlines go by the server's time, which goes on with the machine: see [`crate::clock`].
//!
//! Where that time makes a step, every deadline makes it too, so that a minute stays a minute. Where nobody can say how much time
//! went by, grants and approvals that nobody took are held.

use std::sync::Arc;

use ccc_protocol::{Timestamp, bodies::EntryKind};
use serde_json::{Map, Value, json};

use crate::{
    clock::{Reading, Stretch},
    grant::Grant,
    ticket::Ticket,
};

use super::{Change, Cx, Desk, books::Due, upkeep::server_entry};

/// What a ticket or grant comes to be where the clock has something to do with it.
type Adjusted<T> = Option<T>;

impl Desk {
    /// The stretch of time that everything stands in.
    #[must_use]
    pub fn clock(&self) -> &Stretch {
        &self.clock
    }

    /// A start goes on in this stretch. To be called before anything else is done to a restored desk; `cx.now` is its time.
    pub fn begin_time(&mut self, begun: Stretch, reading: Reading, cx: Cx<'_>, change: &mut Change) {
        if begun == self.clock {
            return;
        }
        let was_held = self.clock.is_held;
        self.enter(begun, change);
        if self.clock.is_held {
            let held = self.adjust(|ticket| ticket.hold(cx.now), |grant| grant.hold(cx.now), change);
            self.tell(EntryKind::ClockHeld, reading, json!({ "tickets": held.0, "grants": held.1 }), cx, change);
        } else if was_held {
            self.let_go_in_time(change);
            self.tell(EntryKind::ClockStepped, reading, json!({ "moved_millis": 0 }), cx, change);
        }
    }

    /// Looks at the clocks, and follows where they were set. Gives the time from here on.
    pub fn look_at_clock(&mut self, reading: Reading, cx: Cx<'_>, change: &mut Change) -> Timestamp {
        let Some(next) = self.clock.look(reading) else { return self.clock.time(reading) };
        let (before, was_held) = (self.clock.time(reading), self.clock.is_held);
        self.enter(next, change);
        let now = self.clock.time(reading);
        let moved = self.move_deadlines(now.millis().saturating_sub(before.millis()), change);
        if was_held && !self.clock.is_held {
            self.let_go_in_time(change);
        }
        self.tell(EntryKind::ClockStepped, reading, json!({ "moved_millis": moved }), Cx { now, ..cx }, change);
        now
    }

    /// The owner says that the wall clock is right. Gives the time from here on, which may be earlier than before; none where there
    /// is nothing to accept.
    pub fn accept_clock(&mut self, reading: Reading, cx: Cx<'_>, change: &mut Change) -> Option<Timestamp> {
        let next = self.clock.accepted(reading)?;
        let from = self.clock.time(reading);
        self.enter(next, change);
        let now = self.clock.time(reading);
        let moved = self.move_deadlines(now.millis().saturating_sub(from.millis()), change);
        let go_on = self.adjust(|ticket| ticket.let_go(now), |grant| grant.let_go(now), change);
        // INVARIANT: here alone the log's time goes back, and the entry says from where.
        self.chain.latest = self.chain.latest.min(now);
        let detail = json!({ "from": from, "moved_millis": moved, "tickets": go_on.0, "grants": go_on.1 });
        self.tell(EntryKind::ClockAccepted, reading, detail, Cx { now, ..cx }, change);
        Some(now)
    }

    fn enter(&mut self, next: Stretch, change: &mut Change) {
        self.clock = Stretch { from_seq: self.chain.seq.saturating_add(1), ..next };
        change.stretches.push(self.clock.clone());
    }

    /// Everything that is not held keeps the time that it has left.
    fn move_deadlines(&mut self, millis: i64, change: &mut Change) -> i64 {
        if millis == 0 {
            return 0;
        }
        self.adjust(|ticket| ticket.moved_with_the_clock(millis), |grant| grant.moved_with_the_clock(millis), change);
        let denials: Vec<_> = self.denials.iter().map(|(call, denial)| (*call, denial.clone())).collect();
        for (call, mut denial) in denials {
            let Some(moved) = denial.ticket.moved_with_the_clock(millis) else { continue };
            (denial.ticket, denial.until) = (Arc::new(moved), denial.until.plus_millis(millis));
            change.tickets.push(Arc::clone(&denial.ticket));
            self.due.insert((denial.until, Due::Denial(call)));
            self.denials.insert(call, denial);
        }
        change.moved_millis = change.moved_millis.saturating_add(millis);
        millis
    }

    fn let_go_in_time(&mut self, change: &mut Change) {
        self.adjust(Ticket::let_go_in_time, Grant::let_go_in_time, change);
    }

    /// Puts open tickets and grants in the books as they are by these. Gives how many of each are others.
    fn adjust(
        &mut self,
        of_ticket: impl Fn(&Ticket) -> Adjusted<Ticket>,
        of_grant: impl Fn(&Grant) -> Adjusted<Grant>,
        change: &mut Change,
    ) -> (usize, usize) {
        let adjusted = |before: &Arc<Ticket>| of_ticket(before).map(|ticket| (before.is_held(), Arc::new(ticket)));
        let tickets: Vec<_> = self.open.values().filter_map(adjusted).collect();
        for (was_held, ticket) in &tickets {
            self.shelve_again(Arc::clone(ticket));
            change.tickets.push(Arc::clone(ticket));
            if *was_held && ticket.may_start() {
                change.to_start.push(ticket.id());
            }
        }
        let grants: Vec<_> = self.grants.values().filter_map(of_grant).collect();
        for grant in &grants {
            if let Some(before) = self.grants.insert(grant.id, grant.clone()) {
                self.due.remove(&(before.until, Due::Grant(grant.id)));
            }
            self.note_due(grant);
            change.grants.push(grant.clone());
        }
        (tickets.len(), grants.len())
    }

    fn tell(&mut self, kind: EntryKind, reading: Reading, more: Value, cx: Cx<'_>, change: &mut Change) {
        let mut detail = match more {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        detail.insert("clock".to_owned(), json!(reading.wall));
        detail.insert("ahead_millis".to_owned(), self.clock.ahead_millis.into());
        detail.insert("held".to_owned(), self.clock.is_held.into());
        self.log(server_entry(kind, detail, cx), change);
    }
}
