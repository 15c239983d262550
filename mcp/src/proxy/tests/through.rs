//! What is not judged passes byte for byte, in order, both ways.

use super::rig::{Rig, call_line};
use crate::{
    frame::Frame,
    proxy::{Limits, Proxy, Settings},
};
use serde_json::json;
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

#[test]
fn what_is_not_judged_passes_byte_for_byte_and_in_order() {
    let rig = Rig::open();
    let from_client = [
        "{ \"jsonrpc\" : \"2.0\", \"id\":\"server-discover-probe-1\",\"method\":\"server/discover\",\"params\":{\"x\":1.0e0,\"x2\":\"\\u00e9\"}}\r",
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"something/new","params":{"deep":[[[[]]]],"big":12345678901234567890}}"#,
        r#"{"jsonrpc":"2.0","id":"listen:0","method":"subscriptions/listen","params":{"é":"😀"}}"#,
    ];
    for line in from_client {
        rig.client_sends(line);
    }
    for line in from_client {
        assert_eq!(rig.at_server(), line);
    }
    let from_server = [
        "{\"id\":1 , \"jsonrpc\":\"2.0\",\"result\":{\"n\":1e400,\"s\":\"\\ud800\",\"a\":1,\"a\":2}}\r",
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"é"}}"#,
        r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"what?"},"id":null}"#,
    ];
    for line in from_server {
        rig.server_sends(line);
    }
    for line in from_server {
        assert_eq!(rig.at_client(), line);
    }
}

#[test]
fn ids_of_the_two_directions_are_kept_apart() {
    let rig = Rig::open();
    rig.list(&[json!({"name": "echo"})]);
    let call = rig.call(0, "echo");
    assert_eq!(rig.at_server(), call);
    let asks = r#"{"jsonrpc":"2.0","id":0,"method":"roots/list"}"#;
    rig.server_sends(asks);
    assert_eq!(rig.at_client(), asks);
    let answers = r#"{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}"#;
    rig.client_sends(answers);
    assert_eq!(rig.at_server(), answers);
    let result = r#"{"jsonrpc":"2.0","id":0,"result":{"content":[]}}"#;
    rig.server_sends(result);
    assert_eq!(rig.at_client(), result);
}

#[test]
fn an_id_that_still_waits_is_not_given_twice() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
    rig.at_server();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#);
    let refused = rig.value_at_client();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(null), &json!(-32600)));
    rig.nothing_at_server();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":"7","method":"ping"}"#);
    rig.at_server();
}

#[test]
fn malformed_input_is_answered_and_kills_nothing() {
    let rig = Rig::open();
    for (line, code) in [
        (&b"{\"jsonrpc\":"[..], -32700),
        (b"\xff\xfe", -32700),
        (b"hello", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} {}", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32600),
    ] {
        rig.proxy.client_sent(Frame::Line(line.to_vec()));
        assert_eq!(rig.value_at_client()["error"]["code"], json!(code), "{line:?}");
    }
    rig.proxy.client_sent(Frame::TooLong { bytes: 1 << 40, id: Some(crate::id::Id::Number(5)), asks: true });
    let refused = rig.value_at_client();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(5), &json!(-32600)));
    rig.nothing_at_server();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    rig.client_sends(ping);
    assert_eq!(rig.at_server(), ping);
}

#[test]
fn an_error_about_an_unreadable_line_does_not_end_another_request() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    rig.at_server();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":3,"result":{},"extra":1}"#);
    assert_eq!(rig.value_at_client()["id"], json!(null));
}

#[test]
fn a_cancellation_of_what_the_server_knows_is_passed_on() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    rig.at_server();
    let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3,"reason":"x"}}"#;
    rig.client_sends(cancelled);
    assert_eq!(rig.at_server(), cancelled);
    rig.client_sends(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3,"requestId":4}}"#);
    rig.nothing_at_server();
}

#[test]
fn the_end_of_the_server_answers_everybody() {
    let rig = Rig::open();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    rig.proxy.server_ended();
    let answer = rig.value_at_client();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32000)));
}

#[test]
fn what_is_asked_after_the_end_is_answered_and_not_passed_on() {
    let rig = Rig::open();
    rig.proxy.client_ended();
    rig.client_sends(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    rig.client_sends(&call_line(4, "echo"));
    for id in [3, 4] {
        let answer = rig.value_at_client();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32000)));
    }
    rig.nothing_at_client();
}

#[test]
fn a_client_that_is_slow_to_read_gets_its_answers_whole_before_the_end() {
    struct Slow(Arc<Mutex<Vec<u8>>>);
    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(20));
            let (now, _later) = bytes.split_at(bytes.len().div_ceil(3));
            self.0.lock().unwrap().extend_from_slice(now);
            Ok(now.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let read = Arc::new(Mutex::default());
    let rig = Rig::to(Box::new(Slow(Arc::clone(&read))));
    rig.client_sends(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    rig.client_sends(r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#);
    rig.proxy.finish(Duration::from_secs(20), Proxy::server_ended);
    let read = read.lock().unwrap();
    let answers: Vec<serde_json::Value> =
        read.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!((answers.len(), read.last()), (2, Some(&b'\n')));
}

#[test]
fn there_is_a_limit_to_unanswered_requests() {
    let settings = Settings { limits: Limits { outstanding_max: 2, ..Limits::default() }, ..Settings::default() };
    let rig = Rig::with(
        settings,
        |_, _| crate::judge::Verdict::Allow(crate::signed::cleared()),
        |_| crate::judge::Trust::Approved,
    );
    for id in 0..2 {
        rig.client_sends(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#));
        rig.at_server();
    }
    rig.client_sends(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(rig.value_at_client()["id"], json!(2));
    rig.client_sends(&call_line(3, "echo"));
    assert_eq!(rig.value_at_client()["id"], json!(3));
    rig.nothing_at_server();
}
