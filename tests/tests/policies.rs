//! What policy promises, through the real endpoints: rules, floors, groups, overrides, freezes, grants, cool-downs and
//! edits, across restarts.

use ccc_protocol::{
    Timestamp,
    bodies::{ProblemType, Status, Ticket},
};
use ccc_tests::{
    bridge::{Bridge, Site},
    wire::now,
};
use serde_json::{Value, json};

const CONFIG: &str = r#"
[desktop]
browser = ["true", "{url}"]

[actions.free]
group = "build"
policy = "auto-accept"
params.word = { type = "string" }
run = ["echo", "{word?}"]
confined = false

[actions.asked]
group = "build"
policy = "queue"
params.word = { type = "string" }
params.count = { type = "integer" }
run = ["echo", "{word?}"]
confined = false

[actions.floored]
group = "build"
policy = "queue"
floor = "queue"
run = ["true"]
confined = false

[actions.deploy]
policy = "queue"
params.place = { type = "string" }
run = ["true"]
confined = false

[[rule]]
name = "docs need no question"
action = ["open-browser"]
where.url.host = ["docs.rs", "*.rust-lang.org"]
policy = "auto-accept"

[[rule]]
name = "nobody goes there"
action = ["open-*"]
where.url.host = ["secret.rust-lang.org"]
policy = "auto-deny"
reason = "that place is closed"

[[rule]]
name = "a DBA and somebody else, with a reason"
action = ["deploy"]
policy = "queue"
approve = { count = 2, justification = true }

[[rule]]
name = "production needs DBAs"
action = ["deploy"]
where.place = ["prod*"]
policy = "queue"
grants = false
approve = { role = "dba" }
"#;

fn bridge() -> Bridge {
    Bridge::with_config(CONFIG)
}

fn asked(word: &str) -> Value {
    json!({ "action": "asked", "word": word })
}

fn page(url: &str) -> Value {
    json!({ "action": "open-browser", "url": url })
}

fn decide(bridge: &Bridge, by: &str, ticket: &Ticket, verb: &str, body: &Value) -> u16 {
    bridge.post(by, &format!("/queue/{}/{verb}", ticket.id), body).status
}

fn set_policy(bridge: &Bridge, by: &str, action: &str, policy: Option<&str>) -> u16 {
    bridge.post(by, &format!("/policies/action/{action}"), &json!({ "policy": policy })).status
}

/// How a request is answered: accepted, queued or denied.
fn answer(bridge: &Bridge, action: &Value) -> &'static str {
    let reply = bridge.submit("agent", action);
    match (reply.status, reply.json()["status"].as_str()) {
        (403, _) => "denied",
        (202, Some("queued")) => "queued",
        (200 | 202, _) => "accepted",
        other => panic!("{other:?} {}", reply.text()),
    }
}

#[test]
fn rules_accept_deny_and_are_named_in_the_ticket() {
    let bridge = bridge();
    let docs = bridge.submit("agent", &page("https://docs.rs/serde")).ticket();
    assert!(docs.rule.contains("docs need no question"), "{}", docs.rule);
    for (url, expected) in [
        ("https://docs.rs/", "accepted"),
        ("https://std.rust-lang.org/x", "accepted"),
        ("https://docs.rs.evil.example/", "queued"),
        ("https://evil.example/?docs.rs", "queued"),
        ("https://secret.rust-lang.org/", "denied"),
    ] {
        assert_eq!(answer(&bridge, &page(url)), expected, "{url}");
    }
    let closed = bridge.submit("agent", &page("https://secret.rust-lang.org/")).refused(403, ProblemType::Denied);
    assert!(closed.detail.contains("that place is closed"), "{}", closed.detail);
}

#[test]
fn explain_tells_what_would_happen_and_does_nothing() {
    let bridge = bridge();
    let told = bridge
        .submit("agent", &json!({ "action": "explain", "request": page("https://secret.rust-lang.org/") }))
        .ticket();
    let text = told.result.unwrap().to_string();
    assert!(text.contains("nobody goes there") && text.contains("docs need no question"), "{text}");
    assert_eq!(bridge.get("agent", "/queue").json()["tickets"], json!([]));
}

