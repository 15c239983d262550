//! Sixty everyday calls of each agent, in the documents of its own host, judged under the starter rules: which are asked, and why.
//!
//! The calls are in `tests/corpus/everyday`, one host a file. Each says what was expected of it before it was run: `expect` where
//! nothing is confined, `confined` where the host's hook can have shell lines run confined and that makes a difference. What is asked
//! or denied says why it should be.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ccc_core::{
    config::{read, starter},
    law::Law,
    params::value::{Arg, Args},
    policy::{LocalTime, Overrides, Question, Ruling, Standing, Weekday, decide},
    user::{User, Users},
    volume::Volumes,
};
use ccc_hosts::{host::Host, translate};
use ccc_protocol::bodies::{Class, Facts};
use ccc_protocol::{Timestamp, UserName};
use ccc_toolcall::facts::{At, Knowledge, derive};
use serde_json::{Map, Value};

/// Every host that the corpus holds a file of; Cursor's program cannot be run here, so what its agent does in a day was not seen.
const HOSTS: [Host; 7] =
    [Host::Claude, Host::Codex, Host::Gemini, Host::Copilot, Host::Kimi, Host::OpenCode, Host::Qwen];
const CALLS_EACH: usize = 60;

/// One call of the corpus, and what its host's hook makes of it.
struct Call {
    expect: String,
    /// Where the hook can have it run confined; none where it cannot.
    confined: Option<String>,
    why: Option<String>,
    /// The parameters of `use-tool`.
    asked: Map<String, Value>,
}

/// What became of a call.
struct Outcome {
    ruling: &'static str,
    facts: Facts,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn calls(host: Host) -> Vec<Call> {
    let path = repository().join(format!("tests/corpus/everyday/{host}.jsonl"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| call(host, line)).collect()
}

fn call(host: Host, line: &str) -> Call {
    let row: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let told = (host == Host::Copilot).then_some(host.profile().gate);
    let document = row["document"].as_object().unwrap();
    let question = translate::read(host, told, document).unwrap_or_else(|error| panic!("{line}: {error:?}"));
    let Value::Object(mut asked) = question.content.action(None) else { panic!("parameters are an object") };
    assert_eq!(asked.remove("action"), Some(Value::from("use-tool")));
    let text = |name: &str| row.get(name).map(|text| text.as_str().unwrap().to_owned());
    let can = host.profile().rewrite.as_ref().is_some_and(|rewrite| asked["native"] == rewrite.tool);
    let expect = text("expect").unwrap();
    let confined = can.then(|| text("confined").unwrap_or_else(|| expect.clone()));
    assert!(can || row.get("confined").is_none(), "{line}: the hook has nothing confined here");
    Call { expect, confined, why: text("why"), asked }
}

/// The law of a config that a first start writes.
fn law() -> Law {
    let agent: UserName = "agent".parse().unwrap();
    let person = User { can_approve: [agent.clone()].into(), ..User::default() };
    let users = Users::new([(agent, User::default()), ("ada".parse().unwrap(), person)]);
    read(starter()).unwrap().law(users, Volumes::default(), |name| Some(format!("/bin/{name}"))).unwrap()
}

fn judged(law: &Law, asked: &Map<String, Value>, can_confine: bool) -> Outcome {
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let at = At { cwd: text("cwd").unwrap(), project: text("project") };
    let facts = derive(text("tool").unwrap(), &asked["input"], at, &Knowledge::default());
    let typed = asked.iter().map(|(name, value)| match value {
        Value::Object(fields) => (name.clone(), Arg::Object(fields.clone())),
        value => (name.clone(), Arg::Text(value.as_str().unwrap().to_owned())),
    });
    let can = can_confine.then(|| ("can".to_owned(), Arg::List(vec![Arg::Text("confine".to_owned())])));
    let args = Args { typed: typed.chain(can).collect(), json: asked.clone(), beneath: vec![] };
    let caller: UserName = "agent".parse().unwrap();
    let question = Question {
        caller: &caller,
        action: law.catalogue.named("use-tool").unwrap(),
        args: &args,
        facts: Some(&facts),
        risk: None,
        local: LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 },
        now: Timestamp::from_seconds(1_800_000_000),
        users: &law.users,
        limits: &law.limits,
    };
    let standing = Standing { overrides: &Overrides::default(), denial: None, grants: &[] };
    let ruling = match decide(&question, &law.rulebook, &standing).ruling {
        Ruling::Accept => "pass",
        Ruling::Confine => "confine",
        Ruling::Queue => "ask",
        Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => "deny",
    };
    Outcome { ruling, facts }
}

/// Where the outcome is another than was expected, in one line.
fn surprise(host: Host, call: &Call, expect: &str, outcome: &Outcome) -> Option<String> {
    let classes: BTreeMap<&Class, &String> = outcome.facts.classes.iter().collect();
    let told = || {
        let what = [&call.asked["native"], &call.asked["input"]].map(Value::to_string).join(" ");
        format!("{host} {what}: {} and not {expect}: {classes:?}", outcome.ruling)
    };
    (outcome.ruling != expect).then(told)
}

#[test]
fn sixty_everyday_calls_of_each_host_go_as_expected() {
    let law = law();
    let mut surprises = Vec::new();
    for host in HOSTS {
        for call in calls(host) {
            let plain = judged(&law, &call.asked, false);
            surprises.extend(surprise(host, &call, &call.expect, &plain));
            if let Some(confined) = &call.confined {
                surprises.extend(surprise(host, &call, confined, &judged(&law, &call.asked, true)));
            }
        }
    }
    assert!(surprises.is_empty(), "{} of them:\n{}", surprises.len(), surprises.join("\n"));
}

#[test]
fn each_host_has_sixty_different_calls_and_a_defence_of_each_that_is_stopped() {
    for host in HOSTS {
        let calls = calls(host);
        assert_eq!(calls.len(), CALLS_EACH, "{host}");
        let mut told: Vec<String> =
            calls.iter().map(|call| format!("{} {}", call.asked["native"], call.asked["input"])).collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), CALLS_EACH, "{host} says each call once");
        for call in &calls {
            let stops = ["ask", "deny"].contains(&call.expect.as_str());
            assert_eq!(stops, call.why.is_some(), "{host} {}", call.asked["input"]);
            assert!(call.why.as_ref().is_none_or(|why| why.split_whitespace().count() >= 4), "{host} {:?}", call.why);
        }
    }
}

