//! The page about programs: its tables are read, and its calls decided under the starter rules, as it says; every kind and the classes
//! that tables may name stand on it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use ccc_core::{
    config::{read, starter},
    law::Law,
    params,
    policy::{LocalTime, Overrides, Question, Ruling, Standing, Weekday, decide},
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{Timestamp, UserName};
use ccc_toolcall::{
    facts,
    programs::{form::Kind, lint::missed_examples, own::Taught},
};
use serde_json::{Map, Value, json};

const PAGE: &str = include_str!("../../docs/programs.md");

/// The page's tables, each by itself.
fn tables() -> Vec<&'static str> {
    PAGE.split("```toml\n").skip(1).map(|after| after.split_once("```").unwrap().0).collect()
}

/// What a first start writes, and this behind it.
fn law(taught: &str) -> Law {
    let agent: UserName = "agent".parse().unwrap();
    let person = User { can_approve: [agent.clone()].into(), ..User::default() };
    let users = Users::new([(agent, User::default()), ("ada".parse().unwrap(), person)]);
    let config = read(&format!("{}\n{taught}", starter())).unwrap_or_else(|error| panic!("{taught}\n{error}"));
    config.law(users, Volumes::default(), |name| Some(format!("/bin/{name}"))).unwrap()
}

fn call(command: &str) -> Map<String, Value> {
    let call = json!({ "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": command },
        "cwd": "/workspace/app", "session": "s", "agent": "main" });
    call.as_object().unwrap().clone()
}

/// True where the call passes unasked.
fn passes(law: &Law, command: &str) -> bool {
    let action = law.catalogue.named("use-tool").unwrap();
    let args = params::draft(action, call(command), &law.volumes).unwrap().resolve(vec![]).unwrap();
    let facts = facts::of_request(&args.json, &law.knowledge());
    let caller: UserName = "agent".parse().unwrap();
    let question = Question {
        caller: &caller,
        action,
        args: &args,
        facts: Some(&facts),
        risk: None,
        local: LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 },
        now: Timestamp::from_seconds(1_800_000_000),
        users: &law.users,
        limits: &law.limits,
    };
    let standing = Standing { overrides: &Overrides::default(), denial: None, grants: &[] };
    match decide(&question, &law.rulebook, &standing).ruling {
        Ruling::Accept => true,
        Ruling::Queue => false,
        other => panic!("{command}: {other:?}"),
    }
}

#[test]
fn five_lines_teach_a_program_and_its_calls_are_decided_as_the_page_says() {
    let five = tables()[0];
    assert_eq!(five.lines().count(), 5);
    let (law, without) = (law(five), law(""));
    let (_, table) = PAGE.split_once("| call | starter rules | because |\n|---|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let (command, expected) = (cells.next().unwrap().trim_matches('`'), cells.next().unwrap());
        assert_eq!(passes(&law, command), expected == "pass", "{row}");
        assert!(!passes(&without, command), "{row}: nobody taught it");
    }
}

#[test]
fn every_table_of_the_page_is_read_and_every_row_of_it_counts() {
    for table in tables() {
        let law = law(table);
        let wrong: Vec<String> = law
            .programs
            .iter()
            .flat_map(|taught| taught.idle().into_iter().chain(missed_examples(&taught.examples, &law.knowledge())))
            .collect();
        assert!(!law.programs.is_empty() && wrong.is_empty(), "{table}\n{wrong:?}");
    }
}

#[test]
fn an_example_that_does_not_hold_is_told() {
    let law = law(
        "[programs.acme]\ndoes = [\"reads\"]\nexamples = [[\"acme\", \"builds\"], [\"acme x\", \"unknown\"], [\"acme\", \"reads\"]]",
    );
    let missed: Vec<String> =
        law.programs.iter().flat_map(|taught: &Taught| missed_examples(&taught.examples, &law.knowledge())).collect();
    assert_eq!(missed, ["the example `acme` is `reads`, not `builds`"]);
}

#[test]
fn the_page_has_every_kind() {
    let (_, kinds) = PAGE.split_once("## Kinds").unwrap();
    let (kinds, _) = kinds.split_once("## Classes").unwrap();
    for (name, _) in Kind::NAMED {
        assert!(kinds.contains(&format!("`{name}`")), "{name}");
    }
}
