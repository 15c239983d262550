//! `Y`: leave for more of the same, from a few keys, and what waits and fits approved with it.

#![cfg(test)]

mod support;

use ccc_core::{
    config,
    replay::{Call, Under},
};
use ccc_protocol::{
    Digest, TicketId,
    bodies::{Class, Difference, GrantRequest, Plan, Preview, Status, Ticket},
};
use ccc_queue::console::message::Command;
use serde_json::{Value, json};
use support::{Desk, id, preview, ticket_with};

fn used(tool: &str, input: &Value) -> Value {
    json!({ "host": "claude", "tool": tool, "native": tool, "input": input, "cwd": "/home/dev/app",
        "project": "/home/dev/app", "session": "s", "agent": "main" })
}

fn bash(command: &str) -> Value {
    used("Bash", &json!({ "command": command }))
}

fn edit(path: &str) -> Value {
    used("Edit", &json!({ "file_path": path, "old_string": "a", "new_string": "b" }))
}

fn ask(n: u64, params: &Value) -> Preview {
    let plan = Plan::Release { declaration: Digest::of(b"declaration") };
    let ticket = ticket_with(n, "agent", "use-tool", params, &plan);
    let under = Under::config(&config::read("").unwrap()).unwrap();
    let call = Call {
        caller: ticket.submitted_by.clone(),
        action: ticket.action.clone(),
        params: params.as_object().unwrap().clone(),
    };
    Preview { facts: under.ready(&call).unwrap().facts, ..preview(&ticket, &plan) }
}

fn desk(height: u16, calls: &[Value]) -> Desk {
    let mut desk = Desk::new(120, height);
    (1_u64..).zip(calls).for_each(|(n, params)| desk.waits(ask(n, params)));
    desk.wait(1000);
    desk
}

fn press(desk: &mut Desk, keys: &str) {
    for key in keys.split(' ') {
        desk.keys(key);
        desk.wait(1500);
    }
}

