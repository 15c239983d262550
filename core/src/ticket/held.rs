//! What a step of the clock does to a ticket. Nothing is decided by it, so it is no event and leaves no entry of the ticket's own:
//! its time is counted anew, or not counted for a while.

use ccc_protocol::{Timestamp, bodies::Status};
use serde::{Deserialize, Serialize};

use super::{Standing, StepRefusal, Ticket};

/// An approval whose time is not counted, because nobody can say how much of it went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when.
    pub since: Timestamp,
    /// What its deadline was.
    pub until: Timestamp,
}

impl Held {
    /// The deadline that leaves as much time from `now` on as was left when it came to be held.
    #[must_use]
    pub fn rest_from(self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.until.millis().saturating_sub(self.since.millis()))
    }
}

impl Ticket {
    /// True for an approved ticket that is neither started nor released until the clock is accepted.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.standing.held.is_some()
    }

    /// How far deadlines have been moved since it was opened, or a person denied it, in milliseconds, where the clock was set.
    #[must_use]
    pub fn clock_moved_millis(&self) -> i64 {
        self.standing.clock_moved_millis
    }

    /// Until when a person's denial answers the same request, where it is one and was given for so long.
    #[must_use]
    pub fn answers_until(&self, denial_seconds: u64) -> Option<Timestamp> {
        let decided = self.decided().filter(|_| self.was_denied_by_a_person())?;
        Some(decided.plus_seconds(denial_seconds).plus_millis(self.standing.clock_moved_millis))
    }

    /// Held from now on; none for one that has not been approved, or is held already.
    pub(crate) fn hold(&self, now: Timestamp) -> Option<Self> {
        let until = self.standing.deadline.filter(|_| self.status() == Status::Approved)?;
        Some(self.with(Standing { deadline: None, held: Some(Held { since: now, until }), ..self.standing.clone() }))
    }

    /// Held no longer: the time that was left begins now. None for one that is not held.
    pub(crate) fn let_go(&self, now: Timestamp) -> Option<Self> {
        let held = self.standing.held?;
        let by = now.millis().saturating_sub(held.since.millis());
        Some(self.with(self.standing.let_go(held.rest_from(now), by)))
    }

    /// Held no longer: its deadline stands where it was. None for one that is not held.
    pub(crate) fn let_go_in_time(&self) -> Option<Self> {
        let held = self.standing.held?;
        Some(self.with(self.standing.let_go(held.until, 0)))
    }

    /// The server's time made a step of so many milliseconds, and this ticket's with it. None where it is held.
    pub(crate) fn moved_with_the_clock(&self, millis: i64) -> Option<Self> {
        let standing = &self.standing;
        standing.held.is_none().then(|| {
            let deadline = standing.deadline.map(|deadline| deadline.plus_millis(millis));
            self.with(standing.moved_by(millis, deadline))
        })
    }

    pub(super) fn is_not_held(&self) -> Result<(), StepRefusal> {
        if self.is_held() { Err(StepRefusal::Held) } else { Ok(()) }
    }

    fn with(&self, standing: Standing) -> Self {
        Self { request: self.request.clone(), standing }
    }
}

impl Standing {
    fn let_go(&self, deadline: Timestamp, moved_millis: i64) -> Self {
        Self { held: None, ..self.moved_by(moved_millis, Some(deadline)) }
    }

    fn moved_by(&self, millis: i64, deadline: Option<Timestamp>) -> Self {
        let clock_moved_millis = self.clock_moved_millis.saturating_add(millis);
        Self { deadline, clock_moved_millis, ..self.clone() }
    }
}
