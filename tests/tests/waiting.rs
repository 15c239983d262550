//! Waiting for an answer, asking twice, and being told: held answers, idempotency, judge-only calls and event streams.

use std::{collections::BTreeSet, thread};

use ccc_protocol::bodies::{ProblemType, Status, Ticket};
use ccc_tests::{
    bridge::{Bridge, PATIENCE},
    wire::{Ask, Reply, fresh_key},
};
use serde_json::{Value, json};

fn page(url: &str) -> Value {
    json!({ "action": "open-browser", "url": url })
}

fn tool_call(command: &str) -> Value {
    json!({
        "action": "use-tool", "host": "claude-code", "tool": "Bash", "native": "Bash", "input": { "command": command },
        "cwd": "/workspace", "session": "s1", "agent": "main",
    })
}

fn keyed(body: &Value, key: &str) -> Ask {
    Ask::post("/action", &body.to_string()).with("idempotency-key", key)
}

fn queue(bridge: &Bridge) -> Vec<Ticket> {
    serde_json::from_value(bridge.get("user", "/queue").json()["tickets"].clone()).unwrap()
}

/// The first ticket that waits, waited for.
fn first_waiting(bridge: &Bridge) -> Ticket {
    bridge.until("a ticket waits", || queue(bridge).into_iter().next())
}

/// Sends a request that is held, does something meanwhile, and gives its answer.
fn held(bridge: &Bridge, ask: &Ask, meanwhile: impl FnOnce()) -> Reply {
    let mut peer = bridge.peer();
    peer.send(ask.bytes());
    meanwhile();
    let reply = peer.reply();
    ask.verify(&reply).unwrap();
    reply
}

#[test]
fn a_held_submission_is_answered_by_the_decision() {
    let bridge = Bridge::with_config("[desktop]\nbrowser = [\"true\", \"{url}\"]\n");
    let ask = Ask::post("/action", &page("https://example.com/").to_string()).with("prefer", "wait=300");
    let reply = held(&bridge, &ask, || assert_eq!(bridge.approve("user", &first_waiting(&bridge)).status, 200));
    assert_eq!((reply.status, reply.ticket().status), (200, Status::Succeeded));
    let denied = Ask::post("/action", &page("https://example.org/").to_string()).with("prefer", "wait=300");
    let reply = held(&bridge, &denied, || {
        let ticket = first_waiting(&bridge);
        bridge.post("user", &format!("/queue/{}/deny", ticket.id), &json!({ "reason": "no" })).ticket();
    });
    assert!(reply.refused(403, ProblemType::Denied).detail.contains("no"));
}

#[test]
fn what_is_approved_beside_a_grant_is_released_to_the_request_held_for_it() {
    let bridge = Bridge::start();
    let first = bridge.submit("agent", &tool_call("ls")).ticket();
    let ask = Ask::post("/action", &tool_call("ls src").to_string()).with("prefer", "wait=300");
    let reply = held(&bridge, &ask, || {
        let other = || queue(&bridge).into_iter().find(|ticket| ticket.id != first.id);
        let fits = bridge.until("the other waits", other);
        let grant = json!({ "seconds": 60, "params": { "input": { "same-program": "ls" } },
            "beside": [{ "id": fits.id, "digest": fits.digest }] });
        let body = json!({ "digest": first.digest, "grant": grant });
        assert_eq!(bridge.post("user", &format!("/queue/{}/approve", first.id), &body).status, 200);
    });
    assert_eq!((reply.status, reply.ticket().status), (200, Status::Released));
}

#[test]
fn a_wait_that_is_over_answers_the_ticket_as_it_stands() {
    let bridge = Bridge::start();
    let ticket =
        bridge.send(&Ask::post("/action", &page("https://example.com/").to_string()).with("prefer", "wait=1")).ticket();
    assert_eq!(ticket.status, Status::Queued);
    let looked = bridge.send(&Ask::get(&format!("/queue/{}", ticket.id)).with("prefer", "wait=1"));
    assert_eq!((looked.status, looked.ticket().status), (200, Status::Queued));
}

