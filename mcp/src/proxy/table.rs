//! The client's requests that have no answer yet, and what their answers are to be treated as.
//!
//! INVARIANT: an id stands here once. An answer of the server's whose id does not stand here, or stands here as a call that
//! was never passed on, reaches nobody.

use std::{collections::HashMap, sync::mpsc::Sender};

use ccc_protocol::TicketId;

use crate::id::Id;

/// What is waited for.
#[derive(Debug)]
pub(super) enum Kind {
    /// An answer that passes untouched.
    Plain,
    /// The end of a subscription, which may be to changes of the tools.
    Subscription {
        /// True where it is.
        to_tools: bool,
    },
    /// A page of tools.
    Tools {
        /// Where it begins; `None`: it is the first.
        cursor: Option<String>,
    },
    /// A page of tools that came and is being looked at.
    Inspected,
    /// A page of tools that the proxy asked for itself: the answer's line goes here.
    OwnTools(Sender<String>),
    /// A verdict; the server does not know of the call.
    Verdict {
        /// The ticket, once a person must be asked.
        ticket: Option<TicketId>,
    },
    /// The result of a call that was passed on.
    Result,
    /// A task, which may carry the result of a call.
    Task,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    kind: Kind,
}

/// Why a request was not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOpened {
    /// The id waits for another answer.
    InUse,
    /// Too many wait.
    Full,
    /// Nothing is asked any more.
    Ended,
}

/// A call that was waiting for its verdict when it was given up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) id: Id,
    /// What a person was asked, if one was.
    pub(super) ticket: Option<TicketId>,
}

/// What cancelling a request comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cancelled {
    /// The server must be told: it knows the request, or may.
    PassOn,
    /// The server never heard of it. The ticket, if there was one, is to be withdrawn.
    Here(Option<TicketId>),
}

/// The requests of one direction.
#[derive(Debug)]
pub(super) struct Table {
    entries: HashMap<Id, Entry>,
    next_serial: u64,
    outstanding_max: usize,
    /// True once nothing is entered any more: it would get no answer.
    closed: bool,
}

impl Table {
    pub(super) fn new(outstanding_max: usize) -> Self {
        Self { entries: HashMap::new(), next_serial: 0, outstanding_max, closed: false }
    }

