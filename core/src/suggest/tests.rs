//! Rules of small logs, and two hundred of random ones with hostile names.

use std::collections::BTreeSet;

use ccc_protocol::{Digest, TicketId, Timestamp, approval};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config as Runs, TestRunner},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    config,
    policy::{LocalTime, Weekday},
    replay::{Call, Outcome, Under},
};

const OLD: &str = "# mine\n[volumes]\n\"/workspace\" = \"~/w\"   # where agents work\n\n[actions.deploy]\ndescription = 'x'\n\
    policy = \"queue\"\nparams.target = { type = \"string\", required = true }\nrun = [\"deploy\", \"{target}\"]\n\n\
    [[rule]]\nname = \"docs\"\naction = \"open-browser\"\nwhere.url.host = \"docs.rs\"\npolicy = \"auto-accept\"";

/// A log that grows.
#[derive(Default)]
struct Log {
    lines: Vec<String>,
}

impl Log {
    fn asked(&mut self, action: &str, params: &Value, answer: Option<&str>) {
        let number = self.lines.len();
        let id = TicketId::new(u64::try_from(number).unwrap(), [7; 10]);
        let (plan, params) = (Digest::of(b"plan"), params.as_object().unwrap());
        let digest = approval::digest(id, &action.parse().unwrap(), params, plan, &"agent".parse().unwrap());
        let entry = json!({ "about": "agent", "action": action, "at": "2026-03-07T12:00:00Z", "by": "agent",
            "detail": { "digest": digest, "params": params, "plan": plan, "rule": format!("{action}: queue by default") },
            "kind": "submitted", "seq": number + 1, "status": "queued", "ticket": id });
        self.lines.push(entry.to_string());
        if let Some(kind) = answer {
            let entry = json!({ "about": "agent", "action": action, "at": "2026-03-07T12:00:05Z", "by": "user", "kind": kind,
                "seq": number + 2, "status": kind, "ticket": id });
            self.lines.push(entry.to_string());
        }
    }

    fn approved(mut self, action: &str, all: &[Value]) -> Self {
        all.iter().for_each(|params| self.asked(action, params, Some("approved")));
        self
    }

    fn denied(mut self, action: &str, params: &Value) -> Self {
        self.asked(action, params, Some("denied"));
        self
    }

    fn suggest(&self, config: &str) -> Vec<Suggestion> {
        let mut seen = Seen::default();
        self.lines.iter().for_each(|line| seen.take(line, Timestamp::default()));
        suggest(&seen, config).unwrap()
    }
}

fn used(tool: &str, input: &Value, project: &str) -> Value {
    json!({ "host": "claude", "tool": tool, "native": tool, "input": input, "cwd": project, "project": project,
        "session": "s", "agent": "main" })
}

fn bash(command: &str) -> Value {
    used("Bash", &json!({ "command": command }), "/home/dev/app")
}

fn call(action: &str, params: &Value) -> Call {
    Call {
        caller: "agent".parse().unwrap(),
        action: action.parse().unwrap(),
        params: params.as_object().unwrap().clone(),
    }
}

fn law(config: &str) -> Under {
    Under::config(&config::read(config).unwrap()).unwrap()
}

fn outcome(config: &str, call: &Call) -> Outcome {
    outcome_under(&law(config), call)
}

fn outcome_under(under: &Under, call: &Call) -> Outcome {
    let local = LocalTime { weekday: Weekday::Sun, minute_of_day: 0 };
    under.ready(call).map_or(Outcome::Refused, |ready| under.outcome(call, &ready, Timestamp::default(), local).0)
}

