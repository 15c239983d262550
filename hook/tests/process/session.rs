//! A session is started by leave and by nothing else.

use std::process::Output;

use serde_json::json;

use crate::support::{Bridge, Home, Reply, TICKET, run, ticket};

fn start(bridge: &Bridge, more: &[&str]) -> Output {
    let home = Home::new(&bridge.url, 0);
    let config = home.config();
    let arguments = ["session", "start", "--config", config.to_str().unwrap(), "--risk", "high", "--session", "s9"];
    run(home.binary().args([&arguments, more].concat()), b"")
}

fn of_session(status: &str) -> serde_json::Value {
    ticket(status, &json!({"action": "start-session"}))
}

#[test]
fn with_leave_the_command_runs_and_says_its_session() {
    let bridge = Bridge::saying(200, of_session("succeeded"));
    let output = start(&bridge, &["--purpose", "clean up", "--", "sh", "-c", "echo $0 ran", "--it"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "s9\n--it ran\n");
    assert!(output.status.success());
    let asked = json!({"action": "start-session", "session": "s9", "risk": "high", "purpose": "clean up"});
    assert_eq!(bridge.actions(), [asked]);
}

#[test]
fn a_queued_session_is_waited_for_when_asked_to() {
    let bridge = Bridge::start(|number, _| match number {
        0 | 1 => Reply::Signed(if number == 0 { 202 } else { 200 }, of_session("queued")),
        _ => Reply::Signed(200, of_session("succeeded")),
    });
    let output = start(&bridge, &["--wait", "60", "--", "echo", "ran"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "s9\nran\n");
    assert_eq!(bridge.actions().len(), 1, "asked once, then only looked");
}

#[test]
fn without_leave_nothing_is_started_and_the_exit_code_tells() {
    let rows = [
        (403, "denied", &["--wait", "1"][..], 3),
        (202, "queued", &[][..], 4),
        (200, "queued", &["--wait", "1"][..], 4),
        (200, "expired", &["--wait", "1"][..], 5),
        (200, "cancelled", &[][..], 5),
        (200, "failed", &[][..], 1),
        (200, "lost", &[][..], 1),
        (200, "released", &[][..], 1),
    ];
    for (http, status, more, code) in rows {
        let bridge = Bridge::saying(http, of_session(status));
        let output = start(&bridge, &[more, &["--", "echo", "ran"]].concat());
        assert_eq!(output.status.code(), Some(code), "{status}: {output:?}");
        assert!(output.stdout.is_empty(), "{status}: {output:?}");
        assert!(!output.stderr.is_empty(), "{status}");
    }
}

#[test]
fn leave_for_something_else_starts_nothing() {
    let bridge = Bridge::saying(200, ticket("succeeded", &json!({"action": "list-actions"})));
    let output = start(&bridge, &["--", "echo", "ran"]);
    assert!(output.stdout.is_empty() && !output.status.success(), "{output:?}");
}

#[test]
fn a_queued_session_names_its_ticket() {
    let output = start(&Bridge::saying(202, of_session("queued")), &[]);
    assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("ccc-queue approve {TICKET}")));
}

#[test]
fn an_unsigned_yes_starts_nothing() {
    let bridge = Bridge::start(|_, _| Reply::Unsigned(200, of_session("succeeded")));
    let output = start(&bridge, &["--", "echo", "ran"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(6), 0), "{output:?}");
}