#[test]
fn explain_shows_a_persons_denial_for_as_long_as_it_answers() {
    let mut bridge = bridge();
    let explain = |bridge: &Bridge, user: &str, word: &str| {
        let told =
            bridge.submit(user, &json!({ "action": "explain", "request": asked(word) })).ticket().result.unwrap();
        (told["outcome"].clone(), told["denied_before"]["ticket"].clone())
    };
    let no = bridge.submit("agent", &asked("no")).ticket();
    assert_eq!(explain(&bridge, "agent", "no"), (json!("queue"), Value::Null), "nobody has denied it yet");
    assert_eq!(decide(&bridge, "user", &no, "deny", &json!({})), 200);
    let denied = (json!("deny"), json!(no.id));
    assert_eq!(explain(&bridge, "agent", "no"), denied);
    assert_eq!(explain(&bridge, "agent", "another"), (json!("queue"), Value::Null));
    assert_eq!(explain(&bridge, "other", "no"), (json!("queue"), Value::Null), "another's question is another");
    bridge.kill();
    bridge.start_again();
    assert_eq!(explain(&bridge, "agent", "no"), denied, "it outlives a restart");
    assert_eq!(decide(&bridge, "user", &no, "lift", &json!({})), 200);
    assert_eq!(bridge.look("agent", no.id).denied_until, None);
    assert_eq!(explain(&bridge, "agent", "no"), (json!("queue"), Value::Null), "it is lifted");
    assert_eq!(bridge.get("agent", "/queue").json()["tickets"], json!([]), "explaining asks nobody");
}

#[test]
fn an_override_tightens_what_rules_allow_and_loosens_only_down_to_the_floor() {
    let mut bridge = bridge();
    assert_eq!(set_policy(&bridge, "user", "free", Some("queue")), 200);
    assert_eq!(answer(&bridge, &json!({ "action": "free" })), "queued");
    assert_eq!(set_policy(&bridge, "user", "open-browser", Some("auto-deny")), 200);
    assert_eq!(answer(&bridge, &page("https://docs.rs/")), "denied");
    assert_eq!(set_policy(&bridge, "user", "asked", Some("auto-accept")), 200);
    assert_eq!(answer(&bridge, &asked("a")), "accepted");
    assert_eq!(set_policy(&bridge, "user", "floored", Some("auto-accept")), 422);
    assert_eq!(answer(&bridge, &json!({ "action": "floored" })), "queued");
    bridge.kill();
    bridge.start_again();
    assert_eq!(answer(&bridge, &json!({ "action": "free", "word": "b" })), "queued", "it outlives a restart");
    assert_eq!(set_policy(&bridge, "user", "free", None), 200);
    assert_eq!(answer(&bridge, &json!({ "action": "free", "word": "c" })), "accepted");
}

#[test]
fn overrides_hold_for_the_users_one_may_approve_for_and_the_stricter_of_two_holds() {
    let bridge = bridge();
    assert_eq!(set_policy(&bridge, "user", "asked", Some("auto-accept")), 200);
    assert_eq!(
        bridge.submit("other", &asked("a")).ticket().status,
        Status::Queued,
        "not for whom `user` may not approve"
    );
    assert_eq!(bridge.submit("user", &asked("a")).ticket().status, Status::Queued, "never for the setter");
    assert_eq!(set_policy(&bridge, "dba", "asked", Some("auto-deny")), 200);
    assert_eq!(answer(&bridge, &asked("b")), "denied");
    assert_eq!(set_policy(&bridge, "dba", "asked", None), 200);
    assert_eq!(answer(&bridge, &asked("b")), "accepted");
}

#[test]
fn a_disabled_group_denies_its_actions_and_gives_their_overrides_back() {
    let mut bridge = bridge();
    assert_eq!(set_policy(&bridge, "user", "asked", Some("auto-accept")), 200);
    let group = |bridge: &Bridge, enabled: bool| {
        bridge.post("user", "/policies/group/build", &json!({ "enabled": enabled })).status
    };
    assert_eq!(group(&bridge, false), 200);
    assert_eq!((answer(&bridge, &asked("a")), answer(&bridge, &json!({ "action": "free" }))), ("denied", "denied"));
    bridge.kill();
    bridge.start_again();
    assert_eq!(answer(&bridge, &asked("a")), "denied", "it outlives a restart");
    assert_eq!(group(&bridge, true), 200);
    assert_eq!((answer(&bridge, &asked("a")), answer(&bridge, &json!({ "action": "free" }))), ("accepted", "accepted"));
    assert_eq!(bridge.post("user", "/policies/group/nothing", &json!({ "enabled": false })).status, 404);
}

