//! Every status of a ticket, reached through the real endpoints, and what its caller and approver read in it.

use std::fs;

use ccc_protocol::bodies::{ProblemType, Status, Ticket};
use ccc_tests::{
    bridge::{Site, secrets_of, write_private},
    wire::Ask,
};
use serde_json::{Value, json};

fn tool_call(command: &str) -> Value {
    json!({
        "action": "use-tool", "host": "claude-code", "tool": "Bash", "native": "Bash", "input": { "command": command },
        "cwd": "/workspace", "session": "s1", "agent": "main",
    })
}

/// Actions that succeed, fail, go on until the test ends them, and wait for a person.
fn site() -> Site {
    let site = Site::new();
    let config = format!(
        r#"
[limits]
runs_max = 1

[actions.say]
policy = "auto-accept"
params.word = {{ type = "string" }}
run = ["echo", "{{word?}}"]
confined = false

[actions.fail]
policy = "auto-accept"
run = ["sh", "-c", "echo sorry >&2; exit 3"]
confined = false

[actions.go-on]
policy = "auto-accept"
params.turn = {{ type = "integer" }}
run = {}
confined = false

[actions.ask]
policy = "queue"
params.word = {{ type = "string" }}
run = ["echo", "{{word?}}"]
confined = false

[actions.ask-soon]
policy = "queue"
run = ["true"]
confined = false

[actions.never]
policy = "auto-deny"
run = ["true"]
confined = false

[[rule]]
name = "soon is soon"
action = ["ask-soon"]
policy = "queue"
approve = {{ expires = "1s" }}

[[rule]]
name = "not this word"
action = ["say"]
where.word = ["secret*"]
policy = "auto-deny"
reason = "that word stays here"
"#,
        site.run_until("enough")
    );
    site.config(config)
}

#[test]
fn queued_waits_for_a_person_and_says_until_when_and_why() {
    let bridge = site().start();
    let ticket = bridge.submit("agent", &json!({ "action": "ask", "word": "a" })).ticket();
    assert_eq!((ticket.status, ticket.needed, ticket.approvals.len()), (Status::Queued, 1, 0));
    assert!(ticket.expires.unwrap() > ticket.created);
    assert_eq!((ticket.decided_by, ticket.decided, ticket.reason, ticket.result), (None, None, None, None));
    assert!(ticket.rule.contains("ask"), "{}", ticket.rule);
}

#[test]
fn running_is_202_what_has_no_room_yet_is_approved_and_each_ends_as_it_ends() {
    let bridge = site().start();
    let running = bridge.submit("agent", &json!({ "action": "go-on", "turn": 1 }));
    assert_eq!((running.status, running.ticket().status), (202, Status::Running));
    let approved = bridge.submit("agent", &json!({ "action": "go-on", "turn": 2 }));
    assert_eq!((approved.status, approved.ticket().status), (202, Status::Approved));
    fs::write(bridge.site().home().join("enough"), "").unwrap();
    for ticket in [running.ticket(), approved.ticket()] {
        assert_eq!(bridge.end_of("agent", ticket.id).status, Status::Succeeded);
    }
}

#[test]
fn succeeded_and_failed_say_what_was_observed() {
    let bridge = site().start();
    let said = bridge.run("agent", &json!({ "action": "say", "word": "hello" }));
    let result = said.result.unwrap();
    assert_eq!(
        (said.status, &result["exit_code"], &result["stdout"]),
        (Status::Succeeded, &json!(0), &json!("hello\n"))
    );
    let failed = bridge.run("agent", &json!({ "action": "fail" }));
    let result = failed.result.unwrap();
    assert_eq!(
        (failed.status, &result["exit_code"], &result["stderr"]),
        (Status::Failed, &json!(3), &json!("sorry\n"))
    );
    assert!(failed.reason.unwrap().contains("exit code 3"));
}

#[test]
fn released_is_given_to_its_caller_once() {
    let bridge = site().start();
    let asked = bridge.submit("agent", &tool_call("ls")).ticket();
    assert_eq!(asked.status, Status::Queued);
    assert_eq!(bridge.approve("user", &asked).ticket().status, Status::Approved, "approved, and not run here");
    assert_eq!(bridge.look("agent", asked.id).status, Status::Approved, "reading releases nothing");
    let taken = bridge.submit("agent", &tool_call("ls"));
    assert_eq!((taken.status, taken.ticket().id, taken.ticket().status), (200, asked.id, Status::Released));
    let again = bridge.submit("agent", &tool_call("ls")).ticket();
    assert!(again.id != asked.id && again.status == Status::Queued, "the next call is asked about anew");
}

