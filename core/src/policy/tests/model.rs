//! The order of policy once more, written from its description alone over plain data, beside the real one on random worlds.

use ccc_protocol::{Timestamp, bodies::Policy};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::json;

use super::world::{NOW, World, args, grant, name, ticket};
use crate::{
    grant::Grant,
    policy::{Ruling, Settings, condition::Fit},
};

const HOSTS: [&str; 4] = ["a.example", "b.a.example", "c.org", "localhost"];

/// A rule as its author thinks of it.
#[derive(Debug, Clone)]
struct PlainRule {
    policy: Policy,
    caller: Option<&'static str>,
    hosts: Option<Vec<&'static str>>,
    forbids_grants: bool,
    count: u32,
}

/// What one approver, who may or may not approve for `agent`, has set.
#[derive(Debug, Clone)]
struct PlainSetting {
    by: &'static str,
    policy: Option<Policy>,
    freezes: bool,
    group_off: bool,
}

#[derive(Debug, Clone)]
struct PlainWorld {
    own: Policy,
    floor: Option<Policy>,
    rules: Vec<PlainRule>,
    settings: Vec<PlainSetting>,
    denied_until: Option<i64>,
    hosts: Vec<&'static str>,
    grants: Vec<PlainGrant>,
}

#[derive(Debug, Clone)]
struct PlainGrant {
    same_hosts: bool,
    ends_in: i64,
    used: u32,
    by: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Accept,
    /// Never: `visit` is no tool call.
    Confine,
    Queue,
    Deny,
    DeniedBefore,
}

/// How a pattern that a rule writes names a host: not, by a wildcard, in full.
fn names(pattern: &str, host: &str) -> (bool, bool) {
    match pattern.strip_prefix("*.") {
        Some(rest) => (host.len() > rest.len() && host.ends_with(&format!(".{rest}")), false),
        None if pattern == "*" => (true, false),
        None => (pattern == host, pattern == host),
    }
}

impl PlainRule {
    /// Whether the rule bites on any of the hosts, and whether it lets all of them pass.
    fn bites_and_passes(&self, hosts: &[&str]) -> (bool, bool) {
        if self.caller.is_some_and(|caller| caller != "agent" && caller != "*") {
            return (false, false);
        }
        let Some(patterns) = &self.hosts else {
            return (true, !hosts.contains(&"localhost"));
        };
        let named = |host: &str| patterns.iter().any(|pattern| names(pattern, host).0);
        let in_full = |host: &str| patterns.iter().any(|pattern| names(pattern, host).1);
        let passes = |host: &&str| named(host) && (**host != *"localhost" || in_full(host));
        (hosts.iter().any(|host| named(host)), !hosts.is_empty() && hosts.iter().all(passes))
    }
}

/// `visit` is no tool call: for it `confine` means `queue`.
fn as_queue(policy: Policy) -> Policy {
    if policy == Policy::Confine { Policy::Queue } else { policy }
}

fn model(world: &PlainWorld) -> Outcome {
    let rightful: Vec<_> = world.settings.iter().filter(|setting| ["ada", "bob"].contains(&setting.by)).collect();
    // 1
    if world.settings.iter().any(|setting| setting.freezes) || rightful.iter().any(|setting| setting.group_off) {
        return Outcome::Deny;
    }
    // 2
    if world.denied_until.is_some_and(|until| NOW < until) {
        return Outcome::DeniedBefore;
    }
    // 3
    let set = rightful.iter().filter_map(|setting| setting.policy).map(as_queue).max();
    let biting: Vec<_> = world
        .rules
        .iter()
        .filter(|rule| rule.policy != Policy::AutoAccept && rule.bites_and_passes(&world.hosts).0)
        .collect();
    let anything_passes = world.rules.iter().any(|rule| rule.bites_and_passes(&world.hosts).1);
    let mut said: Vec<Policy> = biting.iter().map(|rule| rule.policy).collect();
    said.extend(set.filter(|policy| *policy != Policy::AutoAccept));
    let set_strictly = set.is_some_and(|policy| policy != Policy::AutoAccept);
    if anything_passes {
        said.push(Policy::AutoAccept);
    } else if !set_strictly {
        said.push(set.unwrap_or(as_queue(world.own)));
    }
    // 4
    said.extend(world.floor.map(as_queue));
    let strictest = said.into_iter().max().unwrap();
    // 5
    let forbidden = world.floor.is_some_and(|floor| as_queue(floor) >= Policy::Queue);
    let queueing = || biting.iter().filter(|rule| rule.policy == Policy::Queue);
    let forbidden = forbidden || queueing().any(|rule| rule.forbids_grants);
    let people = queueing().map(|rule| rule.count).max().unwrap_or(1);
    let fits = |grant: &PlainGrant| {
        grant.same_hosts && grant.ends_in > 0 && grant.used < 5 && grant.by != "eve" && people <= 1
    };
    match strictest {
        Policy::AutoAccept => Outcome::Accept,
        Policy::AutoDeny => Outcome::Deny,
        Policy::Confine | Policy::Queue if !forbidden && world.grants.iter().any(fits) => Outcome::Accept,
        Policy::Confine | Policy::Queue => Outcome::Queue,
    }
}

