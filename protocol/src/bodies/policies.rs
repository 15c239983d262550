//! Run-time policies: what is in force, and how an approver changes it for the users they may approve for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Held, Policy};
use crate::{ActionName, UserName};

/// `GET /policies`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyList {
    /// The audit sequence up to which it is true.
    pub seq: u64,
    /// The users it applies to: the caller's `canApprove`.
    pub users: Vec<UserName>,
    /// Those of them whose requests are all refused until the freeze is lifted.
    pub frozen: Vec<UserName>,
    /// What earlier calls hold against these users' sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// In the order of their names.
    pub groups: Vec<GroupPolicies>,
}

/// One group of actions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupPolicies {
    /// Its name.
    pub group: String,
    /// False where the caller has switched it off.
    pub enabled: bool,
    /// Its actions.
    pub actions: Vec<ActionPolicy>,
}

/// One action's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionPolicy {
    /// The action.
    pub action: ActionName,
    /// Its declared policy.
    pub own: Policy,
    /// No looser than this, whatever else says so.
    pub floor: Option<Policy>,
    /// The caller's override.
    #[serde(rename = "override")]
    pub overridden: Option<Policy>,
    /// What holds for each user where no rule with conditions matches.
    pub effective: BTreeMap<UserName, Policy>,
}

/// `POST /policies/group/{group}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetGroup {
    /// False denies every action of the group.
    pub enabled: bool,
}

/// `POST /policies/action/{action}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// The override; null takes it away. The field must be there.
    #[serde(deserialize_with = "Option::deserialize")]
    pub policy: Option<Policy>,
}

/// `POST /freeze`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Whom; all that the caller may approve for where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserName>>,
    /// True revokes their grants, denies what waits and refuses what comes; false lifts it.
    pub frozen: bool,
}
