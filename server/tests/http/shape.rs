//! A request has one meaning or is refused: methods, targets, hosts, lengths, encodings, sizes.

use crate::{
    peer::{Ask, Peer, exchange},
    served::Served,
};

fn raw(served: &Served, bytes: &str) -> u16 {
    Peer::connect(served.addr).send(bytes).reply().status
}

#[test]
fn web_pages_are_kept_out_signed_or_not() {
    let served = Served::start();
    let ask = Ask::get("/queue").with("Origin", "http://localhost:3015");
    let reply = exchange(served.addr, &ask);
    assert_eq!(reply.status, 403);
    ask.verify(&reply).expect("its MAC was right");
    assert!(!reply.fields.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("access-control-")));
    assert_eq!(raw(&served, "GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n"), 403);
    assert_eq!(raw(&served, "OPTIONS /action HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n"), 403);
}

#[test]
fn other_methods_are_405_and_other_paths_404() {
    let served = Served::start();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"] {
        assert_eq!(raw(&served, &format!("{method} /queue HTTP/1.1\r\nHost: localhost\r\n\r\n")), 405, "{method}");
    }
    let wrong_method = Ask::get("/action");
    let reply = exchange(served.addr, &wrong_method);
    assert_eq!(reply.status, 405);
    wrong_method.verify(&reply).unwrap();
    let nowhere = Ask::get("/admin");
    let reply = exchange(served.addr, &nowhere);
    assert_eq!(reply.status, 404);
    nowhere.verify(&reply).unwrap();
}

