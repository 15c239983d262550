//! `policy = "confine"`: when it stands, when it counts as `queue`, and a plain model of both beside the real one.

use std::collections::BTreeMap;

use ccc_protocol::bodies::{Class, Facts, Policy};
use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};
use serde_json::json;

use super::world::{World, call, grant, name};
use crate::{
    params::value::{Arg, Args},
    policy::{Ruling, Settings},
};

const RULE: &str = "[[rule]]\nname = 'code'\naction = 'use-tool'\npolicy = 'confine'\nwhere.tool = 'Bash'\n";

fn doing(classes: &[Class]) -> Facts {
    Facts { classes: classes.iter().map(|class| (*class, String::new())).collect(), ..Facts::default() }
}

/// A call with so many things unknown, of which so many are code.
fn unknown(opaque: usize, code: usize) -> Facts {
    let opaque = (0..opaque).map(|n| n.to_string()).collect();
    Facts { opaque, unknown_code: code, ..doing(&[Class::Unknown]) }
}

fn can(args: Args, word: &str) -> Args {
    let mut args = args;
    let word = Arg::Text(word.to_owned());
    match args.typed.iter_mut().find(|(name, _)| name == "can") {
        Some((_, Arg::List(words))) => words.push(word),
        _ => args.typed.push(("can".to_owned(), Arg::List(vec![word]))),
    }
    args.json.insert("can".to_owned(), json!("as typed"));
    args
}

fn world(rules: &str, facts: Facts) -> World {
    let args = can(call("Bash", json!({"command": "…"})), "confine");
    World { action: "use-tool", facts: Some(facts), ..World::new(rules, args) }
}

fn verdict(rules: &str, facts: Facts) -> Ruling {
    world(rules, facts).decide().ruling
}

#[test]
fn code_that_nobody_has_read_is_confined() {
    for facts in [
        doing(&[Class::Builds]),
        doing(&[Class::Runs, Class::Reads, Class::Writes, Class::Deletes]),
        unknown(1, 1),
        unknown(2, 2),
    ] {
        assert_eq!(verdict(RULE, facts.clone()), Ruling::Confine, "{facts:?}");
    }
}

#[test]
fn without_a_word_that_it_can_be_done_it_is_asked() {
    let silent = World { args: call("Bash", json!({"command": "…"})), ..world(RULE, doing(&[Class::Builds])) };
    assert_eq!(silent.decide().ruling, Ruling::Queue);
    let other = World { args: can(silent.args.clone(), "fly"), ..silent };
    assert_eq!(other.decide().ruling, Ruling::Queue);
}

#[test]
fn what_cannot_be_confined_now_is_asked_whatever_else_lets_it_pass() {
    let accepting = format!("{RULE}[[rule]]\nname = 'all'\naction = 'use-tool'\npolicy = 'auto-accept'\n");
    let mut world = world(&accepting, doing(&[Class::Builds]));
    assert_eq!(world.decide().ruling, Ruling::Confine);
    world.args = can(world.args, "not-now");
    assert_eq!(world.decide().ruling, Ruling::Queue);
    world.facts = Some(doing(&[Class::Reads]));
    assert_eq!(world.decide().ruling, Ruling::Accept);
}

#[test]
fn what_goes_by_files_of_the_project_is_confined_or_asked_where_calls_are_confined() {
    let accepting = "[[rule]]\nname = 'all'\naction = 'use-tool'\npolicy = 'auto-accept'\n";
    let confining = format!("{RULE}{accepting}");
    let led = |classes: &[Class]| Facts { led: true, ..doing(classes) };
    assert_eq!(verdict(&confining, led(&[Class::VcsQuery])), Ruling::Confine);
    assert_eq!(verdict(&confining, led(&[Class::VcsChange])), Ruling::Queue, "what it changes is not written confined");
    // Nothing is confined here, so nothing that was written confined leads it.
    assert_eq!(verdict(accepting, led(&[Class::VcsQuery])), Ruling::Accept);
    let silent = World { args: call("Bash", json!({"command": "…"})), ..world(&confining, led(&[Class::VcsQuery])) };
    assert_eq!(silent.decide().ruling, Ruling::Accept);
}

#[test]
fn what_else_a_call_does_is_asked() {
    for class in Class::ALL {
        let beside = verdict(RULE, doing(&[Class::Builds, class]));
        let is_harmless = [
            Class::Reads,
            Class::VcsQuery,
            Class::Builds,
            Class::Writes,
            Class::Deletes,
            Class::Runs,
            Class::Bookkeeping,
            Class::Loopback,
        ]
        .contains(&class);
        assert_eq!(beside == Ruling::Confine, is_harmless, "{class:?}");
        assert!(is_harmless || beside == Ruling::Queue, "{class:?}: {beside:?}");
    }
}