    /// Enters a request. The serial tells it from a later one with the same id.
    pub(super) fn open(&mut self, id: &Id, kind: Kind) -> Result<u64, NotOpened> {
        if self.entries.contains_key(id) {
            return Err(NotOpened::InUse);
        }
        if self.closed {
            return Err(NotOpened::Ended);
        }
        if self.entries.len() >= self.outstanding_max {
            return Err(NotOpened::Full);
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.entries.insert(id.clone(), Entry { serial, kind });
        Ok(serial)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn contains(&self, id: &Id) -> bool {
        self.entries.contains_key(id)
    }

    /// Takes what the server's answer to `id` was waited for as.
    pub(super) fn answered(&mut self, id: &Id) -> Option<Kind> {
        match self.entries.get(id)?.kind {
            Kind::Verdict { .. } | Kind::Inspected => None,
            _ => self.entries.remove(id).map(|entry| entry.kind),
        }
    }

    /// Takes a request that is not waited for any more.
    pub(super) fn cancel(&mut self, id: &Id) -> Cancelled {
        match self.entries.remove(id).map(|entry| entry.kind) {
            Some(Kind::Verdict { ticket }) => Cancelled::Here(ticket),
            _ => Cancelled::PassOn,
        }
    }

    /// Notes the ticket of a call. False when nobody waits for it any more.
    pub(super) fn note_ticket(&mut self, id: &Id, serial: u64, asked: TicketId) -> bool {
        let Some(Entry { kind: Kind::Verdict { ticket }, .. }) = self.entry(id, serial) else {
            return false;
        };
        *ticket = Some(asked);
        true
    }

    /// Lets a judged call go to the server. False when nobody waits for it any more: then it must not go.
    #[must_use]
    pub(super) fn release(&mut self, id: &Id, serial: u64) -> bool {
        match self.entry(id, serial) {
            Some(entry @ Entry { kind: Kind::Verdict { .. }, .. }) => {
                entry.kind = Kind::Result;
                true
            }
            _ => false,
        }
    }

    /// Takes a judged call that is answered here. False when nobody waits for it any more.
    #[must_use]
    pub(super) fn refuse(&mut self, id: &Id, serial: u64) -> bool {
        let waits = matches!(self.entry(id, serial), Some(Entry { kind: Kind::Verdict { .. }, .. }));
        if waits {
            self.entries.remove(id);
        }
        waits
    }

    /// Keeps a page of tools that came while it is looked at: its serial, and where it begins. `None`: none was asked for.
    pub(super) fn inspect(&mut self, id: &Id) -> Option<(u64, Option<String>)> {
        let entry = self.entries.get_mut(id)?;
        let Kind::Tools { cursor } = &mut entry.kind else { return None };
        let cursor = cursor.take();
        entry.kind = Kind::Inspected;
        Some((entry.serial, cursor))
    }

    /// Takes a page that was looked at. False when nobody waits for it any more.
    #[must_use]
    pub(super) fn inspected(&mut self, id: &Id, serial: u64) -> bool {
        let waits = matches!(self.entry(id, serial), Some(Entry { kind: Kind::Inspected, .. }));
        if waits {
            self.entries.remove(id);
        }
        waits
    }

    /// The subscription on which changes of the tools are told.
    pub(super) fn subscription_to_tools(&self) -> Option<Id> {
        let to_tools = |entry: &Entry| matches!(entry.kind, Kind::Subscription { to_tools: true });
        self.entries.iter().find(|(_, entry)| to_tools(entry)).map(|(id, _)| id.clone())
    }

    /// Enters nothing more, and takes all calls that wait for a verdict.
    pub(super) fn close(&mut self) -> Vec<Judged> {
        self.closed = true;
        let verdicts = self.entries.extract_if(|_, entry| matches!(entry.kind, Kind::Verdict { .. }));
        let judged = |(id, entry): (Id, Entry)| match entry.kind {
            Kind::Verdict { ticket } => Judged { id, ticket },
            _ => Judged { id, ticket: None },
        };
        verdicts.map(judged).collect()
    }

    /// Enters nothing more, and takes everything: the calls that wait for a verdict, and the other ids the client waits for.
    pub(super) fn end(&mut self) -> (Vec<Judged>, Vec<Id>) {
        let judged = self.close();
        let waits = |entry: &Entry| !matches!(entry.kind, Kind::OwnTools(_));
        (judged, self.entries.drain().filter(|(_, entry)| waits(entry)).map(|(id, _)| id).collect())
    }

    fn entry(&mut self, id: &Id, serial: u64) -> Option<&mut Entry> {
        self.entries.get_mut(id).filter(|entry| entry.serial == serial)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cancelled, Judged, Kind, NotOpened, Table};
    use crate::id::Id;
    use ccc_protocol::TicketId;

    const ID: Id = Id::Number(1);

    fn ticket() -> TicketId {
        TicketId::new(1, [1; 10])
    }

    fn judged() -> (Table, u64) {
        let mut table = Table::new(2);
        let serial = table.open(&ID, Kind::Verdict { ticket: None }).unwrap();
        (table, serial)
    }

    #[test]
    fn an_answer_to_a_call_that_was_not_passed_on_reaches_nobody() {
        let (mut table, serial) = judged();
        assert!(table.answered(&ID).is_none());
        assert!(table.release(&ID, serial));
        assert!(matches!(table.answered(&ID), Some(Kind::Result)));
        assert!(table.answered(&ID).is_none(), "and only once");
    }

    #[test]
    fn a_cancelled_call_is_never_released_even_when_its_id_comes_again() {
        let (mut table, first) = judged();
        assert!(table.note_ticket(&ID, first, ticket()));
        assert_eq!(table.cancel(&ID), Cancelled::Here(Some(ticket())));
        assert!(!table.release(&ID, first));
        let second = table.open(&ID, Kind::Verdict { ticket: None }).unwrap();
        assert!(!table.note_ticket(&ID, first, ticket()));
        assert!(!table.release(&ID, first));
        assert!(!table.refuse(&ID, first));
        assert!(table.release(&ID, second));
        assert_eq!(table.cancel(&ID), Cancelled::PassOn, "the server knows it now");
    }

    #[test]
    fn an_id_in_use_is_not_given_twice_and_there_is_a_limit() {
        let (mut table, _) = judged();
        assert_eq!(table.open(&ID, Kind::Plain), Err(NotOpened::InUse));
        table.open(&Id::Text("1".into()), Kind::Plain).unwrap();
        assert_eq!(table.open(&Id::Number(2), Kind::Plain), Err(NotOpened::Full));
    }

    #[test]
    fn the_end_of_the_client_takes_the_tickets() {
        let (mut table, serial) = judged();
        table.note_ticket(&ID, serial, ticket());
        table.open(&Id::Number(2), Kind::Plain).unwrap();
        assert_eq!(table.close(), [Judged { id: ID, ticket: Some(ticket()) }]);
        assert_eq!(table.end(), (vec![], vec![Id::Number(2)]));
    }

    #[test]
    fn nothing_is_entered_after_the_end() {
        let (mut table, _) = judged();
        table.close();
        assert_eq!(table.open(&ID, Kind::Plain), Err(NotOpened::Ended));
    }

    #[test]
    fn a_page_that_is_looked_at_has_no_answer_yet() {
        let (mut table, _) = judged();
        let id = Id::Text("list".into());
        let serial = table.open(&id, Kind::Tools { cursor: Some("c".into()) }).unwrap();
        assert_eq!(table.inspect(&ID), None, "a call is no page");
        assert_eq!(table.inspect(&id), Some((serial, Some("c".into()))));
        assert!(table.answered(&id).is_none() && table.inspect(&id).is_none(), "and comes once");
        assert_eq!(table.end().1.as_slice(), std::slice::from_ref(&id));
        assert!(!table.inspected(&id, serial), "whoever looked at it comes too late");
    }
}