fn real(world: &PlainWorld) -> World {
    let urls: Vec<String> = world.hosts.iter().map(|host| format!("https://{host}/")).collect();
    let given = args(json!({ "urls": urls }));
    let mut real = World {
        own: world.own,
        floor: world.floor,
        has_built_ins: false,
        ..World::new(&toml(&world.rules), given.clone())
    };
    for setting in &world.settings {
        let settings = Settings {
            actions: setting.policy.map(|policy| (name("visit"), policy)).into_iter().collect(),
            disabled_groups: setting.group_off.then(|| "desktop".to_owned()).into_iter().collect(),
            frozen: setting.freezes.then(|| name("agent")).into_iter().collect(),
        };
        real.overrides.by.insert(name(setting.by), settings);
    }
    real.denial = world.denied_until.map(|until| (ticket(7), Timestamp::from_seconds(until)));
    let with = |plain: &PlainGrant| Grant {
        params: if plain.same_hosts { given.json.clone() } else { args(json!({ "times": 1 })).json },
        until: Timestamp::from_seconds(NOW + plain.ends_in),
        used: plain.used,
        made_by: vec![name(plain.by)],
        ..grant("visit", &given.json)
    };
    real.grants = world.grants.iter().map(with).collect();
    real
}

fn toml(rules: &[PlainRule]) -> String {
    let rule = |(index, rule): (usize, &PlainRule)| {
        let caller = rule.caller.map(|caller| format!("caller = '{caller}'\n")).unwrap_or_default();
        let hosts = rule.hosts.as_ref().map(|hosts| format!("where.urls.host = {hosts:?}\n")).unwrap_or_default();
        let asks = match rule.policy {
            Policy::Queue => format!("grants = {}\napprove = {{ count = {} }}\n", !rule.forbids_grants, rule.count),
            _ => String::new(),
        };
        format!("[[rule]]\nname = 'r{index}'\naction = 'visit'\npolicy = '{}'\n{caller}{hosts}{asks}", rule.policy)
    };
    rules.iter().enumerate().map(rule).collect()
}

fn policies() -> impl Strategy<Value = Policy> + Clone {
    select(vec![Policy::AutoAccept, Policy::Queue, Policy::AutoDeny])
}

/// As an action, a floor or an override may have it; a rule that says `confine` of another action than tool calls is refused.
fn any_policies() -> impl Strategy<Value = Policy> + Clone {
    select(vec![Policy::AutoAccept, Policy::Confine, Policy::Queue, Policy::AutoDeny])
}

fn rules() -> impl Strategy<Value = PlainRule> {
    let patterns = vec!["a.example", "*.a.example", "*.example", "c.org", "localhost", "*"];
    let caller = select(vec!["agent", "*", "bob"]);
    (
        policies(),
        option::weighted(0.4, caller),
        option::weighted(0.7, vec(select(patterns), 1..3)),
        prop::bool::weighted(0.2),
        1..3_u32,
    )
        .prop_map(|(policy, caller, hosts, forbids_grants, count)| PlainRule {
            policy,
            caller,
            hosts,
            forbids_grants,
            count,
        })
}

fn settings() -> impl Strategy<Value = PlainSetting> {
    let by = select(vec!["ada", "bob", "eve", "agent"]);
    (by, option::of(any_policies()), prop::bool::weighted(0.1), prop::bool::weighted(0.1))
        .prop_map(|(by, policy, freezes, group_off)| PlainSetting { by, policy, freezes, group_off })
}