#[test]
fn a_freeze_denies_what_waits_ends_grants_and_refuses_what_comes_until_it_is_lifted() {
    let mut bridge = bridge();
    let granted = bridge.submit("agent", &asked("granted")).ticket();
    assert_eq!(
        decide(&bridge, "user", &granted, "approve", &json!({ "digest": granted.digest, "grant": { "seconds": 600 } })),
        200
    );
    let waiting = bridge.submit("agent", &asked("waiting")).ticket();
    assert_eq!(bridge.post("user", "/freeze", &json!({ "frozen": true })).status, 200);
    assert_eq!(bridge.look("agent", waiting.id).status, Status::Denied);
    assert_eq!(bridge.get("user", "/grants").json()["grants"], json!([]));
    assert_eq!(answer(&bridge, &json!({ "action": "free" })), "denied");
    assert_eq!(bridge.submit("other", &asked("x")).ticket().status, Status::Queued, "others go on");
    bridge.kill();
    bridge.start_again();
    assert_eq!(answer(&bridge, &json!({ "action": "free" })), "denied");
    assert_eq!(bridge.get("user", "/policies").json()["frozen"], json!(["agent"]));
    assert_eq!(bridge.post("user", "/freeze", &json!({ "frozen": false, "users": ["agent"] })).status, 200);
    assert_eq!(answer(&bridge, &json!({ "action": "free" })), "accepted");
    assert_eq!(answer(&bridge, &asked("granted")), "queued", "grants do not come back");
    let again = bridge.submit("agent", &asked("waiting")).ticket();
    assert_eq!(
        (again.status, again.id != waiting.id),
        (Status::Queued, true),
        "a freeze that is lifted denies no more"
    );
}

#[test]
fn a_grant_is_for_this_very_call_so_often_and_no_longer() {
    let mut bridge = bridge();
    let first = bridge.submit("agent", &asked("go")).ticket();
    let yes = json!({ "digest": first.digest, "grant": { "seconds": 600, "uses": 2 } });
    assert_eq!(decide(&bridge, "user", &first, "approve", &yes), 200);
    assert_eq!(bridge.end_of("agent", first.id).status, Status::Succeeded);
    assert_eq!(answer(&bridge, &asked("went")), "queued", "other arguments");
    assert_eq!(answer(&bridge, &json!({ "action": "asked", "word": "go", "count": 1 })), "queued", "one argument more");
    assert_eq!(bridge.submit("other", &asked("go")).ticket().status, Status::Queued, "another user");
    let used = bridge.submit("agent", &asked("go")).ticket();
    assert!(matches!(used.status, Status::Running | Status::Succeeded) && used.rule.contains("grant"), "{}", used.rule);
    bridge.end_of("agent", used.id);
    bridge.is_vouched_for(first.seq + 2);
    bridge.kill();
    bridge.start_again();
    assert_eq!(bridge.get("user", "/grants").json()["grants"][0]["uses_left"], 1, "uses are counted over a restart");
    assert_eq!(
        (answer(&bridge, &asked("go")), answer(&bridge, &asked("go"))),
        ("accepted", "queued"),
        "two uses are two"
    );
}

#[test]
fn a_grant_ends_when_revoked_by_time_and_never_beats_a_rule_that_forbids_it_or_a_denial() {
    let bridge = bridge();
    let grant = |word: &str, seconds: u64| {
        let ticket = bridge.submit("agent", &asked(word)).ticket();
        let body = json!({ "digest": ticket.digest, "grant": { "seconds": seconds } });
        assert_eq!(decide(&bridge, "user", &ticket, "approve", &body), 200);
        bridge.end_of("agent", ticket.id);
    };
    grant("revoked", 600);
    assert_eq!(answer(&bridge, &asked("revoked")), "accepted");
    let id = bridge.get("user", "/grants").json()["grants"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bridge.post("lead", &format!("/grants/{id}/revoke"), &json!({})).status, 404);
    assert_eq!(bridge.post("dba", &format!("/grants/{id}/revoke"), &json!({})).status, 200);
    assert_eq!(answer(&bridge, &asked("revoked")), "queued");

    grant("brief", 1);
    bridge.until("a grant of a second ends", || {
        (bridge.get("user", "/grants").json()["grants"] == json!([])).then_some(())
    });
    assert_eq!(answer(&bridge, &asked("brief")), "queued");

    grant("denied", 600);
    assert_eq!(set_policy(&bridge, "user", "asked", Some("auto-deny")), 200);
    assert_eq!(answer(&bridge, &asked("denied")), "denied");

    let prod = bridge.submit("agent", &json!({ "action": "deploy", "place": "production" })).ticket();
    let body = json!({ "digest": prod.digest, "note": "now", "grant": { "seconds": 60 } });
    assert!(matches!(decide(&bridge, "dba", &prod, "approve", &body), 403 | 409 | 422), "this rule forbids grants");
    let submitter = json!({ "digest": prod.digest, "note": "mine" });
    assert_eq!(decide(&bridge, "agent", &prod, "approve", &submitter), 403, "nobody decides their own ticket");
}