/// The part of the page that this test holds to the truth.
fn report() -> String {
    let law = law();
    let mut table = String::from(
        "| host | asked or denied | confined | asked or denied where code is confined |\n|---|---|---|---|\n",
    );
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for host in HOSTS {
        let (mut stopped, mut confined, mut still) = (0, 0, 0);
        for call in calls(host) {
            let plain = judged(&law, &call.asked, false).ruling;
            let best = if call.confined.is_some() { judged(&law, &call.asked, true).ruling } else { plain };
            let is_stopped = |ruling: &str| ["ask", "deny"].contains(&ruling);
            stopped += usize::from(is_stopped(plain));
            confined += usize::from(best == "confine");
            still += usize::from(is_stopped(best));
            if let Some(why) = call.why {
                *reasons.entry(why).or_default() += 1;
            }
        }
        let (confined, still) = match host.profile().rewrite {
            Some(_) => (confined.to_string(), still.to_string()),
            None => ("cannot".to_owned(), "cannot".to_owned()),
        };
        writeln!(table, "| {host} | {stopped} of {CALLS_EACH} | {confined} | {still} |").unwrap();
    }
    table.push_str(
        "
| calls | why a person is asked where nothing is confined |
|---|---|
",
    );
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
    for (why, calls) in reasons {
        writeln!(table, "| {calls} | {why} |").unwrap();
    }
    table
}

#[test]
fn the_page_tells_what_is_asked_of_sixty_calls_and_why() {
    let report = report();
    println!("{report}");
    let page = fs::read_to_string(repository().join("docs/starter-rules.md")).unwrap();
    assert!(page.contains(&report), "docs/starter-rules.md should hold:\n\n{report}");
}
