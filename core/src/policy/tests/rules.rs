//! What rules match, and what each step of the order of policy does.

use ccc_protocol::{Timestamp, bodies::Policy};
use serde_json::json;

use super::world::{NOW, World, args, grant, name, path, roles, ticket};
use crate::{
    params::value::Beneath,
    policy::{LocalTime, Ruling, Settings, Weekday},
};

fn accept_where(condition: &str) -> String {
    format!("[[rule]]\nname = 'r'\naction = 'visit'\npolicy = 'auto-accept'\n{condition}\n")
}

fn deny_where(condition: &str) -> String {
    format!("[[rule]]\nname = 'r'\naction = 'visit'\npolicy = 'auto-deny'\n{condition}\n")
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "`json!` gives values, and a table of them reads better without `&`")]
fn assert_accepts(condition: &str, good: serde_json::Value, bad: serde_json::Value) {
    assert_eq!(
        World::new(&accept_where(condition), args(good.clone())).decide().ruling,
        Ruling::Accept,
        "{condition} {good}"
    );
    assert_eq!(
        World::new(&accept_where(condition), args(bad.clone())).decide().ruling,
        Ruling::Queue,
        "{condition} {bad}"
    );
}

#[test]
fn conditions_match_by_type() {
    assert_accepts(
        "where.url.host = ['docs.rs', '*.rust-lang.org']",
        json!({"url": "https://docs.rs/x"}),
        json!({"url": "https://rust-lang.org/"}),
    );
    assert_accepts(
        "where.url.host = 'bücher.example'",
        json!({"url": "https://bücher.example/"}),
        json!({"url": "https://bucher.example/"}),
    );
    assert_accepts(
        "where.url.scheme = 'https'",
        json!({"url": "https://a.example/"}),
        json!({"url": "http://a.example/"}),
    );
    assert_accepts(
        "where.url.port = 443",
        json!({"url": "https://a.example/"}),
        json!({"url": "https://a.example:8443/"}),
    );
    assert_accepts(
        "where.path.under = '/workspace/docs/'",
        json!({"path": "/workspace/docs/a"}),
        json!({"path": "/workspace/docs2/a"}),
    );
    assert_accepts("where.text = ['build-*', 'x']", json!({"text": "build-1"}), json!({"text": "rebuild-1"}));
    assert_accepts("where.size = 'small'", json!({"size": "small"}), json!({"size": "large"}));
    assert_accepts("where.times = { min = 1, max = 9 }", json!({"times": 9}), json!({"times": 10}));
    assert_accepts("where.times = 3", json!({"times": 3}), json!({"times": 4}));
    assert_accepts("where.deep = false", json!({"deep": false}), json!({"deep": true}));
    assert_accepts("where.param.text = 'a'", json!({"text": "a"}), json!({"text": "b"}));
}

#[test]
fn a_condition_on_a_parameter_that_was_not_given_does_not_hold() {
    assert_accepts("where.deep = true", json!({"deep": true}), json!({}));
    assert_accepts("where.urls.host = '*.example'", json!({"urls": ["https://a.example/"]}), json!({"urls": []}));
}

#[test]
fn all_conditions_of_a_rule_must_hold() {
    assert_accepts(
        "where.deep = true\nwhere.times = 1",
        json!({"deep": true, "times": 1}),
        json!({"deep": true, "times": 2}),
    );
}

#[test]
fn a_list_is_accepted_whole_and_denied_by_any_item() {
    let mixed = json!({"urls": ["https://a.example/", "https://evil.test.org/"]});
    assert_accepts(
        "where.urls.host = 'a.example'",
        json!({"urls": ["https://a.example/", "https://a.example/2"]}),
        mixed.clone(),
    );
    let denied = World::new(&deny_where("where.urls.host = '*.test.org'"), args(mixed)).decide();
    assert!(matches!(denied.ruling, Ruling::Deny { .. }));
}

#[test]
fn a_queue_rule_that_fits_a_part_never_loosens_a_denial() {
    let rule = "[[rule]]\nname = 'ask'\naction = 'visit'\npolicy = 'queue'\nwhere.urls.host = 'a.example'\n";
    let own_denies = |urls: serde_json::Value| {
        World { own: Policy::AutoDeny, ..World::new(rule, args(json!({ "urls": urls }))) }.decide().ruling
    };
    assert_eq!(own_denies(json!(["https://a.example/"])), Ruling::Queue);
    assert!(matches!(own_denies(json!(["https://a.example/", "https://b.example/"])), Ruling::Deny { .. }));
}

