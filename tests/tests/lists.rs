//! Requests as large as they may be blind nobody: lists are paged by bytes and hold a cut form of each ticket, what one user
//! may have waiting is bounded in bytes, and whoever cannot read the list says so.

use std::collections::BTreeSet;

use ccc_protocol::{
    TicketId,
    bodies::{ProblemType, QueueList, abridge::ENTRY_BYTES_MAX},
};
use ccc_tests::story::Story;
use serde_json::{Value, json};

/// Tool calls of this many bytes of text each.
const BYTES: usize = 1_000_000;
const PAGE_BYTES: usize = 100_000;

fn write(number: usize) -> Value {
    let input = json!({ "content": "x".repeat(BYTES), "file_path": format!("/workspace/file-{number}") });
    json!({
        "action": "use-tool", "host": "claude", "tool": "Write", "native": "Write", "input": input, "cwd": "/workspace",
        "session": "session-1", "agent": "",
    })
}

/// Every page of a list, each held to its bytes.
fn pages(story: &Story, user: &str, first: &str) -> Vec<Value> {
    let (path, mut target) = (first.split('?').next().unwrap_or(first), first.to_owned());
    let mut pages = vec![];
    loop {
        let reply = story.bridge.get(user, &target);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.body.len() <= PAGE_BYTES + 200, "{target}: {} bytes", reply.body.len());
        let page = reply.json();
        let next = page["next"].clone();
        pages.push(page);
        match next {
            Value::Null => return pages,
            next => target = format!("{path}?after={}", next.as_str().map_or_else(|| next.to_string(), str::to_owned)),
        }
    }
}

#[test]
fn seventy_tool_calls_of_a_megabyte_are_listed_watched_and_decided() {
    let story = Story::limited(
        "seventy tool calls of 1 MB are all seen",
        &format!("queued_bytes_per_user_max = 1000000000\nlist_bytes_max = {PAGE_BYTES}"),
    );
    let asked: BTreeSet<TicketId> = (0..70).map(|number| story.asks(&write(number))).collect();

    for first in ["/queue", "/queue?after=0"] {
        let lists = pages(&story, "user", first);
        assert!(lists.len() > 1, "paged by bytes");
        let tickets = lists.into_iter().flat_map(|page| serde_json::from_value::<QueueList>(page).unwrap().tickets);
        let found: BTreeSet<TicketId> = tickets
            .map(|ticket| {
                assert!(ticket.abridged && serde_json::to_vec(&ticket).unwrap().len() < ENTRY_BYTES_MAX + 2048);
                ticket.id
            })
            .collect();
        assert_eq!(found, asked, "{first}");
    }
    let entries = pages(&story, "user", "/audit?after=0");
    assert!(entries.len() > 1);
    let submitted = entries.iter().flat_map(|page| page["entries"].as_array().unwrap());
    let submitted = submitted.filter(|entry| entry["kind"] == "submitted").collect::<Vec<_>>();
    assert_eq!(submitted.len(), 70);
    assert!(submitted.iter().all(|entry| entry["detail"]["…"] == "…"), "an entry that was cut says so");

    let (code, listed, said) = story.command(&["list"]);
    assert_eq!((code, listed.lines().count()), (0, 70), "{said}");
    assert!(listed.contains("file-69") && !said.contains("nothing waits"), "{listed}{said}");

    // The whole is read one by one, and decided on.
    let one = asked.first().copied().unwrap();
    let whole = story.now(one);
    assert_eq!((whole.params["input"]["content"].as_str().unwrap().len(), whole.abridged), (BYTES, false));
    let console = story.console();
    console.sees("70 waiting").sees("Write: /workspace/file-0");
    // Of a file so long the path is judged.
    assert_eq!(story.bridge.approve("user", &whole).status, 200);
    console.sees("69 waiting");

    let grant = json!({ "seconds": 60, "uses": 1 });
    let approved = story.bridge.approve_with_care("user", &story.now(*asked.last().unwrap()), Some(&grant));
    assert_eq!(approved.status, 200, "{}", approved.text());
    let grants = pages(&story, "user", "/grants");
    assert_eq!(grants[0]["grants"][0]["abridged"], true);
}

#[test]
fn grants_are_paged_and_every_page_is_read() {
    let story = Story::limited("grants are paged", "list_bytes_max = 1");
    for number in 0..3 {
        let id = story.asks_page(&format!("page-{number}"));
        let digest = story.now(id).digest;
        let yes = json!({ "digest": digest, "grant": { "seconds": 60, "uses": 1 } });
        assert_eq!(story.bridge.post("user", &format!("/queue/{id}/approve"), &yes).status, 200);
    }
    let first = story.bridge.get("user", "/grants").json();
    assert_eq!(first["grants"].as_array().unwrap().len(), 1);
    assert!(first["next"].is_string());
    assert_eq!(story.bridge.client("user").grants().unwrap().grants.len(), 3);
    assert_eq!(story.bridge.get("user", "/grants?after=7").status, 400);
    assert_eq!(story.bridge.get("user", "/grants?limit=x").status, 400);
}

#[test]
fn what_one_user_may_have_waiting_is_bounded_in_bytes_and_another_is_not_touched() {
    let story = Story::limited("bytes that wait are bounded", "queued_bytes_per_user_max = 3500000");
    let asked: Vec<TicketId> = (0..3).map(|number| story.asks(&write(number))).collect();
    story.bridge.submit("agent", &write(3)).refused(429, ProblemType::Limit);
    // What is small has room still, another user has all of it, and what is withdrawn makes room.
    story.asks_tool(&json!({ "command": "make" }));
    assert_eq!(story.bridge.submit("other", &write(3)).status, 202);
    assert_eq!(story.bridge.post("agent", &format!("/queue/{}/cancel", asked[0]), &json!({})).status, 200);
    let last = story.asks(&write(3));
    story.bridge.submit("agent", &write(4)).refused(429, ProblemType::Limit);
    story.still_waits(last);
}

#[test]
fn whoever_cannot_read_the_list_says_so_and_never_that_nothing_waits() {
    let mut story = Story::of("a list that cannot be read is told");
    let console = story.console();
    console.sees("● live").sees("nothing waits");
    story.asks_page("serde");
    story.bridge.kill();
    let (code, listed, said) = story.command(&["list"]);
    assert!(code != 0 && listed.is_empty(), "{listed}");
    assert!(said.contains("what waits could not be read") && !said.contains("nothing waits"), "{said}");
    let fresh = story.console();
    fresh.sees("no connection").sees("could not be read").sees("? waiting").sees_no("nothing waits");
}
