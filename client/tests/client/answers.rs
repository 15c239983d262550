//! What somebody between agent and host may answer, and that the client acts
//! on none of it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::{FakeServer, Received, Script, bridge_to, script};
use ccc_client::{Answer, CallError, Repeat, Request};
use ccc_protocol::bodies::{Approve, Status};
use ccc_protocol::{Digest, TicketId, http_date};
use serde_json::{Value, json};

const ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";
const OTHER_ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e10";

fn ticket_json(id: &str, status: &str) -> Value {
    let digest = Digest::of(b"");
    json!({
        "id": id, "seq": 42, "status": status, "action": "open-browser", "params": {}, "submitted_by": "agent",
        "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest, "rule": "",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
    })
}

fn ticket(status: &str) -> String {
    ticket_json(ID, status).to_string()
}

fn id() -> TicketId {
    ID.parse().unwrap()
}

fn problem(kind: &str, status: u16) -> String {
    json!({"type": kind, "title": "", "status": status, "detail": "said so", "instance": "r"}).to_string()
}

fn plain(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn submit_to(scripts: Vec<Script>) -> (Result<Answer, CallError>, Vec<Received>) {
    let server = FakeServer::start(scripts);
    let outcome = server.bridge().submit(b"{\"action\":\"open-browser\"}", None);
    (outcome, server.received())
}

fn one(bytes: impl FnOnce(&Received) -> Vec<u8> + Send + 'static) -> Result<Answer, CallError> {
    submit_to(vec![script(bytes)]).0
}

#[test]
fn a_signed_answer_is_believed() {
    let (answer, received) = submit_to(vec![script(|r| r.answer(200, &ticket("succeeded")))]);
    assert_eq!(answer.unwrap().ticket().unwrap().status, Status::Succeeded);
    assert_eq!(received[0].line, "POST /action HTTP/1.1");
    assert!(received[0].field("idempotency-key").unwrap().starts_with('"'));
}

#[test]
fn an_unsigned_yes_is_no_answer() {
    for status in [200, 202, 403, 404, 409, 422, 500, 502] {
        let error = one(move |_| plain(status, &ticket("succeeded"))).unwrap_err();
        assert!(matches!(error, CallError::NotAuthentic(_)), "{status}: {error}");
        assert_eq!(error.exit_code(), 6);
    }
}

#[test]
fn an_unsigned_refusal_is_told_as_unverified() {
    for (status, code) in [(400, 7), (401, 7), (413, 7), (415, 7), (429, 7), (503, 6)] {
        let error = one(move |_| plain(status, &problem("urn:ccc:limit", status))).unwrap_err();
        assert_eq!(error.to_string(), format!("refused, unverified: status {status}, saying: said so"));
        assert_eq!(error.exit_code(), code);
    }
}

#[test]
fn a_strangers_words_cannot_act_on_the_terminal() {
    let words =
        json!({"type": "urn:ccc:limit", "title": "", "status": 400, "detail": "\u{1b}[2Jx\u{202e}y", "instance": ""});
    let error = one(move |_| plain(400, &words.to_string())).unwrap_err();
    assert_eq!(error.to_string(), r"refused, unverified: status 400, saying: \u{1b}[2Jx\u{202e}y");
}

/// The answer to another request of the same user, replayed: as an attacker
/// who saw "approved" once would.
#[test]
fn a_replayed_approval_is_forged() {
    let (_, first) = submit_to(vec![script(|r| r.answer(200, &ticket("released")))]);
    let replayed = first[0].answer(200, &ticket("released"));
    let error = one(move |_| replayed).unwrap_err();
    assert!(matches!(error, CallError::NotAuthentic(_)), "{error}");
}

#[test]
fn a_changed_status_or_body_is_forged() {
    let changed = |from: &'static str, to: &'static str| {
        one(move |r| {
            let text = String::from_utf8(r.answer(403, &ticket("denied"))).unwrap();
            assert!(text.contains(from));
            text.replace(from, to).into_bytes()
        })
    };
    for (from, to) in [("HTTP/1.1 403", "HTTP/1.1 200"), ("denied", "failed"), ("keyid=\"agent\"", "keyid=\"other\"")] {
        let error = changed(from, to).unwrap_err();
        assert!(matches!(error, CallError::NotAuthentic(_)), "{from}: {error}");
    }
}

#[test]
fn an_answer_with_two_lengths_is_none() {
    for field in ["content-length: 1", "transfer-encoding: chunked"] {
        let error = one(move |r| r.answer_with(200, &ticket("succeeded"), None, &format!("{field}\r\n"))).unwrap_err();
        assert!(matches!(error, CallError::Malformed(_)), "{field}: {error}");
        assert_eq!(error.exit_code(), 6);
    }
}

/// A bridge says how long its answers are; without a word on it, one that was cut off would pass for whole.
#[test]
fn an_answer_without_a_length_or_of_an_older_protocol_is_none() {
    for (from, to) in [("content-length:", "x-length:"), ("HTTP/1.1", "HTTP/1.0")] {
        let bent = move |r: &Received| {
            String::from_utf8(r.answer(200, &ticket("succeeded"))).unwrap().replace(from, to).into_bytes()
        };
        let error = one(bent).unwrap_err();
        assert!(matches!(error, CallError::Malformed(_)), "{from}: {error}");
    }
}

#[test]
fn a_cut_body_is_no_answer() {
    let cut = |r: &Received| {
        let mut bytes = r.answer_with(200, &ticket("succeeded"), None, "connection: close\r\n");
        bytes.truncate(bytes.len() - 1);
        bytes
    };
    let server = FakeServer::start(vec![script(cut)]);
    let error = server
        .bridge()
        .call(&Request::post("/queue/x/approve", b"{}", Instant::now() + Duration::from_secs(10)))
        .unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "{error}");
}

