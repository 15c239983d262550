//! `#`: how much is asked and how it is answered, and the rules with their lines; `N`: the next request that waits.

#![cfg(test)]

mod support;

use std::fs;

use ccc_core::figures::{Counting, shipped};
use ccc_protocol::{Timestamp, bodies::Status};
use ccc_queue::{
    console::message::{Command, Message, News},
    rules::Config,
};
use serde_json::json;
use support::{Desk, id, ticket};

const CONFIG: &str = "[[rule]]\nname = \"builds\"\naction = \"use-tool\"\npolicy = \"queue\"\n\n[[rule]]\nname = \"never used\"\naction = \"use-tool\"\npolicy = \"queue\"\n";

fn counted() -> ccc_core::figures::Figures {
    let mut counting = Counting::since(Timestamp::default());
    let entry = |n: u64, kind: &str, at: &str, by: &str, rule: &str| {
        json!({ "seq": n, "at": at, "kind": kind, "by": by, "about": "agent", "ticket": id(1), "action": "use-tool",
            "status": "queued", "detail": { "rule": rule, "params": { "tool": "Bash", "input": { "command": "make all" } } } })
    };
    counting.take(&entry(1, "submitted", "2026-03-07T12:00:00Z", "agent", "rules `builds`, `gone`").to_string());
    counting.take(&entry(2, "approved", "2026-03-07T12:00:04.5Z", "user", "").to_string());
    counting.finish(&shipped())
}

#[test]
fn numbers_are_those_of_the_log_and_each_rule_stands_with_its_hits_and_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    fs::write(&path, CONFIG).unwrap();
    let here = Config { path: Some(path), may_write: false };
    let mut desk = Desk::new(120, 40);
    desk.keys("#");
    assert_eq!(desk.asked, [Command::ReadNumbers]);
    desk.take(Message::News(News::Numbers(Ok(Box::new(here.numbers(counted()))))));
    let screen = desk.screen();
    for wanted in [
        "4.5 s", "0 of 1", "1 × Bash make all", "1 × builds  (line 1)", "0 × never used  (line 6)",
        "1 × gone  (no longer there)",
    ] {
        assert!(screen.contains(wanted), "{wanted}: {screen}");
    }
    desk.keys("esc #");
    desk.take(Message::News(News::Numbers(Ok(Box::new(Config::default().numbers(counted()))))));
    let screen = desk.screen();
    assert!(screen.contains("1 × builds") && !screen.contains("(line"), "elsewhere the config is not read: {screen}");
}

#[test]
fn the_next_that_waits_is_found_from_anywhere_and_settles_like_any_other() {
    let mut desk = Desk::new(120, 30);
    desk.waiting([1, 2, 3]);
    desk.wait(1000);
    let mut ended = ticket(1);
    ended.status = Status::Denied;
    desk.queue(vec![ended], false);
    let at = |desk: &Desk| desk.model.queue().selected().map(|ticket| ticket.id);
    desk.keys("tab N");
    assert_eq!(at(&desk), Some(id(2)));
    desk.keys("y");
    assert!(desk.decisions().is_empty(), "it has just come under the cursor");
    desk.keys("N");
    assert_eq!(at(&desk), Some(id(3)));
    desk.keys("N");
    assert_eq!(at(&desk), Some(id(2)), "after the last one the first");
    let mut alone = Desk::new(120, 30);
    alone.waiting([1]);
    alone.keys("N");
    assert!(alone.screen().contains("nothing else waits"), "{}", alone.screen());
}

#[test]
fn a_filter_puts_the_cursor_on_the_exact_hit() {
    let mut desk = Desk::new(120, 30);
    desk.waiting([11, 1, 12]);
    desk.keys("/").types("com/1").keys("enter");
    assert_eq!(desk.model.queue().selected().map(|ticket| ticket.id), Some(id(1)), "{}", desk.screen());
}