fn only_rule(found: &[Suggestion]) -> (&str, &Tried) {
    match found {
        [Suggestion::Rule { lines, tried, .. }] => (lines, tried),
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_approvals_of_one_program_and_subcommand_make_its_narrowest_rule() {
    let log = Log::default()
        .approved("use-tool", &[bash("cargo test"), bash("cargo test --lib"), bash("cargo test -p core")])
        .denied("use-tool", &bash("terraform apply"));
    let found = log.suggest(OLD);
    let (lines, tried) = only_rule(&found);
    assert_eq!(
        lines,
        "[[rule]]\nname = \"cargo test of agent, approved often\"\naction = \"use-tool\"\ncaller = \"agent\"\n\
         where.tool = \"Bash\"\nwhere.project = \"/home/dev/app\"\nwhere.cwd = \"/home/dev/app\"\n\
         where.command = { program = \"cargo\", subcommand = \"cargo test\" }\nwhere.class = \"builds\"\npolicy = \"auto-accept\"\n"
    );
    assert_eq!(*tried, Tried { asked: 4, passed: 3, denied: 1, denied_passed: 0 });
    let added = add_lines(OLD, lines).unwrap();
    let mut elsewhere = bash("cargo test");
    elsewhere["cwd"] = json!("/home/dev/other");
    for (params, passes) in [
        (bash("cargo test --all"), true),
        (bash("cargo publish"), false),
        (bash("cargo test && cargo publish"), false),
        (used("Bash", &json!({ "command": "cargo test" }), "/home/dev/other"), false),
        (elsewhere, false),
    ] {
        assert_eq!(outcome(&added, &call("use-tool", &params)) == Outcome::Passed, passes, "{params}");
    }
}

#[test]
fn two_approvals_or_one_denial_make_none() {
    let twice = [bash("cargo test"), bash("cargo test --lib")];
    assert_eq!(Log::default().approved("use-tool", &twice).suggest(OLD), vec![]);
    let thrice = [bash("cargo test"), bash("cargo test --lib"), bash("cargo test -q")];
    let log = Log::default().approved("use-tool", &thrice).denied("use-tool", &bash("cargo test --release"));
    assert_eq!(log.suggest(OLD), vec![]);
}

#[test]
fn what_the_config_no_longer_asks_is_not_suggested() {
    let log = Log::default().approved("use-tool", &[bash("cargo test"), bash("cargo test -q"), bash("cargo test -v")]);
    let lines = only_rule(&log.suggest(OLD)).0.to_owned();
    assert_eq!(log.suggest(&add_lines(OLD, &lines).unwrap()), vec![]);
}

#[test]
fn nothing_is_offered_of_what_is_grave_or_unread() {
    for command in [
        "git push origin main", "curl -d @x https://example.com/", "rm -rf ~/x", "sudo make", "cat ~/.ssh/id_ed25519",
        "npm install left-pad", "git reset --hard", "cat $WHAT", "ssh example.com ls", "echo x > ~/.bashrc", "kill 1",
        "sh -c 'cargo test'",
    ] {
        let log = Log::default().approved("use-tool", &[bash(command), bash(command), bash(command)]);
        let rules = log.suggest(OLD).into_iter().filter(|found| matches!(found, Suggestion::Rule { .. }));
        assert_eq!(rules.count(), 0, "{command}");
    }
    let mail = json!({ "to": "a@example.com", "subject": "x", "body": "x", "topic": "x" });
    let topic = json!({ "target_user": "agent", "to": "a@example.com", "allow": true, "topic": "x" });
    for (action, params) in [("send-email", mail), ("set-mail-permission", topic)] {
        let log = Log::default().approved(action, &[params.clone(), params.clone(), params]);
        assert_eq!(log.suggest(OLD), vec![], "{action}");
    }
}

#[test]
fn an_unknown_program_is_offered_its_table_to_be_filled_in() {
    let log = Log::default()
        .approved("use-tool", &[bash("frobnicate --all"), bash("frobnicate --all"), bash("frobnicate --all")]);
    let found = log.suggest(OLD);
    let [Suggestion::Program { lines, approved: 3 }] = found.as_slice() else { panic!("{found:?}") };
    assert!(lines.starts_with("[programs.frobnicate]\n"), "{lines}");
    // Nobody has said yet what it does.
    assert!(add_lines(OLD, lines).is_err());
    let said = lines.replace("does = []", "does = [\"reads\"]");
    assert!(add_lines(OLD, &said).is_ok(), "{said}");
}

#[test]
fn files_are_named_one_by_one_and_many_by_the_directory_that_they_share() {
    let edit = |name: &str| {
        let input = json!({ "file_path": format!("/home/dev/app/src/{name}"), "old_string": "a", "new_string": "b" });
        used("Edit", &input, "/home/dev/app")
    };
    let few = Log::default().approved("use-tool", &[edit("a.rs"), edit("b.rs"), edit("a.rs")]).suggest(OLD);
    let (lines, _) = only_rule(&few);
    assert!(lines.contains("where.path.under = [\"/home/dev/app/src/a.rs\", \"/home/dev/app/src/b.rs\"]"), "{lines}");
    let many: Vec<Value> = (0..6).map(|number| edit(&format!("{number}.rs"))).collect();
    let many = Log::default().approved("use-tool", &many).suggest(OLD);
    let (lines, _) = only_rule(&many);
    assert!(lines.contains("where.path.under = \"/home/dev/app/src\""), "{lines}");
}

#[test]
fn an_action_of_ones_own_is_held_to_its_parameters() {
    let target = |name: &str| json!({ "target": name });
    let log = Log::default().approved("deploy", &[target("a*b"), target("test"), target("test")]);
    let found = log.suggest(OLD);
    let (lines, _) = only_rule(&found);
    assert!(lines.contains(r#"where.param."target" = ['a\*b', "test"]"#), "{lines}");
    let added = add_lines(OLD, lines).unwrap();
    assert_eq!(outcome(&added, &call("deploy", &target("a*b"))), Outcome::Passed);
    assert_eq!(outcome(&added, &call("deploy", &target("axb"))), Outcome::Asked);
}

/// Of these calls of a tool, as a person chose them.
fn chosen(log: &Log, all: &[Value]) -> Result<Suggestion, NoRule> {
    let mut seen = Seen::default();
    log.lines.iter().for_each(|line| seen.take(line, Timestamp::default()));
    let calls: Vec<(Call, Timestamp)> =
        all.iter().map(|params| (call("use-tool", params), Timestamp::default())).collect();
    rule_for(&seen, &calls, OLD)
}

#[test]
fn one_chosen_call_is_enough_for_a_rule_and_needs_no_answer_yet() {
    let log = Log::default().approved("use-tool", &[bash("cargo test"), bash("cargo build")]);
    let made = chosen(&log, &[bash("cargo test --lib")]).unwrap();
    let Suggestion::Rule { lines, tried, approved: 0, .. } = &made else { panic!("{made:?}") };
    assert!(lines.contains(r#"subcommand = "cargo test" }"#), "{lines}");
    assert_eq!(*tried, Tried { asked: 2, passed: 1, denied: 0, denied_passed: 0 });
}

#[test]
fn what_passes_by_the_config_already_is_not_told_of_another_rule() {
    let log = Log::default().approved("use-tool", &[bash("cargo test"), bash("git log")]);
    let cargo = chosen(&log, &[bash("cargo test")]).unwrap().lines().to_owned();
    let mut seen = Seen::default();
    log.lines.iter().for_each(|line| seen.take(line, Timestamp::default()));
    let calls = [(call("use-tool", &bash("git log")), Timestamp::default())];
    let made = rule_for(&seen, &calls, &add_lines(OLD, &cargo).unwrap()).unwrap();
    let Suggestion::Rule { tried, .. } = made else { panic!("{made:?}") };
    assert_eq!(tried, Tried { asked: 2, passed: 1, denied: 0, denied_passed: 0 });
}

#[test]
fn chosen_calls_of_several_kinds_get_a_rule_a_kind_that_does_not_mix_them() {
    let read = used("Read", &json!({ "file_path": "/home/dev/app/a.rs" }), "/home/dev/app");
    let made = chosen(&Log::default(), &[bash("cat a.rs"), bash("touch b.rs"), read]).unwrap();
    assert_eq!(made.lines().matches("[[rule]]").count(), 3, "{}", made.lines());
    let added = add_lines(OLD, made.lines()).unwrap();
    assert_eq!(outcome(&added, &call("use-tool", &bash("touch b.rs"))), Outcome::Passed);
    assert_eq!(outcome(&added, &call("use-tool", &bash("touch a.rs"))), Outcome::Asked);
}

#[test]
fn why_nothing_is_made_of_chosen_calls_is_told() {
    let none = Log::default();
    for (command, why) in [
        ("git push origin main", NoRule::EachTime),
        ("rm -rf ~/x", NoRule::EachTime),
        ("cat \u{202e}a.txt", NoRule::NotHeld),
    ] {
        assert_eq!(chosen(&none, &[bash(command)]), Err(why), "{command}");
    }
    assert!(matches!(chosen(&none, &[bash("cat $WHAT")]), Err(NoRule::Unread(_))));
    assert_eq!(chosen(&none, &[]), Err(NoRule::Nothing));
    let denied = Log::default().denied("use-tool", &bash("cargo test --release"));
    assert_eq!(chosen(&denied, &[bash("cargo test")]), Err(NoRule::Denied));
    let kinds = ["cargo test", "cargo build", "git log", "git status", "git diff"].map(bash);
    assert_eq!(chosen(&none, &kinds), Err(NoRule::Unlike { kinds: 5, most: 4 }));
}

#[test]
fn an_unknown_program_gets_its_table_and_what_a_person_says_that_it_does() {
    let calls = [bash("frobnicate --all"), bash("frobnicate --all")];
    let made = chosen(&Log::default(), &calls).unwrap();
    let Suggestion::Program { lines, .. } = &made else { panic!("{made:?}") };
    let seen = Seen::default();
    let calls: Vec<(Call, Timestamp)> =
        calls.iter().map(|params| (call("use-tool", params), Timestamp::default())).collect();
    let that = |does: &str| program_that(does, lines, &seen, &calls, OLD).map(|(lines, _)| lines);
    let filled = that("reads, network").unwrap();
    assert!(filled.contains(r#"does = ["reads", "network"]"#), "{filled}");
    assert!(add_lines(OLD, &filled).is_ok());
    assert!(matches!(that("does no harm"), Err(NoRule::NoClass { word, .. }) if word == "does"));
    assert!(matches!(that(" "), Err(NoRule::NoClass { .. })));
}

#[test]
fn lines_that_do_not_fit_in_are_refused_and_nothing_else_changes() {
    let rule = "[[rule]]\nname = \"x\"\naction = \"use-tool\"\nwhere.tool = \"Bash\"\npolicy = \"auto-accept\"\n";
    let inline = "rule = [{ name = \"a\", action = \"open-browser\", policy = \"auto-deny\" }]\n";
    assert!(add_lines(inline, rule).unwrap_err().contains("do not fit in"));
    assert!(add_lines("nonsense = 1\n", rule).unwrap_err().contains("as it is cannot be read"));
    for old in ["", "# a comment", "# a comment\r\n", OLD] {
        let added = add_lines(old, rule).unwrap();
        assert!(added.starts_with(old) && added.ends_with(rule), "{added}");
    }
}

#[test]
fn every_grave_example_reads_and_is_told_why() {
    let list = grave::list();
    assert_eq!(list.len(), grave::LIST.lines().count());
    assert!(list.len() >= 50 && list.iter().all(|grave| !grave.why.is_empty()));
    for grave in &list {
        let place = call(grave.action.as_str(), &bash("cargo test"));
        let beside = grave.beside(&place).unwrap();
        assert!(!serde_json::to_string(&beside.params).unwrap().contains("{call}"), "{}", grave.why);
    }
}

/// What agents choose: whatever a glob, a string of TOML or a shell would read, and what nobody sees.
const CHARS: &[char] = &[
    'a', 'b', 'c', 'd', 'x', '0', '*', '?', '[', ']', '{', '}', '\\', '!', '^', '-', ',', '\'', '"', '#', ' ', '$',
    '`', '=', '.', '~', '\n', '\t', 'é', '中', '\u{202e}', '\u{200b}', '\u{7}',
];

fn hostile() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(CHARS), 1..9).prop_map(|chars| chars.into_iter().collect())
}

/// An action and three calls of it that differ in what a rule may let differ.
fn tickets() -> impl Strategy<Value = (&'static str, Vec<Value>)> {
    let shell = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let words = ["", " -q", " --verbose"];
    prop_oneof![
        hostile().prop_map(move |name| {
            let made = words.map(|word| bash(&format!("{}{word}", shell(&format!("./{name}.sh")))));
            ("use-tool", made.to_vec())
        }),
        (hostile(), prop::sample::select(vec!["cargo test", "cargo build", "git log", "git status"])).prop_map(
            move |(name, program)| {
                let project = format!("/home/dev/{name}");
                let made = words.map(|word| used("Bash", &json!({ "command": format!("{program}{word}") }), &project));
                ("use-tool", made.to_vec())
            }
        ),
        (prop::collection::vec(hostile(), 1..7), prop::sample::select(vec!["Edit", "Write", "Read"])).prop_map(|(names, tool)| {
            let made = names.iter().cycle().take(names.len().max(3)).map(|name| {
                let input = json!({ "file_path": format!("/home/dev/app/src/{name}"), "content": "x", "old_string": "a", "new_string": "b" });
                used(tool, &input, "/home/dev/app")
            });
            ("use-tool", made.collect())
        }),
        (hostile(), hostile()).prop_map(|(server, tool)| {
            let made = [1, 2, 3].map(|number| used(&format!("mcp:{server}/{tool}"), &json!({ "x": number }), "/home/dev/app"));
            ("use-tool", made.to_vec())
        }),
        prop::collection::vec(hostile(), 1..5).prop_map(|targets| {
            ("deploy", targets.iter().cycle().take(4).map(|target| json!({ "target": target })).collect())
        }),
        hostile().prop_map(|host| {
            let url = |page: u8| json!({ "url": format!("https://{host}.example.com/{page}") });
            ("open-browser", vec![url(1), url(2), url(3)])
        }),
    ]
}

/// Another name that the first would fit if a character of it were read as a pattern.
fn misread(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            json!(text.chars().map(|c| if "*?[]{}\\".contains(c) { 'z' } else { c }).collect::<String>())
        }
        Value::Array(items) => items.iter().map(misread).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), misread(value))).collect())
        }
        plain => plain.clone(),
    }
}