#[test]
fn a_huge_answer_is_refused_before_it_is_read() {
    let huge = one(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()).unwrap_err();
    assert!(huge.to_string().contains("larger than any answer"), "{huge}");
    let head = one(|_| [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 100_000]].concat()).unwrap_err();
    assert!(head.to_string().contains("without an end"), "{head}");
}

/// One byte now and then keeps every single read short of a time limit; the
/// deadline of the whole request ends it.
#[test]
fn a_slow_drip_ends_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n".iter().cycle().take(600) {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let started = Instant::now();
    let bridge = bridge_to(&format!("http://127.0.0.1:{port}"));
    let error = bridge.call(&Request::get("/queue", started + Duration::from_secs(2))).unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn chunked_answers_are_read_whole() {
    let (answer, _) = submit_to(vec![script(|r| {
        let whole = String::from_utf8(r.answer(200, &ticket("succeeded"))).unwrap();
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        let head = head.replace(&format!("content-length: {}", body.len()), "transfer-encoding: chunked");
        let (a, b) = body.split_at(7);
        format!("{head}\r\n\r\n{:x}\r\n{a}\r\n{:X};x=y\r\n{b}\r\n0\r\ntrailer: x\r\n\r\n", a.len(), b.len())
            .into_bytes()
    })]);
    assert_eq!(answer.unwrap().ticket().unwrap().status, Status::Succeeded);
}

fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The answer of a server whose clock is `ahead` seconds ahead.
fn stale(ahead: i64) -> Script {
    let date = http_date::format((unix_now() + ahead).try_into().unwrap());
    script(move |r| r.answer_with(401, &problem("urn:ccc:stale", 401), Some(&date), ""))
}

#[test]
fn a_stale_request_is_signed_again_with_the_servers_time() {
    let (answer, received) = submit_to(vec![stale(7200), script(|r| r.answer(200, &ticket("succeeded")))]);
    assert_eq!(answer.unwrap().status(), 200);
    let moved = received[1].created - received[0].created;
    assert!((7195..=7205).contains(&moved), "{moved}");
    assert_ne!(received[0].nonce, received[1].nonce);
    assert_eq!(received[0].field("idempotency-key"), received[1].field("idempotency-key"));
}

#[test]
fn the_clock_is_corrected_once_a_request() {
    let (answer, received) = submit_to(vec![stale(60), stale(60)]);
    assert_eq!(answer.unwrap().status(), 401);
    assert_eq!(received.len(), 2);
}

