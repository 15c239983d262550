//! What a start makes of a database that somebody else may have written meanwhile: a ticket whose row is not what the log says
//! of it is lost, a yes that nothing vouches for counts no longer, and what was approved before the start is held until the
//! store was found whole.

use std::{collections::BTreeSet, sync::Arc};

use ccc_protocol::{
    GrantId, TicketId, UserName,
    bodies::{EntryKind, Status},
};

use crate::{
    refusal::Refusal,
    ticket::{Event, Ticket},
};

use super::{Change, Cx, Desk, again::requeue};

/// What was found against what stands, to be acted on before anything goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Tickets that are not what the log says of them, each with how.
    pub disowned: Vec<(TicketId, String)>,
    /// Tickets with a yes, or the leave of a grant, that no checkpoint vouches for, each with whose yes that is.
    pub unvouched: Vec<(TicketId, Vec<UserName>)>,
    /// Grants that no checkpoint vouches for.
    pub grants: Vec<GrantId>,
}

impl Doubts {
    /// True where nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.disowned.is_empty() && self.unvouched.is_empty() && self.grants.is_empty()
    }
}

impl Desk {
    /// Acts on what was found.
    pub fn doubt(&mut self, doubts: &Doubts, cx: Cx<'_>, change: &mut Change) {
        for (id, why) in &doubts.disowned {
            if let Some(ticket) = self.open.get(id).cloned() {
                let event =
                    Event::Disown { reason: format!("its row in the database is not what the log says: {why}") };
                // An open ticket can always be disowned.
                let _ = self.advance(&ticket, event, cx, change);
            }
        }
        for id in &doubts.grants {
            if let Some(grant) = self.grants.get(id).cloned() {
                self.end_grant(&grant, EntryKind::GrantEnded, None, cx, change);
                self.take_back(*id, cx, change);
            }
        }
        for (id, by) in &doubts.unvouched {
            if let Some(ticket) = self.open.get(id).cloned() {
                let event = requeue(by.clone(), ticket.needs().clone(), UNVOUCHED.to_owned(), cx);
                // Refused where it runs, or waits and loses no yes.
                let _ = self.advance(&ticket, event, cx, change);
            }
        }
    }

    /// Holds everything that has a yes already: none of it goes on before [`Desk::let_go`].
    pub fn hold_approved(&mut self) {
        let has_a_yes = |ticket: &&Arc<Ticket>| {
            ticket.status() == Status::Approved || (ticket.status() == Status::Queued && !ticket.approvals().is_empty())
        };
        self.held = self.open.values().filter(has_a_yes).map(|ticket| ticket.id()).collect();
    }

    /// Holds these, in the place of a desk that is restored anew.
    pub fn hold(&mut self, held: BTreeSet<TicketId>) {
        self.held = held;
    }

    /// What is held.
    #[must_use]
    pub fn held(&self) -> &BTreeSet<TicketId> {
        &self.held
    }

    /// The store was found whole: what was held goes on.
    pub fn let_go(&mut self, change: &mut Change) {
        for id in std::mem::take(&mut self.held) {
            let starts = |ticket: &Arc<Ticket>| ticket.status() == Status::Approved && !ticket.request().judge_only;
            if self.open.get(&id).is_some_and(starts) {
                change.to_start.push(id);
            }
        }
    }

    /// Nothing vouches for what is held: all of it waits for people again.
    pub fn ask_again_for_held(&mut self, cx: Cx<'_>, change: &mut Change) {
        let held = std::mem::take(&mut self.held);
        let unvouched = held.iter().filter_map(|id| self.open.get(id)).map(|ticket| {
            let voters = ticket.approvals().iter().map(|approval| approval.by.clone()).collect();
            (ticket.id(), voters)
        });
        let doubts = Doubts { unvouched: unvouched.collect(), ..Doubts::default() };
        self.doubt(&doubts, cx, change);
    }

    pub(super) fn is_held(&self, id: TicketId) -> bool {
        self.held.contains(&id)
    }

    /// Refuses to go on with what is held.
    pub(super) fn is_let_go(&self, id: TicketId) -> Result<(), Refusal> {
        if self.is_held(id) {
            Err(Refusal::unavailable("the store is still being looked at after the start"))
        } else {
            Ok(())
        }
    }
}

const UNVOUCHED: &str =
    "it was approved right before the server ended, and no checkpoint vouches for that: asked again";
