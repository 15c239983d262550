//! A rule as the config writes it.

use std::collections::BTreeMap;

use ccc_protocol::bodies::Policy;
use serde::Deserialize;

/// One `[[rule]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Its name, unlike all others; decisions name it.
    pub name: String,
    /// Which actions: globs.
    pub action: OneOrMany,
    /// Whose requests: globs. Everybody's where it is not given.
    pub caller: Option<OneOrMany>,
    /// Conditions on parameters, facts and time; all of them must hold.
    #[serde(default, rename = "where")]
    pub conditions: BTreeMap<String, toml::Value>,
    /// What happens where it matches.
    pub policy: Policy,
    /// What an approval needs, where the policy is `queue`.
    pub approve: Option<ApproveSpec>,
    /// False forbids grants, where the policy is `queue`.
    pub grants: Option<bool>,
    /// What the agent reads, where the policy is `auto-deny`.
    pub reason: Option<String>,
}

/// What an approval of a queued request needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveSpec {
    /// Roles that each approver holds.
    pub role: Option<OneOrMany>,
    /// How many different people must say yes; 1 where it is not given.
    pub count: Option<u32>,
    /// True where each approval carries a note.
    #[serde(default)]
    pub justification: bool,
    /// True where each approval is made with care: the whole on screen, and the verdict's word typed.
    #[serde(default)]
    pub care: bool,
    /// How long the ticket waits: `10m`.
    pub expires: Option<String>,
    /// The longest grant: `15m`.
    pub grant_max: Option<String>,
}

/// One text, or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// `"a"`
    One(String),
    /// `["a", "b"]`
    Many(Vec<String>),
}

impl OneOrMany {
    /// As a list.
    #[must_use]
    pub fn into_list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}