#[test]
fn the_clock_is_corrected_by_a_signed_date_alone() {
    let kind = "urn:ccc:stale";
    let uncovered =
        |r: &Received| r.answer_with(401, &problem(kind, 401), None, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    let (answer, received) = submit_to(vec![script(uncovered)]);
    assert_eq!((answer.unwrap().status(), received.len()), (401, 1));
    let unsigned = one(|_| plain(401, &problem(kind, 401))).unwrap_err();
    assert!(matches!(unsigned, CallError::RefusedUnverified { status: 401, .. }), "{unsigned}");
}

#[test]
fn a_decision_is_not_signed_again_when_the_clock_was_far_off() {
    let approval = Approve { digest: Digest::of(b""), note: None, grant: None, shown: None };
    let far = FakeServer::start(vec![stale(301 + 5)]);
    let error = far.bridge().approve(id(), &approval).unwrap_err();
    assert!(matches!(error, CallError::ClockOff { .. }), "{error}");
    assert_eq!(far.received().len(), 1);

    let near = FakeServer::start(vec![stale(200), script(|r| r.answer(200, &ticket("approved")))]);
    assert_eq!(near.bridge().approve(id(), &approval).unwrap().status, Status::Approved);
}

#[test]
fn a_lost_connection_is_taken_up_under_the_same_key() {
    let (answer, received) = submit_to(vec![script(|_| Vec::new()), script(|r| r.answer(202, &ticket("queued")))]);
    assert_eq!(answer.unwrap().ticket().unwrap().status, Status::Queued);
    assert_eq!(received[0].field("idempotency-key"), received[1].field("idempotency-key"));
    assert_ne!(received[0].nonce, received[1].nonce);
}

#[test]
fn a_decision_is_never_sent_twice_by_itself() {
    let server = FakeServer::start(vec![script(|_| Vec::new()), script(|r| r.answer(200, &ticket("approved")))]);
    let approval = Approve { digest: Digest::of(b""), note: None, grant: None, shown: None };
    let error = server.bridge().approve(id(), &approval).unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "{error}");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn retry_after_is_honoured_by_who_waits_alone() {
    let busy =
        || script(|r: &Received| r.answer_with(503, &problem("urn:ccc:unavailable", 503), None, "retry-after: 1\r\n"));
    let (answer, _) = submit_to(vec![busy()]);
    assert_eq!(answer.unwrap().status(), 503);

    let server = FakeServer::start(vec![busy(), script(|r| r.answer(200, &ticket("succeeded")))]);
    let started = Instant::now();
    let answer = server.bridge().submit(b"{}", Some(5)).unwrap();
    assert_eq!(answer.status(), 200);
    assert!(started.elapsed() >= Duration::from_secs(1));

    let long = script(|r: &Received| r.answer_with(429, &problem("urn:ccc:limit", 429), None, "retry-after: 61\r\n"));
    let server = FakeServer::start(vec![long]);
    assert_eq!(server.bridge().submit(b"{}", Some(200)).unwrap().status(), 429);
}

#[test]
fn waiting_follows_the_ticket_that_an_edit_made() {
    let mut edited = ticket_json(ID, "denied");
    edited["replaced_by"] = json!(OTHER_ID);
    let server = FakeServer::start(vec![
        script(|r| r.answer(200, &ticket("queued"))),
        script(move |r| r.answer(200, &edited.to_string())),
        script(|r| r.answer(200, &ticket_json(OTHER_ID, "succeeded").to_string())),
    ]);
    let answer = server.bridge().wait_for(id(), Instant::now() + Duration::from_secs(60)).unwrap();
    assert_eq!(answer.ticket().unwrap().id.to_string(), OTHER_ID);
    let received = server.received();
    assert!(received[0].field("prefer").unwrap().starts_with("wait="));
    assert_eq!(received[2].line, format!("GET /queue/{OTHER_ID} HTTP/1.1"));
}

#[test]
fn a_submission_that_was_edited_while_it_waited_is_followed_too() {
    let mut edited = ticket_json(ID, "denied");
    edited["replaced_by"] = json!(OTHER_ID);
    let mut denied: Value = serde_json::from_str(&problem("urn:ccc:denied", 403)).unwrap();
    denied["ticket"] = edited;
    let server = FakeServer::start(vec![
        script(move |r| r.answer(403, &denied.to_string())),
        script(|r| r.answer(200, &ticket_json(OTHER_ID, "succeeded").to_string())),
    ]);
    let answer = server.bridge().submit_and_wait(b"{}", Instant::now() + Duration::from_secs(60)).unwrap();
    assert_eq!(answer.ticket().unwrap().id.to_string(), OTHER_ID);
}

/// A `GET` never releases a judge-only action: its wait is the same `POST`.
#[test]
fn a_judge_only_action_is_waited_for_by_the_same_request() {
    let judged = |status: &str| {
        let mut ticket = ticket_json(ID, status);
        ticket["call"] = json!(Digest::of(b""));
        ticket.to_string()
    };
    let (queued, released) = (judged("queued"), judged("released"));
    let server =
        FakeServer::start(vec![script(move |r| r.answer(202, &queued)), script(move |r| r.answer(200, &released))]);
    let answer = server.bridge().submit_and_wait(b"{}", Instant::now() + Duration::from_secs(60)).unwrap();
    assert_eq!(answer.ticket().unwrap().status, Status::Released);
    let received = server.received();
    assert_eq!(received[1].line, "POST /action HTTP/1.1");
    assert_eq!(received[0].field("idempotency-key"), received[1].field("idempotency-key"));
}

#[test]
fn a_unix_socket_carries_the_same_requests() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ccc.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).unwrap();
        stream.write_all(&plain(200, "{}")).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    });
    let error = bridge_to(&format!("unix://{}", path.display())).queue(Some(41)).unwrap_err();
    assert!(matches!(error, CallError::NotAuthentic(_)), "{error}");
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /queue?after=41 HTTP/1.1\r\nhost: localhost\r\n"), "{request}");
    assert!(request.contains("(\"@method\" \"@authority\" \"@path\" \"@query\")"), "{request}");
}

