//! The last word about a ruling: what sequences, the fence, denied effects and many calls of high risk ask for.
//!
//! INVARIANT: [`after`] only tightens. It stands behind rules, overrides, grants and `confine`, and none of them undoes it.

use ccc_protocol::{
    Timestamp, UserName,
    bodies::{Access, Class, Facts, Level, Place, Policy},
};
use serde_json::{Map, Value};

use super::{
    Effect, Follow, Sessions, State, Then, effect::all_effects, sequence::Completed, sessions::Denied, state::Hold,
};
use crate::{
    law::Law,
    policy::{Decision, Ruling},
};

/// What is asked of a ruling, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last {
    /// `queue` or `auto-deny`; none where nothing is asked.
    pub policy: Option<Policy>,
    /// The level that it makes the call at least.
    pub level: Level,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// What holds against the session from now on.
    pub follows: Vec<Follow>,
}

/// The decision, no looser than the last word.
pub fn after(decision: Decision, last: &Last) -> Decision {
    let said = last.reasons.join("; ");
    let tightened = match (last.policy, &decision.ruling) {
        (None | Some(Policy::AutoAccept | Policy::Confine), _)
        | (_, Ruling::Deny { .. } | Ruling::DeniedBefore { .. }) => {
            return decision;
        }
        (Some(Policy::AutoDeny), _) => Ruling::Deny { reason: said.clone() },
        (Some(Policy::Queue), _) => Ruling::Queue,
    };
    let mut needs = decision.needs;
    // More of the same would be held again: leave for it would be leave for nothing.
    needs.grant_seconds_max = 0;
    Decision {
        ruling: tightened,
        rule: format!("{said}; {}", decision.rule),
        needs,
        grant: None,
        held: true,
        ..decision
    }
}

impl Last {
    fn ask(&mut self, policy: Policy, reason: String) {
        self.policy = self.policy.max(Some(policy));
        self.reasons.push(reason);
    }

    /// What is held against the session.
    pub(crate) fn by_holds(&mut self, state: &State, facts: Option<&Facts>, law: &Law, now: Timestamp) {
        let is_plain = facts.is_some_and(reads_in_project);
        for hold in state.holds(now) {
            match hold {
                Hold::Frozen { why } => {
                    self.ask(Policy::AutoDeny, format!("the session is frozen until a person lifts it: {why}"));
                }
                Hold::Narrowed { why, until, classes } => {
                    let fits = facts.is_some_and(|facts| {
                        !facts.classes.is_empty() && facts.classes.keys().all(|class| classes.contains(class))
                    });
                    if !fits {
                        let kept: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
                        let kept = if kept.is_empty() { "nothing".to_owned() } else { kept.join(", ") };
                        self.ask(Policy::AutoDeny, format!("until {until} the session has {kept} and no more: {why}"));
                    }
                }
                Hold::Escalated { why, until } if !is_plain => {
                    self.ask(Policy::Queue, format!("until {until} the session's calls wait for a person: {why}"));
                }
                Hold::Enforced { until } if !is_plain => {
                    let policy = match law.risk.enforcement.then {
                        Then::Queue => Policy::Queue,
                        Then::Deny => Policy::AutoDeny,
                    };
                    self.ask(policy, format!("many calls of high risk: until {until} all but plain reads are held"));
                }
                Hold::Escalated { .. } | Hold::Enforced { .. } => {}
            }
        }
    }

    /// What sequences say about the call.
    pub(crate) fn by_sequences(&mut self, completed: &[Completed]) {
        for Completed { reason, policy, follow } in completed {
            match policy {
                Some(policy) => {
                    self.ask(*policy, reason.clone());
                    self.level = self.level.max(Level::High);
                }
                None => self.reasons.push(reason.clone()),
            }
            self.follows.extend(follow.clone());
        }
    }

    /// A marked value that nobody should have read is on its way.
    pub(crate) fn by_canary(&mut self, canary: Option<&str>, facts: &Facts) {
        let Some(place) = canary else { return };
        self.level = Level::Critical;
        let why = format!("a marked value that nobody should have read is on its way out: {place}");
        let leaves = facts.any(&[Class::Network, Class::Upload, Class::Server, Class::Unknown, Class::Runs]);
        if leaves {
            self.ask(Policy::AutoDeny, why.clone());
            self.follows.push(Follow::Freeze { why });
        } else {
            self.ask(Policy::Queue, format!("a marked value that nobody should have read stands in it: {place}"));
        }
    }

    /// What has the effect of something that a person denied.
    pub(crate) fn by_denials(
        &mut self,
        sessions: &Sessions,
        user: &UserName,
        facts: &Facts,
        params: &Map<String, Value>,
        law: &Law,
        now: Timestamp,
    ) {
        let mut denied = sessions.denied(user, now, law.limits.denial_seconds).peekable();
        if denied.peek().is_none() {
            return;
        }
        let effects = all_effects(facts);
        let can_be_run = writes_what_runs(facts);
        let mut said: Vec<&Effect> = vec![];
        for denied in denied {
            if said.contains(&&denied.effect) {
                continue;
            }
            let Denied { effect, by, at, .. } = denied;
            let what = |verb: &str| {
                format!("{verb} what {by} denied {}: {}, {}", ago(*at, now), effect.class.as_str(), effect.target)
            };
            if effects.iter().any(|own| own.is_within(effect)) {
                let policy = if effect.is_grave() { Policy::AutoDeny } else { Policy::Queue };
                self.level = self.level.max(if effect.is_grave() { Level::High } else { Level::Medium });
                self.ask(policy, what("same effect as"));
            } else if can_be_run && names(params.get("input").unwrap_or(&Value::Null), effect) {
                self.ask(Policy::Queue, what("writes something that can be run, and that names"));
            } else {
                continue;
            }
            said.push(effect);
        }
    }
}

/// True where the call looks at files of the project and does nothing else.
fn reads_in_project(facts: &Facts) -> bool {
    let near = |place: Place| matches!(place, Place::Project | Place::ProjectRoot);
    facts.is_readable()
        && facts.only(&[Class::Reads, Class::VcsQuery, Class::Bookkeeping])
        && facts.paths.iter().all(|fact| near(fact.place))
}

/// True where it writes a file that is run by its name, or by a program that runs such.
fn writes_what_runs(facts: &Facts) -> bool {
    const RUN: &[&str] = &["sh", "bash", "zsh", "fish", "py", "js", "mjs", "ts", "rb", "pl", "php", "lua", "ps1", "mk"];
    let mut written = facts.paths.iter().filter(|fact| fact.access == Access::Write);
    written.any(|fact| {
        let name = fact.path.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.') {
            Some((_, ending)) => RUN.contains(&ending),
            // `Makefile`, and scripts without an ending.
            None => true,
        }
    })
}

fn names(value: &Value, effect: &Effect) -> bool {
    match value {
        Value::String(text) => effect.is_named_in(text),
        Value::Array(items) => items.iter().any(|item| names(item, effect)),
        Value::Object(fields) => fields.values().any(|value| names(value, effect)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `2 minutes ago`
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.millis_since(at) / 1000;
    let counted = |count: u64, one: &str| format!("{count} {one}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        0 => "just now".to_owned(),
        1..=119 => counted(seconds, "second"),
        120..=7199 => counted(seconds / 60, "minute"),
        _ => counted(seconds / 3600, "hour"),
    }
}