#[test]
fn two_hundred_rules_of_random_tickets_with_hostile_names_fit_them_and_nothing_grave() {
    let mut runner = TestRunner::deterministic();
    let strategy = tickets();
    let list = grave::list();
    let (mut rules, mut kinds) = (0, BTreeSet::new());
    for _ in 0..Runs::default().cases.max(1) * 20 {
        if rules >= 200 {
            break;
        }
        let (action, made) = strategy.new_tree(&mut runner).unwrap().current();
        for found in Log::default().approved(action, &made).suggest(OLD) {
            let Suggestion::Rule { lines, approved, .. } = found else { continue };
            rules += 1;
            kinds.insert(action);
            let added = add_lines(OLD, &lines).unwrap();
            assert!(added.starts_with(OLD), "the old lines stay: {added}");
            let rules_of = |text: &str| text.parse::<toml::Table>().unwrap()["rule"].as_array().unwrap().len();
            assert_eq!(rules_of(&added), rules_of(OLD) + 1, "one rule and no more: {lines}");
            assert!(!lines.contains(['\u{202e}', '\u{200b}', '\u{7}']), "{lines:?}");
            let with = law(&added);
            let passes = |call: &Call| outcome_under(&with, call) == Outcome::Passed;
            let tickets: Vec<Call> = made.iter().map(|params| call(action, params)).collect();
            let (covered, others): (Vec<&Call>, Vec<&Call>) = tickets.iter().partition(|ticket| passes(ticket));
            let covered_count = u64::try_from(covered.len()).unwrap();
            assert_eq!(covered_count, approved, "it fits its tickets: {lines}: {others:?}");
            if let Some(ticket) = covered.last() {
                let other = call(action, &misread(&Value::Object(ticket.params.clone())));
                let is_approved = tickets.iter().any(|approved| approved.params == other.params);
                let may_fit = is_approved || has_no_pattern(action, &lines);
                assert!(may_fit || !passes(&other), "{other:?}: {lines}");
                for grave in &list {
                    let Some(beside) = grave.beside(ticket) else { continue };
                    assert!(!passes(&beside), "{}: {beside:?}: {lines}", grave.why);
                }
            }
        }
    }
    assert!(rules >= 200, "{rules} rules");
    assert_eq!(kinds, ["deploy", "open-browser", "use-tool"].into());
}

/// A directory that many files share holds whatever lies in it, and of an address the host alone counts, which reads no pattern.
fn has_no_pattern(action: &str, lines: &str) -> bool {
    let directories = ["\"/home/dev/app/src\"\n", "\"/home/dev/app\"\n"];
    action == "open-browser" || directories.iter().any(|dir| lines.contains(&format!("where.path.under = {dir}")))
}