#[test]
fn a_target_with_two_readings_is_400() {
    let served = Served::start();
    for target in ["/queue%2f", "//queue", "/./queue", "/x/../queue", "/queue/..", "http://localhost/queue", "*"] {
        let status = raw(&served, &format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(status, 400, "{target}");
    }
}

#[test]
fn only_this_servers_names_are_answered_to() {
    let served = Served::start();
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:3015", ""] {
        assert_eq!(raw(&served, &format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n")), 400, "{host}");
    }
    assert_eq!(raw(&served, "GET /health HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(raw(&served, "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
    assert_eq!(raw(&served, "GET /health HTTP/1.1\r\nHost: LOCALHOST:1\r\n\r\n"), 200);
}

#[test]
fn fields_that_decide_are_sent_once() {
    let served = Served::start();
    let ask = Ask::post("/action", r#"{"action":"list-actions"}"#);
    let head = ask.head();
    for name in ["Signature", "Signature-Input", "Content-Digest", "Host"] {
        let line = head.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap();
        let twice = head.replacen(line, &format!("{line}\r\n{line}"), 1) + r#"{"action":"list-actions"}"#;
        assert_eq!(raw(&served, &twice), 400, "{name}");
    }
}

#[test]
fn a_body_has_one_length_and_one_encoding() {
    let served = Served::start();
    let body = r#"{"action":"list-actions"}"#;
    let differing = Ask::post("/action", body).head().replacen("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n", 1) + body;
    assert_eq!(raw(&served, &differing), 400);
    let encoded = Ask::post("/action", body).with("Content-Encoding", "gzip");
    assert_eq!(exchange(served.addr, &encoded).status, 415);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"] {
        let ask = Ask::post("/action", body).with("Content-Type", content_type);
        assert_eq!(exchange(served.addr, &ask).status, 415, "{content_type}");
    }
    assert_eq!(exchange(served.addr, &Ask { method: "GET", ..Ask::post("/queue", "{}") }).status, 400);
}

#[test]
fn a_length_beside_chunks_ends_the_connection_after_the_answer() {
    let served = Served::start();
    let body = r#"{"action":"list-actions"}"#;
    let head = Ask::post("/action", body).head().replacen("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1);
    let mut peer = Peer::connect(served.addr);
    peer.send(format!("{head}{:x}\r\n{body}\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", body.len()));
    assert_eq!(peer.reply().status, 200);
    assert_eq!(peer.until_closed(), "", "what follows is no request");
}

#[test]
fn a_chunked_body_is_a_body_like_another() {
    let served = Served::start();
    let body = r#"{"action":"list-actions"}"#;
    let ask = Ask::post("/action", body);
    let head = ask.head().replacen(&format!("Content-Length: {}", body.len()), "Transfer-Encoding: chunked", 1);
    let mut peer = Peer::connect(served.addr);
    let (one, two) = body.split_at(7);
    peer.send(format!("{head}{:x}\r\n{one}\r\n", one.len())).send(format!("{:x}\r\n{two}\r\n0\r\n\r\n", two.len()));
    let reply = peer.reply();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(peer.send(Ask::get("/queue").bytes()).reply().status, 200, "the connection goes on");
}

#[test]
fn a_body_over_the_limit_is_413_which_arrives_although_the_peer_still_sends() {
    let served = Served::start_with(|settings| settings.limits.body_bytes_max = 100);
    let body = format!(r#"{{"reason":"{}"}}"#, "x".repeat(4 << 20));
    let ask = Ask::post("/queue/0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f/deny", &body);
    let mut peer = Peer::connect(served.addr);
    // The server may be done with us before all of it is sent.
    let _ = peer.try_send(ask.bytes());
    let reply = peer.reply();
    assert_eq!((reply.status, reply.field("connection")), (413, Some("close")));
    ask.verify(&reply).unwrap();
    assert_eq!(peer.until_closed(), "");
}

#[test]
fn a_tool_calls_body_may_be_longer_than_any_other_actions() {
    let served = Served::start_with(|settings| {
        (settings.limits.body_bytes_max, settings.limits.tool_body_bytes_max) = (200, 1000);
    });
    let long = |action: &str, bytes: usize| format!(r#"{{"action":"{action}","input":"{}"}}"#, "x".repeat(bytes));
    assert_eq!(exchange(served.addr, &Ask::post("/action", &long("edit-file", 300))).status, 413);
    assert_ne!(exchange(served.addr, &Ask::post("/action", &long("use-tool", 300))).status, 413);
    assert_eq!(exchange(served.addr, &Ask::post("/action", &long("use-tool", 1000))).status, 413);
}

#[test]
fn a_head_over_its_limits_is_refused() {
    let served =
        Served::start_with(|settings| (settings.limits.head_bytes_max, settings.limits.head_fields_max) = (8192, 20));
    let many = (0..21).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    assert_eq!(raw(&served, &format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")), 400);
    let long = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nx: {}\r\n\r\n", "y".repeat(9000));
    assert_eq!(raw(&served, &long), 431);
}

#[test]
fn queries_are_known_numbers_or_refused() {
    let served = Served::start();
    assert_eq!(exchange(served.addr, &Ask::get("/queue?after=0&limit=5")).status, 200);
    for target in ["/queue?after=x", "/queue?before=1", "/queue?after=1&after=1", "/actions?x=1", "/audit?limit=-1"] {
        assert_eq!(exchange(served.addr, &Ask::get(target).of("user")).status, 400, "{target}");
    }
}

#[test]
fn a_number_out_of_its_range_is_refused_and_never_cut_to_it() {
    let served = Served::start();
    for list in ["/queue", "/audit", "/grants"] {
        for (limit, status) in [("1", 200), ("5000", 200), ("0", 400), ("5001", 400), ("9007199254740992", 400)] {
            let reply = exchange(served.addr, &Ask::get(&format!("{list}?limit={limit}")).of("user"));
            assert_eq!(reply.status, status, "{list} {limit}: {}", reply.text());
        }
    }
    assert_eq!(exchange(served.addr, &Ask::get("/queue?after=9007199254740992")).status, 400);
    assert_eq!(exchange(served.addr, &Ask::get("/events").with("last-event-id", "9007199254740992")).status, 400);
    let waiting = |wait: &str| {
        let submit = Ask::post("/action", r#"{"action":"list-actions"}"#).with("prefer", wait);
        exchange(served.addr, &submit).status
    };
    for (wait, status) in [
        ("wait=0", 200),
        ("wait=300", 200),
        ("respond-async, wait=5", 200),
        ("respond-async", 200),
        ("wait=301", 400),
        ("wait=99999999999999999999", 400),
        ("wait=-1", 400),
        ("wait=soon", 400),
        ("wait", 400),
    ] {
        assert_eq!(waiting(wait), status, "{wait}");
    }
}

#[test]
fn bodies_are_read_one_way() {
    let served = Served::start();
    for body in [
        "",
        "[]",
        "null",
        "{",
        r#"{"action":"a","action":"b"}"#,
        r#"{"action":"list-actions"} x"#,
        r#"{"action":1}"#,
        r#"{"url":"x"}"#,
        r#"{"action":"list-actions","x":9007199254740993}"#,
        "\u{feff}{}",
    ] {
        let reply = exchange(served.addr, &Ask::post("/action", body));
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
    }
    let not_utf8 = Ask { body: Some(b"{\"action\":\"\xff\"}".to_vec()), ..Ask::post("/action", "") };
    assert_eq!(exchange(served.addr, &not_utf8).status, 400);
    let unknown_field = Ask::post("/freeze", r#"{"frozen":true,"until":1}"#).of("user");
    assert_eq!(exchange(served.addr, &unknown_field).status, 400);
}

#[test]
fn an_idempotency_key_is_a_uuid_in_quotes_and_signed() {
    let served = Served::start();
    let body = r#"{"action":"list-actions"}"#;
    let key = "\"0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f\"";
    assert_eq!(exchange(served.addr, &Ask::post("/action", body).with("idempotency-key", "abc")).status, 400);
    assert_eq!(exchange(served.addr, &Ask::post("/action", body).with("idempotency-key", key)).status, 200);
    let unsigned_key = Ask::post("/action", body).head().replacen(
        "Content-Digest",
        &format!("Idempotency-Key: {key}\r\nContent-Digest"),
        1,
    ) + body;
    assert_eq!(raw(&served, &unsigned_key), 401);
}
