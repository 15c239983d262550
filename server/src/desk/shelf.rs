//! What readers see: everything that stands as of the last commit, and nothing that is not committed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use ccc_core::{
    desk::{Change, Desk, MailPermissions, Pins, Setting},
    grant::Grant,
    policy::Overrides,
    risk::may_hold,
    ticket::Ticket,
};
use ccc_protocol::{
    Digest, GrantId, TicketId, Timestamp, UserName,
    bodies::{EntryKind, Held, OutOfStep},
};

use super::rolling::Recent;

/// The committed state, replaced piece by piece after each commit.
#[derive(Debug, Default)]
pub(crate) struct Shelf(RwLock<Published>);

/// What stood after one commit.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// The audit sequence up to which it is true.
    pub seq: u64,
    pub open: BTreeMap<TicketId, Arc<Ticket>>,
    /// Open tickets in the order of their last change.
    pub by_change: BTreeMap<u64, TicketId>,
    pub grants: BTreeMap<GrantId, Grant>,
    /// A person's denials by the digest of the call they answer: the denied ticket, and until when. One whose time is over
    /// may still be here.
    pub denials: HashMap<Digest, (TicketId, Timestamp)>,
    pub overrides: Arc<Overrides>,
    pub mail: MailPermissions,
    pub pins: Pins,
    pub recent: Recent,
    /// What earlier calls hold against whose sessions; what was over since may still be here.
    pub held: Vec<Held>,
    /// How the server's time stands to the machine's clock.
    pub clock: Option<OutOfStep>,
}

/// One audit entry as the event streams tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posted {
    /// Its number in the log, which listeners resume by.
    pub seq: u64,
    pub kind: EntryKind,
    /// The ticket or grant it is about.
    pub id: Option<String>,
    /// The user it is about: who may see that user's tickets may see this.
    pub about: Option<UserName>,
    /// Who made it happen, and may see it too.
    pub by: Option<UserName>,
}

impl Shelf {
    /// The state as a restored desk holds it.
    #[must_use]
    pub(crate) fn of(desk: &Desk) -> Self {
        let shelf = Self::default();
        shelf.replace(desk);
        shelf
    }

    /// Everything anew: at a start, and after a failed commit.
    pub(crate) fn replace(&self, desk: &Desk) {
        let mut published = self.write();
        let recent = std::mem::take(&mut published.recent);
        *published = Published { seq: desk.chain().seq, recent, mail: desk.mail().clone(), ..Published::default() };
        published.clock = desk.clock().out_of_step();
        published.denials = desk.denials().collect();
        published.held = desk.all_held();
        published.overrides = Arc::new(desk.overrides().clone());
        published.pins = desk.pins().clone();
        published.grants = desk.grants().map(|grant| (grant.id, grant.clone())).collect();
        for ticket in desk.open_tickets() {
            published.put(ticket);
        }
    }

    /// What a commit changed, and the desk as it stands since.
    pub(crate) fn apply(&self, change: &Change, desk: &Desk) {
        let mut published = self.write();
        published.seq = desk.chain().seq;
        published.clock = desk.clock().out_of_step();
        // Few stand at a time, and people make them.
        if !change.lifted.is_empty() || change.tickets.iter().any(|ticket| ticket.was_denied_by_a_person()) {
            published.denials = desk.denials().collect();
        }
        if change.entries.iter().any(|sealed| may_hold(&sealed.entry)) {
            published.held = desk.all_held();
        }
        for ticket in &change.tickets {
            published.put(ticket);
        }
        for grant in &change.grants {
            published.grants.insert(grant.id, grant.clone());
        }
        for id in &change.ended_grants {
            published.grants.remove(id);
        }
        for setting in &change.settings {
            match setting {
                Setting::Overrides(overrides) => published.overrides = Arc::new(overrides.clone()),
                Setting::Mail(mail) => published.mail = mail.clone(),
                Setting::Pins(pins) => published.pins = pins.clone(),
                Setting::KnownHosts(_) | Setting::KnownUsers(_) | Setting::Frozen(_) => {}
            }
        }
    }

    /// The committed state. Held for as long as it takes to copy what is wanted.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Published> {
        // A poisoned lock holds whole states all the same: each write below ends whole or the process does.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Published> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Published {
    /// The audit sequence up to which it is true, and how time stood then.
    pub(crate) fn as_of(&self) -> (u64, Option<OutOfStep>) {
        (self.seq, self.clock)
    }

    fn put(&mut self, ticket: &Arc<Ticket>) {
        if let Some(earlier) = self.open.remove(&ticket.id()) {
            self.by_change.remove(&earlier.seq());
        }
        self.recent.note(ticket);
        if !ticket.status().has_ended() {
            self.by_change.insert(ticket.seq(), ticket.id());
            self.open.insert(ticket.id(), Arc::clone(ticket));
        }
    }
}
