//! Peers that are slow, silent or huge hold nobody up, and bytes with two meanings are refused.

use std::{
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::bodies::ProblemType;
use ccc_tests::{
    bridge::Bridge,
    wire::{Ask, Peer},
};
use serde_json::json;

/// Short times for peers, so that the test sees their end; long ones for callers.
const CONFIG: &str = "[limits]\nhead_seconds_max = 2\nbody_seconds_max = 2\nidle_seconds_max = 4\n";

/// How long a caller's request may take while others misbehave. Far below any of the peers' times put end to end.
const SOON: Duration = Duration::from_secs(20);

fn works(bridge: &Bridge) {
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(bridge.submit("agent", &json!({ "action": "list-actions" })).status, 200);
    }
    assert!(began.elapsed() < SOON, "a caller waited {:?}", began.elapsed());
}

fn peers(bridge: &Bridge, count: usize, bytes: &[u8]) -> Vec<Peer> {
    let open = || {
        let mut peer = bridge.peer();
        peer.send(bytes);
        peer
    };
    std::iter::repeat_with(open).take(count).collect()
}

#[test]
fn half_a_head_is_waited_for_no_longer_than_its_time_and_holds_nobody_up() {
    let bridge = Bridge::with_config(CONFIG);
    let mut half_open = peers(&bridge, 40, b"POST /action HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    works(&bridge);
    for peer in &mut half_open {
        peer.until_closed();
    }
}

#[test]
fn a_head_that_never_ends_is_cut_by_its_time_however_busy_and_by_its_size() {
    let bridge = Bridge::with_config(CONFIG);
    let began = Instant::now();
    let mut dripping = bridge.peer();
    dripping.send("GET /queue HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    thread::scope(|scope| {
        scope.spawn(|| {
            // A byte now and then buys no time.
            while dripping.try_send("a").is_ok() && began.elapsed() < Duration::from_secs(60) {
                thread::sleep(Duration::from_millis(200));
            }
        });
        works(&bridge);
    });
    assert!(began.elapsed() < Duration::from_secs(60), "it was never cut");

    let mut endless = bridge.peer();
    endless.send("GET /queue HTTP/1.1\r\nHost: localhost\r\n");
    let line = format!("X-More: {}\r\n", "a".repeat(1000));
    let sent = (0..10_000).take_while(|_| endless.try_send(&line).is_ok()).count();
    assert!(sent < 10_000, "ten megabytes of head were taken");
    works(&bridge);
}

#[test]
fn a_body_that_does_not_come_is_given_up_and_nothing_was_done() {
    let bridge = Bridge::with_config(CONFIG);
    let ask = || Ask::post("/action", &json!({ "action": "open-browser", "url": "https://example.com/" }).to_string());
    let mut slow: Vec<Peer> = (0..20)
        .map(|_| {
            let mut peer = bridge.peer();
            peer.send(ask().head()).send("{\"act");
            peer
        })
        .collect();
    works(&bridge);
    let before = bridge.seq();
    for peer in &mut slow {
        let rest = peer.until_closed();
        assert!(!rest.contains("202 Accepted"), "{rest}");
    }
    assert!(bridge.seq() >= before);
    assert_eq!(bridge.get("agent", "/queue").json()["tickets"], json!([]));
}

#[test]
fn a_huge_body_is_refused_by_its_head_and_never_read_to_its_end() {
    let bridge = Bridge::with_config(CONFIG);
    let huge = Ask::post("/action", &format!("{{\"action\":\"{}\"}}", "a".repeat(80 * 1024)));
    bridge.send(&huge).refused(413, ProblemType::TooLarge);
    let mut lying = bridge.peer();
    lying.send("POST /action HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
    assert!(matches!(lying.reply().status, 400 | 401 | 413), "an unsigned body is not read");
    lying.until_closed();
    let mut chunked = bridge.peer();
    let head = Ask::post("/action", "{}").head().replacen("Content-Length: 2", "Transfer-Encoding: chunked", 1);
    chunked.send(head);
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let began = Instant::now();
    // What comes after the refusal is thrown away for a moment, so that the refusal arrives.
    while chunked.try_send(&chunk).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(60), "an endless body is read for ever");
    }
    works(&bridge);
}

