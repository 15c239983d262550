//! The road from a question to its answer, as far as asking and waiting need it: a bridge, or a test that plays one.

use ccc_protocol::TicketId;

use crate::answer::Answer;
use crate::bridge::Bridge;
use crate::error::CallError;

/// The road to a bridge. An [`Answer`] is signed by the bridge, whoever brings it.
pub trait Road {
    /// Asks for an action and waits at most so many seconds for its end. Under a key (a UUID in quotes) the same body is the
    /// same ticket; without one the request is a question of its own.
    ///
    /// # Errors
    /// When no answer came that can be believed. A refusal that can is an answer.
    fn ask(&self, body: &[u8], key: Option<&str>, wait_seconds: Option<u64>) -> Result<Answer, CallError>;

    /// Reads a ticket, waiting at most so many seconds for its end.
    ///
    /// # Errors
    /// As [`Road::ask`].
    fn look(&self, ticket: TicketId, wait_seconds: Option<u64>) -> Result<Answer, CallError>;

    /// As [`Road::ask`], by a caller who waits for so many seconds in all; a road that cannot tell that asks without.
    ///
    /// # Errors
    /// As [`Road::ask`].
    fn ask_patiently(
        &self,
        body: &[u8],
        key: Option<&str>,
        wait_seconds: Option<u64>,
        _patience_seconds: u64,
    ) -> Result<Answer, CallError> {
        self.ask(body, key, wait_seconds)
    }

    /// As [`Road::look`], likewise.
    ///
    /// # Errors
    /// As [`Road::ask`].
    fn look_patiently(
        &self,
        ticket: TicketId,
        wait_seconds: Option<u64>,
        _patience_seconds: u64,
    ) -> Result<Answer, CallError> {
        self.look(ticket, wait_seconds)
    }

    /// Withdraws a ticket.
    ///
    /// # Errors
    /// When it is not certain that it was withdrawn.
    fn withdraw(&self, ticket: TicketId) -> Result<(), CallError>;
}

impl Road for Bridge {
    fn ask(&self, body: &[u8], key: Option<&str>, wait_seconds: Option<u64>) -> Result<Answer, CallError> {
        match key {
            Some(key) => self.submit_as(body, key, wait_seconds),
            None => self.submit(body, wait_seconds),
        }
    }

    fn look(&self, ticket: TicketId, wait_seconds: Option<u64>) -> Result<Answer, CallError> {
        Self::look(self, ticket, wait_seconds)
    }

    fn ask_patiently(
        &self,
        body: &[u8],
        key: Option<&str>,
        wait_seconds: Option<u64>,
        patience_seconds: u64,
    ) -> Result<Answer, CallError> {
        match key {
            Some(key) => self.send_action(body, key, wait_seconds, Some(patience_seconds)),
            None => self.submit(body, wait_seconds),
        }
    }

    fn look_patiently(
        &self,
        ticket: TicketId,
        wait_seconds: Option<u64>,
        patience_seconds: u64,
    ) -> Result<Answer, CallError> {
        self.read_ticket(ticket, wait_seconds, Some(patience_seconds))
    }

    fn withdraw(&self, ticket: TicketId) -> Result<(), CallError> {
        self.cancel(ticket)?.accepted()
    }
}
