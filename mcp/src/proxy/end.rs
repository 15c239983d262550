//! How a proxy ends: whoever waits is answered, and what waits for a person is withdrawn.

use std::{
    io,
    sync::{Arc, TryLockError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{Proxy, table::Judged};
use crate::{answer, id::Id, message::CONNECTION_CLOSED};

impl Proxy {
    /// Nothing more comes from the client: what waits for a person is answered and withdrawn, and the server hears the end. It may
    /// still answer what it was asked.
    pub fn client_ended(&self) {
        let judged = self.table().close();
        self.upstream().close();
        self.give_up(&[], &judged, "nothing more comes from the client");
    }

    /// Nothing more comes from the server: everybody who waits is told, and what waits for a person is withdrawn.
    pub fn server_ended(&self) {
        self.upstream().close();
        self.answer_all(&format!("the MCP server `{}` ended", self.server.name));
    }

    /// The last that this proxy does, whatever ended it, before its program exits. A client that is slow to take its answers and a
    /// bridge that is slow to take a ticket back have `at_most` for it.
    ///
    /// INVARIANT: each request that was read gets one answer before this returns, and none is cut short by the exit.
    pub(super) fn finish(self: &Arc<Self>, at_most: Duration, answer_all: fn(&Self)) {
        self.aside(answer_all);
        wait_until(at_most, || self.is_idle() && self.fall_silent());
        // Also where somebody is still at work: whoever is in the middle of a message holds the lock, and the client up.
        self.fall_silent();
    }

    /// Answers all that has no answer, because of `why`; nothing is asked from now on.
    pub(super) fn answer_all(&self, why: &str) {
        let (judged, unanswered) = self.table().end();
        self.give_up(&unanswered, &judged, why);
    }

    fn give_up(&self, unanswered: &[Id], judged: &[Judged], why: &str) {
        let withdraw = || judged.iter().filter_map(|call| call.ticket).for_each(|ticket| self.judge.withdraw(ticket));
        thread::scope(|scope| {
            // Neither a client that does not read nor a bridge that is slow holds the other up.
            let withdrawing = thread::Builder::new().spawn_scoped(scope, withdraw);
            for id in unanswered {
                self.tell_client(&answer::error(Some(id), CONNECTION_CLOSED, why));
            }
            for call in judged {
                let what = format!("the call was not made: {why}");
                self.tell_client(&answer::error(Some(&call.id), CONNECTION_CLOSED, &what));
            }
            if withdrawing.is_err() {
                withdraw();
            }
        });
    }

    /// True when no message is being taken or told and no call judged: each that was has withdrawn what it asked, if nobody waits
    /// for it any more.
    pub(super) fn is_idle(&self) -> bool {
        self.judged_at_once.load(Ordering::Acquire) == 0 && self.in_hand.load(Ordering::Acquire) == 0
    }

    /// Says nothing more to the client. False where somebody is saying something.
    fn fall_silent(&self) -> bool {
        let mut client = match self.client.try_lock() {
            Ok(client) => client,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        *client = Box::new(io::sink());
        true
    }

    /// Runs `work` on a thread of its own; here, where none can be had.
    pub(super) fn aside(self: &Arc<Self>, work: fn(&Self)) {
        let in_hand = InHand::new(self);
        if thread::Builder::new().spawn(move || work(&in_hand.0)).is_err() {
            work(self);
        }
    }
}

/// Something that is being done, until it is dropped.
pub(super) struct InHand(Arc<Proxy>);

impl InHand {
    pub(super) fn new(proxy: &Arc<Proxy>) -> Self {
        proxy.in_hand.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(proxy))
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits until `done`, and at most so long.
pub(crate) fn wait_until(at_most: Duration, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() && begun.elapsed() < at_most {
        thread::sleep(Duration::from_millis(5));
    }
}
