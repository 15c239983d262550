//! A real server whose wall clock is set while it runs, while it is down, and before the machine is started again.

use std::process::Output;

use ccc_client::{Request, deadline_after};
use ccc_protocol::{
    Timestamp,
    bodies::{
        Approve, AuditEntry, AuditList, EntryKind, GrantList, GrantRequest, OutOfStep, ProblemType, QueueList, Status,
        Ticket,
    },
};
use ccc_tests::{
    bridge::{Bridge, Site},
    stepped_clock::SteppedClock,
    wire::now,
};
use serde_json::{Value, json};

const HOUR: i64 = 3600;

const CONFIG: &str = r#"
[limits]
queue_seconds_max = 600
denial_seconds = 600

[actions.asked]
policy = "queue"
params.number = { type = "integer", required = true }
run = ["/bin/sh", "-c", "echo ran"]
confined = false
"#;

fn bridge(clock: &SteppedClock) -> Bridge {
    clock.of(Site::new().on_socket().config(CONFIG)).start()
}

fn queue(bridge: &Bridge) -> QueueList {
    bridge.client("user").queue(None).unwrap()
}

fn ask(bridge: &Bridge, number: u64) -> Ticket {
    submit(bridge, &json!({ "action": "asked", "number": number }))
}

fn submit(bridge: &Bridge, action: &Value) -> Ticket {
    let key = ccc_tests::wire::fresh_key();
    bridge.client("agent").submit_as(action.to_string().as_bytes(), &key, None).unwrap().ticket().unwrap()
}

/// A tool call, which waits for a person and is then taken by its caller.
fn call(number: u64) -> Value {
    json!({
        "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "cwd": "/workspace", "session": "s",
        "agent": "main", "input": { "command": format!("frobnicate {number}") },
    })
}

fn approve(bridge: &Bridge, ticket: &Ticket, grant_seconds: Option<u64>) {
    let grant = grant_seconds.map(|seconds| GrantRequest {
        uses: Some(5),
        seconds,
        params: Default::default(),
        beside: vec![],
    });
    let client = bridge.client("user");
    // A client decides by the server's time only once it knows how far that is from its own.
    client.queue(None).unwrap();
    let with_grant = u64::from(grant.is_some());
    let approve = Approve { digest: ticket.digest, note: None, grant, shown: None };
    let approved = client.approve(ticket.id, &approve).unwrap();
    // What is approved right before a kill counts only where a checkpoint vouches for it.
    bridge.is_vouched_for(approved.seq + with_grant);
}

fn look(bridge: &Bridge, ticket: &Ticket) -> Ticket {
    let request = format!("/queue/{}", ticket.id);
    bridge.client("user").call(&Request::get(&request, deadline_after(None))).unwrap().read().unwrap()
}

fn grants(bridge: &Bridge) -> GrantList {
    bridge.client("user").call(&Request::get("/grants", deadline_after(None))).unwrap().read().unwrap()
}

fn entries(bridge: &Bridge) -> Vec<AuditEntry> {
    let request = Request::get("/audit?limit=5000", deadline_after(None));
    bridge.client("user").call(&request).unwrap().read::<AuditList>().unwrap().entries
}

fn newest_of(bridge: &Bridge, kind: &EntryKind) -> Option<AuditEntry> {
    entries(bridge).into_iter().rfind(|entry| entry.kind == *kind)
}

/// The server notices by itself, also where nobody asks.
fn told(bridge: &Bridge, expected: impl Fn(Option<OutOfStep>) -> bool) {
    bridge.until("the clock's step is told", || Some(()).filter(|()| expected(queue(bridge).clock)));
}

/// The log's time has followed a clock that is ahead of what is right by so many seconds.
fn follows(bridge: &Bridge, seconds: i64) {
    let near = |entry: &AuditEntry| (entry.at.seconds() - now() - seconds).abs() < 60;
    let is_step = |entry: &AuditEntry| entry.kind == EntryKind::ClockStepped && entry.detail["ahead_millis"] == 0;
    bridge.until("the log's time follows the clock", || {
        let newest = entries(bridge).into_iter().rfind(|entry| entry.kind.is_about_the_clock());
        newest.filter(|entry| is_step(entry) && near(entry))
    });
}

fn is_ahead(clock: Option<OutOfStep>, seconds: i64) -> bool {
    let near = |ahead: u64| ahead.abs_diff(seconds.unsigned_abs() * 1000) < 60_000;
    clock.is_some_and(|clock| near(clock.ahead_millis))
}