#[test]
fn internal_hosts_are_accepted_only_where_named_in_full() {
    let home = json!({"url": "http://127.0.0.1:8080/"});
    assert_accepts("where.url.host = '127.0.0.1'", home.clone(), json!({"url": "http://127.0.0.2:8080/"}));
    for condition in ["where.url.host = '*'", "where.url.host = '127.0.0.*'", "where.url.port = 8080", ""] {
        assert_eq!(
            World::new(&accept_where(condition), args(home.clone())).decide().ruling,
            Ruling::Queue,
            "{condition}"
        );
    }
    assert!(matches!(
        World::new(&deny_where("where.url.host = '127.*'"), args(home)).decide().ruling,
        Ruling::Deny { .. }
    ));
}

#[test]
fn what_a_command_puts_behind_a_path_must_lie_there_too() {
    let mut args = args(json!({"path": "/workspace/docs"}));
    let rule = accept_where("where.path.under = '/workspace/docs'");
    args.beneath =
        vec![Beneath { param: "path".into(), suffix: "Cargo.toml".into(), path: path("/workspace/docs/Cargo.toml") }];
    assert_eq!(World::new(&rule, args.clone()).decide().ruling, Ruling::Accept);
    args.beneath = vec![Beneath {
        param: "path".into(),
        suffix: "Cargo.toml".into(),
        path: path("/workspace/elsewhere/Cargo.toml"),
    }];
    assert_eq!(World::new(&rule, args).decide().ruling, Ruling::Queue);
}

#[test]
fn time_of_day_is_the_servers_own() {
    let rule = accept_where("where.time = { from = '09:00', to = '17:00', days = ['mon', 'wed'] }");
    let at = |weekday, hour: u16| {
        World { local: LocalTime { weekday, minute_of_day: hour * 60 }, ..World::new(&rule, args(json!({}))) }
            .decide()
            .ruling
    };
    assert_eq!(at(Weekday::Wed, 9), Ruling::Accept);
    assert_eq!(at(Weekday::Wed, 17), Ruling::Queue);
    assert_eq!(at(Weekday::Thu, 9), Ruling::Queue);
}

#[test]
fn a_rule_holds_for_its_callers_and_actions_alone() {
    for (head, ruling) in [
        ("action = 'vis*'\ncaller = 'ag*'", Ruling::Accept),
        ("action = 'vis*'\ncaller = ['user', 'bob']", Ruling::Queue),
        ("action = ['open-*']", Ruling::Queue),
    ] {
        let rules = format!("[[rule]]\nname = 'r'\npolicy = 'auto-accept'\n{head}\n");
        assert_eq!(World::new(&rules, args(json!({}))).decide().ruling, ruling, "{head}");
    }
}

#[test]
fn a_denial_answers_the_same_call_until_it_ends() {
    let world = |until| World {
        denial: Some((ticket(9), Timestamp::from_seconds(until))),
        ..World::new(&accept_where(""), args(json!({})))
    };
    let denied = world(NOW + 1).decide();
    assert_eq!(denied.ruling, Ruling::DeniedBefore { ticket: ticket(9) });
    assert!(denied.rule.contains(&Timestamp::from_seconds(NOW + 1).to_string()), "{}", denied.rule);
    assert_eq!(world(NOW).decide().ruling, Ruling::Accept);
}

#[test]
fn a_freeze_and_a_group_switched_off_stand_above_all() {
    let settings = |frozen: bool| Settings {
        frozen: if frozen { [name("agent")].into() } else { Default::default() },
        disabled_groups: if frozen { Default::default() } else { ["desktop".to_owned()].into() },
        ..Settings::default()
    };
    // A freeze is never lost with its setter's right; a group switched off is.
    for (by, right) in [("ada", true), ("eve", false), ("agent", false)] {
        for frozen in [true, false] {
            let binds = right || frozen;
            let mut world = World::new(&accept_where(""), args(json!({})));
            world.overrides.by.insert(name(by), settings(frozen));
            assert_eq!(matches!(world.decide().ruling, Ruling::Deny { .. }), binds, "{by} {frozen}");
        }
    }
}