#[test]
fn two_people_and_a_role_are_needed_where_rules_say_so_and_one_no_is_enough() {
    let bridge = bridge();
    let test = bridge.submit("agent", &json!({ "action": "deploy", "place": "test" })).ticket();
    assert_eq!((test.needed, test.needs_note), (2, true));
    assert_eq!(
        decide(&bridge, "user", &test, "approve", &json!({ "digest": test.digest })),
        422,
        "a reason is missing"
    );
    assert_eq!(decide(&bridge, "user", &test, "approve", &json!({ "digest": test.digest, "note": "one" })), 200);
    let half = bridge.look("agent", test.id);
    assert_eq!((half.status, half.approvals.len(), half.approvals[0].by.as_str()), (Status::Queued, 1, "user"));
    assert_eq!(decide(&bridge, "user", &test, "approve", &json!({ "digest": test.digest, "note": "me again" })), 409);
    assert_eq!(decide(&bridge, "dba", &test, "approve", &json!({ "digest": test.digest, "note": "two" })), 200);
    assert_eq!(bridge.end_of("agent", test.id).status, Status::Succeeded);

    let prod = bridge.submit("agent", &json!({ "action": "deploy", "place": "prod-1" })).ticket();
    assert_eq!(
        decide(&bridge, "user", &prod, "approve", &json!({ "digest": prod.digest, "note": "x" })),
        403,
        "no DBA"
    );
    assert_eq!(decide(&bridge, "dba", &prod, "approve", &json!({ "digest": prod.digest, "note": "x" })), 200);
    assert_eq!(decide(&bridge, "user", &prod, "deny", &json!({ "reason": "no" })), 200);
    assert_eq!(bridge.look("agent", prod.id).status, Status::Denied);
}

#[test]
fn a_denial_answers_the_same_request_until_its_time_is_over_or_it_is_lifted() {
    let mut bridge = bridge();
    let no = bridge.submit("agent", &asked("no")).ticket();
    assert_eq!(decide(&bridge, "user", &no, "deny", &json!({ "reason": "never" })), 200);
    let again = bridge.submit("agent", &asked("no")).refused(403, ProblemType::Denied);
    let told = again.ticket.unwrap();
    assert_eq!((told.id, told.reason.as_deref(), told.repeats), (no.id, Some("never"), 1));
    let until = told.denied_until.unwrap();
    assert_eq!(until, told.decided.unwrap().plus_seconds(600));
    assert!(again.detail.ends_with(&format!("; the same request is answered so until {until}")), "{}", again.detail);
    assert_eq!(bridge.look("agent", no.id).denied_until, Some(until), "the ticket says it too");
    assert_eq!(answer(&bridge, &asked("another")), "queued");
    assert_eq!(bridge.submit("other", &asked("no")).ticket().status, Status::Queued, "another's question is another");
    bridge.kill();
    bridge.start_again();
    assert_eq!(answer(&bridge, &asked("no")), "denied", "it outlives a restart");
    assert_eq!(decide(&bridge, "agent", &no, "lift", &json!({})), 403);
    assert_eq!(decide(&bridge, "user", &no, "lift", &json!({})), 200);
    assert_eq!(answer(&bridge, &asked("no")), "queued");
    assert_eq!(decide(&bridge, "user", &no, "lift", &json!({})), 409);

    let brief = Site::new().config(format!("[limits]\ndenial_seconds = 1\n{CONFIG}")).start();
    let no = brief.submit("agent", &asked("no")).ticket();
    assert_eq!(decide(&brief, "user", &no, "deny", &json!({})), 200);
    brief.until("the denial's time is over", || (answer(&brief, &asked("no")) == "queued").then_some(()));
}

