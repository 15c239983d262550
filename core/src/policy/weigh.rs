//! Steps 3 and 4 of the order of policy: rules, overrides and the action's own policy against each other, then the floor.

use ccc_protocol::{UserName, bodies::Policy};

use super::{Needs, Overrides, condition::Fit, question::Question, rule::Rule};
use crate::{catalogue::action::Action, limits::Limits, user::Users};

/// Whose request about what is weighed.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    pub(super) caller: &'a UserName,
    pub(super) action: &'a Action,
    pub(super) users: &'a Users,
    pub(super) limits: &'a Limits,
    pub(super) is_readable: bool,
    /// True where only a rule that fits the whole request can let it pass.
    pub(super) asks_server: bool,
    /// What `confine` means for it.
    pub(super) confine: Confine,
    /// True where a program of it goes by files that confined calls may have written.
    pub(super) is_led: bool,
}

/// What `confine` means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confine {
    /// What it says.
    Stands,
    /// `queue`: it cannot be confined, or who asks cannot.
    Asks,
    /// `queue`, and rules that say it are not about this request: it runs no code.
    IsBeside,
}

impl Confine {
    fn of(question: &Question<'_>) -> Self {
        match question.not_confined() {
            None => Self::Stands,
            Some(_) if question.runs_code() => Self::Asks,
            Some(_) => Self::IsBeside,
        }
    }

    /// INVARIANT: the one place where `confine` stays what it is. Fails closed.
    fn settle(self, policy: Policy) -> Policy {
        match (policy, self) {
            (Policy::Confine, Self::Asks | Self::IsBeside) => Policy::Queue,
            (policy, _) => policy,
        }
    }
}

impl<'a> From<&Question<'a>> for Scales<'a> {
    fn from(question: &Question<'a>) -> Self {
        let Question { caller, action, users, limits, .. } = *question;
        Self {
            caller,
            action,
            users,
            limits,
            is_readable: question.is_readable(),
            asks_server: question.asks_server(),
            confine: Confine::of(question),
            is_led: question.is_led(),
        }
    }
}

/// What rules, overrides, the action's own policy and its floor give together, and which of them decided.
pub(super) struct Weighed<'a> {
    pub(super) policy: Policy,
    pub(super) needs: Needs,
    action: &'a Action,
    rules: Named<'a>,
    override_by: Option<&'a UserName>,
    own: bool,
    unreadable: bool,
    floor: bool,
}

/// `confines` says whether some rule, override or declaration confines calls of this caller.
pub(super) fn weigh<'a>(
    scales: Scales<'a>,
    fits: impl Iterator<Item = (&'a Rule, Fit)>,
    overrides: &'a Overrides,
    confines: bool,
) -> Weighed<'a> {
    let Scales { caller, action, users, limits, is_readable, asks_server, confine, is_led } = scales;
    let mut tally = Tally::new(limits, confine);
    fits.for_each(|(rule, fit)| tally.add(rule, fit));
    let overridden = overrides.of_action(&action.name, caller, users).map(|(policy, by)| (confine.settle(policy), by));
    let base = Base::new(overridden, tally.fits_whole, confine.settle(action.policy));
    let floor = action.floor.map(|floor| confine.settle(floor));
    // Confined, what it does need not be known; but only where a rule or a person says so.
    let is_kept = [tally.firm, base.policy(), floor].contains(&Some(Policy::Confine));
    let unreadable = (!is_readable && !is_kept || asks_server && !tally.fits_whole).then_some(Policy::Queue);
    // Where this caller's calls are confined at all, what they wrote decides what such a program does.
    let is_led = is_led && !is_kept && confines;
    let unreadable = unreadable.max(is_led.then_some(Policy::Queue));
    let said = [tally.strictest, base.policy(), unreadable].into_iter().flatten().max();
    // A rule that fits the whole request or the base always says something. Did neither, nothing would be allowed.
    let said = said.unwrap_or(Policy::AutoDeny);
    let policy = floor.map_or(said, |floor| said.max(floor));
    let by_rules = tally.strictest == Some(policy);
    Weighed {
        policy,
        needs: tally.needs.under_floor(action.floor),
        action,
        rules: if by_rules { tally.named } else { Named::default() },
        override_by: base.override_by(policy),
        own: !by_rules && matches!(base, Base::Own(own) if own == policy),
        unreadable: unreadable == Some(policy),
        floor: said < policy,
    }
}

