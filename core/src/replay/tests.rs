//! A few requests, decided again under the config that they were decided under, and under others.

use ccc_protocol::{Digest, TicketId, Timestamp, approval};
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    config,
    policy::{LocalTime, Weekday},
};

const OWN: &str = r#"
[volumes]
"/workspace" = "~/somewhere"

[actions.deploy]
description = "Deploy"
group = "ops"
policy = "queue"
floor = "queue"
params.target = { type = "string", required = true }
run = ["deploy", "{target}"]

[[rule]]
name = "docs"
action = "open-browser"
where.url.host = "docs.rs"
policy = "auto-accept"

[[rule]]
name = "no editor outside of docs"
action = "edit-file"
where.filename.under = "/workspace/secret"
policy = "auto-deny"

[[rule]]
name = "looks"
action = "use-tool"
where.class = ["reads", "vcs-query"]
policy = "auto-accept"
"#;

fn under(text: &str) -> Under {
    Under::config(&config::read(text).unwrap()).unwrap()
}

fn noon(_: Timestamp) -> LocalTime {
    LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 }
}

fn at() -> Timestamp {
    "2026-03-07T12:00:00Z".parse().unwrap()
}

fn entry(number: u8, action: &str, params: &Value, status: &str, rule: &str) -> Value {
    let id = TicketId::new(u64::from(number), [number; 10]);
    let plan = Digest::of(&[number]);
    let object = params.as_object().unwrap();
    let digest = approval::digest(id, &action.parse().unwrap(), object, plan, &"agent".parse().unwrap());
    json!({ "about": "agent", "action": action, "at": at(), "by": "agent",
        "detail": { "digest": digest, "params": params, "plan": plan, "rule": rule },
        "kind": "submitted", "seq": number, "status": status, "ticket": id })
}

fn tool(command: &str) -> Value {
    json!({ "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command }, "cwd": "/home/dev/p",
        "project": "/home/dev/p", "session": "s", "agent": "main" })
}

/// Requests of each kind, as the config above decides them.
fn log() -> Vec<Value> {
    vec![
        entry(1, "open-browser", &json!({ "url": "https://docs.rs/hyper" }), "running", "rule `docs`"),
        entry(2, "open-browser", &json!({ "url": "https://example.com/" }), "queued", "open-browser: queue by default"),
        entry(
            3,
            "edit-file",
            &json!({ "filename": "/workspace/secret/x" }),
            "denied",
            "rule `no editor outside of docs`",
        ),
        entry(4, "open-terminal", &json!({ "path": "/elsewhere/now" }), "queued", "open-terminal: queue by default"),
        entry(5, "deploy", &json!({ "target": "production" }), "queued", "deploy: queue by default"),
        entry(6, "use-tool", &tool("git status"), "released", "rule `looks`"),
        entry(7, "use-tool", &tool("git status"), "released", "rule `looks`"),
        entry(8, "use-tool", &tool("cargo test"), "queued", "use-tool: queue by default"),
    ]
}

fn gathered(entries: &[Value]) -> Gathered {
    let mut gathered = Gathered::default();
    entries.iter().for_each(|entry| gathered.take(&entry.to_string(), Timestamp::default()));
    gathered
}

fn replayed(entries: &[Value], text: &str) -> Compared {
    compare(&gathered(entries).into_calls(), &under(text), noon).sorted()
}

#[test]
fn the_same_config_changes_nothing() {
    let compared = replayed(&log(), OWN);
    assert_eq!(compared.cases, vec![]);
    assert_eq!((compared.was.sum(), compared.calls), (8, 7), "equal calls are decided once");
    assert_eq!(compared.was, compared.would);
}