#[test]
fn one_key_and_body_are_one_ticket_however_often_and_whenever_they_come() {
    let mut bridge =
        Bridge::with_config("[actions.count]\npolicy = \"auto-accept\"\nrun = [\"true\"]\nconfined = false\n");
    let key = fresh_key();
    let first = bridge.send(&keyed(&page("https://example.com/"), &key)).ticket();
    assert_eq!(bridge.send(&keyed(&page("https://example.com/"), &key)).ticket().id, first.id);
    assert_ne!(
        bridge.send(&keyed(&page("https://example.com/"), &key).of("other")).ticket().id,
        first.id,
        "a key belongs to a user"
    );
    let run_key = fresh_key();
    let run = bridge.send(&keyed(&json!({ "action": "count" }), &run_key)).ticket();
    bridge.end_of("agent", run.id);
    bridge.kill();
    bridge.start_again();
    assert_eq!(bridge.send(&keyed(&page("https://example.com/"), &key)).ticket().id, first.id);
    let again = bridge.send(&keyed(&json!({ "action": "count" }), &run_key)).ticket();
    assert_eq!((again.id, again.status), (run.id, Status::Succeeded));
    let spaced = Ask::post("/action", r#"{"action": "count"}"#).with("idempotency-key", &run_key);
    bridge.send(&spaced).refused(409, ProblemType::Conflict);
    assert_eq!(queue(&bridge).len(), 1);
}

#[test]
fn many_at_once_under_one_key_are_one_ticket() {
    let bridge = Bridge::start();
    let key = fresh_key();
    let ids: Vec<_> = thread::scope(|scope| {
        let ask = || bridge.send(&keyed(&page("https://example.com/"), &key)).ticket().id;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(queue(&bridge).len(), 1);
}

#[test]
fn two_people_at_once_and_one_decision_counts() {
    let bridge = Bridge::with_config("[desktop]\nbrowser = [\"true\", \"{url}\"]\n");
    for round in 0..5 {
        let ticket = bridge.submit("agent", &page(&format!("https://example.com/{round}"))).ticket();
        let (yes, no) = thread::scope(|scope| {
            let yes = scope.spawn(|| bridge.approve("user", &ticket).status);
            let no = scope.spawn(|| bridge.post("dba", &format!("/queue/{}/deny", ticket.id), &json!({})).status);
            (yes.join().unwrap(), no.join().unwrap())
        });
        // A no that comes after the yes and before the start counts; one that comes later is too late.
        assert!(matches!((yes, no), (200, 409) | (409, 200) | (200, 200)), "{yes} {no}");
        let ended = bridge.end_of("agent", ticket.id);
        let expected = if no == 200 { Status::Denied } else { Status::Succeeded };
        assert_eq!(ended.status, expected, "{yes} {no}");
    }
}

#[test]
fn a_tool_call_is_released_to_its_held_request_once() {
    let bridge = Bridge::start();
    let key = fresh_key();
    let ask = keyed(&tool_call("ls"), &key).with("prefer", "wait=300");
    let reply = held(&bridge, &ask, || assert_eq!(bridge.approve("user", &first_waiting(&bridge)).status, 200));
    let released = reply.ticket();
    assert_eq!((released.status, released.replayed), (Status::Released, false));
    let again = bridge.send(&keyed(&tool_call("ls"), &key)).ticket();
    assert_eq!((again.id, again.status, again.replayed), (released.id, Status::Released, true), "a repeat is no leave");
}

#[test]
fn the_commit_of_the_yes_releases_the_call_that_is_held() {
    let mut bridge = Bridge::start();
    let ask = Ask::post("/action", &tool_call("ls").to_string()).with("prefer", "wait=300");
    let mut peer = bridge.peer();
    peer.send(ask.bytes());
    let waiting = first_waiting(&bridge);
    let yes = bridge.approve("user", &waiting).ticket();
    assert_eq!(yes.status, Status::Approved, "the answer tells of the decision itself");
    let after = bridge.look("agent", waiting.id);
    assert_eq!((after.status, after.seq), (Status::Released, yes.seq + 1), "nothing came between");
    // Whatever becomes of the answer, the leave was given: it is not given again after a restart.
    assert!(is_leave(&peer.reply().ticket()));
    bridge.kill();
    bridge.start_again();
    assert_eq!(bridge.submit("agent", &tool_call("ls")).ticket().status, Status::Queued, "it is spent");
    assert_eq!(bridge.peer().send(ask.bytes()).reply().status, 401, "nor does the request that was held come again");
}

#[test]
fn who_waits_no_longer_is_given_nothing() {
    let bridge = Bridge::start();
    let ask = Ask::post("/action", &tool_call("ls").to_string()).with("prefer", "wait=1");
    let late = bridge.send(&ask).ticket();
    assert_eq!(late.status, Status::Queued);
    bridge.approve("user", &late).ticket();
    assert_eq!(bridge.look("agent", late.id).status, Status::Approved, "its leave waits for the next who asks");
    assert!(is_leave(&bridge.submit("agent", &tool_call("ls")).ticket()));
}

#[test]
fn a_tool_call_that_was_approved_is_taken_later_even_across_a_restart_by_the_same_call_alone() {
    let mut bridge = Bridge::start();
    let asked = bridge.submit("agent", &tool_call("rm -r build")).ticket();
    let approved = bridge.approve("user", &asked).ticket();
    bridge.is_vouched_for(approved.seq);
    bridge.kill();
    bridge.start_again();
    let changed = bridge.submit("agent", &tool_call("rm -r /")).ticket();
    assert_eq!(changed.status, Status::Queued, "changed arguments are another call");
    assert_eq!(
        bridge.submit("other", &tool_call("rm -r build")).ticket().status,
        Status::Queued,
        "another's call is another"
    );
    for field in ["session", "agent", "cwd", "host", "tool", "native"] {
        let mut call = tool_call("rm -r build");
        call[field] = "elsewhere".into();
        assert_eq!(bridge.submit("agent", &call).ticket().status, Status::Queued, "{field} is part of the call");
    }
    assert_eq!(bridge.look("agent", asked.id).status, Status::Approved);
    // What was approved before the start is held until the store was found whole.
    bridge.until("it is let go", || {
        let entries = bridge.get("user", "/audit?limit=5000").json()["entries"].clone();
        entries.as_array()?.iter().any(|entry| entry["kind"] == "store-checked").then_some(())
    });
    let taken: Vec<_> = thread::scope(|scope| {
        let take = || bridge.submit("agent", &tool_call("rm -r build")).ticket();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let released = taken.iter().filter(|ticket| ticket.status == Status::Released && !ticket.replayed).count();
    assert_eq!(released, 1, "released once, whoever comes first: {taken:?}");
    bridge.kill();
    bridge.start_again();
    let later = bridge.submit("agent", &tool_call("rm -r build")).ticket();
    assert_eq!(later.status, Status::Queued, "what was released is spent");
}

fn withdraw_all(bridge: &Bridge) {
    for left in queue(bridge) {
        bridge.post("agent", &format!("/queue/{}/cancel", left.id), &json!({}));
    }
}

fn is_leave(ticket: &Ticket) -> bool {
    ticket.status == Status::Released && !ticket.replayed
}

#[test]
fn of_all_who_wait_for_one_call_or_look_at_it_one_is_given_leave() {
    let bridge = Bridge::start();
    for round in 0..20 {
        let call = tool_call(&format!("make {round}"));
        let held: Vec<Ask> =
            (0..4).map(|_| Ask::post("/action", &call.to_string()).with("prefer", "wait=300")).collect();
        let mut peers: Vec<_> = held.iter().map(|ask| (ask, bridge.peer())).collect();
        for (ask, peer) in &mut peers {
            peer.send(ask.bytes());
        }
        let waiting = first_waiting(&bridge);
        let (retried, answers) = thread::scope(|scope| {
            // A retry that comes together with the yes may take it before those who are held are awake.
            let retry = scope.spawn(|| bridge.submit("agent", &call).ticket());
            assert_eq!(bridge.approve("user", &waiting).status, 200);
            let answers = peers.iter_mut().map(|(_, peer)| scope.spawn(|| peer.reply().ticket()));
            let answers: Vec<_> = answers.collect();
            // Whoever came after it was spent asked anew.
            while !answers.iter().all(thread::ScopedJoinHandle::is_finished) {
                withdraw_all(&bridge);
            }
            let answers: Vec<Ticket> = answers.into_iter().map(|answer| answer.join().unwrap()).collect();
            (retry.join().unwrap(), answers)
        });
        withdraw_all(&bridge);
        let all = answers.iter().chain([&retried]);
        let of_this = |id| all.clone().filter(|ticket| ticket.id == id && is_leave(ticket)).count();
        assert_eq!(of_this(waiting.id), 1, "round {round}: {retried:?} {answers:?}");
        assert!(!is_leave(&bridge.look("agent", waiting.id)), "who looks is given none");
    }
}

#[test]
fn a_retry_of_a_tool_call_asks_nobody_again_and_a_denied_one_stays_denied() {
    let bridge = Bridge::start();
    let first = bridge.submit("agent", &tool_call("make")).ticket();
    assert_eq!(bridge.submit("agent", &tool_call("make")).ticket().id, first.id);
    assert_eq!(queue(&bridge).len(), 1);
    bridge.post("user", &format!("/queue/{}/deny", first.id), &json!({ "reason": "use cargo" })).ticket();
    let denied = bridge.submit("agent", &tool_call("make")).refused(403, ProblemType::Denied);
    assert!(denied.detail.contains("use cargo") && queue(&bridge).is_empty());
}

#[test]
fn a_freeze_between_yes_and_taking_keeps_a_tool_call_from_its_caller() {
    let bridge = Bridge::start();
    let ticket = bridge.submit("agent", &tool_call("ls")).ticket();
    bridge.approve("user", &ticket).ticket();
    assert_eq!(bridge.post("dba", "/freeze", &json!({ "frozen": true })).status, 200);
    let reply = bridge.submit("agent", &tool_call("ls"));
    assert!(reply.status == 403 || !matches!(reply.ticket().status, Status::Released), "{}", reply.text());
    assert_ne!(bridge.look("agent", ticket.id).status, Status::Released);
}

#[test]
fn hints_come_as_things_happen_and_a_stream_goes_on_where_the_last_one_ended() {
    let mut bridge = Bridge::start();
    let mut stream = bridge.client("user").events(None).unwrap();
    let ticket = bridge.submit("agent", &page("https://example.com/")).ticket();
    let hint = stream.next(PATIENCE).unwrap().expect("a hint");
    assert_eq!(hint.hint.id.as_deref(), Some(ticket.id.to_string().as_str()));
    assert_eq!((hint.id, hint.hint.seq), (Some(ticket.seq), ticket.seq));
    drop(stream);
    bridge.post("user", &format!("/queue/{}/deny", ticket.id), &json!({})).ticket();
    bridge.kill();
    bridge.start_again();
    let mut resumed = bridge.client("user").events(hint.id).unwrap();
    let missed = resumed.next(PATIENCE).unwrap().expect("what was missed").hint;
    assert_eq!((missed.kind.as_str(), missed.id.as_deref()), ("denied", Some(ticket.id.to_string().as_str())));
    assert!(missed.seq > ticket.seq);
}

#[test]
fn hints_tell_nobody_of_what_they_may_not_see() {
    let bridge = Bridge::start();
    let mut others = bridge.client("other").events(None).unwrap();
    let mut leads = bridge.client("lead").events(None).unwrap();
    bridge.submit("agent", &page("https://example.com/")).ticket();
    let own = bridge.submit("other", &page("https://example.org/")).ticket();
    for stream in [&mut others, &mut leads] {
        let hint = stream.next(PATIENCE).unwrap().expect("a hint").hint;
        assert_eq!(hint.id.as_deref(), Some(own.id.to_string().as_str()), "the first it hears of is its own");
    }
}

#[test]
fn every_stream_of_a_user_hears_of_everything_once_and_in_order_however_fast_it_comes() {
    let bridge = Bridge::start();
    let streams = [(); 2].map(|()| bridge.client("user").events(None).unwrap());
    let tickets: BTreeSet<String> = thread::scope(|scope| {
        let submit = |caller: usize| {
            let bridge = &bridge;
            move || {
                let ask = |number| page(&format!("https://example.com/{caller}/{number}"));
                let submit = |number| bridge.submit("agent", &ask(number)).ticket().id.to_string();
                (0..10).map(submit).collect::<Vec<_>>()
            }
        };
        let callers: Vec<_> = (0..6).map(|caller| scope.spawn(submit(caller))).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    for mut stream in streams {
        let (mut heard, mut newest) = (BTreeSet::new(), 0);
        while heard.len() < tickets.len() {
            let hint = stream.next(PATIENCE).unwrap().expect("a hint").hint;
            assert!(hint.seq > newest, "{} after {newest}", hint.seq);
            newest = hint.seq;
            heard.extend(hint.id);
        }
        assert_eq!(heard, tickets);
    }
}

#[test]
fn the_head_of_a_stream_is_signed_and_it_ends_when_its_user_goes() {
    let bridge = Bridge::start();
    let ask = Ask::get("/events").of("user");
    let mut peer = bridge.peer();
    let reply = peer.send(ask.bytes()).reply();
    ask.verify(&reply).unwrap();
    let kept = ccc_tests::bridge::secrets_of(&["agent", "dba"]);
    ccc_tests::bridge::write_private(&bridge.site().home().join("secrets.json"), &kept);
    // The last chunk of the stream; the connection may serve another request.
    peer.until("0\r\n\r\n");
    assert_eq!(bridge.peer().send(Ask::get("/queue").of("user").bytes()).reply().status, 401);
}

#[test]
fn the_queue_tells_what_changed_since_and_what_left() {
    let bridge = Bridge::start();
    let one = bridge.submit("agent", &page("https://example.com/1")).ticket();
    let seen = bridge.get("user", "/queue").json();
    let after = seen["seq"].as_u64().unwrap();
    let two = bridge.submit("agent", &page("https://example.com/2")).ticket();
    bridge.post("agent", &format!("/queue/{}/cancel", one.id), &json!({})).ticket();
    let news = bridge.get("user", &format!("/queue?after={after}")).json();
    let changed: Vec<_> = news["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ticket| (ticket["id"].as_str().unwrap().to_owned(), ticket["status"].clone()))
        .collect();
    assert_eq!(changed, [(two.id.to_string(), json!("queued")), (one.id.to_string(), json!("cancelled"))]);
    assert_eq!(bridge.get("lead", &format!("/queue?after={after}")).json()["tickets"], json!([]));
}
