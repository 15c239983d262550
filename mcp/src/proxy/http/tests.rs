//! A server behind HTTP that the tests play themselves.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use ccc_client::http1::{Body, RequestHead};
use ccc_protocol::TicketId;
use serde_json::{Value, json};

use super::run;
use crate::{
    definition::ServerName,
    http::HEAD_BYTES_MAX,
    judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch},
    proxy::{Limits, Settings},
};

const SOON: Duration = Duration::from_secs(20);

struct Open;

impl Judge for Open {
    fn judge(&self, call: &ToolCall, _: &dyn Watch) -> Verdict {
        if call.tool == "bad" {
            Verdict::Deny { reason: "no".into(), ticket: None }
        } else {
            Verdict::Allow(crate::signed::cleared())
        }
    }
    fn withdraw(&self, _: TicketId) {}
    fn pin(&self, _: &PinRequest) -> Trust {
        Trust::Approved
    }
    fn wait_for_pin(&self, ticket: TicketId, _: Duration) -> Trust {
        Trust::Waiting(ticket)
    }
}

type Asked = (RequestHead, Value, TcpStream);

struct Rig {
    client: std::io::PipeWriter,
    answers: BufReader<std::io::PipeReader>,
    asked: Receiver<Asked>,
    proxy: thread::JoinHandle<std::io::Result<u8>>,
}

impl Rig {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| serve(stream, &sender)));
        let (client_in, client) = std::io::pipe().unwrap();
        let (answers, client_out) = std::io::pipe().unwrap();
        let name = ServerName { name: "web".into(), command: vec!["http".into()] };
        let settings = Settings { limits: Limits { end_seconds_max: 1, ..Limits::default() }, ..Settings::default() };
        let proxy =
            thread::spawn(move || run(endpoint, name, settings, Box::new(Open), client_in, client_out, never()));
        Self { client, answers: BufReader::new(answers), asked, proxy }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.client, "{message}").unwrap();
    }

    fn asked(&self) -> Asked {
        self.asked.recv_timeout(SOON).expect("a request to the server")
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// Nobody asks the proxy to end.
fn never() -> Receiver<()> {
    mpsc::channel().1
}

fn serve(stream: TcpStream, sender: &Sender<Asked>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Ok(Some(head)) = RequestHead::read(&mut reader, 1 << 16) else { return };
    let mut body = String::new();
    Body::new(reader, head.framing().unwrap()).read_to_string(&mut body).unwrap();
    let message = serde_json::from_str(&body).unwrap_or(Value::Null);
    let _over = sender.send((head, message, stream));
}

fn reply(mut stream: TcpStream, fields: &str, body: &str) {
    write!(stream, "HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}

fn refuse(mut stream: TcpStream, status: &str) {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
}

const JSON: &str = "Content-Type: application/json";

#[test]
fn a_session_is_kept_and_ended() {
    let mut rig = Rig::new();
    rig.send(&json!({"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}));
    let (_, asked, stream) = rig.asked();
    assert_eq!(asked["method"], json!("initialize"));
    reply(
        stream,
        "Content-Type: application/json\r\nMcp-Session-Id: s-1",
        "{\n \"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-11-25\"}\n}",
    );
    assert_eq!(rig.answer()["result"]["protocolVersion"], json!("2025-11-25"));
    rig.send(&json!({"jsonrpc":"2.0","method":"notifications/initialized"}));
    let (head, _, stream) = rig.asked();
    assert_eq!(head.fields.only("mcp-protocol-version").unwrap(), Some("2025-11-25"));
    refuse(stream, "202 Accepted");
    let (head, _, stream) = rig.asked();
    assert_eq!((head.method.as_str(), head.target.as_str()), ("GET", "/mcp"));
    assert_eq!(head.fields.only("mcp-session-id").unwrap(), Some("s-1"));
    let said = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n";
    let mut listening = stream.try_clone().unwrap();
    write!(listening, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{said}").unwrap();
    assert_eq!(rig.answer()["method"], json!("notifications/message"));
    drop((rig.client, listening));
    let (head, _, end) = rig.asked.recv_timeout(SOON).unwrap();
    assert_eq!((head.method.as_str(), head.fields.only("mcp-session-id").unwrap()), ("DELETE", Some("s-1")));
    refuse(end, "204 No Content");
    drop(stream);
    assert_eq!(rig.proxy.join().unwrap().unwrap(), 0);
}

#[test]
fn calls_are_judged_and_streams_carry_what_comes_before_the_result() {
    let mut rig = Rig::new();
    let meta = json!({"io.modelcontextprotocol/protocolVersion":"2026-07-28"});
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":meta}}));
    let (head, _, stream) = rig.asked();
    assert_eq!(head.fields.only("mcp-protocol-version").unwrap(), Some("2026-07-28"));
    assert_eq!(
        (head.fields.only("mcp-method").unwrap(), head.fields.only("mcp-session-id").unwrap()),
        (Some("tools/list"), None)
    );
    reply(stream, JSON, r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"good"},{"name":"bad"}]}}"#);
    rig.answer();
    rig.send(&json!({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"bad","_meta":meta}}));
    assert_eq!(rig.answer()["result"]["isError"], json!(true));
    rig.send(&json!({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"good","_meta":meta}}));
    let (head, _, mut stream) = rig.asked();
    assert_eq!(head.fields.only("mcp-name").unwrap(), Some("good"));
    let events = [
        json!({"jsonrpc":"2.0","method":"notifications/progress","params":{}}),
        json!({"jsonrpc":"2.0","id":3,"result":{}}),
    ];
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    for event in &events {
        let data = format!("event: message\ndata: {event}\n\n");
        write!(stream, "{:x}\r\n{data}\r\n", data.len()).unwrap();
        assert_eq!(rig.answer(), *event);
    }
}

#[test]
fn a_server_that_fails_is_an_error_for_the_one_who_asked() {
    let mut rig = Rig::new();
    for (id, status) in [(1, "500 Internal Server Error"), (2, "404 Not Found"), (3, "202 Accepted")] {
        rig.send(&json!({"jsonrpc":"2.0","id":id,"method":"ping"}));
        refuse(rig.asked().2, status);
        let answer = rig.answer();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32000)), "{status}");
    }
    rig.send(&json!({"jsonrpc":"2.0","id":4,"method":"ping"}));
    reply(rig.asked().2, "Content-Type: text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n\n");
    assert_eq!(rig.answer()["id"], json!(4), "an answer to somebody else's question is none");
}

