//! Every row of the table of HTTP answers, from a signed request to the signed answer, and that what is refused changes
//! nothing.

use ccc_protocol::{
    bodies::{Problem, ProblemType, Status},
    signing::AnswerRefusal,
};
use ccc_tests::{
    bridge::{Bridge, Site, secret},
    wire::{Ask, fresh_key, now},
};
use serde_json::{Value, json};

const CONFIG: &str = r#"
[smtp]
host = "127.0.0.1"
port = 1
security = "none"
from = "bridge@example.com"

[actions.say]
policy = "auto-accept"
params.word = { type = "string", pattern = "[a-z]{1,8}", required = true }
params.times = { type = "integer", min = 1, max = 3 }
params.loud = { type = "bool" }
run = ["echo", "{word}"]
confined = false

[actions.forbidden]
policy = "auto-deny"
run = ["true"]
confined = false

[actions.careful]
policy = "queue"
run = ["true"]
confined = false

[[rule]]
name = "careful needs two people and a reason"
action = ["careful"]
policy = "queue"
approve = { count = 2, justification = true }
"#;

fn bridge() -> Bridge {
    Bridge::with_config(CONFIG)
}

fn page() -> Value {
    json!({ "action": "open-browser", "url": "https://example.com/" })
}

fn path(id: impl std::fmt::Display, verb: &str) -> String {
    format!("/queue/{id}/{verb}")
}

/// Sends what has to be refused so, and holds the bridge to having changed nothing by it.
#[track_caller]
fn refused(bridge: &Bridge, ask: &Ask, status: u16, kind: ProblemType) -> Problem {
    let before = bridge.seq();
    let problem = bridge.send(ask).refused(status, kind);
    assert_eq!(bridge.seq(), before, "{} {}: something was written", ask.method, ask.target);
    problem
}

#[test]
fn what_was_asked_for_and_a_ticket_that_ended_are_200_and_an_open_one_is_202() {
    let bridge = bridge();
    let listed = bridge.submit("agent", &json!({ "action": "list-actions" }));
    assert_eq!((listed.status, listed.ticket().status), (200, Status::Succeeded));
    assert!(listed.ticket().result.unwrap()["actions"].as_array().unwrap().len() > 8);
    let queued = bridge.submit("agent", &page());
    assert_eq!((queued.status, queued.ticket().status), (202, Status::Queued));
    for target in ["/queue".to_owned(), "/actions".to_owned(), format!("/queue/{}", queued.ticket().id)] {
        assert_eq!(bridge.get("agent", &target).status, 200, "{target}");
    }
    let denied = bridge.submit("agent", &json!({ "action": "forbidden" })).problem().ticket.unwrap();
    assert_eq!(bridge.get("agent", &format!("/queue/{}", denied.id)).status, 200, "a ticket is 200 in any state");
}

