//! `[risk]` and `[[sequence]]`, read and checked once.

use std::collections::BTreeMap;

use ccc_protocol::{UserName, bodies::Level, duration};

use super::{
    RiskSpec, SequenceSpec, Sequences,
    spec::{EnforceThenSpec, ThresholdsSpec, TrustSpec, WeightsSpec},
};
use crate::{catalogue::Catalogue, user::Users};

/// What risk is reckoned by, and what follows from it.
#[derive(Debug, Clone)]
pub struct RiskLaw {
    /// How much the parts of the formula count.
    pub weights: Weights,
    /// From which score on a call is of which level.
    pub thresholds: Thresholds,
    /// How far the owner trusts whom; whoever is not named is [`Trust::Known`].
    pub trust: BTreeMap<UserName, Trust>,
    /// How long what a session did counts.
    pub memory_seconds: u64,
    /// How long a session's calls wait for a person after the fence said so.
    pub escalation_seconds: u64,
    /// What many calls of high risk come to.
    pub enforcement: Enforcement,
    /// Steps that are harmless alone.
    pub sequences: Sequences,
}

/// The formula's weights, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// Of the largest of D1, D2 and D3.
    pub act_millis: u32,
    /// Of D4.
    pub session_millis: u32,
    /// Of D5.
    pub trust_millis: u32,
    /// Of D6, which raises the rest.
    pub injection_millis: u32,
}

/// The scores from which on a call is of a level, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Below it a call is low.
    pub medium_millis: u32,
    /// From here on high.
    pub high_millis: u32,
    /// From here on critical.
    pub critical_millis: u32,
}

impl Thresholds {
    pub(super) fn level(self, score_millis: u32) -> Level {
        match score_millis {
            score if score >= self.critical_millis => Level::Critical,
            score if score >= self.high_millis => Level::High,
            score if score >= self.medium_millis => Level::Medium,
            _ => Level::Low,
        }
    }
}

/// How far the owner trusts an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Counts nothing.
    Trusted,
    /// Counts once.
    Known,
    /// Counts twice.
    Untrusted,
}

impl Trust {
    pub(super) fn points(self) -> u8 {
        match self {
            Self::Trusted => 0,
            Self::Known => 1,
            Self::Untrusted => 2,
        }
    }
}

/// After so many calls of high risk everything but plain reads in the project waits for a person, or is denied, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enforcement {
    /// How many; 0 is never.
    pub after: u8,
    /// Within how long.
    pub within_seconds: u64,
    /// What then happens.
    pub then: Then,
    /// For how long.
    pub cool_down_seconds: u64,
}

impl Enforcement {
    pub(super) fn is_on(&self) -> bool {
        self.after > 0
    }
}

/// What happens to the calls of a session that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// They wait for a person.
    Queue,
    /// They are denied.
    Deny,
}

/// The longest window that anything counts in: a start reads no more of the log than that.
pub(super) const WINDOW_SECONDS_MAX: u64 = 24 * 60 * 60;

impl RiskLaw {
    /// From what the config says.
    ///
    /// # Errors
    /// A sentence for each thing that is wrong.
    pub fn read(spec: &RiskSpec, sequences: &[SequenceSpec], catalogue: &Catalogue) -> Result<Self, Vec<String>> {
        let mut errors = vec![];
        let mut seconds = |key: &str, text: Option<&String>, default: u64| {
            let read = text.map_or(Ok(default), |text| duration::parse_seconds(text));
            match read {
                Ok(seconds) if (1..=WINDOW_SECONDS_MAX).contains(&seconds) => seconds,
                Ok(_) => {
                    errors.push(format!("`risk.{key}` is 1s to 24h"));
                    default
                }
                Err(why) => {
                    errors.push(format!("`risk.{key}`: {why}"));
                    default
                }
            }
        };
        let memory_seconds = seconds("memory", spec.memory.as_ref(), 30 * 60);
        let escalation_seconds = seconds("escalation", spec.escalation.as_ref(), 15 * 60);
        let enforcement = Enforcement {
            after: spec.enforce.after.unwrap_or(8),
            within_seconds: seconds("enforce.within", spec.enforce.within.as_ref(), 10 * 60),
            then: match spec.enforce.then {
                None | Some(EnforceThenSpec::Queue) => Then::Queue,
                Some(EnforceThenSpec::Deny) => Then::Deny,
            },
            cool_down_seconds: seconds("enforce.for", spec.enforce.lasts.as_ref(), 15 * 60),
        };
        if enforcement.after > super::SessionTest::COUNT_MAX {
            errors.push(format!("`risk.enforce.after` is at most {}; 0 is never", super::SessionTest::COUNT_MAX));
        }
        let weights = weights(spec.weights, &mut errors);
        let thresholds = thresholds(spec.thresholds, &mut errors);
        let trust = trust(&spec.trust, &mut errors);
        let sequences = match catalogue.named(ccc_protocol::actions::USE_TOOL) {
            Some(tool_call) => Sequences::compile(sequences, &spec.sequences_off, tool_call),
            None => Ok(Sequences::default()),
        };
        let sequences = sequences.unwrap_or_else(|whys| {
            errors.extend(whys);
            Sequences::default()
        });
        let law = Self { weights, thresholds, trust, memory_seconds, escalation_seconds, enforcement, sequences };
        if errors.is_empty() { Ok(law) } else { Err(errors) }
    }

