//! The outcome of policy, with the rules that said so.

use std::collections::BTreeSet;

use ccc_protocol::{GrantId, TicketId, bodies::Policy};
use serde::{Deserialize, Serialize};

use super::rule::Asks;
use crate::{limits::Limits, risk::Assessment};

/// What happens to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Done, or released, at once.
    Accept,
    /// Released at once, to be run confined. Of calls alone that say that they can be, and run code of which nothing is known but
    /// what it is confined to.
    Confine,
    /// Held for a person.
    Queue,
    /// Refused, for this reason.
    Deny {
        /// For the caller to read.
        reason: String,
    },
    /// Refused because a person denied the same call a moment ago.
    DeniedBefore {
        /// The ticket that was denied.
        ticket: TicketId,
    },
}

/// What policy decided, and why.
#[must_use = "a decision that nobody follows is a gate left open"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is to be done, with its own terms.
    pub ruling: Ruling,
    /// The rules that decided, in words, as `rule` in the ticket says it.
    pub rule: String,
    /// What an approval would need.
    pub needs: Needs,
    /// The grant that made it accept; its use is counted in the ticket's commit.
    pub grant: Option<GrantId>,
    /// Of a tool call, its risk beside what came before it.
    pub assessed: Option<Assessment>,
    /// True where the last word made it stricter: nothing but a person's yes to this very call undoes that.
    pub held: bool,
}

/// What an approval needs: the strictest of every rule that queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Roles that each approver holds, all of them.
    pub roles: BTreeSet<String>,
    /// How many different people must say yes; at least 1.
    pub count: u32,
    /// True where each approval carries a note.
    pub justification: bool,
    /// True where each approval is made with care: the whole on screen, and the verdict's word typed. A rule, the declaration, or what
    /// the call does asks for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub care: bool,
    /// How long the ticket waits, in seconds, where shorter than the limit.
    pub expires_seconds: Option<u64>,
    /// The longest grant, in seconds; 0 forbids grants.
    pub grant_seconds_max: u64,
}

impl Decision {
    /// Decided without a grant.
    pub(super) fn new(ruling: Ruling, rule: String, needs: Needs) -> Self {
        Self { ruling, rule, needs, grant: None, assessed: None, held: false }
    }
}

impl Needs {
    /// One person, and grants as long as the limit lets them be.
    #[must_use]
    pub fn plain(limits: &Limits) -> Self {
        Self {
            roles: BTreeSet::new(),
            count: 1,
            justification: false,
            care: false,
            expires_seconds: None,
            grant_seconds_max: limits.grant_seconds_max,
        }
    }

    /// These needs and what another rule asks: the stricter of each.
    pub(super) fn join(&mut self, asks: &Asks) {
        let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        self.roles.extend(asks.roles.iter().cloned());
        self.count = self.count.max(asks.count);
        self.justification |= asks.justification;
        self.care |= asks.care;
        self.expires_seconds = least(self.expires_seconds, asks.expires_seconds);
        self.grant_seconds_max = self.grant_seconds_max.min(asks.grant_seconds_max.unwrap_or(u64::MAX));
    }

    /// The stricter of each of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Self {
            roles: self.roles.union(&other.roles).cloned().collect(),
            count: self.count.max(other.count),
            justification: self.justification || other.justification,
            care: self.care || other.care,
            expires_seconds: least(self.expires_seconds, other.expires_seconds),
            grant_seconds_max: self.grant_seconds_max.min(other.grant_seconds_max),
        }
    }

    /// True where who has met these needs has met those of the other too.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        let both = self.and(other);
        (both.roles, both.count, both.justification, both.care)
            == (self.roles.clone(), self.count, self.justification, self.care)
    }

    /// These needs for an action with this floor: what is never looser than `confine` takes no grants.
    pub(crate) fn under_floor(self, floor: Option<Policy>) -> Self {
        match floor {
            Some(Policy::Confine | Policy::Queue | Policy::AutoDeny) => Self { grant_seconds_max: 0, ..self },
            Some(Policy::AutoAccept) | None => self,
        }
    }
}