/// What holds beside the rules.
#[derive(Clone, Copy)]
enum Base<'a> {
    /// A rule fits the whole request: it stands in place of the action's own policy.
    Replaced,
    /// An approver's override.
    Override(Policy, &'a UserName),
    /// The action's own policy.
    Own(Policy),
}

impl<'a> Base<'a> {
    /// An override to `auto-accept` counts only where no rule does; a stricter one always.
    fn new(overridden: Option<(Policy, &'a UserName)>, rule_fits: bool, own: Policy) -> Self {
        match overridden {
            Some((policy, by)) if policy > Policy::AutoAccept || !rule_fits => Self::Override(policy, by),
            _ if rule_fits => Self::Replaced,
            _ => Self::Own(own),
        }
    }

    fn policy(self) -> Option<Policy> {
        match self {
            Self::Replaced => None,
            Self::Override(policy, _) | Self::Own(policy) => Some(policy),
        }
    }

    fn override_by(self, decided: Policy) -> Option<&'a UserName> {
        match self {
            Self::Override(policy, by) if policy == decided => Some(by),
            _ => None,
        }
    }
}

impl Weighed<'_> {
    /// What decided, in words.
    pub(super) fn rule_text(&self) -> String {
        let (action, policy) = (&self.action.name, self.policy);
        let said = [
            self.rules.text(),
            self.override_by.map(|by| ["override to ", policy.as_str(), " by ", by.as_str()].concat()),
            self.own.then(|| [action.as_str(), ": ", policy.as_str(), " by default"].concat()),
            self.unreadable.then(|| "the call cannot be judged by its text alone".to_owned()),
            self.floor.then(|| [action.as_str(), ": never looser than ", policy.as_str()].concat()),
        ];
        let mut said = said.into_iter().flatten();
        let first = said.next().unwrap_or_default();
        said.fold(first, |text, more| text + "; " + &more)
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
    confine: Confine,
    strictest: Option<Policy>,
    /// The same without rules that ask about risk: what those confine was asked before, and still is.
    firm: Option<Policy>,
    /// True where a rule matches the whole request: the action's own policy is then out of the question.
    fits_whole: bool,
    named: Named<'a>,
    needs: Needs,
}

impl<'a> Tally<'a> {
    fn new(limits: &Limits, confine: Confine) -> Self {
        Self {
            confine,
            strictest: None,
            firm: None,
            fits_whole: false,
            named: Named::default(),
            needs: Needs::plain(limits),
        }
    }

    fn add(&mut self, rule: &'a Rule, fit: Fit) {
        // A rule that confines only a part of the request cannot confine the rest: it is asked.
        let policy = match (rule.policy, fit) {
            (Policy::Confine, Fit::Part) => Policy::Queue,
            (policy, _) => self.confine.settle(policy),
        };
        let matches = match rule.policy {
            Policy::AutoAccept => fit == Fit::Whole,
            Policy::Confine => fit >= Fit::Part && self.confine != Confine::IsBeside,
            Policy::Queue | Policy::AutoDeny => fit >= Fit::Part,
        };
        if !matches {
            return;
        }
        // INVARIANT: risk lets nothing pass. A rule that asks about it stands beside the action's own policy, never in its place.
        self.fits_whole |= fit == Fit::Whole && !rule.asks_risk;
        if !rule.asks_risk {
            self.firm = self.firm.max(Some(policy));
        }
        if self.strictest < Some(policy) {
            self.strictest = Some(policy);
            self.named = Named::default();
        }
        if self.strictest == Some(policy) {
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