#[test]
fn what_is_not_the_one_json_object_is_400() {
    let bridge = bridge();
    let deep = format!(r#"{{"action":"list-actions","x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    let bodies = [
        "",
        "[]",
        "null",
        "{",
        "{}",
        r#"{"action":"list-actions","action":"forbidden"}"#,
        r#"{"action":"list-actions"}{}"#,
        r#"{"action":7}"#,
        r#"{"action":"say","word":"\ud800"}"#,
        r#"{"action":"say","times":9007199254740993}"#,
        r#"{"action":"say","times":1e999}"#,
        &deep,
        "\u{feff}{\"action\":\"list-actions\"}",
    ];
    for body in bodies {
        refused(&bridge, &Ask::post("/action", body), 400, ProblemType::Malformed);
    }
    let ticket = bridge.submit("agent", &page()).ticket();
    for body in ["{}", r#"{"digest":"md5:1"}"#, r#"{"digest":"sha-256:00","frozen":true}"#] {
        refused(&bridge, &Ask::post(&path(ticket.id, "approve"), body).of("user"), 400, ProblemType::Malformed);
    }
    refused(&bridge, &Ask::post("/freeze", r#"{"frozen":true,"until":1}"#).of("user"), 400, ProblemType::Malformed);
    refused(
        &bridge,
        &Ask::post("/action", &page().to_string()).with("idempotency-key", "\"1\""),
        400,
        ProblemType::Malformed,
    );
    refused(&bridge, &Ask::get("/queue?after=x"), 400, ProblemType::Malformed);
}

#[test]
fn other_methods_are_405_too_much_is_413_and_not_plain_json_is_415() {
    let bridge = bridge();
    for (method, target) in [("PUT", "/action"), ("DELETE", "/queue"), ("PATCH", "/freeze"), ("OPTIONS", "/action")] {
        refused(&bridge, &Ask { method, ..Ask::get(target) }, 405, ProblemType::Method);
    }
    let ask = Ask { method: "HEAD", ..Ask::get("/queue") };
    let mut peer = bridge.peer();
    peer.send(ask.bytes());
    let reply = peer.reply();
    assert_eq!((reply.status, reply.body.len()), (405, 0));
    ask.verify(&reply).expect("what is signed is what is sent");
    refused(&bridge, &Ask::get("/action"), 405, ProblemType::Method);
    refused(&bridge, &Ask::post("/queue", "{}"), 405, ProblemType::Method);
    let huge = json!({ "action": "say", "word": "a".repeat(65 * 1024) }).to_string();
    let problem = refused(&bridge, &Ask::post("/action", &huge), 413, ProblemType::TooLarge);
    assert!(problem.detail.contains("65536"), "{}", problem.detail);
    let body = page().to_string();
    for (field, value) in [
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ] {
        refused(&bridge, &Ask::post("/action", &body).with(field, value), 415, ProblemType::MediaType);
    }
}

#[test]
fn missing_unknown_and_wrong_signatures_get_one_401_in_the_same_words() {
    let bridge = bridge();
    let before = bridge.seq();
    let ask = Ask::post("/action", &page().to_string());
    let unsigned: String =
        ask.head().lines().filter(|line| !line.starts_with("Signature")).map(|line| format!("{line}\r\n")).collect();
    let nobody = Ask { user: "nobody".to_owned(), ..ask.again() };
    let wrong_key = Ask { secret: secret("other"), ..ask.again() };
    let attempts = [[unsigned.as_bytes(), ask.body.as_deref().unwrap()].concat(), nobody.bytes(), wrong_key.bytes()];
    let texts = attempts.map(|bytes| {
        let reply = bridge.peer().send(bytes).reply();
        assert_eq!(ask.verify(&reply), Err(AnswerRefusal::Unsigned));
        let problem = reply.refused(401, ProblemType::Unauthenticated);
        (problem.title, problem.detail, reply.fields.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
    });
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    assert_eq!(bridge.seq(), before);
}

#[test]
fn a_stale_or_replayed_request_is_a_signed_401_and_does_nothing() {
    let bridge = bridge();
    for away in [-32, 32] {
        let ask = Ask { created: now() + away, ..Ask::post("/action", &page().to_string()) };
        let before = bridge.seq();
        let reply = bridge.send(&ask);
        reply.refused(401, ProblemType::Stale);
        assert!(ask.verify(&reply).unwrap().covers_date, "the server's time is under the signature");
        assert_eq!(bridge.seq(), before);
    }
    let ask = Ask::post("/action", &page().to_string());
    assert_eq!(bridge.send(&ask).status, 202);
    refused(&bridge, &ask, 401, ProblemType::Unauthenticated);
    let swapped = [ask.again().head().into_bytes(), ask.body.clone().unwrap().to_ascii_uppercase()].concat();
    assert_eq!(bridge.peer().send(swapped).reply().status, 401, "another body than the signed one");
    assert_eq!(bridge.get("agent", "/queue").json()["tickets"].as_array().unwrap().len(), 1);
}

#[test]
fn a_denied_action_is_403_with_its_ticket_and_so_is_what_the_caller_may_not_do() {
    let bridge = bridge();
    let denied = bridge.submit("agent", &json!({ "action": "forbidden" })).refused(403, ProblemType::Denied);
    let ticket = denied.ticket.unwrap();
    assert_eq!((ticket.status, ticket.decided_by), (Status::Denied, None));
    let open = bridge.submit("agent", &page()).ticket();
    let digest = json!({ "digest": open.digest }).to_string();
    for ask in [
        Ask::post(&path(open.id, "approve"), &digest),
        Ask::post(&path(open.id, "deny"), "{}"),
        Ask::get(&path(open.id, "preview")),
        Ask::post(&path(open.id, "cancel"), "").of("user"),
        Ask::post("/freeze", r#"{"frozen":true}"#),
        Ask::post("/freeze", r#"{"frozen":true,"users":["agent"]}"#).of("lead"),
        Ask::get("/audit"),
        Ask::get("/policies"),
        Ask::post(
            "/action",
            r#"{"action":"set-mail-permission","target_user":"agent","to":"a@example.com","allow":true}"#,
        ),
        Ask::post("/action", r#"{"action":"send-email","to":"a@example.com","subject":"s","body":"b","topic":"t"}"#),
    ] {
        refused(&bridge, &ask, 403, ProblemType::NotAllowed);
    }
    assert_eq!(bridge.look("agent", open.id), open);
}

#[test]
fn what_is_not_there_and_what_may_not_be_seen_are_404_in_the_same_words() {
    let bridge = bridge();
    let open = bridge.submit("agent", &page()).ticket();
    let nothing = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f".to_owned();
    let digest = json!({ "digest": open.digest }).to_string();
    let asks = |id: &str| {
        ["approve", "deny", "edit", "cancel", "lift"].map(|verb| {
            let body = match verb {
                "approve" => digest.clone(),
                "edit" => json!({ "digest": open.digest, "params": { "url": "https://example.org/" } }).to_string(),
                _ => "{}".to_owned(),
            };
            Ask::post(&path(id, verb), &body).of("other")
        })
    };
    let hidden = open.id.to_string();
    for (there, not_there) in asks(&hidden).iter().zip(&asks(&nothing)) {
        let one = refused(&bridge, there, 404, ProblemType::NotFound).detail.replace(&hidden, "ID");
        let two = refused(&bridge, not_there, 404, ProblemType::NotFound).detail.replace(&nothing, "ID");
        assert_eq!(one, two, "{}", there.target);
    }
    for target in [
        format!("/queue/{hidden}"),
        path(&hidden, "preview"),
        format!("/queue/{nothing}"),
        "/nothing".to_owned(),
        "/queue/../audit".replace("../", ""),
    ] {
        refused(&bridge, &Ask::get(&target).of("other"), 404, ProblemType::NotFound);
    }
    let unknown =
        refused(&bridge, &Ask::post("/action", r#"{"action":"delete-database"}"#), 404, ProblemType::NotFound);
    assert!(unknown.detail.contains("`delete-database`"), "{}", unknown.detail);
    for name in ["constructor", "__proto__", "toString"] {
        refused(&bridge, &Ask::post("/action", &json!({ "action": name }).to_string()), 404, ProblemType::NotFound);
    }
}

#[test]
fn a_late_decision_a_second_vote_another_digest_and_a_reused_key_are_409() {
    let bridge = bridge();
    let decided = bridge.submit("agent", &page()).ticket();
    assert_eq!(bridge.post("user", &path(decided.id, "deny"), &json!({ "reason": "not now" })).status, 200);
    let approve =
        |ticket: &ccc_protocol::bodies::Ticket, body: Value| Ask::post(&path(ticket.id, "approve"), &body.to_string());
    let late =
        refused(&bridge, &approve(&decided, json!({ "digest": decided.digest })).of("dba"), 409, ProblemType::Conflict);
    let known = late.ticket.expect("what was decided");
    assert_eq!((known.status, known.decided_by.unwrap().as_str()), (Status::Denied, "user"));
    assert!(
        late.detail.contains("`user`") && late.detail.contains(&known.decided.unwrap().to_string()),
        "{}",
        late.detail
    );

    let two = bridge.submit("agent", &json!({ "action": "careful" })).ticket();
    let yes = json!({ "digest": two.digest, "note": "because" });
    assert_eq!(bridge.post("user", &path(two.id, "approve"), &yes).ticket().status, Status::Queued);
    refused(&bridge, &approve(&two, yes).of("user"), 409, ProblemType::Conflict);
    refused(
        &bridge,
        &approve(&two, json!({ "digest": decided.digest, "note": "because" })).of("dba"),
        409,
        ProblemType::Conflict,
    );

    let key = fresh_key();
    let keyed = |url: &str| {
        Ask::post("/action", &json!({ "action": "open-browser", "url": url }).to_string()).with("idempotency-key", &key)
    };
    let first = bridge.send(&keyed("https://example.org/")).ticket();
    let other = keyed("https://example.net/");
    let reused = refused(&bridge, &other, 409, ProblemType::Conflict);
    assert_eq!(reused.ticket.unwrap().id, first.id);
}

#[test]
fn a_parameter_that_is_not_as_declared_is_422_and_named() {
    let bridge = bridge();
    for (body, param) in [
        (json!({ "action": "say" }), "word"),
        (json!({ "action": "say", "word": "a", "wort": "b" }), "wort"),
        (json!({ "action": "say", "word": 7 }), "word"),
        (json!({ "action": "say", "word": "Upper" }), "word"),
        (json!({ "action": "say", "word": "toolongaword" }), "word"),
        (json!({ "action": "say", "word": "a", "times": 4 }), "times"),
        (json!({ "action": "say", "word": "a", "times": 1.5 }), "times"),
        (json!({ "action": "say", "word": "a", "loud": "true" }), "loud"),
        (json!({ "action": "open-browser", "url": "file:///etc/passwd" }), "url"),
        (json!({ "action": "open-browser", "url": "https://user@example.com/" }), "url"),
        (json!({ "action": "edit-file", "filename": "/etc/passwd" }), "filename"),
        (json!({ "action": "edit-file", "filename": "/workspace/../secrets.json" }), "filename"),
        (
            json!({ "action": "use-tool", "host": "x", "tool": "Bash", "native": "Bash", "input": {}, "cwd": "/", "session": "s", "agent": "", "facts": {} }),
            "facts",
        ),
    ] {
        let problem = refused(&bridge, &Ask::post("/action", &body.to_string()), 422, ProblemType::InvalidParameter);
        assert_eq!(problem.param.as_deref(), Some(param), "{}", problem.detail);
        assert!(problem.detail.contains(&format!("`{param}`")), "{}", problem.detail);
    }
    let ticket = bridge.submit("agent", &json!({ "action": "careful" })).ticket();
    let bare = Ask::post(&path(ticket.id, "approve"), &json!({ "digest": ticket.digest }).to_string()).of("user");
    assert_eq!(refused(&bridge, &bare, 422, ProblemType::InvalidParameter).param.as_deref(), Some("note"));
}

#[test]
fn a_limit_of_the_callers_own_is_429_and_says_when_to_come_again() {
    let bridge =
        Bridge::with_config("[limits]\nqueued_per_user_max = 1\nwaits_per_user_max = 1\nstreams_per_user_max = 1");
    let open = bridge.submit("agent", &page()).ticket();
    let reply = bridge.submit("agent", &page());
    let problem = reply.refused(429, ProblemType::Limit);
    assert!(problem.detail.contains("queued_per_user_max"), "{}", problem.detail);
    assert!(reply.field("retry-after").unwrap().parse::<u64>().unwrap() <= 60);
    assert_eq!(bridge.submit("other", &page()).status, 202, "another's place is their own");

    let mut stream = bridge.peer();
    assert_eq!(stream.send(Ask::get("/events").bytes()).reply().status, 200);
    refused(&bridge, &Ask::get("/events"), 429, ProblemType::Limit);
    bridge.post("agent", &path(open.id, "cancel"), &json!({})).ticket();
    assert_eq!(bridge.submit("agent", &page()).status, 202, "room again");
}

#[test]
fn a_full_queue_is_503_and_nothing_was_accepted() {
    let bridge = Bridge::with_config("[limits]\nqueued_max = 1");
    bridge.submit("other", &page()).ticket();
    let problem = refused(&bridge, &Ask::post("/action", &page().to_string()), 503, ProblemType::Unavailable);
    assert!(problem.detail.contains("full"), "{}", problem.detail);
    assert_eq!(
        bridge.submit("agent", &json!({ "action": "list-actions" })).status,
        200,
        "what does not wait needs no room"
    );
}

#[test]
fn a_disk_that_takes_no_more_is_503_and_every_ticket_that_was_answered_is_there_after_it() {
    let mut bridge = Site::new().with_files_up_to(600).start();
    let mut answered = vec![];
    let refusal = loop {
        let reply = bridge.submit("agent", &page());
        match reply.status {
            202 => answered.push(reply.ticket().id),
            _ => break reply,
        }
        assert!(answered.len() < 5_000, "the disk never filled");
    };
    refusal.refused(503, ProblemType::Unavailable);
    assert!(refusal.field("retry-after").is_some() && !answered.is_empty());
    bridge.kill();
    bridge.start_again_with(Site::empty_the_disk);
    let list = bridge.get("agent", "/queue?limit=5000").json();
    let kept: Vec<_> =
        list["tickets"].as_array().unwrap().iter().map(|ticket| ticket["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        kept,
        answered.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "neither more nor less than was answered"
    );
}

/// What an approver is told of before is what was asked, not what hooks noted was done.
#[test]
fn a_preview_tells_what_was_asked_before_and_no_notes() {
    let bridge = bridge();
    let asked = bridge.submit("agent", &json!({ "action": "say", "word": "first" }));
    bridge.submit(
        "agent",
        &json!({ "action": "record-event", "host": "claude", "session": "s", "agent": "main", "event": "post-tool" }),
    );
    bridge.submit("agent", &json!({ "action": "list-actions" }));
    let waiting = bridge.submit("agent", &page());
    let recent = bridge.client("user").preview(waiting.ticket().id).unwrap().recent;
    assert_eq!(recent.iter().map(|ask| ask.id).collect::<Vec<_>>(), [asked.ticket().id]);
}
