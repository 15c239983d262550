//! The one loop that asks and waits. What is asked, who waits, until when, and by which clock are arguments.

use std::thread;
use std::time::{Duration, Instant};

use ccc_protocol::TicketId;
use ccc_protocol::actions::USE_TOOL;
use ccc_protocol::bodies::{Status, Ticket};

use crate::WAIT_SECONDS_MAX;
use crate::answer::Answer;
use crate::entropy;
use crate::error::CallError;
use crate::road::Road;

/// How long one request is held where the caller may go away meanwhile, in seconds: as often progress is told, and it is seen
/// whether anybody still waits.
const SLICE_SECONDS: u64 = 10;

/// The shortest time between two equal requests, in milliseconds: for a bridge that does not answer, or sooner than it was
/// asked to.
const PAUSE_MILLIS: u64 = 500;

/// Who waits for the end of a ticket.
pub trait Watch {
    /// The ticket is open: told at first, and after each request until it has ended. Whether anybody still waits for it.
    fn queued(&self, ticket: TicketId) -> bool;

    /// When waiting is of no more use.
    fn deadline(&self) -> Instant;

    /// The time.
    fn now(&self) -> Instant {
        Instant::now()
    }

    /// Lets time pass.
    fn pause(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// Waits until then, whatever happens.
#[derive(Debug, Clone, Copy)]
pub struct Until(pub Instant);

impl Watch for Until {
    fn queued(&self, _: TicketId) -> bool {
        true
    }

    fn deadline(&self) -> Instant {
        self.0
    }
}

/// How an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// By a program that lives no longer than its question. Each request is held until the ticket has ended, so that a yes
    /// comes with the answer to it; the first request that fails is the end.
    Held,
    /// The same, but the ticket is opened at once and told, for a program that is stopped from outside and withdraws it then.
    Opened,
    /// For a caller who may go away. The ticket is opened at once, to be told and withdrawn; it is then read again and again,
    /// also past failures, for a bridge that is away may be back before the deadline.
    Watched,
}

/// How a question was left.
#[derive(Debug)]
pub struct Followed {
    /// The answer that was the last.
    pub answer: Answer,
    /// The ticket that this answer is, or that its denial carries.
    pub ticket: Result<Box<Ticket>, CallError>,
    /// Why nothing was asked after it.
    pub end: End,
}

/// Why a question is not followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The ticket has ended, or there is none.
    Ended,
    /// The deadline has come, and the ticket is open.
    Deadline,
    /// Nobody waits any more. The ticket was withdrawn where that was still possible; otherwise it expires.
    Gone,
}

/// Asks for an action and follows its ticket to its end, the deadline of `watch`, or until nobody waits for it; also the ticket
/// that an edit puts in its place.
///
/// All requests for it bear one key: however late one arrives, it opens no second ticket.
///
/// # Errors
/// When no authentic answer came to the first request, or, but with [`Manner::Watched`], to any. A refusal is an answer.
pub fn follow(road: &dyn Road, body: &[u8], manner: Manner, watch: &dyn Watch) -> Result<Followed, CallError> {
    Course { road, body, key: &entropy::idempotency_key()?, manner, watch }.run(Step::Ask)
}

/// The same for a ticket that is there already.
///
/// # Errors
/// When no authentic answer came.
pub(crate) fn follow_ticket(road: &dyn Road, id: TicketId, watch: &dyn Watch) -> Result<Followed, CallError> {
    Course { road, body: &[], key: "", manner: Manner::Held, watch }.run(Step::Look(id))
}

struct Course<'a> {
    road: &'a dyn Road,
    body: &'a [u8],
    key: &'a str,
    manner: Manner,
    watch: &'a dyn Watch,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Ask,
    Look(TicketId),
}