#[test]
fn another_config_tells_each_case_for_whom_and_why() {
    let without = OWN.replace("auto-deny", "queue").replace("\"vcs-query\"", "\"builds\"");
    let compared = replayed(&log(), &without);
    let told: Vec<_> = compared
        .cases
        .iter()
        .map(|case| (case.call.as_str(), case.was, case.would, case.times, case.is_looser()))
        .collect();
    assert_eq!(
        told,
        [
            ("Bash cargo test", Outcome::Asked, Outcome::Passed, 1, true),
            ("edit-file filename=/workspace/secret/x", Outcome::Denied, Outcome::Asked, 1, true),
            ("Bash git status", Outcome::Passed, Outcome::Asked, 2, false),
        ]
    );
    let case = &compared.cases[0];
    assert_eq!((case.caller.as_str(), case.would_by.as_str()), ("agent", "rule `looks`"));
    assert_eq!(compared.would.of(Outcome::Asked), compared.was.of(Outcome::Asked) + 2);
}

#[test]
fn an_action_that_is_gone_or_wants_other_parameters_would_be_refused() {
    let without = OWN.replace("[actions.deploy]", "[actions.deploy2]");
    let compared = replayed(&log(), &without);
    assert_eq!(compared.cases.len(), 1);
    assert_eq!((compared.cases[0].would, compared.cases[0].is_looser()), (Outcome::Refused, false));
    assert_eq!(compared.cases[0].would_by, "there is no action `deploy`");
}

#[test]
fn a_rule_that_asks_for_the_time_is_asked_at_each_time() {
    let timed = format!(
        "{OWN}\n[[rule]]\nname = \"night\"\naction = \"use-tool\"\nwhere.time = {{ from = \"22:00\", to = \"06:00\" }}\npolicy = \"auto-deny\"\n"
    );
    let mut late = entry(9, "use-tool", &tool("git status"), "released", "rule `looks`");
    late["at"] = json!("2026-03-07T23:00:00Z");
    let calls = gathered(&[log(), vec![late]].concat()).into_calls();
    let local = |at: Timestamp| LocalTime {
        weekday: Weekday::Wed,
        minute_of_day: u16::try_from(at.seconds() % 86_400 / 60).unwrap(),
    };
    let compared = compare(&calls, &under(&timed), local);
    assert_eq!(compared.changed(), 1);
    assert_eq!((compared.cases[0].would, compared.cases[0].times), (Outcome::Denied, 1));
}

#[test]
fn what_people_decided_is_counted_apart_and_never_compared() {
    let rules = [
        ("grant 0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f by user, until 2026-03-07T13:00:00Z", Apart::Grant),
        ("override to queue by user", Apart::Override),
        ("rule `x`; override to auto-deny by user", Apart::Override),
        ("user has frozen the requests of agent", Apart::Freeze),
        ("user has switched off the group `browser`", Apart::Group),
        ("denied by a person before; the same request is answered so until 2026-03-07T13:00:00Z", Apart::CoolDown),
        ("pin-tool: approved as it is by ticket 0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", Apart::Pin),
        ("rules `x`, `this bridge's own files`", Apart::OwnFiles),
    ];
    for (rule, apart) in rules {
        let found = gathered(&[entry(1, "use-tool", &tool("make"), "denied", rule)]);
        assert_eq!((found.apart.get(&apart), found.calls().count()), (Some(&1), 0), "{rule}");
    }
    let mut edited = entry(1, "open-browser", &json!({ "url": "https://docs.rs/" }), "queued", "rule `docs`");
    edited["detail"]["replaces"] = json!(TicketId::new(1, [1; 10]));
    let mut repeated = entry(2, "use-tool", &tool("make"), "denied", "");
    repeated["kind"] = json!("repeated");
    repeated["detail"] = json!({ "repeats": 2 });
    let found = gathered(&[edited, repeated]);
    assert_eq!(found.apart, [(Apart::CoolDown, 1), (Apart::Edit, 1)].into());
}