#[test]
fn needs_are_the_strictest_of_every_rule_that_queues() {
    let rules = "
        [[rule]]
        name = 'a'
        action = 'visit'
        policy = 'queue'
        approve = { role = 'dba', count = 2, expires = '10m', grant_max = '15m' }
        [[rule]]
        name = 'b'
        action = 'visit'
        policy = 'queue'
        approve = { role = ['ops'], justification = true, expires = '5m', grant_max = '1h' }
        [[rule]]
        name = 'c'
        action = 'visit'
        policy = 'auto-accept'";
    let decision = World::new(rules, args(json!({}))).decide();
    assert_eq!(decision.ruling, Ruling::Queue);
    assert_eq!(decision.needs.roles, roles(&["dba", "ops"]));
    assert_eq!((decision.needs.count, decision.needs.justification), (2, true));
    assert_eq!((decision.needs.expires_seconds, decision.needs.grant_seconds_max), (Some(300), 900));
    assert_eq!(decision.rule, "rules `a`, `b`");
}

#[test]
fn grants_accept_what_is_queued_unless_floor_or_rule_forbid_them() {
    let given = args(json!({"times": 3}));
    let granted = |rules: &str, floor| {
        World { floor, grants: vec![grant("visit", &given.json)], ..World::new(rules, given.clone()) }.decide()
    };
    let decision = granted("", None);
    assert_eq!(decision.ruling, Ruling::Accept);
    assert!(
        decision.rule.starts_with("grant ") && decision.rule.contains("by ada, 3 of 5 uses left"),
        "{}",
        decision.rule
    );
    assert_eq!(granted("", Some(Policy::Queue)).ruling, Ruling::Queue);
    let queue = |asks: &str| format!("[[rule]]\nname = 'q'\naction = 'visit'\npolicy = 'queue'\n{asks}\n");
    assert_eq!(granted(&queue(""), None).ruling, Ruling::Accept);
    for forbids in [
        "grants = false", "approve = { grant_max = '0s' }", "approve = { grant_max = '30s' }",
        "approve = { role = 'dba' }", "approve = { count = 2 }",
    ] {
        assert_eq!(granted(&queue(forbids), None).ruling, Ruling::Queue, "{forbids}");
    }
    assert!(matches!(granted(&deny_where(""), None).ruling, Ruling::Deny { .. }));
}

#[test]
fn a_decision_names_what_decided() {
    let rule = |world: World| world.decide().rule;
    assert_eq!(rule(World::new("", args(json!({})))), "visit: queue by default");
    assert_eq!(rule(World::new(&accept_where(""), args(json!({})))), "rule `r`");
    let floored = World { floor: Some(Policy::Queue), ..World::new(&accept_where(""), args(json!({}))) };
    assert_eq!(rule(floored), "visit: never looser than queue");
    let mut overridden = World::new("", args(json!({})));
    overridden
        .overrides
        .by
        .insert(name("ada"), Settings { actions: [(name("visit"), Policy::AutoAccept)].into(), ..Settings::default() });
    assert_eq!(rule(overridden), "override to auto-accept by ada");
    let many: String =
        (0..6).map(|n| format!("[[rule]]\nname = 'r{n}'\naction = 'visit'\npolicy = 'auto-deny'\n")).collect();
    assert_eq!(rule(World::new(&many, args(json!({})))), "rules `r0`, `r1`, `r2` and 3 more");
}

#[test]
fn a_denying_rule_gives_its_own_reason() {
    let with_reason = deny_where("reason = 'use the staging site'");
    assert_eq!(
        World::new(&with_reason, args(json!({}))).decide().ruling,
        Ruling::Deny { reason: "use the staging site".into() }
    );
}

#[test]
fn explain_says_what_kept_each_rule_from_matching() {
    let rules = "
        [[rule]]
        name = 'docs'
        action = 'visit'
        policy = 'auto-accept'
        where.url.host = 'docs.rs'
        [[rule]]
        name = 'others'
        action = 'open-*'
        policy = 'auto-deny'
        [[rule]]
        name = 'bob'
        action = 'visit'
        caller = 'bob'
        policy = 'auto-deny'";
    let trace = World::new(rules, args(json!({"url": "https://a.example/"}))).explain();
    let whys: Vec<_> = trace.rules.iter().map(|rule| rule.why.clone().unwrap()).collect();
    assert_eq!(whys, ["`where.url.host` wants `docs.rs`", "`action` does not name `visit`", "`caller` wants `bob`"]);
    assert_eq!((trace.outcome, &*trace.rule), ("queue", "visit: queue by default"));
    let json = serde_json::to_value(&trace).unwrap();
    assert_eq!((&json["rules"][0]["matches"], &json["own"]), (&json!("no"), &json!("queue")));
}