impl Course<'_> {
    fn run(&self, first: Step) -> Result<Followed, CallError> {
        let (mut step, mut begun) = (first, self.watch.now());
        let mut found = self.take(step, self.wait_at_first())?;
        // What was only opened is now asked for the first time to be held.
        let mut is_new = self.manner == Manner::Opened;
        while let Some(next) = found.ticket.as_ref().ok().and_then(|ticket| self.next(ticket)) {
            if let Some(end) = self.given_up(&found) {
                return Ok(Followed { end, ..found });
            }
            if next == step && !is_new {
                self.pause_since(begun);
            }
            (step, begun, is_new) = (next, self.watch.now(), false);
            found = self.take_after(found, step)?;
        }
        Ok(found)
    }

    fn take(&self, step: Step, wait_seconds: Option<u64>) -> Result<Followed, CallError> {
        let answer = match step {
            Step::Ask => self.road.ask_patiently(self.body, Some(self.key), wait_seconds, self.left().as_secs())?,
            Step::Look(id) => self.road.look_patiently(id, wait_seconds, self.left().as_secs())?,
        };
        Ok(Followed { ticket: answer.subject().map(Box::new), answer, end: End::Ended })
    }

    /// A later answer; or, watched, what was known before, where there is none or it is no ticket.
    fn take_after(&self, before: Followed, step: Step) -> Result<Followed, CallError> {
        let found = self.take(step, self.wait());
        match self.manner {
            Manner::Held | Manner::Opened => found,
            Manner::Watched => Ok(found.ok().filter(|found| found.ticket.is_ok()).unwrap_or(before)),
        }
    }

    /// Why the open ticket is not followed any further; nothing where it is. Whoever waits is told of it also at the deadline.
    fn given_up(&self, found: &Followed) -> Option<End> {
        let ticket = found.ticket.as_ref().ok()?;
        let id = ticket.replaced_by.unwrap_or(ticket.id);
        if !self.watch.queued(id) {
            let _left_to_expire = self.road.withdraw(id);
            return Some(End::Gone);
        }
        self.left().is_zero().then_some(End::Deadline)
    }

    /// What is asked next; nothing where nothing more will happen.
    ///
    /// A tool call is released to who asks for it, never to who looks. Held or opened, it is asked for until then; watched, once it is
    /// approved: what is asked for after the caller has gone might be taken by nobody.
    fn next(&self, ticket: &Ticket) -> Option<Step> {
        let is_taken = is_taken(ticket);
        match ticket.replaced_by {
            Some(replacement) if !is_taken => Some(Step::Look(replacement)),
            _ if ticket.status.has_ended() => None,
            _ if is_taken && (self.manner != Manner::Watched || ticket.status == Status::Approved) => Some(Step::Ask),
            _ => Some(Step::Look(ticket.id)),
        }
    }

    fn wait_at_first(&self) -> Option<u64> {
        match self.manner {
            Manner::Held => self.wait(),
            Manner::Opened | Manner::Watched => None,
        }
    }

    /// How many seconds the next request is held: a begun one counts whole.
    fn wait(&self) -> Option<u64> {
        let left = self.left();
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(match self.manner {
            Manner::Held | Manner::Opened => seconds.min(WAIT_SECONDS_MAX),
            Manner::Watched => seconds.min(SLICE_SECONDS),
        })
    }

    fn left(&self) -> Duration {
        self.watch.deadline().saturating_duration_since(self.watch.now())
    }

    /// A bridge that answers at once although it was asked to wait is not asked the same again at once.
    fn pause_since(&self, begun: Instant) {
        let passed = self.watch.now().saturating_duration_since(begun);
        let pause = Duration::from_millis(PAUSE_MILLIS).saturating_sub(passed).min(self.left());
        if !pause.is_zero() {
            self.watch.pause(pause);
        }
    }
}

/// Whether the ticket is of a judge-only action, whose leave is taken by asking once more.
fn is_taken(ticket: &Ticket) -> bool {
    ticket.call.is_some() || ticket.action.as_str() == USE_TOOL
}

#[cfg(test)]
mod tests;