#[test]
fn text_that_was_not_read_is_asked() {
    for facts in [unknown(1, 0), unknown(2, 1), Facts { too_large: true, ..unknown(1, 1) }, unknown(0, 0)] {
        assert_eq!(verdict(RULE, facts.clone()), Ruling::Queue, "{facts:?}");
    }
}

#[test]
fn calls_without_code_are_none_of_its_business() {
    let rules = format!("{RULE}[[rule]]\nname = 'all'\naction = 'use-tool'\npolicy = 'auto-accept'\n");
    assert_eq!(verdict(&rules, doing(&[Class::Reads])), Ruling::Accept);
    assert_eq!(verdict(RULE, doing(&[Class::Reads])), Ruling::Queue);
    assert_eq!(verdict(&rules, doing(&[Class::Builds])), Ruling::Confine);
}

#[test]
fn a_rule_that_fits_a_part_alone_asks() {
    let rules = "[[rule]]\nname = 'b'\naction = 'use-tool'\npolicy = 'confine'\nwhere.class = 'builds'\n\
                 [[rule]]\nname = 'all'\naction = 'use-tool'\npolicy = 'auto-accept'\n";
    assert_eq!(verdict(rules, doing(&[Class::Builds])), Ruling::Confine);
    assert_eq!(verdict(rules, doing(&[Class::Builds, Class::Writes])), Ruling::Queue);
}

#[test]
fn no_rule_for_it_no_confinement_though_the_caller_can() {
    assert_eq!(verdict("", doing(&[Class::Builds])), Ruling::Queue);
    let accepting = "[[rule]]\nname = 'all'\naction = 'use-tool'\npolicy = 'auto-accept'\n";
    assert_eq!(verdict(accepting, unknown(1, 1)), Ruling::Queue, "what is not known is asked");
}

#[test]
fn a_grant_is_not_used_up_by_it() {
    let mut world = world(RULE, doing(&[Class::Builds]));
    world.grants = vec![grant("use-tool", &world.args.json)];
    let decision = world.decide();
    assert_eq!((decision.ruling, decision.grant), (Ruling::Confine, None));
}

#[test]
fn a_grant_counts_whatever_the_asking_program_can_do() {
    let asks = "[[rule]]\nname = 'q'\naction = 'use-tool'\npolicy = 'queue'\n";
    let silent = call("Bash", json!({"command": "…"}));
    let able = can(silent.clone(), "confine");
    for (granted, asked) in [(&silent, &able), (&able, &silent)] {
        let world = World {
            args: asked.clone(),
            grants: vec![grant("use-tool", &granted.json)],
            ..world(asks, doing(&[Class::Builds]))
        };
        assert_eq!(world.decide().ruling, Ruling::Accept);
    }
}

#[test]
fn it_is_for_tool_calls_alone() {
    for rules in [
        "[[rule]]\nname = 'c'\naction = 'visit'\npolicy = 'confine'\n",
        "[[rule]]\nname = 'c'\naction = '*'\npolicy = 'confine'\n",
    ] {
        let why = world(rules, Facts::default()).book().unwrap_err();
        assert!(why[0].contains("is for `use-tool` alone"), "{why:?}");
    }
}

#[test]
fn explain_says_why_it_counts_as_queue() {
    let trace = world(RULE, doing(&[Class::Builds])).explain();
    assert_eq!((trace.outcome, trace.not_confined), ("confine", None));
    let trace = world(RULE, doing(&[Class::Builds, Class::Upload])).explain();
    assert_eq!(trace.outcome, "queue");
    assert!(trace.not_confined.unwrap().contains("beside running code"), "{trace:?}");
    let silent = World { args: call("Bash", json!({"command": "…"})), ..world(RULE, doing(&[Class::Builds])) };
    assert!(silent.explain().not_confined.unwrap().contains("does not say that it can"));
}

/// A tool call and what is said about it, plainly.
#[derive(Debug, Clone)]
struct PlainCall {
    classes: Vec<Class>,
    opaque: usize,
    code: usize,
    can: bool,
    not_now: bool,
    led: bool,
    own: Policy,
    rules: Vec<(Policy, Option<Vec<Class>>)>,
    overridden: Option<Policy>,
}

impl PlainCall {
    fn classes(&self) -> BTreeMap<Class, String> {
        let unknown = (self.opaque > 0).then_some(Class::Unknown);
        self.classes.iter().copied().chain(unknown).map(|class| (class, String::new())).collect()
    }

