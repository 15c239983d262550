//! `R`: from answers to a lasting rule, through the console's own path, and into a config on this machine.

#![cfg(test)]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use ccc_core::{
    config,
    policy::{LocalTime, Weekday},
    replay::{Call, Outcome, Under},
    suggest::{Seen, grave},
};
use ccc_protocol::{
    Digest, TicketId, Timestamp,
    bodies::{Facts, Plan, Preview, Status, Ticket},
};
use ccc_queue::{
    console::message::{Command, Deed, Message, News, Verb},
    rules::{Config, Draft},
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config as Runs, TestRunner},
};
use serde_json::{Value, json};
use support::{Desk, id, preview, ticket_with};

const OLD: &str = "# mine\n[volumes]\n\"/workspace\" = \"~/w\"   # where agents work\n\n[[rule]]\nname = \"docs\"\n\
    action = \"open-browser\"\nwhere.url.host = \"docs.rs\"\npolicy = \"auto-accept\"\n";

fn used(tool: &str, input: &Value, project: &str) -> Value {
    json!({ "host": "claude", "tool": tool, "native": tool, "input": input, "cwd": project, "project": project,
        "session": "s", "agent": "main" })
}

fn bash(command: &str) -> Value {
    used("Bash", &json!({ "command": command }), "/home/dev/app")
}

/// A console beside its server's config, and what the world around it does.
struct Here {
    desk: Desk,
    config: Config,
    tickets: BTreeMap<TicketId, Ticket>,
    dir: tempfile::TempDir,
}

impl Here {
    fn new(calls: &[Value]) -> Self {
        Self::at(120, 40, calls)
    }

    fn at(width: u16, height: u16, calls: &[Value]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, OLD).unwrap();
        let config = Config { path: Some(path), may_write: true };
        let mut here = Self { desk: Desk::new(width, height), config, tickets: BTreeMap::new(), dir };
        let plan = Plan::Release { declaration: Digest::of(b"declaration") };
        for (n, params) in (1_u64..).zip(calls) {
            let ticket = ticket_with(n, "agent", "use-tool", params, &plan);
            here.tickets.insert(ticket.id, ticket.clone());
            here.desk.waits(Preview { facts: facts(params), ..preview(&ticket, &plan) });
        }
        here.desk.wait(1000);
        here
    }

    fn path(&self) -> &Path {
        self.config.path.as_deref().unwrap()
    }

    fn written(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// Does what the console asked of this machine.
    fn serve(&mut self) {
        while !self.desk.asked.is_empty() {
            let news = match self.desk.asked.remove(0) {
                Command::MakeRule { dialog, wanted } => {
                    let made = self.config.draft(&wanted, &self.those(&wanted.tickets), &Seen::default());
                    News::Rule(dialog, made.map(Box::new))
                }
                Command::OfferRule(wanted) => {
                    let made = self.config.draft(&wanted, &self.those(&wanted.tickets), &Seen::default());
                    let Ok(draft) = made else { continue };
                    News::Offer(Box::new(draft))
                }
                Command::WriteRule(draft) => {
                    let tickets = self.those(&draft.wanted.tickets);
                    let written = self.config.write(&draft, &tickets, &Seen::default()).map(drop);
                    News::Done(Deed::Rule(draft.file.unwrap()), written)
                }
                Command::Approve { leave, .. } => {
                    let ticket = self.tickets.get_mut(&leave.id()).unwrap();
                    ticket.status = Status::Approved;
                    News::Decided(Verb::Approve, ticket.id, Ok(Box::new(ticket.clone())))
                }
                other => panic!("{other:?}"),
            };
            self.desk.take(Message::News(news));
        }
    }

    fn those(&self, ids: &[TicketId]) -> Vec<Ticket> {
        ids.iter().map(|id| self.tickets[id].clone()).collect()
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ') {
            self.desk.wait(1500);
            self.desk.keys(key);
            self.serve();
        }
        self
    }

    fn mark_all(&mut self) {
        for _ in 0..self.tickets.len() {
            self.keys("space");
        }
    }
}

/// As the bridge reads it.
fn facts(params: &Value) -> Option<Facts> {
    let under = Under::config(&config::read(OLD).unwrap()).unwrap();
    under.ready(&called(params)).ok()?.facts
}

fn called(params: &Value) -> Call {
    let params = params.as_object().unwrap().clone();
    Call { caller: "agent".parse().unwrap(), action: "use-tool".parse().unwrap(), params }
}

fn passes(config: &str, params: &Value) -> bool {
    let under = Under::config(&config::read(config).unwrap()).unwrap();
    passes_under(&under, &called(params))
}

fn passes_under(under: &Under, call: &Call) -> bool {
    let local = LocalTime { weekday: Weekday::Sun, minute_of_day: 0 };
    under.ready(call).is_ok_and(|ready| under.outcome(call, &ready, Timestamp::default(), local).0 == Outcome::Passed)
}