#[test]
fn a_cancelled_stateless_request_ends_its_connection() {
    let mut rig = Rig::new();
    rig.send(&json!({"jsonrpc":"2.0","id":"listen:0","method":"subscriptions/listen","params":{}}));
    let (_, _, mut stream) = rig.asked();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").unwrap();
    rig.send(&json!({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"listen:0"}}));
    stream.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection ends");
}

#[test]
fn a_notification_that_is_never_answered_holds_up_what_follows_for_a_while_alone() {
    let mut rig = Rig::new();
    rig.send(&json!({"jsonrpc":"2.0","method":"notifications/x"}));
    let (_, asked, mut held) = rig.asked();
    assert_eq!(asked["method"], json!("notifications/x"));
    // Bytes that drip in win no time.
    let dripping = thread::spawn(move || {
        while held.write_all(b"H").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
    let (_, asked, stream) = rig.asked();
    assert_eq!(asked["method"], json!("ping"));
    reply(stream, JSON, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(rig.answer()["id"], json!(1));
    drop(rig.client);
    assert_eq!(rig.proxy.join().unwrap().unwrap(), 0);
    dripping.join().unwrap();
}

#[test]
fn a_request_that_has_no_answer_when_the_client_ends_gets_one() {
    let mut rig = Rig::new();
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
    let (_, _, _held) = rig.asked();
    drop(rig.client);
    let mut line = String::new();
    rig.answers.read_line(&mut line).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32000)));
    assert_eq!(rig.proxy.join().unwrap().unwrap(), 0);
}

#[test]
fn an_answer_has_a_limit_of_head_body_and_events() {
    let mut rig = Rig::new();
    let over = "x".repeat(Limits::default().line_bytes_max + 1);
    let answers = [
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX)),
        format!("HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n\"{over}\""),
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {over}\n\n"),
    ];
    for (id, answer) in answers.iter().enumerate() {
        rig.send(&json!({"jsonrpc":"2.0","id":id,"method":"ping"}));
        // The proxy hangs up as soon as it has read enough.
        let _hung_up = rig.asked().2.write_all(answer.as_bytes());
        let told = rig.answer();
        assert_eq!((&told["id"], &told["error"]["code"]), (&json!(id), &json!(-32000)));
    }
}