#[test]
fn two_hundred_idle_connections_cost_a_caller_nothing() {
    let bridge = Bridge::with_config(CONFIG);
    let mut idle = peers(&bridge, 200, b"");
    let mut served = peers(&bridge, 20, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for peer in &mut served {
        assert_eq!(peer.reply().status, 200);
    }
    works(&bridge);
    for peer in idle.iter_mut().chain(&mut served) {
        peer.until_closed();
    }
}

#[test]
fn a_flood_of_strangers_leaves_room_for_the_approver() {
    let bridge = Bridge::with_config("[limits]\nconnections_max = 30\napprover_connections_reserved = 10\n");
    let _strangers = peers(&bridge, 120, b"GET / HTTP/1.1\r\n");
    assert_eq!(bridge.get("user", "/queue").status, 200);
    assert_eq!(bridge.get("agent", "/queue").status, 200, "who signs comes before who does not");
}

#[test]
fn callers_that_wait_hold_nobody_up_and_a_caller_that_left_is_forgotten() {
    let bridge = Bridge::with_config("[limits]\nwaits_per_user_max = 2\n");
    let ticket = bridge.submit("agent", &json!({ "action": "open-browser", "url": "https://example.com/" })).ticket();
    let held = || Ask::get(&format!("/queue/{}", ticket.id)).with("prefer", "wait=300");
    let mut waiting: Vec<Peer> = (0..2)
        .map(|_| {
            let mut peer = bridge.peer();
            peer.send(held().bytes());
            peer
        })
        .collect();
    works(&bridge);
    // Until both are held, the third would be held itself: a short wait of its own lets it come again.
    let third = || Ask::get(&format!("/queue/{}", ticket.id)).with("prefer", "wait=1");
    bridge.until("the third waits for nothing", || (bridge.send(&third()).status == 429).then_some(()));
    waiting.pop();
    bridge.post("user", &format!("/queue/{}/deny", ticket.id), &json!({})).ticket();
    assert_eq!(waiting[0].reply().ticket().status, ccc_protocol::bodies::Status::Denied, "and is told at once");
}

#[test]
fn bytes_with_two_lengths_are_refused_and_end_the_connection() {
    let bridge = Bridge::start();
    let body = json!({ "action": "open-browser", "url": "https://example.com/" }).to_string();
    let before = bridge.seq();
    let head = |from: &str, to: &str| {
        let head = Ask::post("/action", &body).head();
        assert!(head.contains(from), "{head}");
        head.replacen(from, to, 1)
    };
    let length = format!("Content-Length: {}\r\n", body.len());
    let smuggled = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for bad in [
        head(&length, &format!("{length}Content-Length: {}\r\n", body.len() + 1)),
        head(&length, &format!("{length}Content-Length: 0\r\n")),
        head(&length, "Content-Length: +5\r\n"),
        head(&length, "Content-Length: 1e1\r\n"),
        head(&length, "Content-Length: -1\r\n"),
        head(&length, "Transfer-Encoding: xchunked\r\n"),
        head(&length, "Transfer-Encoding: chunked, identity\r\n"),
        head("Host: localhost\r\n", "Host: localhost\r\nHost: localhost\r\n"),
        head("Host: localhost\r\n", "Host : localhost\r\n"),
        head("Host: localhost\r\n", "Host: localhost\r\n folded: yes\r\n"),
        head("POST /action HTTP/1.1", "POST /action HTTP/1.1 x"),
        head("POST /action HTTP/1.1", "POST  /action HTTP/1.1"),
    ] {
        let mut peer = bridge.peer();
        peer.send(format!("{bad}{body}{smuggled}"));
        let first = peer.try_reply().map_or(400, |reply| reply.status);
        assert!(matches!(first, 400 | 401 | 501), "{first}: {bad}");
        assert!(!peer.until_closed().contains(r#"{"status":"ok"}"#), "what follows was read as a request: {bad}");
    }
    let both = head(&length, &format!("{length}Transfer-Encoding: chunked\r\n"));
    let mut peer = bridge.peer();
    peer.send(format!("{both}{:x}\r\n{body}\r\n0\r\n\r\n{smuggled}", body.len()));
    let _ = peer.try_reply();
    assert!(!peer.until_closed().contains(r#"{"status":"ok"}"#), "both lengths: the connection ends after the answer");
    let accepted = bridge.get("agent", "/queue").json()["tickets"].as_array().unwrap().len();
    assert!(accepted <= 1 && bridge.seq() <= before + 1);
}

#[test]
fn browsers_encodings_and_crooked_paths_are_refused() {
    let bridge = Bridge::start();
    let before = bridge.seq();
    let body = r#"{"action":"list-actions"}"#;
    for origin in ["null", "http://localhost:3015", "https://evil.example"] {
        bridge.send(&Ask::post("/action", body).with("origin", origin)).refused(403, ProblemType::NotAllowed);
    }
    let preflight = "OPTIONS /action HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n";
    let reply = bridge.peer().send(preflight).reply();
    assert!(
        reply.status >= 400 && !reply.fields.iter().any(|(name, _)| name.to_lowercase().starts_with("access-control"))
    );
    for encoding in ["gzip", "identity", "br"] {
        bridge
            .send(&Ask::post("/action", body).with("content-encoding", encoding))
            .refused(415, ProblemType::MediaType);
    }
    for target in [
        "//queue", "/queue/", "/./queue", "/queue/../queue", "/%71ueue", "/queue%00", "/queue//x",
        "http://localhost/queue", "*",
    ] {
        let mut peer = bridge.peer();
        peer.send(Ask::get(target).bytes());
        let status = peer.try_reply().map_or(400, |reply| reply.status);
        assert!(matches!(status, 400 | 404), "{target}: {status}");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io"] {
        let rebound = Ask::get("/queue").head().replacen("Host: localhost", &format!("Host: {host}"), 1);
        assert!(matches!(bridge.peer().send(rebound).reply().status, 400 | 401), "{host}");
    }
    assert_eq!(bridge.seq(), before);
}

#[test]
fn fields_that_sign_are_sent_once() {
    let bridge = Bridge::start();
    let key = ccc_tests::wire::fresh_key();
    let body = r#"{"action":"list-actions"}"#;
    let ask = || Ask::post("/action", body).with("idempotency-key", &key);
    for name in ["Signature-Input", "Signature", "Content-Digest", "idempotency-key"] {
        let head = ask().head();
        let line = head.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap().to_owned();
        let twice = head.replacen(&line, &format!("{line}\r\n{line}"), 1);
        let status = bridge.peer().send(twice).send(body).reply().status;
        assert!(matches!(status, 400 | 401), "{name} twice: {status}");
    }
    let two = ask().head().replacen("Signature-Input: ccc=", "Signature-Input: a=(\"@method\");created=1, ccc=", 1);
    assert!(matches!(bridge.peer().send(two).send(body).reply().status, 400 | 401), "two signatures");
}

#[test]
fn requests_that_follow_each_other_on_one_connection_are_each_their_own() {
    let bridge = Bridge::start();
    let asks: Vec<Ask> = ["/queue", "/actions", "/queue"].map(Ask::get).into();
    let mut peer = bridge.peer();
    peer.send(asks.iter().flat_map(Ask::bytes).collect::<Vec<_>>());
    for ask in &asks {
        let reply = peer.reply();
        ask.verify(&reply).expect("each answer is for its own request");
        assert_eq!(reply.status, 200);
    }
}