#[test]
fn a_wait_that_is_over_gives_back_the_open_ticket() {
    let server = FakeServer::start(vec![script(|r| r.answer(200, &ticket("queued")))]);
    let answer = server.bridge().wait_for(id(), Instant::now()).unwrap();
    assert_eq!(answer.ticket().unwrap().status, Status::Queued);
}

#[test]
fn a_kept_connection_carries_the_next_request() {
    let server = FakeServer::start(vec![
        script(|r| r.answer(200, &ticket("queued"))),
        script(|r| r.answer_with(200, &ticket("queued"), None, "connection: close\r\n")),
        script(|r| r.answer(200, &ticket("queued"))),
    ]);
    let bridge = server.bridge();
    for _ in 0..3 {
        assert_eq!(bridge.ticket(id()).unwrap().status, Status::Queued);
    }
    assert_eq!(server.connections(), 2, "the second answer closed the first connection");
}

#[test]
fn where_nobody_listens_the_error_says_what_to_do() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = bridge_to(&format!("http://127.0.0.1:{port}")).submit(b"{}", None).unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }));
    assert!(error.to_string().contains("start `ccc-server`"), "{error}");
    assert_eq!(error.exit_code(), 6);
}

#[test]
fn a_target_with_two_readings_is_not_sent() {
    let bridge = bridge_to("http://127.0.0.1:1");
    let request =
        Request { repeat: Repeat::Safely, ..Request::get("/a/../b", Instant::now() + Duration::from_secs(1)) };
    assert!(matches!(bridge.call(&request), Err(CallError::BadTarget(_))));
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

#[test]
fn events_are_read_as_they_come() {
    let server = FakeServer::start(vec![script(|r| {
        assert_eq!(r.field("last-event-id"), Some("41"));
        [
            r.stream_head(),
            chunk(": hello\n\nid: 42\nda"),
            chunk("ta: {\"seq\":42,\"kind\":\"queued\",\"id\":null}\n"),
            chunk("\nid: 43\ndata: {\"seq\":43,\"kind\":\"denied\",\"id\":null}\n\n"),
            b"0\r\n\r\n".to_vec(),
        ]
        .concat()
    })]);
    let mut stream = server.bridge().events(Some(41)).unwrap();
    let mut next = || stream.next(Duration::from_secs(10)).unwrap();
    assert_eq!(next().unwrap().id, Some(42));
    assert_eq!(next().unwrap().hint.kind.as_str(), "denied");
    assert_eq!(next(), None);
}

#[test]
fn an_event_has_a_limit() {
    let server = FakeServer::start(vec![script(|r| {
        let events = format!("data: {}\n\n", "x".repeat(100_000));
        [r.stream_head(), chunk(&events), b"0\r\n\r\n".to_vec()].concat()
    })]);
    let error = server.bridge().events(None).unwrap().next(Duration::from_secs(10)).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn an_unsigned_event_stream_is_not_opened() {
    let server = FakeServer::start(vec![script(|_| {
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), chunk("data: {}\n\n")].concat()
    })]);
    let error = server.bridge().events(None).unwrap_err();
    assert!(matches!(error, CallError::NotAuthentic(_)), "{error}");
}

#[test]
fn a_silent_event_stream_is_given_up() {
    let server = FakeServer::start(vec![script(Received::stream_head), script(|_| Vec::new())]);
    let mut stream = server.bridge().events(None).unwrap();
    let error = stream.next(Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "{error}");
}
