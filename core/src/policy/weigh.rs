//! Steps 3 and 4 of the order of policy: rules, overrides and the action's own policy against each other, then the floor.

use ccc_protocol::{UserName, bodies::Policy};

use super::{Needs, Overrides, condition::Fit, decide::Question, rule::Rule};
use crate::{catalogue::action::Action, limits::Limits, user::Users};

/// Whose request about what is weighed.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    pub(super) caller: &'a UserName,
    pub(super) action: &'a Action,
    pub(super) users: &'a Users,
    pub(super) limits: &'a Limits,
    pub(super) is_readable: bool,
}

impl<'a> From<&Question<'a>> for Scales<'a> {
    fn from(question: &Question<'a>) -> Self {
        let Question { caller, action, users, limits, .. } = *question;
        Self { caller, action, users, limits, is_readable: question.is_readable() }
    }
}

/// What rules, overrides, the action's own policy and its floor give together, and which of them decided.
pub(super) struct Weighed<'a> {
    pub(super) policy: Policy,
    pub(super) needs: Needs,
    action: &'a Action,
    rules: Named<'a>,
    override_by: Option<&'a UserName>,
    decided: Decided,
}

/// What else decided, beside rules and an override.
#[derive(Default)]
struct Decided {
    own: bool,
    unreadable: bool,
    floor: bool,
}

pub(super) fn weigh<'a>(scales: Scales<'a>, fits: impl Iterator<Item = (&'a Rule, Fit)>, overrides: &'a Overrides) -> Weighed<'a> {
    let Scales { caller, action, users, limits, is_readable } = scales;
    let mut tally = Tally::new(limits);
    fits.for_each(|(rule, fit)| tally.add(rule, fit));
    let overridden = overrides.of_action(&action.name, caller, users);
    let binding_override = overridden.filter(|(policy, _)| *policy > Policy::AutoAccept);
    let base = match (tally.fits_whole || binding_override.is_some(), overridden) {
        (true, _) => None,
        (false, Some((Policy::AutoAccept, by))) => Some((Policy::AutoAccept, Some(by))),
        (false, _) => Some((action.policy, None)),
    };
    let unreadable = (!is_readable).then_some(Policy::Queue);
    let base_policy = base.map(|(policy, _)| policy);
    let strictest = [tally.strictest, binding_override.map(|(policy, _)| policy), base_policy, unreadable].into_iter().flatten().max();
    // One of the four is always there: without rule and binding override the base is. Were it not, nothing would be allowed.
    let weighed = strictest.unwrap_or(Policy::AutoDeny);
    let policy = action.floor.map_or(weighed, |floor| weighed.max(floor));
    let is_decisive = |by: Option<Policy>| by == Some(policy);
    Weighed {
        policy,
        action,
        needs: tally.needs.under_floor(action.floor),
        rules: if is_decisive(tally.strictest) { tally.named } else { Named::default() },
        override_by: [binding_override, base.and_then(|(policy, by)| Some((policy, by?)))]
            .into_iter()
            .flatten()
            .find(|(by, _)| *by == policy)
            .map(|(_, by)| by),
        decided: Decided {
            own: is_decisive(base_policy) && base.is_some_and(|(_, by)| by.is_none()) && !is_decisive(tally.strictest),
            unreadable: is_decisive(unreadable),
            floor: weighed < policy,
        },
    }
}

impl Weighed<'_> {
    /// What decided, in words.
    pub(super) fn rule_text(&self) -> String {
        let (action, policy) = (&self.action.name, self.policy);
        let said = [
            self.rules.text(),
            self.override_by.map(|by| format!("override to {policy} by {by}")),
            self.decided.own.then(|| format!("{action}: {policy} by default")),
            self.decided.unreadable.then(|| "the call cannot be judged by its text alone".to_owned()),
            self.decided.floor.then(|| format!("{action}: never looser than {policy}")),
        ];
        said.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// For the caller of what is denied.
    pub(super) fn reason(&self) -> String {
        match self.rules.reason {
            Some(reason) => reason.to_owned(),
            None => format!("denied by policy ({})", self.rule_text()),
        }
    }
}

/// The strictest of the rules that match, and what an approval needs by all that queue.
struct Tally<'a> {
    strictest: Option<Policy>,
    /// True where a rule matches the whole request: the action's own policy is then out of the question.
    fits_whole: bool,
    named: Named<'a>,
    needs: Needs,
}

impl<'a> Tally<'a> {
    fn new(limits: &Limits) -> Self {
        Self { strictest: None, fits_whole: false, named: Named::default(), needs: Needs::plain(limits) }
    }

    fn add(&mut self, rule: &'a Rule, fit: Fit) {
        let matches = match rule.policy {
            Policy::AutoAccept => fit == Fit::Whole,
            Policy::Queue | Policy::AutoDeny => fit >= Fit::Part,
        };
        if !matches {
            return;
        }
        self.fits_whole |= fit == Fit::Whole;
        if self.strictest < Some(rule.policy) {
            self.strictest = Some(rule.policy);
            self.named = Named::default();
        }
        if self.strictest == Some(rule.policy) {
            self.named.add(rule);
        }
        if rule.policy == Policy::Queue {
            self.needs.join(&rule.asks);
        }
    }
}

/// The first few of the rules that decided. Their number is bounded, so that a decision costs the same with many rules.
#[derive(Default)]
struct Named<'a> {
    first: [Option<&'a str>; 3],
    count: usize,
    reason: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn add(&mut self, rule: &'a Rule) {
        if let Some(free) = self.first.get_mut(self.count) {
            *free = Some(&rule.name);
        }
        self.count += 1;
        self.reason = self.reason.or(rule.reason.as_deref());
    }

    fn text(&self) -> Option<String> {
        let names = self.first.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self.count {
            0 => None,
            1 => Some(format!("rule {names}")),
            count if count <= self.first.len() => Some(format!("rules {names}")),
            count => Some(format!("rules {names} and {} more", count - self.first.len())),
        }
    }
}