    /// How far the owner trusts this user.
    #[must_use]
    pub fn trust_of(&self, user: &UserName) -> Trust {
        self.trust.get(user).copied().unwrap_or(Trust::Known)
    }

    /// What looks wrong and is still allowed, a sentence each.
    #[must_use]
    pub fn lint(&self, users: &Users) -> Vec<String> {
        let unknown = self.trust.keys().filter(|user| users.named(user).is_none());
        let mut found: Vec<String> =
            unknown.map(|user| format!("`risk.trust` names `{user}`, and there is no such user")).collect();
        let Weights { act_millis, .. } = self.weights;
        if u64::from(act_millis) * 3 < u64::from(self.thresholds.medium_millis) {
            found.push(
                "`risk.weights.act` is so small that what a call does never makes it medium by itself".to_owned(),
            );
        }
        if !self.enforcement.is_on() {
            found.push("`risk.enforce.after = 0`: many calls of high risk come to nothing".to_owned());
        }
        found
    }
}

fn weights(spec: WeightsSpec, errors: &mut Vec<String>) -> Weights {
    let mut millis = |key: &str, number: f64| {
        millis(number, 10.0).unwrap_or_else(|| {
            errors.push(format!("`risk.weights.{key}` is a number from 0 to 10"));
            0
        })
    };
    Weights {
        act_millis: millis("act", spec.act),
        session_millis: millis("session", spec.session),
        trust_millis: millis("trust", spec.trust),
        injection_millis: millis("injection", spec.injection),
    }
}

fn thresholds(spec: ThresholdsSpec, errors: &mut Vec<String>) -> Thresholds {
    let numbers = [spec.medium, spec.high, spec.critical].map(|number| millis(number, 1000.0));
    match numbers {
        [Some(medium), Some(high), Some(critical)] if 0 < medium && medium < high && high < critical => {
            Thresholds { medium_millis: medium, high_millis: high, critical_millis: critical }
        }
        _ => {
            errors.push("`risk.thresholds` rise: 0 < medium < high < critical, at most 1000".to_owned());
            Thresholds { medium_millis: 0, high_millis: 0, critical_millis: 0 }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number was just found to be small and not negative"
)]
fn millis(number: f64, most: f64) -> Option<u32> {
    (number.is_finite() && (0.0..=most).contains(&number)).then(|| (number * 1000.0).round() as u32)
}

fn trust(spec: &BTreeMap<String, TrustSpec>, errors: &mut Vec<String>) -> BTreeMap<UserName, Trust> {
    let mut read = BTreeMap::new();
    for (name, word) in spec {
        let trust = match word {
            TrustSpec::Trusted => Trust::Trusted,
            TrustSpec::Known => Trust::Known,
            TrustSpec::Untrusted => Trust::Untrusted,
        };
        match name.parse() {
            Ok(user) => {
                read.insert(user, trust);
            }
            Err(_) => errors.push(format!(
                "`risk.trust` names `{}`, which is no user's name",
                ccc_protocol::visible::escaped(name)
            )),
        }
    }
    read
}

impl Default for RiskLaw {
    /// What holds where the config says nothing, without sequences.
    fn default() -> Self {
        Self {
            weights: Weights { act_millis: 400, session_millis: 250, trust_millis: 150, injection_millis: 500 },
            thresholds: Thresholds { medium_millis: 800, high_millis: 1500, critical_millis: 2200 },
            trust: BTreeMap::new(),
            memory_seconds: 30 * 60,
            escalation_seconds: 15 * 60,
            enforcement: Enforcement { after: 8, within_seconds: 600, then: Then::Queue, cool_down_seconds: 900 },
            sequences: Sequences::default(),
        }
    }
}
