//! What approvers set at run time for the users they may approve for: overrides, groups switched off, freezes.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::{ActionName, UserName, bodies::Policy};
use serde::{Deserialize, Serialize};

use crate::user::Users;

/// All approvers' settings. An approver's settings hold for whom they may approve for at the time of the question,
/// never for themselves; of two approvers' the stricter holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// By the approver who made them.
    pub by: BTreeMap<UserName, Settings>,
}

/// One approver's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Policies that replace an action's own, within its floor.
    pub actions: BTreeMap<ActionName, Policy>,
    /// Groups that are switched off. Their actions keep their overrides.
    pub disabled_groups: BTreeSet<String>,
    /// Users all of whose requests are refused until lifted.
    pub frozen: BTreeSet<UserName>,
}

impl Overrides {
    /// The settings that count for this caller.
    pub fn binding<'a>(
        &'a self,
        caller: &'a UserName,
        users: &'a Users,
    ) -> impl Iterator<Item = (&'a UserName, &'a Settings)> {
        self.by.iter().filter(move |(approver, _)| users.may_approve(approver, caller))
    }

    /// The strictest override of this action for this caller, and whose it is.
    #[must_use]
    pub fn of_action(&self, action: &ActionName, caller: &UserName, users: &Users) -> Option<(Policy, &UserName)> {
        self.by
            .iter()
            .filter(|(approver, _)| users.may_approve(approver, caller))
            .filter_map(|(approver, settings)| settings.actions.get(action).map(|policy| (*policy, approver)))
            .max_by_key(|(policy, _)| *policy)
    }

    /// Who switched this group off for this caller.
    #[must_use]
    pub fn group_disabled_by(&self, group: &str, caller: &UserName, users: &Users) -> Option<&UserName> {
        self.by
            .iter()
            .find(|(approver, settings)| {
                users.may_approve(approver, caller) && settings.disabled_groups.contains(group)
            })
            .map(|(approver, _)| approver)
    }

    /// Somebody who froze this caller. Unlike an override a freeze holds on where its setter is gone or has lost the right since:
    /// what was stopped in an emergency goes on by somebody's yes alone.
    #[must_use]
    pub fn frozen_by(&self, caller: &UserName) -> Option<&UserName> {
        self.by.iter().find(|(_, settings)| settings.frozen.contains(caller)).map(|(approver, _)| approver)
    }

    /// Who froze this user and could not thaw them any more: whoever may approve for the user does it in their place.
    pub fn orphaned_freezes<'a>(&'a self, user: &'a UserName, users: &'a Users) -> impl Iterator<Item = &'a UserName> {
        self.by
            .iter()
            .filter(move |(setter, settings)| settings.frozen.contains(user) && !users.may_approve(setter, user))
            .map(|(setter, _)| setter)
    }
}
