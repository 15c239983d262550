//! The books: what stands now, and the one way a ticket's step enters them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use ccc_protocol::{Digest, GrantId, TicketId, Timestamp, UserName, actions::PIN_TOOL, bodies::AuditEntry};

use crate::{
    audit::{Chain, chain},
    clock::Stretch,
    grant::Grant,
    law::Law,
    limits::Limits,
    policy::Overrides,
    risk::{Frozen, Sessions},
    ticket::{Note, Permit, Ticket},
};

use super::{Change, KnownHosts, MailPermissions, Pins, pairs::Pairs};

/// What is stored, as read at start: the desk is restored from it.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// The end of the audit chain.
    pub chain: Chain,
    /// Tickets that have not ended.
    pub open: Vec<Ticket>,
    /// Tickets that a person denied within the longest cool-down.
    pub denied: Vec<Ticket>,
    /// Standing grants.
    pub grants: Vec<Grant>,
    /// Overrides, groups, freezes.
    pub overrides: Overrides,
    /// Mail permissions as the store has them; the owner's file is adopted after.
    pub mail: MailPermissions,
    /// The approved forms of MCP tools.
    pub pins: Pins,
    /// Hosts that calls were let contact.
    pub known_hosts: KnownHosts,
    /// The users as the last run knew them.
    pub known_users: KnownUsers,
    /// The stretch of time that the last entry was made in; none where versions before kept none.
    pub clock: Option<Stretch>,
    /// Sessions that are frozen until a person lifts it.
    pub frozen: Vec<Frozen>,
    /// The latest entries, as far back as what sessions did still counts, oldest first.
    pub recent: Vec<AuditEntry>,
}

/// Users by name, each with a fingerprint of the secret: what tells after a restart who is gone or has another secret.
pub type KnownUsers = BTreeMap<UserName, Digest>;

/// What one user's open tickets come to.
#[derive(Debug, Default)]
pub(super) struct OpenOf {
    tickets: u64,
    /// Of their parameters, as JSON.
    bytes: u64,
    /// Those about tools, by MCP server.
    pins: HashMap<String, u64>,
}

/// All that stands, as of the last change. `open_by_user`, `calls` and `due` are ways to find what the rest holds.
#[derive(Debug, Default)]
pub struct Desk {
    pub(super) chain: Chain,
    pub(super) open: BTreeMap<TicketId, Arc<Ticket>>,
    pub(super) open_by_user: HashMap<UserName, OpenOf>,
    /// Open judge-only tickets by what a retry is known by.
    pub(super) calls: HashMap<Digest, TicketId>,
    pub(super) denials: HashMap<Digest, Denial>,
    pub(super) grants: BTreeMap<GrantId, Grant>,
    pub(super) overrides: Overrides,
    pub(super) mail: MailPermissions,
    pub(super) pins: Pins,
    pub(super) pairs: Pairs,
    pub(super) known_hosts: KnownHosts,
    pub(super) known_users: KnownUsers,
    pub(super) due: BTreeSet<(Timestamp, Due)>,
    /// Approved before the start, and not to go on before the store was found whole.
    pub(super) held: BTreeSet<TicketId>,
    pub(super) clock: Stretch,
    /// What sessions did.
    pub(super) risk: Sessions,
}

/// A person's denial, for as long as it answers the same call.
#[derive(Debug, Clone)]
pub(super) struct Denial {
    pub(super) ticket: Arc<Ticket>,
    pub(super) until: Timestamp,
}

/// What time will end. A denial's entry may outlive it: whoever takes one looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Ticket(TicketId),
    Grant(GrantId),
    Denial(Digest),
}

impl Desk {
    /// The desk as it stood when these books were read.
    #[must_use]
    pub fn restore(books: Books, law: &Law) -> Self {
        let mut desk = Self {
            chain: books.chain,
            overrides: books.overrides,
            mail: books.mail,
            pins: books.pins,
            known_hosts: books.known_hosts,
            known_users: books.known_users,
            clock: books.clock.unwrap_or_default(),
            risk: Sessions::rebuilt(books.frozen, &books.recent, law),
            ..Self::default()
        };
        for ticket in books.open {
            desk.shelve(Arc::new(ticket), &law.limits);
        }
        for ticket in books.denied {
            desk.shelve(Arc::new(ticket), &law.limits);
        }
        for grant in books.grants {
            let grant = grant.read(&law.knowledge());
            desk.note_due(&grant);
            desk.grants.insert(grant.id, grant);
        }
        desk
    }

    /// The end of the audit chain.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The ticket, where it is open; one that ended is in the store alone.
    #[must_use]
    pub fn open_ticket(&self, id: TicketId) -> Option<&Arc<Ticket>> {
        self.open.get(&id)
    }

    /// Every open ticket, oldest first.
    pub fn open_tickets(&self) -> impl Iterator<Item = &Arc<Ticket>> {
        self.open.values()
    }