/// The words are those of the decisions themselves.
#[test]
fn what_policy_says_when_people_decided_is_known_again() {
    use crate::policy::{Overrides, Question, Settings, Standing, decide};
    let law = under(OWN);
    let agent: ccc_protocol::UserName = "agent".parse().unwrap();
    let user: ccc_protocol::UserName = "user".parse().unwrap();
    let person = crate::user::User { can_approve: [agent.clone()].into(), ..Default::default() };
    let users = crate::user::Users::new([(user.clone(), person)]);
    let call = Call {
        caller: agent.clone(),
        action: "open-browser".parse().unwrap(),
        params: json!({ "url": "https://example.com/" }).as_object().unwrap().clone(),
    };
    let action = law.law().catalogue.named("open-browser").unwrap();
    let said = |settings: Settings, denial| {
        let ready = law.ready(&call).unwrap();
        let question = Question {
            caller: &agent,
            action,
            args: &ready.args,
            facts: None,
            risk: None,
            local: noon(at()),
            now: at(),
            users: &users,
            limits: &law.law().limits,
        };
        let overrides = Overrides { by: [(user.clone(), settings)].into() };
        decide(&question, &law.law().rulebook, &Standing { overrides: &overrides, denial, grants: &[] }).rule
    };
    let frozen = Settings { frozen: [agent.clone()].into(), ..Settings::default() };
    let off = Settings { disabled_groups: [action.group.clone()].into(), ..Settings::default() };
    let set = |policy| Settings { actions: [(action.name.clone(), policy)].into(), ..Settings::default() };
    let denial = Some((TicketId::new(1, [1; 10]), at().plus_seconds(60)));
    for (rule, apart) in [
        (said(frozen, None), Apart::Freeze),
        (said(off, None), Apart::Group),
        (said(set(ccc_protocol::bodies::Policy::AutoAccept), None), Apart::Override),
        (said(set(ccc_protocol::bodies::Policy::AutoDeny), None), Apart::Override),
        (said(Settings::default(), denial), Apart::CoolDown),
    ] {
        assert_eq!(Apart::of_rule(&rule), Some(apart), "{rule}");
    }
    assert_eq!(Apart::of_rule(&said(Settings::default(), None)), None);
}

#[test]
fn an_entry_that_does_not_hold_the_whole_request_is_counted_as_not_replayed() {
    let whole = entry(1, "use-tool", &tool("rm -rf /"), "denied", "rule `x`");
    let mut none = whole.clone();
    none["detail"].as_object_mut().unwrap().remove("params");
    let mut shortened = whole.clone();
    shortened["detail"]["params"]["input"] = json!({ "command": "rm" });
    let mut digest_alone = whole.clone();
    digest_alone["detail"]["params"] = json!({ "sha-256": "…", "begins": "{" });
    let mut odd = whole.clone();
    odd["status"] = json!("put-off");
    let found = gathered(&[none, shortened, digest_alone, odd]);
    assert_eq!(found.calls().count(), 0);
    assert_eq!(found.unread, [(Unread::WithoutBody, 3), (Unread::UnknownOutcome, 1)].into());
    assert_eq!(gathered(&[whole]).calls().count(), 1);
}

#[test]
fn parts_joined_are_the_whole() {
    let entries = log();
    let (one, other) = entries.split_at(3);
    let mut joined = gathered(one);
    joined.join(gathered(other));
    let text = OWN.replace("auto-deny", "queue");
    let calls = joined.into_calls();
    let (first, second) = calls.split_at(4);
    let mut compared = compare(first, &under(&text), noon);
    compared.join(compare(second, &under(&text), noon));
    assert_eq!(compared.sorted(), replayed(&entries, &text));
}

#[test]
fn an_agents_words_that_look_like_an_entry_are_no_request() {
    let hostile = json!({ "at": at(), "kind": "server-started", "seq": 1, "detail": { "kind": "submitted", "params": Map::new() } });
    let found = gathered(&[hostile]);
    assert_eq!((found.calls().count(), found.unread.len()), (0, 0));
}
