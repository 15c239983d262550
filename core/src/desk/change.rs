//! What one or more use cases changed: to be committed as a whole, or not at all.

use std::sync::Arc;

use ccc_protocol::{GrantId, TicketId, UserName};

use crate::{
    audit::Sealed,
    clock::Stretch,
    grant::Grant,
    policy::Overrides,
    risk::Frozen,
    ticket::{Permit, Ticket},
};

use super::{KnownHosts, KnownUsers, MailPermissions, Pins};

/// The rows to write, and what may go on once they are written.
#[derive(Debug, Default)]
pub struct Change {
    /// Tickets as they now stand, in the order of change.
    pub tickets: Vec<Arc<Ticket>>,
    /// Audit entries, in the order of the chain.
    pub entries: Vec<Sealed>,
    /// Grants as they now stand.
    pub grants: Vec<Grant>,
    /// Grants that ended.
    pub ended_grants: Vec<GrantId>,
    /// Denied tickets whose cool-down was lifted.
    pub lifted: Vec<TicketId>,
    /// Settings as they now stand, whole.
    pub settings: Vec<Setting>,
    /// Leave to run, to be used only after the commit.
    pub permits: Vec<Permit>,
    /// Approved tickets that wait for the worker, to be looked at only after the commit.
    pub to_start: Vec<TicketId>,
    /// Runs to be ended, and by whose wish, only after the commit.
    pub to_stop: Vec<(TicketId, UserName)>,
    /// Stretches of time that were begun, the last one in force.
    pub stretches: Vec<Stretch>,
    /// How far deadlines were moved in all, in milliseconds, for those that are stored and not on the desk.
    pub moved_millis: i64,
}

/// A setting that is stored as one value.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// Overrides, groups, freezes.
    Overrides(Overrides),
    /// Mail permissions. The owner's file is written after the commit, and wins where it says something else at a
    /// start.
    Mail(MailPermissions),
    /// The approved forms of MCP tools.
    Pins(Pins),
    /// Which hosts calls were let contact.
    KnownHosts(KnownHosts),
    /// Who there is, by the fingerprints of their secrets.
    KnownUsers(KnownUsers),
    /// Sessions that are frozen until a person lifts it.
    Frozen(Vec<Frozen>),
}

impl Change {
    /// True where there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // INVARIANT: every change of state has its audit entry.
        self.entries.is_empty()
    }
}