    /// Every standing grant, oldest first.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values()
    }

    /// The denials by a person that still answer, by the digest of the call they answer: the denied ticket, and until when.
    pub fn denials(&self) -> impl Iterator<Item = (Digest, (TicketId, Timestamp))> {
        self.denials.iter().map(|(call, denial)| (*call, (denial.ticket.id(), denial.until)))
    }

    /// Overrides, groups, freezes.
    #[must_use]
    pub fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Mail permissions, whoever gave them.
    #[must_use]
    pub fn mail(&self) -> &MailPermissions {
        &self.mail
    }

    /// The approved forms of MCP tools.
    #[must_use]
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// When time next ends something.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Writes one ticket's change into the books and the chain: the only way a ticket changes.
    pub(super) fn record(
        &mut self,
        ticket: Ticket,
        note: Note,
        permit: Option<Permit>,
        now: Timestamp,
        law: &Law,
        change: &mut Change,
    ) -> Arc<Ticket> {
        let note = note.with_marks(&ticket);
        let sealed = self.chain.seal(chain::of_ticket(&ticket, note, now));
        self.hear(&sealed.entry, law, change);
        let ticket = Arc::new(ticket.sealed_at(sealed.entry.seq));
        change.entries.push(sealed);
        change.tickets.push(Arc::clone(&ticket));
        change.permits.extend(permit);
        self.pairs.note(&ticket, now, &law.limits);
        // One denial answers a call: an earlier one does so no more, also after a restart.
        change.lifted.extend(self.shelve(Arc::clone(&ticket), &law.limits));
        ticket
    }

    /// Writes an entry that is about no ticket's standing.
    pub(super) fn log(&mut self, entry: AuditEntry, change: &mut Change) {
        change.entries.push(self.chain.seal(entry));
    }

    /// Puts a ticket where it now belongs, and takes it from where it was. Gives another one whose denial this one's takes the
    /// place of.
    fn shelve(&mut self, ticket: Arc<Ticket>, limits: &Limits) -> Option<TicketId> {
        self.unshelve(&ticket);
        if ticket.was_denied_by_a_person() {
            return self.remember_denial(ticket, limits);
        }
        if !ticket.status().has_ended() {
            self.shelve_open(ticket);
        }
        None
    }

    /// Puts an open ticket back whose times alone are others.
    pub(super) fn shelve_again(&mut self, ticket: Arc<Ticket>) {
        self.unshelve(&ticket);
        self.shelve_open(ticket);
    }

    /// Time ends the grant, unless that is not counted.
    pub(super) fn note_due(&mut self, grant: &Grant) {
        if grant.held.is_none() {
            self.due.insert((grant.until, Due::Grant(grant.id)));
        }
    }

    fn shelve_open(&mut self, ticket: Arc<Ticket>) {
        if let Some(deadline) = ticket.deadline() {
            self.due.insert((deadline, Due::Ticket(ticket.id())));
        }
        if let Some(call) = ticket.request().call {
            self.calls.insert(call, ticket.id());
        }
        let open = self.open_by_user.entry(ticket.submitted_by().clone()).or_default();
        open.tickets += 1;
        open.bytes = open.bytes.saturating_add(ticket.request().params_bytes);
        if let Some(server) = pinned_server(&ticket) {
            *open.pins.entry(server.to_owned()).or_default() += 1;
        }
        self.open.insert(ticket.id(), ticket);
    }

    fn unshelve(&mut self, ticket: &Ticket) {
        let Some(earlier) = self.open.remove(&ticket.id()) else { return };
        if let Some(deadline) = earlier.deadline() {
            self.due.remove(&(deadline, Due::Ticket(earlier.id())));
        }
        if let Some(call) = earlier.request().call {
            self.calls.remove(&call);
        }
        if let Some(open) = self.open_by_user.get_mut(earlier.submitted_by()) {
            open.tickets = open.tickets.saturating_sub(1);
            open.bytes = open.bytes.saturating_sub(earlier.request().params_bytes);
            if let Some(server) = pinned_server(&earlier)
                && let Some(pins) = open.pins.get_mut(server)
            {
                *pins = pins.saturating_sub(1);
                if *pins == 0 {
                    open.pins.remove(server);
                }
            }
            if open.tickets == 0 {
                self.open_by_user.remove(earlier.submitted_by());
            }
        }
    }

    fn remember_denial(&mut self, ticket: Arc<Ticket>, limits: &Limits) -> Option<TicketId> {
        let until = ticket.answers_until(limits.denial_seconds)?;
        let id = ticket.id();
        let call = call_of(&ticket);
        self.due.insert((until, Due::Denial(call)));
        let before = self.denials.insert(call, Denial { ticket, until });
        before.map(|denial| denial.ticket.id()).filter(|before| *before != id)
    }

    /// How many open tickets the user has.
    pub(super) fn open_of(&self, user: &UserName) -> u64 {
        self.open_by_user.get(user).map_or(0, |open| open.tickets)
    }

    /// How many of the user's open tickets are about tools of this MCP server.
    pub(super) fn open_pins_of(&self, user: &UserName, server: &str) -> u64 {
        self.open_by_user.get(user).and_then(|open| open.pins.get(server)).copied().unwrap_or_default()
    }

    /// How many bytes the parameters of the user's open tickets are.
    pub(super) fn open_bytes_of(&self, user: &UserName) -> u64 {
        self.open_by_user.get(user).map_or(0, |open| open.bytes)
    }
}

/// What the same request again is known by, whether judge-only or not.
pub(super) fn call_of(ticket: &Ticket) -> Digest {
    ticket.request().known_by()
}

/// The MCP server whose tool a ticket is about.
fn pinned_server(ticket: &Ticket) -> Option<&str> {
    let request = ticket.request();
    (request.action.as_str() == PIN_TOOL).then(|| request.params.get("server")?.as_str()).flatten()
}
