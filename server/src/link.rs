//! What is known of one connection: what its peer is doing and since when, and whom it belongs to.
//!
//! Time limits cost a request nothing: a [`Link`] notes the second in which something moved, and the crowd of connections
//! is looked over once a second.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use ccc_core::{limits::Limits, refusal::Refusal};

use crate::{
    authenticate::{Caller, Signed},
    shares::Place,
};

/// What a peer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing, or reading an answer.
    Idle,
    /// Sending a request's head.
    Head,
    /// Sending a request's body.
    Body,
    /// Waiting for the desk, which has limits of its own.
    Served,
    /// Waiting for a held answer.
    Held,
    /// Reading an event stream.
    Listening,
    /// Being told that the connection ends.
    Leaving,
}

/// Whom a connection belongs to, as far as signatures showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Standing {
    /// Nobody has signed anything on it.
    Stranger,
    /// A user who may approve for nobody.
    User,
    /// A user who may approve for somebody.
    Approver,
}

/// What all links share.
#[derive(Debug, Default)]
pub struct Pulse {
    /// How many seconds the crowd has counted: the clock of time limits.
    pub seconds: AtomicU32,
    /// Requests of this second whose signature was not right.
    pub not_authentic: AtomicU32,
    /// True where only the places reserved for approvers are left.
    pub crowded: AtomicBool,
}

/// What is known of one connection.
#[derive(Debug)]
pub struct Link {
    pulse: Arc<Pulse>,
    /// The second of the last movement, above a byte for the phase.
    state: AtomicU64,
    standing: AtomicU8,
    unread: AtomicBool,
    draining: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Link {
    /// A connection that was just made.
    #[must_use]
    pub fn new(pulse: Arc<Pulse>) -> Self {
        let link = Self {
            pulse,
            state: AtomicU64::new(0),
            standing: AtomicU8::new(Standing::Stranger as u8),
            unread: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            task: Mutex::new(None),
        };
        // A peer that connects owes a head at once.
        link.enter(Phase::Head);
        link
    }

    /// Notes what the peer is doing from now on.
    pub fn enter(&self, phase: Phase) {
        let second = u64::from(self.pulse.seconds.load(Ordering::Relaxed));
        self.state.store(second << 8 | phase as u64, Ordering::Relaxed);
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase::from(self.state.load(Ordering::Relaxed) as u8)
    }

    /// For how many seconds nothing has moved.
    #[must_use]
    pub fn still_seconds(&self) -> u64 {
        let second = self.state.load(Ordering::Relaxed) >> 8;
        u64::from(self.pulse.seconds.load(Ordering::Relaxed)).saturating_sub(second)
    }

    /// True where the peer has taken longer than it may.
    #[must_use]
    pub fn is_overdue(&self, limits: &Limits) -> bool {
        let allowed = match self.phase() {
            Phase::Idle | Phase::Listening => limits.idle_seconds_max,
            Phase::Head => limits.head_seconds_max,
            Phase::Body => limits.body_seconds_max,
            Phase::Leaving => LINGER_SECONDS_MAX,
            Phase::Served | Phase::Held => return false,
        };
        self.still_seconds() > allowed
    }

    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Relaxed) {
            0 => Standing::Stranger,
            1 => Standing::User,
            _ => Standing::Approver,
        }
    }

    /// Notes whose signature was right on this connection.
    pub fn belongs_to(&self, signed: &Signed<'_>) {
        let standing = if signed.user().approves() { Standing::Approver } else { Standing::User };
        self.standing.fetch_max(standing as u8, Ordering::Relaxed);
    }

    /// Takes the caller's place to wait in, where it asks to wait: the answer is held, and the peer's going is noticed.
    ///
    /// # Errors
    /// When the caller's places are taken.
    pub fn hold(&self, caller: &Caller, limits: &Limits, wait: Option<Duration>) -> Result<Option<Held<'_>>, Refusal> {
        if wait.is_none() {
            return Ok(None);
        }
        let place = caller.share().wait(limits)?;
        self.enter(Phase::Held);
        Ok(Some(Held { link: self, _place: place }))
    }

    /// True where the connection may be ended for another's sake: nobody signed on it, or a user's that is idle.
    #[must_use]
    pub fn may_be_shed(&self) -> bool {
        match self.standing() {
            Standing::Stranger => true,
            Standing::User => self.phase() == Phase::Idle,
            Standing::Approver => false,
        }
    }

    /// True where this connection stands on a place that is reserved for approvers.
    pub(crate) fn is_one_too_many(&self) -> bool {
        self.pulse.crowded.load(Ordering::Relaxed) && self.standing() != Standing::Approver
    }

    /// Counts a request whose signature was not right.
    pub fn was_not_authentic(&self) {
        self.pulse.not_authentic.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the peer still sends something nobody will read.
    pub fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Ends the connection as soon as what is being answered is answered; held answers and streams at once.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.wake_by_ref();
        }
    }

    /// True once the connection is to end.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// True where the peer still sends something nobody will read.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Notes which task is to be woken when the connection is to end.
    pub(crate) fn listens_to(&self, task: &Waker) {
        let mut known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.as_ref().is_some_and(|known| known.will_wake(task)) {
            *known = Some(task.clone());
        }
    }

    /// Something was read: whoever was idle has begun a head. In other phases time runs from their beginning, so that
    /// a byte now and then buys none.
    pub(crate) fn moved_in(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Something was written: the peer takes what it asked for.
    pub(crate) fn moved_out(&self) {
        let phase = self.phase();
        if matches!(phase, Phase::Idle | Phase::Listening) {
            self.enter(phase);
        }
    }

    /// True where the peer has nothing to send, so that only its going can be news.
    pub(crate) fn awaits_nothing(&self) -> bool {
        matches!(self.phase(), Phase::Held | Phase::Listening)
    }
}

/// How long a peer may take to notice that its connection ends, in seconds.
const LINGER_SECONDS_MAX: u64 = 2;

/// A caller that waits: its place, given back when the wait is over.
#[derive(Debug)]
pub struct Held<'a> {
    link: &'a Link,
    _place: Place,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.link.enter(Phase::Served);
    }
}

impl From<u8> for Phase {
    fn from(byte: u8) -> Self {
        match byte {
            0 => Self::Idle,
            1 => Self::Head,
            2 => Self::Body,
            3 => Self::Served,
            4 => Self::Held,
            5 => Self::Listening,
            _ => Self::Leaving,
        }
    }
}