#[test]
fn an_edit_is_a_new_ticket_for_the_same_submitter_that_still_waits_for_a_yes() {
    let bridge = bridge();
    let old = bridge.submit("agent", &page("https://example.com/")).ticket();
    let edit = |ticket: &Ticket, url: &str| {
        bridge.post(
            "user",
            &format!("/queue/{}/edit", ticket.id),
            &json!({ "digest": ticket.digest, "params": { "url": url } }),
        )
    };
    let new = edit(&old, "https://docs.rs/").ticket();
    assert_eq!(
        (new.status, new.submitted_by.as_str(), new.replaces),
        (Status::Queued, "agent", Some(old.id)),
        "an edit is no yes"
    );
    let ended = bridge.look("agent", old.id);
    assert_eq!(
        (ended.status, ended.reason.as_deref(), ended.replaced_by),
        (Status::Denied, Some("edited"), Some(new.id))
    );
    edit(&old, "https://docs.rs/").refused(409, ProblemType::Conflict);
    edit(&new, "javascript:alert(1)").refused(422, ProblemType::InvalidParameter);
    assert_eq!(bridge.look("agent", new.id).status, Status::Queued, "a wrong edit ends nothing");
    let followed = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| bridge.end_of("agent", old.id));
        bridge.approve("user", &new).ticket();
        waiting.join().unwrap()
    });
    assert_eq!((followed.id, followed.status), (new.id, Status::Succeeded), "who waits follows the edit");
}

#[test]
fn what_approvers_set_stands_as_the_log_says() {
    let bridge = bridge();
    let granted = bridge.submit("agent", &asked("granted")).ticket();
    let yes = json!({ "digest": granted.digest, "grant": { "seconds": 600, "uses": 3 } });
    assert_eq!(decide(&bridge, "user", &granted, "approve", &yes), 200);
    bridge.end_of("agent", granted.id);
    assert_eq!(answer(&bridge, &asked("granted")), "accepted");
    for (who, target, body) in [
        ("user", "/policies/action/free", json!({ "policy": "auto-deny" })),
        ("user", "/policies/action/asked", json!({ "policy": "auto-accept" })),
        ("user", "/policies/action/free", json!({ "policy": null })),
        ("user", "/policies/group/build", json!({ "enabled": false })),
        ("dba", "/freeze", json!({ "frozen": true })),
        ("dba", "/freeze", json!({ "frozen": false })),
        ("lead", "/freeze", json!({ "frozen": true })),
    ] {
        assert_eq!(bridge.post(who, target, &body).status, 200, "{who} {target} {body}");
    }
    let from = ccc_audit::args::From { data: Some(bridge.site().home().join("data")), export: None };
    let args = ccc_audit::args::Verify { from, checkpoints: None, key: vec![], tail_max: 100_000 };
    let mut said = vec![];
    let code = ccc_audit::verify::command::run(&args, Timestamp::from_seconds(now()), &mut said).unwrap();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("overrides, groups, freezes and "), "{said}");
}

#[test]
fn what_one_approver_sets_is_shown_to_the_others_of_the_same_users() {
    let bridge = bridge();
    assert_eq!(set_policy(&bridge, "user", "free", Some("queue")), 200);
    for frozen in [true, false] {
        assert_eq!(bridge.post("user", "/freeze", &json!({ "frozen": frozen, "users": ["agent"] })).status, 200);
    }
    assert_eq!(bridge.post("user", "/policies/group/build", &json!({ "enabled": false })).status, 200);
    let set_by_user = |reader: &str| -> Vec<String> {
        let entries = bridge.get(reader, "/audit").json()["entries"].as_array().unwrap().clone();
        let theirs = entries.into_iter().filter(|entry| entry["by"] == "user");
        theirs.map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["policy-set", "freeze-set", "freeze-set", "group-set"];
    assert_eq!(
        (set_by_user("user"), set_by_user("dba")),
        (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec())
    );
    assert!(set_by_user("lead").is_empty(), "nobody of theirs");
}