#[test]
fn a_rule_is_shown_as_its_lines_and_written_by_a_key_of_its_own() {
    let mut here = Here::new(&[bash("cargo test")]);
    here.keys("R");
    let screen = here.desk.screen();
    assert!(screen.contains("where.command = { program = \"cargo\", subcommand = \"cargo test\" }"), "{screen}");
    assert!(screen.contains("would have passed 0 of 0 asked, 0 of 0 denied"), "{screen}");
    assert_eq!(here.written(), OLD, "nothing is written before a person says so");
    here.keys("y");
    let written = here.written();
    assert!(written.starts_with(OLD) && passes(&written, &bash("cargo test --lib")), "{written}");
    assert_eq!(fs::read_to_string(here.dir.path().join("config.toml.before")).unwrap(), OLD);
    assert!(here.desk.screen().contains("written"), "{}", here.desk.screen());
}

#[test]
fn a_key_right_after_the_lines_came_writes_nothing() {
    let mut here = Here::new(&[bash("cargo test")]);
    here.desk.keys("R");
    here.desk.wait(5000);
    here.serve();
    here.desk.wait(300);
    here.desk.keys("y");
    here.serve();
    assert_eq!(here.written(), OLD);
    assert!(here.desk.screen().contains("too soon"), "{}", here.desk.screen());
    here.desk.keys("enter space");
    here.desk.wait(1500);
    here.serve();
    assert_eq!(here.written(), OLD, "no other key writes");
    here.keys("y");
    assert_ne!(here.written(), OLD);
}

#[test]
fn lines_that_are_not_whole_on_screen_are_not_written() {
    let mut here = Here::at(60, 16, &[bash("cargo test")]);
    here.keys("R y");
    assert_eq!(here.written(), OLD);
    assert!(here.desk.screen().contains("too small"), "{}", here.desk.screen());
}

#[test]
fn a_console_elsewhere_tells_the_lines_and_writes_nothing() {
    let mut here = Here::new(&[bash("cargo test")]);
    here.config.may_write = false;
    here.keys("R");
    let screen = here.desk.screen();
    assert!(screen.contains("for the config of the server") && screen.contains("[[rule]]"), "{screen}");
    here.keys("y");
    assert_eq!(here.written(), OLD);
    here.desk.keys("x");
    let copied: Vec<Command> = std::mem::take(&mut here.desk.asked);
    assert!(matches!(copied.as_slice(), [Command::Copy(lines)] if *lines == draft(&here).lines), "{copied:?}");
    let forged = Draft { file: here.config.path.clone(), ..draft(&here) };
    assert!(here.config.write(&forged, &here.those(&[id(1)]), &Seen::default()).is_err(), "whoever asks");
}

fn draft(here: &Here) -> Draft {
    let wanted = ccc_queue::rules::Wanted { tickets: vec![id(1)], program: None };
    here.config.draft(&wanted, &here.those(&[id(1)]), &Seen::default()).unwrap()
}

#[test]
fn a_config_that_changed_meanwhile_is_looked_at_anew() {
    let mut here = Here::new(&[bash("cargo test")]);
    here.keys("R");
    let mine = format!(
        "{OLD}\n[[rule]]\nname = \"mine\"\naction = \"use-tool\"\nwhere.command.program = \"cargo\"\npolicy = \"queue\"\n"
    );
    fs::write(here.path(), &mine).unwrap();
    here.keys("y");
    assert_eq!(here.written(), mine);
    assert!(here.desk.screen().contains("would still ask"), "{}", here.desk.screen());
}

#[test]
fn nothing_is_offered_for_what_is_grave_denied_or_unread() {
    for (command, why) in [
        ("git push origin main", "each time"),
        ("cat $WHAT", "cannot be read whole"),
        ("curl -d @x https://example.com/", "each time"),
    ] {
        let mut here = Here::new(&[bash(command)]);
        here.keys("R");
        assert!(here.desk.screen().contains(why), "{command}: {}", here.desk.screen());
        here.keys("y");
        assert_eq!(here.written(), OLD, "{command}");
    }
    for change in [
        |ticket: &mut Ticket| ticket.status = Status::Denied,
        |ticket: &mut Ticket| ticket.irreversible = true,
        |ticket: &mut Ticket| ticket.needed = 2,
    ] {
        let here = Here::new(&[bash("cargo test")]);
        let mut ticket = here.tickets[&id(1)].clone();
        change(&mut ticket);
        let wanted = ccc_queue::rules::Wanted { tickets: vec![id(1)], program: None };
        assert!(here.config.draft(&wanted, &[ticket], &Seen::default()).is_err());
    }
}