#[test]
fn denied_tells_whether_a_rule_or_a_person_said_no() {
    let bridge = site().start();
    let by_rule =
        bridge.submit("agent", &json!({ "action": "say", "word": "secrets" })).refused(403, ProblemType::Denied);
    let ticket = by_rule.ticket.unwrap();
    assert_eq!(
        (ticket.status, ticket.decided_by, ticket.reason.as_deref()),
        (Status::Denied, None, Some("that word stays here"))
    );
    assert!(ticket.rule.contains("not this word"), "{}", ticket.rule);
    let own = bridge.submit("agent", &json!({ "action": "never" })).refused(403, ProblemType::Denied).ticket.unwrap();
    assert_eq!((own.status, own.decided_by), (Status::Denied, None));

    let asked = bridge.submit("agent", &json!({ "action": "ask", "word": "b" })).ticket();
    bridge.post("user", &format!("/queue/{}/deny", asked.id), &json!({ "reason": "use the other one" })).ticket();
    let denied = bridge.look("agent", asked.id);
    assert_eq!((denied.status, denied.reason.as_deref()), (Status::Denied, Some("use the other one")));
    assert_eq!(denied.decided_by.unwrap().as_str(), "user");
}

#[test]
fn expired_is_nobodys_denial() {
    let bridge = site().start();
    let ended = bridge.run("agent", &json!({ "action": "ask-soon" }));
    assert_eq!((ended.status, &ended.decided_by, ended.decided), (Status::Expired, &None, None));
    let late = bridge.approve("user", &ended);
    assert_eq!(late.refused(409, ProblemType::Conflict).ticket.unwrap().status, Status::Expired);
    assert_eq!(
        bridge.submit("agent", &json!({ "action": "ask-soon" })).ticket().status,
        Status::Queued,
        "it may be asked again"
    );
    let entries = bridge.get("user", "/audit").json();
    let kinds: Vec<_> = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["kind"].as_str().map(str::to_owned))
        .collect();
    assert!(kinds.contains(&"expired".to_owned()) && !kinds.contains(&"denied".to_owned()), "{kinds:?}");
}

#[test]
fn cancelled_is_withdrawn_by_its_submitter_or_gone_with_its_user() {
    let bridge = site().start();
    let own = bridge.submit("agent", &json!({ "action": "ask", "word": "c" })).ticket();
    let withdrawn = bridge.post("agent", &format!("/queue/{}/cancel", own.id), &json!({})).ticket();
    assert_eq!((withdrawn.status, withdrawn.decided_by), (Status::Cancelled, None));

    let left = bridge.submit("agent", &json!({ "action": "ask", "word": "d" })).ticket();
    write_private(&bridge.site().home().join("secrets.json"), &secrets_of(&["user", "dba"]).replace("\"agent\"", ""));
    let _ = bridge.hear("reloaded");
    assert_eq!(bridge.peer().send(Ask::get("/queue").bytes()).reply().status, 401, "the user is gone");
    write_private(&bridge.site().home().join("secrets.json"), &secrets_of(&["user", "dba", "agent"]));
    let seen = || {
        let reply = bridge.send(&Ask::get(&format!("/queue/{}", left.id)).of("user"));
        (reply.status == 200).then(|| reply.ticket())
    };
    let back = bridge.until("the user is back", seen);
    assert_eq!(back.status, Status::Cancelled);
}

#[test]
fn lost_is_what_ran_when_the_server_stopped_and_it_is_never_run_again() {
    let mut bridge = site().start();
    let queued = bridge.submit("agent", &json!({ "action": "ask", "word": "e" })).ticket();
    let running = bridge.submit("agent", &json!({ "action": "go-on", "turn": 3 })).ticket();
    assert_eq!(running.status, Status::Running);
    bridge.kill();
    fs::write(bridge.site().home().join("enough"), "").unwrap();
    bridge.start_again();
    let lost: Ticket = bridge.look("agent", running.id);
    assert_eq!(lost.status, Status::Lost);
    assert!(lost.reason.unwrap().contains("unknown"));
    assert_eq!(bridge.look("agent", queued.id).status, Status::Queued, "what waited still waits");
    assert_eq!(bridge.approve("user", &queued).status, 200);
    assert_eq!(bridge.end_of("agent", queued.id).status, Status::Succeeded);
    bridge.stop();
    bridge.start_again();
    assert_eq!(bridge.look("agent", running.id).status, Status::Lost);
}