fn grants() -> impl Strategy<Value = PlainGrant> {
    (prop::bool::weighted(0.7), -1..10_i64, select(vec![0, 4, 5]), select(vec!["ada", "bob", "eve"]))
        .prop_map(|(same_hosts, ends_in, used, by)| PlainGrant { same_hosts, ends_in, used, by })
}

fn worlds() -> impl Strategy<Value = PlainWorld> {
    let one_setting_each = |list: Vec<PlainSetting>| {
        let mut kept: Vec<PlainSetting> = vec![];
        for setting in list {
            if kept.iter().all(|earlier| earlier.by != setting.by) {
                kept.push(setting);
            }
        }
        kept
    };
    (
        any_policies(),
        option::weighted(0.3, any_policies()),
        vec(rules(), 0..5),
        vec(settings(), 0..3).prop_map(one_setting_each),
        option::weighted(0.1, NOW - 1..NOW + 2),
        vec(select(HOSTS.to_vec()), 0..4),
        vec(grants(), 0..3),
    )
        .prop_map(|(own, floor, rules, settings, denied_until, hosts, grants)| PlainWorld {
            own,
            floor,
            rules,
            settings,
            denied_until,
            hosts,
            grants,
        })
}

fn outcome(ruling: &Ruling) -> Outcome {
    match ruling {
        Ruling::Accept => Outcome::Accept,
        Ruling::Confine => Outcome::Confine,
        Ruling::Queue => Outcome::Queue,
        Ruling::Deny { .. } => Outcome::Deny,
        Ruling::DeniedBefore { .. } => Outcome::DeniedBefore,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn policy_decides_as_its_description_says(world in worlds()) {
        prop_assert_eq!(outcome(&real(&world).decide().ruling), model(&world));
    }

    #[test]
    fn the_order_of_rules_does_not_matter(world in worlds()) {
        let mut backwards = world.clone();
        backwards.rules.reverse();
        let (one, other) = (real(&world).decide(), real(&backwards).decide());
        prop_assert_eq!(one.needs, other.needs);
        prop_assert_eq!(outcome(&one.ruling), outcome(&other.ruling));
    }

    #[test]
    fn one_more_denying_rule_never_loosens(world in worlds(), rule in rules()) {
        let mut stricter = world.clone();
        stricter.rules.push(PlainRule { policy: Policy::AutoDeny, hosts: None, caller: None, ..rule });
        prop_assert!(!matches!(outcome(&real(&stricter).decide().ruling), Outcome::Accept | Outcome::Queue));
    }

    #[test]
    fn explain_says_what_decide_does_and_its_trace_leads_there(world in worlds()) {
        let world = real(&world);
        let (decision, trace) = (world.decide(), world.explain());
        let expected = match outcome(&decision.ruling) {
            Outcome::Accept => "accept",
            Outcome::Confine => "confine",
            Outcome::Queue => "queue",
            Outcome::Deny | Outcome::DeniedBefore => "deny",
        };
        prop_assert_eq!(trace.outcome, expected);
        prop_assert_eq!(trace.rule.clone(), decision.rule);
        prop_assert_eq!(follow(&trace), expected);
    }
}

/// The outcome that a reader of the trace arrives at.
fn follow(trace: &crate::policy::Trace) -> &'static str {
    if trace.switched_off.is_some() || trace.denied_before.is_some() {
        return "deny";
    }
    let matching = trace
        .rules
        .iter()
        .filter(|rule| rule.matches == Fit::Whole || rule.matches == Fit::Part && rule.policy > Policy::AutoAccept);
    let settled = trace.rules.iter().any(|rule| rule.matches == Fit::Whole);
    let overridden = trace.overridden.as_ref().map(|overridden| overridden.policy);
    let base = match (settled, overridden) {
        (_, Some(policy)) if policy > Policy::AutoAccept => Some(policy),
        (true, _) => None,
        (false, overridden) => Some(overridden.unwrap_or(trace.own)),
    };
    let strictest = matching.map(|rule| rule.policy).chain(base).chain(trace.floor).map(as_queue).max().unwrap();
    let granted = trace.grants.iter().any(|grant| grant.why_not.is_none());
    match strictest {
        Policy::AutoDeny => "deny",
        Policy::Queue if granted => "accept",
        Policy::Queue => "queue",
        Policy::AutoAccept => "accept",
        Policy::Confine => "confine",
    }
}