    fn facts(&self) -> Facts {
        let opaque = (0..self.opaque).map(|n| n.to_string()).collect();
        Facts {
            classes: self.classes(),
            opaque,
            unknown_code: self.code.min(self.opaque),
            led: self.led,
            ..Facts::default()
        }
    }

    fn rules(&self) -> String {
        let rule = |(at, (policy, classes)): (usize, &(Policy, Option<Vec<Class>>))| {
            let classes = classes.as_ref().map(|classes| {
                format!("where.class = {:?}\n", classes.iter().map(|class| class.as_str()).collect::<Vec<_>>())
            });
            let classes = classes.unwrap_or_default();
            format!("[[rule]]\nname = 'r{at}'\naction = 'use-tool'\npolicy = '{policy}'\n{classes}")
        };
        self.rules.iter().enumerate().map(rule).collect()
    }

    /// Every condition of point 10 and 11 holds, and somebody says so.
    fn may_be_confined(&self) -> bool {
        let harmless = [
            Class::Reads,
            Class::VcsQuery,
            Class::Builds,
            Class::Writes,
            Class::Deletes,
            Class::Runs,
            Class::Bookkeeping,
            Class::Loopback,
            Class::Unknown,
        ];
        let classes: Vec<Class> = self.classes().into_keys().collect();
        let runs = [Class::Builds, Class::Runs, Class::Unknown].iter().any(|class| classes.contains(class));
        let said = self.rules.iter().any(|(policy, named)| {
            let whole =
                named.as_ref().is_none_or(|named| !classes.is_empty() && classes.iter().all(|c| named.contains(c)));
            *policy == Policy::Confine && whole
        });
        let said = said || self.overridden == Some(Policy::Confine) || self.own == Policy::Confine;
        self.can
            && !self.not_now
            && (runs || self.led)
            && said
            && classes.iter().all(|class| harmless.contains(class))
            && self.code.min(self.opaque) == self.opaque
    }
}

fn policies() -> impl Strategy<Value = Policy> + Clone {
    select(vec![Policy::AutoAccept, Policy::Confine, Policy::Queue, Policy::AutoDeny])
}

fn calls() -> impl Strategy<Value = PlainCall> {
    let known: Vec<Class> = Class::ALL.into_iter().filter(|class| *class != Class::Unknown).collect();
    let classes = || prop_oneof![subsequence(known.clone(), 0..3), Just(vec![Class::Builds]), Just(vec![Class::Runs])];
    let named = option::weighted(0.5, subsequence(Class::ALL.to_vec(), 1..12));
    (
        (classes(), 0..3_usize, 0..3_usize, any::<bool>(), prop::bool::weighted(0.2), any::<bool>()),
        select(vec![Policy::AutoAccept, Policy::Confine, Policy::Queue]),
        vec((policies(), named), 0..3),
        option::weighted(0.2, policies()),
    )
        .prop_map(|((classes, opaque, code, can, not_now, led), own, rules, overridden)| PlainCall {
            classes,
            opaque,
            code,
            can,
            not_now,
            led,
            own,
            rules,
            overridden,
        })
}

fn decided(plain: &PlainCall) -> Ruling {
    let args = call("Bash", json!({"command": "…"}));
    let args = if plain.can { can(args, "confine") } else { args };
    let args = if plain.can && plain.not_now { can(args, "not-now") } else { args };
    let mut world = World { args, tool_policy: Some(plain.own), ..world(&plain.rules(), plain.facts()) };
    if let Some(policy) = plain.overridden {
        let settings = Settings { actions: [(name("use-tool"), policy)].into(), ..Settings::default() };
        world.overrides.by.insert(name("ada"), settings);
    }
    world.decide().ruling
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_confined_but_what_may_be(plain in calls()) {
        if decided(&plain) == Ruling::Confine {
            prop_assert!(plain.may_be_confined(), "{:?}", plain);
        }
    }

    #[test]
    fn one_word_of_confine_never_loosens(plain in calls()) {
        let mut more = plain.clone();
        more.rules.push((Policy::Confine, None));
        let rank = |verdict: &Ruling| match verdict {
            Ruling::Accept => 0,
            Ruling::Confine => 1,
            Ruling::Queue => 2,
            Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => 3,
        };
        let (before, after) = (decided(&plain), decided(&more));
        // What was asked for want of a rule is what it is there to confine; what a rule accepts it never makes freer.
        prop_assert!(rank(&after) >= rank(&before) || after == Ruling::Confine && more.may_be_confined());
        prop_assert!(!matches!(after, Ruling::Accept) || before == Ruling::Accept);
    }

    #[test]
    fn who_cannot_confine_is_never_answered_so(plain in calls()) {
        let silent = PlainCall { can: false, ..plain };
        prop_assert_ne!(decided(&silent), Ruling::Confine);
    }
}
