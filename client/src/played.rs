//! A bridge that answers what a test wrote down, and somebody who waits by a clock that only they turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ccc_protocol::TicketId;

use crate::{Answer, CallError, Road, Watch};

/// What was asked of the road.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// For the action, waiting so many seconds.
    Ask(Option<u64>),
    /// For this ticket, waiting so many seconds.
    Look(TicketId, Option<u64>),
    /// To withdraw this ticket.
    Withdraw(TicketId),
}

/// One answer a request; none is a bridge that is away.
#[derive(Default)]
pub(crate) struct Script {
    answers: RefCell<VecDeque<Option<Answer>>>,
    pub(crate) asked: RefCell<Vec<Asked>>,
    pub(crate) keys: RefCell<Vec<String>>,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Option<Answer>>) -> Self {
        Self { answers: RefCell::new(answers.into_iter().collect()), ..Self::default() }
    }

    fn answer(&self, asked: Asked) -> Result<Answer, CallError> {
        self.asked.borrow_mut().push(asked);
        let answer = self.answers.borrow_mut().pop_front().expect("an answer for each request");
        answer.ok_or_else(|| CallError::malformed("away"))
    }
}

impl Road for Script {
    fn ask(&self, _: &[u8], key: Option<&str>, wait_seconds: Option<u64>) -> Result<Answer, CallError> {
        self.keys.borrow_mut().push(key.unwrap_or_default().to_owned());
        self.answer(Asked::Ask(wait_seconds))
    }

    fn look(&self, ticket: TicketId, wait_seconds: Option<u64>) -> Result<Answer, CallError> {
        self.answer(Asked::Look(ticket, wait_seconds))
    }

    fn withdraw(&self, ticket: TicketId) -> Result<(), CallError> {
        self.asked.borrow_mut().push(Asked::Withdraw(ticket));
        Ok(())
    }
}

/// Waits so many seconds, and is gone after having been told so often. Time passes by pauses alone.
pub(crate) struct Clockwork {
    now: Cell<Instant>,
    deadline: Instant,
    stays: Cell<u32>,
    pub(crate) told: RefCell<Vec<TicketId>>,
    pub(crate) paused: RefCell<Vec<Duration>>,
}

impl Clockwork {
    pub(crate) fn waiting(seconds: u64) -> Self {
        let now = Instant::now();
        Self {
            now: Cell::new(now),
            deadline: now + Duration::from_secs(seconds),
            stays: Cell::new(u32::MAX),
            told: RefCell::default(),
            paused: RefCell::default(),
        }
    }

    pub(crate) fn gone_after(self, told: u32) -> Self {
        self.stays.set(told);
        self
    }
}

impl Watch for Clockwork {
    fn queued(&self, ticket: TicketId) -> bool {
        self.told.borrow_mut().push(ticket);
        let stays = self.stays.get();
        self.stays.set(stays.saturating_sub(1));
        stays > 0
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn now(&self) -> Instant {
        self.now.get()
    }

    fn pause(&self, time: Duration) {
        self.paused.borrow_mut().push(time);
        self.now.set(self.now.get() + time);
    }
}