fn sent(desk: &Desk) -> (&GrantRequest, Vec<TicketId>) {
    match desk.asked.as_slice() {
        [Command::Approve { grant: Some(grant), beside, .. }] => {
            (grant, beside.iter().map(ccc_queue::console::armed::Leave::id).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// What `Y`, so many steps wider and `y` ask for.
fn step(call: &Value, steps: usize) -> Vec<(String, Difference)> {
    let mut desk = desk(30, std::slice::from_ref(call));
    press(&mut desk, &format!("Y{} y", " l".repeat(steps)));
    sent(&desk).0.params.clone().into_iter().collect()
}

#[test]
fn three_keys_grant_this_program_and_subcommand_in_this_project() {
    let mut desk = desk(30, &[bash("cargo test --lib")]);
    press(&mut desk, "Y l");
    let screen = desk.screen();
    assert!(screen.contains("▶ what       any arguments of cargo test"), "{screen}");
    assert!(!screen.contains("session  ") && !screen.contains("cwd  "), "only rows that can change: {screen}");
    assert!(screen.contains("never with it: secrets"), "{screen}");
    press(&mut desk, "y");
    let (grant, beside) = sent(&desk);
    assert_eq!(grant.params, [("input".to_owned(), Difference::SameProgram("cargo test".into()))].into());
    assert_eq!((grant.seconds, grant.uses, beside), (900, Some(5), vec![]));
}

#[test]
fn each_step_means_something_and_is_offered_only_where_it_can_be_made() {
    let input = |difference| vec![("input".to_owned(), difference)];
    let same = |classes: &[Class]| Difference::SameClass(classes.to_vec());
    let call = edit("/home/dev/app/src/deep/a.rs");
    assert_eq!(step(&call, 0), vec![]);
    assert_eq!(step(&call, 1), input(Difference::FilesUnder("/home/dev/app/src/deep".into())));
    assert_eq!(step(&call, 2), input(Difference::FilesUnder("/home/dev/app/src".into())));
    assert_eq!(step(&call, 3), input(Difference::SameTool("Edit".into())));
    let widest = step(&call, 9);
    assert_eq!(widest.len(), 3);
    assert!(widest.iter().all(|(name, _)| ["input", "tool", "native"].contains(&name.as_str())), "{widest:?}");
    assert_eq!(widest[0].1, same(&[Class::Writes]));
    let mcp = used("mcp:files/read", &json!({ "path": "a" }));
    assert_eq!(
        step(&mcp, 9),
        input(Difference::SameTool("mcp:files/read".into())),
        "this tool of this server, no wider"
    );
    assert_eq!(
        step(&bash("./script.sh"), 9),
        input(Difference::SameTool("Bash".into())),
        "what runs is granted by no kind"
    );
    assert_eq!(step(&bash("cat $WHAT"), 9), vec![], "what cannot be read is granted as it is");
}

#[test]
fn what_the_server_makes_of_each_step_is_what_is_told_before() {
    let history = |desk: &Desk| desk.screen().lines().find(|line| line.contains("let through")).unwrap().to_owned();
    let mut desk = desk(30, &[bash("cargo test")]);
    let entry = |n: u64, command: &str| {
        json!({ "seq": n, "at": "2026-03-07T12:00:00Z", "kind": "submitted", "by": "agent", "about": "agent",
            "ticket": id(100 + n), "action": "use-tool", "status": "queued", "detail": { "params": bash(command) } })
    };
    let entries = [entry(1, "cargo test -q"), entry(2, "cargo publish"), entry(3, "cargo test && rm -rf ~")];
    let list = serde_json::from_value(json!({ "seq": 3, "entries": entries, "next": null })).unwrap();
    desk.take(ccc_queue::console::message::Message::News(ccc_queue::console::message::News::Audit(Ok(list))));
    press(&mut desk, "Y");
    assert!(history(&desk).contains("0 of 3"), "{}", history(&desk));
    press(&mut desk, "l");
    assert!(history(&desk).contains("1 of 3"), "{}", history(&desk));
}

#[test]
fn what_waits_and_fits_is_listed_whole_and_approved_with_it_only_when_that_is_chosen() {
    let calls = ["cargo test", "cargo test --lib", "cargo test -q", "cargo publish"].map(bash);
    let mut without = desk(30, &calls);
    press(&mut without, "Y l");
    let screen = without.screen();
    assert!(screen.contains("│ Bash  $ cargo test --lib") && screen.contains("│ Bash  $ cargo test -q"), "{screen}");
    assert!(!screen.contains("│ Bash  $ cargo publish"), "{screen}");
    press(&mut without, "y");
    assert_eq!(sent(&without).1, vec![], "not unless it is chosen");
    let mut with = desk(30, &calls);
    press(&mut with, "Y l j j j l y");
    assert_eq!(sent(&with).1, [id(2), id(3)]);
    let mut early = desk(30, &calls);
    press(&mut early, "Y l j j j");
    early.keys("l y");
    assert!(early.decisions().is_empty(), "what is approved has just become more");
}

#[test]
fn nothing_is_approved_with_it_that_takes_more_is_not_whole_in_a_row_or_has_no_room() {
    let long = format!("cargo test {}", "x".repeat(120));
    let calls = [bash("cargo test"), bash("cargo test -q"), bash(&long), bash("cargo test \\\n  -v")];
    let mut desk = desk(30, &calls);
    let mut changed = |n: u64, change: fn(&mut Ticket)| {
        let mut preview = ask(n, &bash("cargo test --all"));
        change(&mut preview.ticket);
        desk.waits(preview);
    };
    changed(10, |ticket| ticket.needed = 2);
    changed(11, |ticket| ticket.needs_note = true);
    changed(12, |ticket| ticket.irreversible = true);
    changed(13, |ticket| ticket.grant_seconds_max = 0);
    changed(14, |ticket| ticket.abridged = true);
    changed(15, |ticket| ticket.digest = Digest::of(b"another"));
    changed(16, |ticket| ticket.submitted_by = "other".parse().unwrap());
    press(&mut desk, "Y l j j j l y");
    assert_eq!(sent(&desk).1, [id(2)]);
    let mut small = self::desk(14, &[bash("cargo test"), bash("cargo test -q")]);
    press(&mut small, "Y l j j j l y");
    assert_eq!(sent(&small).1.len(), 0, "{}", small.screen());
}

#[test]
fn what_somebody_else_decides_meanwhile_is_not_approved_with_it() {
    let mut desk = desk(30, &["cargo test", "cargo test -q", "cargo test -v"].map(bash));
    press(&mut desk, "Y l j j j l");
    let mut gone = ask(2, &bash("cargo test -q")).ticket;
    gone.status = Status::Denied;
    desk.queue(vec![gone], false);
    desk.keys("y");
    assert!(desk.decisions().is_empty(), "what stands there is another thing now");
    desk.wait(1500);
    desk.keys("y");
    assert_eq!(sent(&desk).1, [id(3)]);
}
