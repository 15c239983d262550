//! `[risk]` and `[[sequence]]` as the config writes them.

use std::collections::BTreeMap;

use ccc_protocol::bodies::Class;
use serde::Deserialize;

/// `[risk]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskSpec {
    /// How much the parts of the formula count.
    pub weights: WeightsSpec,
    /// From which score on a call is of which level.
    pub thresholds: ThresholdsSpec,
    /// How far the owner trusts whom, by user.
    pub trust: BTreeMap<String, TrustSpec>,
    /// How long what a session did counts: `30m`.
    pub memory: Option<String>,
    /// How long a session's calls wait for a person after the fence said so: `15m`.
    pub escalation: Option<String>,
    /// What many calls of high risk come to.
    pub enforce: EnforceSpec,
    /// Shipped sequences that the owner does without.
    pub sequences_off: Vec<String>,
}

/// `risk.weights`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeightsSpec {
    /// Of the largest of what it does, where, and the patterns in its text.
    pub act: f64,
    /// Of the session so far.
    pub session: f64,
    /// Of the trust in the agent.
    pub trust: f64,
    /// By how much signs of injection raise the rest.
    pub injection: f64,
}

impl Default for WeightsSpec {
    fn default() -> Self {
        Self { act: 0.4, session: 0.25, trust: 0.15, injection: 0.5 }
    }
}

/// `risk.thresholds`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThresholdsSpec {
    /// From here on medium.
    pub medium: f64,
    /// From here on high.
    pub high: f64,
    /// From here on critical.
    pub critical: f64,
}

impl Default for ThresholdsSpec {
    fn default() -> Self {
        Self { medium: 0.8, high: 1.5, critical: 2.2 }
    }
}

/// A user's trust, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustSpec {
    /// 0
    Trusted,
    /// 1: whoever is not named.
    Known,
    /// 2
    Untrusted,
}

/// `risk.enforce`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnforceSpec {
    /// After how many calls of high risk; 0 is never.
    pub after: Option<u8>,
    /// Within how long: `10m`.
    pub within: Option<String>,
    /// What then happens to everything but plain reads in the project.
    pub then: Option<EnforceThenSpec>,
    /// For how long: `15m`.
    #[serde(rename = "for")]
    pub lasts: Option<String>,
}

/// `risk.enforce.then`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnforceThenSpec {
    /// It waits for a person.
    Queue,
    /// It is denied.
    Deny,
}

/// One `[[sequence]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceSpec {
    /// Its name, unlike all others.
    pub name: String,
    /// What it is, in words, for whoever decides.
    pub reason: String,
    /// How long it may take from the first step to the last: `10m`.
    pub within: String,
    /// How many calls it may take.
    pub calls: u32,
    /// What meets the call that takes the last step.
    pub then: Option<ThenSpec>,
    /// In place of `then`: for a while the session has these classes and no others.
    pub narrow: Option<Vec<Class>>,
    /// For how long: `15m`.
    #[serde(rename = "for")]
    pub lasts: Option<String>,
    /// The steps, in order.
    pub step: Vec<StepSpec>,
    /// Commands in a row that take its last step; tests of what ships.
    #[serde(default)]
    pub fires: Vec<Vec<String>>,
    /// Commands in a row that do not.
    #[serde(default)]
    pub spares: Vec<Vec<String>>,
}

/// `then`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThenSpec {
    /// The session is marked.
    Mark,
    /// The call waits for a person.
    Queue,
    /// The call is denied.
    Deny,
    /// The call is denied, and so is all of the session until a person lifts it.
    Freeze,
}

/// One `[[sequence.step]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// Conditions as in rules; of several tables one is enough.
    #[serde(rename = "where")]
    pub conditions: TablesSpec,
    /// How often.
    pub times: Option<u8>,
    /// How its paths belong to those of the steps before.
    pub path: Option<PathSpec>,
}

/// One table of conditions, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum TablesSpec {
    /// `where = { … }`
    One(BTreeMap<String, toml::Value>),
    /// `where = [{ … }, { … }]`
    Many(Vec<BTreeMap<String, toml::Value>>),
}

impl TablesSpec {
    pub(super) fn tables(&self) -> Vec<&BTreeMap<String, toml::Value>> {
        match self {
            Self::One(table) => vec![table],
            Self::Many(tables) => tables.iter().collect(),
        }
    }
}

/// `path`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathSpec {
    /// It touches what an earlier step wrote, or what was written from that.
    Same,
    /// It touches a path that no earlier step touched.
    Other,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipped {
    sequence: Vec<SequenceSpec>,
}

/// The sequences that ship.
pub(super) fn shipped() -> Result<Vec<SequenceSpec>, String> {
    let shipped: Result<Shipped, _> = toml::from_str(super::sequence::BUILT_IN);
    shipped.map(|file| file.sequence).map_err(|error| format!("the sequences that ship: {error}"))
}