#[test]
fn a_rule_that_is_wrong_is_refused_with_its_name() {
    for (rule, said) in [
        ("action = 'visit'\npolicy = 'auto-deny'\nwhere.ulr.host = 'a'", "has no parameter `ulr`"),
        ("action = 'visit'\npolicy = 'queue'\nwhere.url = 'docs.rs'", "write `{ host"),
        ("action = 'visit'\npolicy = 'auto-accept'\nwhere.url.host = 'a b'", "is no host"),
        ("action = 'visit'\npolicy = 'auto-accept'\nwhere.path.under = '../x'", "no container directory"),
        ("action = 'visit'\npolicy = 'auto-accept'\nwhere.times = { min = 3, max = 1 }", "min above its max"),
        ("action = 'visit'\npolicy = 'auto-accept'\nwhere.time.from = '25:00'", "no time of day"),
        ("action = []\npolicy = 'auto-accept'", "`action`"),
        ("action = 'a['\npolicy = 'auto-accept'", "`action`"),
        (
            "action = 'visit'\npolicy = 'auto-accept'\napprove = { count = 2 }",
            "belong to rules with `policy = \"queue\"`",
        ),
        ("action = 'visit'\npolicy = 'queue'\napprove = { count = 0 }", "at least 1"),
        ("action = 'visit'\npolicy = 'queue'\napprove = { expires = 'soon' }", "no length of time"),
        ("action = 'visit'\npolicy = 'queue'\nreason = 'x'", "`reason` belongs"),
    ] {
        let rules = format!("[[rule]]\nname = 'mine'\n{rule}\n");
        let errors = World::new(&rules, args(json!({}))).book().unwrap_err();
        assert!(errors[0].contains("`mine`") && errors[0].contains(said), "{rule}: {errors:?}");
    }
    let twice = "[[rule]]\nname = 'a'\naction = '*'\npolicy = 'queue'\n".repeat(2);
    assert!(World::new(&twice, args(json!({}))).book().is_err());
    assert!(
        World::new("[[rule]]\nname = 'a'\naction = '*'\npolicy = 'queue'\nwhen = 1\n", args(json!({}))).book().is_err()
    );
}

#[test]
fn finding_rules_by_what_a_request_holds_leaves_none_out() {
    let conditions = [
        "where.url.host = ['docs.rs', '*.example']",
        "where.urls.host = ['a.example', '*.org']",
        "where.path.under = ['/workspace/docs', '/tmp']",
        "where.path.under = '/'",
        "where.text = ['x', 'y']",
        "where.text = 'x*'",
        "where.size = 'small'",
        "where.times = { min = 3 }",
        "caller = ['agent', 'bob']",
        "caller = 'bob'",
        "where.urls.host = 'h?.org'",
    ];
    let rule =
        |(index, condition)| format!("[[rule]]\nname = 'r{index}'\naction = 'visit'\npolicy = 'queue'\n{condition}\n");
    let rules: String = conditions.iter().enumerate().map(rule).collect();
    let many: Vec<_> = (0..40).map(|n| format!("https://h{n}.b.test.org/")).collect();
    for given in [
        json!({}),
        json!({"url": "https://docs.rs/", "text": "x"}),
        json!({"url": "https://a.b.example/", "path": "/workspace/docs/deep/er/a"}),
        json!({"path": "/workspace/docs", "text": "y", "size": "small"}),
        json!({"path": "/", "times": 3}),
        json!({"urls": ["https://a.example/", "https://h1.org/"], "text": "xx"}),
        json!({"urls": many, "url": "https://example/"}),
    ] {
        let world = World { own: Policy::AutoAccept, ..World::new(&rules, args(given.clone())) };
        let trace = world.explain();
        let matching = trace.rules.iter().filter(|rule| rule.matches > crate::policy::condition::Fit::No);
        let names: Vec<_> = matching.map(|rule| format!("`{}`", rule.name)).collect();
        let rest = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
        let listed = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let plural = if names.len() == 1 { "" } else { "s" };
        assert_eq!(world.decide().rule, format!("rule{plural} {listed}{rest}"), "{given}");
    }
}
