//! The page about policy: its rules are read, and its worked examples decided, as it says.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use ccc_core::{
    config::read,
    law::Law,
    params,
    policy::{LocalTime, Overrides, Question, Ruling, Standing, Weekday, decide},
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{Timestamp, UserName};
use ccc_toolcall::facts;
use serde_json::{Map, Value, json};

const PAGE: &str = include_str!("../../docs/policy.md");

/// The page's rules, as they are for an agent with one approver.
fn law() -> Law {
    let (_, after) = PAGE.split_once("```toml\n").unwrap();
    let (config, _) = after.split_once("```").unwrap();
    let agent: UserName = "agent".parse().unwrap();
    let person = User { can_approve: [agent.clone()].into(), ..User::default() };
    let users = Users::new([(agent, User::default()), ("ada".parse().unwrap(), person)]);
    let config = read(config).unwrap();
    config.law(users, Volumes::default(), |name| Some(format!("/bin/{name}"))).unwrap()
}

/// A row's request: the body of an action, or the command of a `Bash` call.
fn request(cell: &str) -> Map<String, Value> {
    let call = || {
        json!({ "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "input": { "command": cell },
            "cwd": "/workspace/app", "session": "s", "agent": "main" })
    };
    let body = serde_json::from_str(cell).unwrap_or_else(|_| call());
    body.as_object().unwrap().clone()
}

fn outcome(law: &Law, cell: &str) -> &'static str {
    let mut given = request(cell);
    let name = given.remove("action").unwrap();
    let action = law.catalogue.named(name.as_str().unwrap()).unwrap();
    let args = params::draft(action, given, &law.volumes).unwrap().resolve(vec![]).unwrap();
    let facts = action.is_judge_only().then(|| {
        facts::derive("Bash", args.json.get("input").unwrap(), "/workspace/app", &facts::Knowledge::default())
    });
    let caller: UserName = "agent".parse().unwrap();
    let question = Question {
        caller: &caller,
        action,
        args: &args,
        facts: facts.as_ref(),
        risk: None,
        local: LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 },
        now: Timestamp::from_seconds(1_800_000_000),
        users: &law.users,
        limits: &law.limits,
    };
    let standing = Standing { overrides: &Overrides::default(), denial: None, grants: &[] };
    match decide(&question, &law.rulebook, &standing).ruling {
        Ruling::Accept => "accept",
        Ruling::Queue => "queue",
        Ruling::Confine => "confine",
        Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => "deny",
    }
}

#[test]
fn the_worked_examples_are_decided_as_the_page_says() {
    let law = law();
    let (_, table) = PAGE.split_once("| request | outcome | because |\n|---|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let (request, expected) = (cells.next().unwrap().trim_matches('`'), cells.next().unwrap());
        assert_eq!(outcome(&law, request), expected, "{row}");
    }
}