fn accept(bridge: &Bridge) -> String {
    let output = bridge.site().shell("ccc-server clock accept --config config.toml").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

fn verify(bridge: &Bridge) -> (Option<i32>, String) {
    let line = "ccc-audit verify --data data --key audit.key";
    let output = bridge.site().shell(line).output().unwrap();
    (output.status.code(), text(&output))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn seconds_left(until: Timestamp, now: Timestamp) -> i64 {
    until.seconds() - now.seconds()
}

#[test]
fn a_clock_that_was_ahead_and_is_set_right_stops_no_time() {
    let clock = SteppedClock::new();
    clock.set(2 * HOUR);
    let bridge = bridge(&clock);
    let first = ask(&bridge, 1);
    approve(&bridge, &first, Some(5));
    assert_eq!(grants(&bridge).grants.len(), 1);
    clock.set(0);
    bridge.until("a grant of five seconds ends", || Some(()).filter(|()| grants(&bridge).grants.is_empty()));
    assert_eq!(ask(&bridge, 1).status, Status::Queued, "it accepts nothing any more");
    told(&bridge, |clock| is_ahead(clock, 2 * HOUR) && clock.is_some_and(|clock| !clock.held));
    let _ = bridge.hear("the clock was set back");
    let step = newest_of(&bridge, &EntryKind::ClockStepped).unwrap();
    assert!(step.at.seconds() > now() + HOUR, "the log's time goes on");
    assert_eq!(verify(&bridge).0, Some(0), "{}", verify(&bridge).1);

    let waits = ask(&bridge, 2);
    let left = seconds_left(waits.expires.unwrap(), waits.created);
    let said = accept(&bridge);
    assert!(said.starts_with("accepted: the log's time was "), "{said}");
    assert_eq!(queue(&bridge).clock, None);
    let moved = look(&bridge, &waits);
    assert!(
        (seconds_left(moved.expires.unwrap(), Timestamp::from_seconds(now())) - left).abs() < 60,
        "it keeps its time"
    );
    let accepted = newest_of(&bridge, &EntryKind::ClockAccepted).unwrap();
    assert!((accepted.at.seconds() - now()).abs() < 60, "the log's time is right again");
    assert!(ask(&bridge, 3).created.seconds() < now() + 60);
    assert_eq!(verify(&bridge).0, Some(0), "{}", verify(&bridge).1);
    assert_eq!(accept(&bridge), "the clock and the log were in step: there was nothing to accept\n");
}

#[test]
fn a_clock_that_is_set_forward_takes_deadlines_along() {
    let clock = SteppedClock::new();
    let mut bridge = bridge(&clock);
    let (granted, waits) = (ask(&bridge, 1), ask(&bridge, 2));
    approve(&bridge, &granted, Some(300));
    clock.set(2 * HOUR);
    let _ = bridge.hear("the log's time follows the clock");
    assert_eq!(queue(&bridge).clock, None);
    assert_eq!(look(&bridge, &waits).status, Status::Queued, "ten minutes are not over");
    let grant = grants(&bridge).grants.remove(0);
    let left = seconds_left(grant.until, Timestamp::from_seconds(now() + 2 * HOUR));
    assert!((200..=300).contains(&left), "{left} s of five minutes");
    let step = newest_of(&bridge, &EntryKind::ClockStepped).unwrap();
    assert!(step.at.seconds() > now() + HOUR);
    // Nor does it matter whether a server ran meanwhile.
    assert!(bridge.stop().success());
    clock.set(4 * HOUR);
    bridge.start_again();
    assert!(newest_of(&bridge, &EntryKind::ClockStepped).unwrap().at.seconds() > now() + 3 * HOUR);
    assert_eq!(look(&bridge, &waits).status, Status::Queued);
    assert_eq!(grants(&bridge).grants.len(), 1);
    let by_grant = ask(&bridge, 1);
    assert_ne!(by_grant.status, Status::Queued, "the grant still accepts");
    assert!(bridge.stop().success());
    assert_eq!(verify(&bridge).0, Some(0), "{}", verify(&bridge).1);
}

#[test]
fn a_machine_that_comes_up_with_its_clock_behind_holds_grants_and_approvals_until_the_clock_is_accepted() {
    let clock = SteppedClock::new();
    clock.start_machine("first");
    let mut bridge = bridge(&clock);
    let (granted, approved) = (ask(&bridge, 1), submit(&bridge, &call(1)));
    approve(&bridge, &granted, Some(3000));
    approve(&bridge, &approved, None);
    assert_eq!(look(&bridge, &approved).status, Status::Approved);
    bridge.kill();
    clock.set(-2 * HOUR);
    clock.start_machine("second");
    bridge.start_again();
    let _ = bridge.hear("the clock lies behind the log");
    assert!(is_ahead(queue(&bridge).clock, 2 * HOUR) && queue(&bridge).clock.unwrap().held);
    assert_eq!(submit(&bridge, &call(1)).status, Status::Approved, "it is not released");
    assert_eq!(ask(&bridge, 1).status, Status::Queued, "the grant is not used");
    // What people decide now counts now.
    let fresh = submit(&bridge, &call(2));
    approve(&bridge, &fresh, None);
    assert_eq!(submit(&bridge, &call(2)).status, Status::Released);
    // Another start changes nothing.
    bridge.kill();
    bridge.start_again();
    assert!(queue(&bridge).clock.unwrap().held);
    assert_eq!(submit(&bridge, &call(1)).status, Status::Approved);
    assert_eq!(verify(&bridge).0, Some(0), "{}", verify(&bridge).1);

    let said = accept(&bridge);
    assert!(said.contains("1 approvals and 1 grants that were held go on"), "{said}");
    assert_eq!(queue(&bridge).clock, None);
    assert_eq!(submit(&bridge, &call(1)).status, Status::Released);
    assert_ne!(ask(&bridge, 1).status, Status::Queued, "the grant accepts again");
    let left = seconds_left(grants(&bridge).grants[0].until, Timestamp::from_seconds(now() - 2 * HOUR));
    assert!((2000..=3000).contains(&left), "{left} s of fifty minutes");
    assert!(bridge.stop().success());
    assert_eq!(verify(&bridge).0, Some(0), "{}", verify(&bridge).1);
}

#[test]
fn a_clock_that_comes_to_be_right_by_itself_ends_the_hold() {
    let clock = SteppedClock::new();
    clock.start_machine("first");
    let mut bridge = bridge(&clock);
    let (granted, approved) = (ask(&bridge, 1), submit(&bridge, &call(1)));
    approve(&bridge, &granted, Some(3000));
    approve(&bridge, &approved, None);
    bridge.kill();
    // As on a machine that has no clock of its own, until the network tells it the time.
    clock.set(-400 * 24 * HOUR);
    clock.start_machine("second");
    bridge.start_again();
    assert!(queue(&bridge).clock.unwrap().held);
    assert_eq!(submit(&bridge, &call(1)).status, Status::Approved);
    clock.set(0);
    told(&bridge, |clock| clock.is_none());
    assert_eq!(submit(&bridge, &call(1)).status, Status::Released);
    assert_ne!(ask(&bridge, 1).status, Status::Queued);
    assert_eq!(verify(&bridge).0, Some(0), "{}", verify(&bridge).1);
}

#[test]
fn what_was_used_while_the_clock_was_ahead_is_used_when_that_time_comes_again() {
    let clock = SteppedClock::new();
    clock.set(HOUR);
    let mut bridge = bridge(&clock);
    let ahead = ccc_tests::wire::Ask {
        created: now() + HOUR,
        ..ccc_tests::wire::Ask::post("/action", &json!({ "action": "asked", "number": 1 }).to_string())
    };
    assert_eq!(bridge.send(&ahead).status, 202);
    clock.set(0);
    told(&bridge, |clock| is_ahead(clock, HOUR));
    accept(&bridge);
    // An hour later, as far as this server can tell; and the same for one that was started meanwhile.
    clock.set(HOUR);
    follows(&bridge, HOUR);
    bridge.send(&ahead).refused(401, ProblemType::Unauthenticated);
    assert!(bridge.stop().success());
    clock.set(0);
    bridge.start_again();
    told(&bridge, |clock| is_ahead(clock, HOUR));
    accept(&bridge);
    bridge.kill();
    bridge.start_again();
    clock.set(HOUR);
    follows(&bridge, HOUR);
    bridge.send(&ahead).refused(401, ProblemType::Unauthenticated);
    assert_eq!(queue(&bridge).tickets.len(), 1);
}

#[test]
fn a_word_about_the_clock_waits_for_the_next_start() {
    let clock = SteppedClock::new();
    clock.set(2 * HOUR);
    let mut bridge = bridge(&clock);
    let waits = ask(&bridge, 1);
    assert!(bridge.stop().success());
    clock.set(0);
    let said = accept(&bridge);
    assert!(said.starts_with("no server runs on "), "{said}");
    bridge.start_again();
    told(&bridge, |clock| clock.is_none());
    assert_eq!(look(&bridge, &waits).status, Status::Queued);
    assert!(newest_of(&bridge, &EntryKind::ClockAccepted).is_some());
    // One that was given for another clock is void.
    clock.set(HOUR);
    follows(&bridge, HOUR);
    clock.set(0);
    told(&bridge, |clock| is_ahead(clock, HOUR));
    assert!(bridge.stop().success());
    accept(&bridge);
    clock.set(-HOUR);
    bridge.start_again();
    let _ = bridge.hear("a word about the clock is void");
    told(&bridge, |clock| is_ahead(clock, 2 * HOUR));
}