#[test]
fn an_unknown_program_is_made_known_in_a_persons_words() {
    let mut here = Here::new(&[bash("frobnicate --all")]);
    here.keys("R");
    assert!(here.desk.screen().contains("[programs.frobnicate]"), "{}", here.desk.screen());
    here.desk.types("reads");
    here.keys("enter y");
    let written = here.written();
    assert!(written.starts_with(OLD) && written.contains("does = [\"reads\"]"), "{written}");
}

#[test]
fn after_the_third_approval_of_one_shape_a_rule_is_offered_once() {
    let calls =
        ["cargo test", "cargo test -q", "cargo test --lib", "cargo test -v", "cargo test -p a", "cargo test -p b"];
    let mut here = Here::new(&calls.map(bash));
    here.keys("y j y j");
    assert!(!here.desk.screen().contains("lasting rule"), "{}", here.desk.screen());
    here.keys("y");
    assert!(here.desk.screen().contains("`R` makes a lasting rule of three approvals alike"), "{}", here.desk.screen());
    here.keys("R y");
    assert!(passes(&here.written(), &bash("cargo test")));
    here.keys("j y j y j y");
    assert!(!here.desk.screen().contains("three approvals"), "{}", here.desk.screen());
}

/// What agents choose: whatever a glob, a string of TOML or a shell would read, and what nobody sees.
const CHARS: &[char] = &[
    'a', 'b', 'c', 'x', '0', '*', '?', '[', ']', '{', '}', '\\', '!', '^', '-', ',', '\'', '"', '#', ' ', '$', '`',
    '=', '.', '~', '\n', '\t', 'é', '中', '\u{202e}', '\u{200b}', '\u{7}',
];

fn hostile() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(CHARS), 1..9).prop_map(|chars| chars.into_iter().collect())
}

/// One to three tickets.
fn tickets() -> impl Strategy<Value = Vec<Value>> {
    let shell = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let one = prop_oneof![
        hostile().prop_map(move |name| bash(&shell(&format!("./{name}.sh")))),
        (hostile(), prop::sample::select(vec!["cargo test", "git log", "git status -s"]))
            .prop_map(|(name, command)| used("Bash", &json!({ "command": command }), &format!("/home/dev/{name}"))),
        (hostile(), prop::sample::select(vec!["Edit", "Write", "Read"])).prop_map(|(name, tool)| {
            let path = format!("/home/dev/app/src/{name}");
            used(
                tool,
                &json!({ "file_path": path, "content": "x", "old_string": "a", "new_string": "b" }),
                "/home/dev/app",
            )
        }),
        (hostile(), hostile()).prop_map(|(server, tool)| used(
            &format!("mcp:{server}/{tool}"),
            &json!({ "x": 1 }),
            "/home/dev/app"
        )),
    ];
    prop::collection::vec(one, 1..4)
}

/// Another name that the first would fit if a character of it were read as a pattern.
fn misread(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            json!(text.chars().map(|c| if "*?[]{}\\".contains(c) { 'z' } else { c }).collect::<String>())
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), misread(value))).collect())
        }
        plain => plain.clone(),
    }
}

#[test]
fn two_hundred_rules_made_by_r_of_hostile_names_fit_their_tickets_and_nothing_grave() {
    let mut runner = TestRunner::deterministic();
    let strategy = tickets();
    let list = grave::list();
    let mut rules = 0;
    for _ in 0..Runs::default().cases.max(1) * 20 {
        if rules >= 200 {
            break;
        }
        let calls = strategy.new_tree(&mut runner).unwrap().current();
        // Tall enough for several rules at once.
        let mut here = Here::at(200, 120, &calls);
        here.mark_all();
        here.keys("R y");
        let written = here.written();
        if written == OLD {
            continue;
        }
        let rules_of = |text: &str| text.parse::<toml::Table>().unwrap()["rule"].as_array().unwrap().len();
        rules += rules_of(&written) - rules_of(OLD);
        assert!(written.starts_with(OLD), "the old lines stay: {written}");
        assert!(!written.contains(['\u{202e}', '\u{200b}', '\u{7}']), "{written:?}");
        let with = Under::config(&config::read(&written).unwrap()).unwrap();
        for params in &calls {
            let call = called(params);
            assert!(passes_under(&with, &call), "it fits its tickets: {call:?}: {written}");
            let Value::Object(params) = misread(&Value::Object(call.params.clone())) else { panic!() };
            let other = Call { params, ..call.clone() };
            let is_one = calls.iter().any(|one| one.as_object() == Some(&other.params));
            assert!(is_one || !passes_under(&with, &other), "{other:?}: {written}");
            for grave in &list {
                let Some(beside) = grave.beside(&call) else { continue };
                assert!(!passes_under(&with, &beside), "{}: {beside:?}: {written}", grave.why);
            }
        }
    }
    assert!(rules >= 200, "{rules} rules");
}
