//! The server of the bridge's actions, with a bridge that the tests play themselves.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::{
    TicketId,
    bodies::{ActionInfo, Ticket},
};
use serde_json::{Map, Value, json};

use super::{desk::Desk, http, outcome::Outcome, stdio};
use crate::{
    judge::{Verdict, Watch},
    proxy::{Limits, Settings},
};

const SOON: Duration = Duration::from_secs(20);
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Accepts `open-browser`, queues `slow` until it is told, and has no other action.
struct Told {
    submitted: Mutex<Sender<Map<String, Value>>>,
    withdrawn: Mutex<Sender<TicketId>>,
    decide: Mutex<Receiver<()>>,
}

fn id() -> TicketId {
    TicketId::new(1, [7; 10])
}

fn ticket(status: &str) -> Ticket {
    let digest = ccc_protocol::Digest::of(b"");
    serde_json::from_value(json!({
        "id": id(), "seq": 1, "status": status, "action": "open-browser", "params": {}, "submitted_by": "agent",
        "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest, "rule": "open by default",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": {"opened": true},
    }))
    .unwrap()
}

impl Desk for Told {
    fn actions(&self) -> Result<Vec<ActionInfo>, String> {
        let action =
            |name: &str| json!({"action":name,"description":"d","group":"g","params":[],"policy":"auto-accept"});
        Ok(serde_json::from_value(json!([action("open-browser"), action("slow")])).unwrap())
    }

    fn submit(&self, action: &str, params: Map<String, Value>, watch: &dyn Watch) -> Outcome {
        self.submitted.lock().unwrap().send(params).unwrap();
        if action == "slow" {
            while watch.queued(id()) && Instant::now() < watch.deadline() {
                if self.decide.lock().unwrap().recv_timeout(Duration::from_millis(20)).is_ok() {
                    return Outcome::of(Ok(ticket("queued")));
                }
            }
        }
        Outcome::of(Ok(ticket("succeeded")))
    }

    fn look(&self, _: TicketId) -> Outcome {
        Outcome::of(Ok(ticket("denied")))
    }

    fn withdraw(&self, ticket: TicketId) {
        self.withdrawn.lock().unwrap().send(ticket).unwrap();
    }

    fn approve(&self, native: &str, _: &Map<String, Value>, _: &dyn Watch) -> Verdict {
        match native {
            "Read" => Verdict::Allow(crate::signed::cleared()),
            _ => Verdict::Deny { reason: "not this".into(), ticket: None },
        }
    }
}

struct Bridge {
    desk: Arc<dyn Desk>,
    submitted: Receiver<Map<String, Value>>,
    withdrawn: Receiver<TicketId>,
    decide: Sender<()>,
}

fn bridge() -> Bridge {
    let (submit, submitted) = mpsc::channel();
    let (withdraw, withdrawn) = mpsc::channel();
    let (decide, decided) = mpsc::channel();
    let desk = Told { submitted: Mutex::new(submit), withdrawn: Mutex::new(withdraw), decide: Mutex::new(decided) };
    Bridge { desk: Arc::new(desk), submitted, withdrawn, decide }
}

struct Client {
    to: std::io::PipeWriter,
    from: BufReader<std::io::PipeReader>,
    server: thread::JoinHandle<std::io::Result<()>>,
}

impl Client {
    fn new(bridge: &Bridge) -> Self {
        let (server_in, to) = std::io::pipe().unwrap();
        let (from, server_out) = std::io::pipe().unwrap();
        let desk = Arc::clone(&bridge.desk);
        let settings = Settings {
            limits: Limits { end_seconds_max: 1, ..Limits::default() },
            wait: Some(SOON),
            ..Settings::default()
        };
        let server = thread::spawn(move || stdio::serve(&desk, &settings, server_in, server_out));
        Self { to, from: BufReader::new(from), server }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to, "{message}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.send(&json!({"jsonrpc":"2.0","id":"q","method":method,"params":params}));
        self.hear()
    }
}

#[test]
fn both_eras_are_spoken() {
    let bridge = bridge();
    let mut client = Client::new(&bridge);
    let begun = client.ask("initialize", &json!({"protocolVersion":"2025-06-18"}));
    assert_eq!(begun["result"]["protocolVersion"], json!("2025-06-18"));
    let unknown = client.ask("initialize", &json!({"protocolVersion":"1999-01-01"}));
    assert_eq!(unknown["result"]["protocolVersion"], json!("2025-11-25"));
    let listed = client.ask("tools/list", &json!({}));
    assert_eq!((listed["result"].get("resultType"), listed["result"].get("ttlMs")), (None, None));
    let meta = |version: &str| json!({"_meta":{"io.modelcontextprotocol/protocolVersion":version}});
    let found = client.ask("server/discover", &meta("2026-07-28"));
    assert_eq!(found["result"]["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(found["result"]["resultType"], json!("complete"));
    let listed = client.ask("tools/list", &meta("2026-07-28"));
    assert_eq!((&listed["result"]["resultType"], &listed["result"]["ttlMs"]), (&json!("complete"), &json!(0)));
    let refused = client.ask("tools/list", &meta("2031-01-01"));
    assert_eq!(
        (&refused["error"]["code"], &refused["error"]["data"]["supported"]),
        (&json!(-32022), &json!(["2026-07-28"]))
    );
    assert_eq!(client.ask("nowhere", &json!({}))["error"]["code"], json!(-32601));
}

#[test]
fn an_action_is_a_tool_and_its_result_fits_its_schema() {
    let bridge = bridge();
    let mut client = Client::new(&bridge);
    let listed = client.ask("tools/list", &json!({}));
    let tool = &listed["result"]["tools"][0];
    assert_eq!(tool["name"], json!("open-browser"));
    let called = client.ask("tools/call", &json!({"name":"open-browser","arguments":{"url":"https://example.com/"}}));
    assert_eq!(bridge.submitted.recv().unwrap(), *json!({"url":"https://example.com/"}).as_object().unwrap());
    let structured = called["result"]["structuredContent"].as_object().unwrap();
    assert_eq!((&structured["status"], &structured["ticket"]), (&json!("succeeded"), &json!(id())));
    assert_eq!(structured["result"], json!({"opened": true}));
    for required in tool["outputSchema"]["required"].as_array().unwrap() {
        assert!(structured.contains_key(required.as_str().unwrap()), "{required}");
    }
    assert_eq!(called["result"]["isError"], json!(false));
    let looked = client.ask("tools/call", &json!({"name":"ticket-status","arguments":{"ticket":id()}}));
    assert_eq!(
        (&looked["result"]["isError"], &looked["result"]["structuredContent"]["status"]),
        (&json!(true), &json!("denied"))
    );
    for wrong in [
        json!({"name":"use-tool"}),
        json!({"name":"slow","arguments":{"action":"open-browser"}}),
        json!({"name":"ticket-status"}),
    ] {
        let refused = client.ask("tools/call", &wrong);
        assert_eq!(refused["result"]["structuredContent"]["status"], json!("refused"), "{wrong}");
    }
    assert!(bridge.submitted.try_recv().is_err());
}

#[test]
fn the_permission_prompt_is_answered_in_the_one_block_that_its_host_reads() {
    let bridge = bridge();
    let mut client = Client::new(&bridge);
    let mut ask = |arguments: Value| {
        let answer = client.ask("tools/call", &json!({"name":"approve","arguments":arguments}));
        let result = answer["result"].as_object().unwrap().clone();
        assert_eq!(result.keys().collect::<Vec<_>>(), ["content"], "nothing structured");
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
        serde_json::from_str::<Value>(result["content"][0]["text"].as_str().unwrap()).unwrap()
    };
    let input = json!({"file_path":"/x"});
    assert_eq!(
        ask(json!({"tool_name":"Read","input":input,"tool_use_id":"t"})),
        json!({"behavior":"allow","updatedInput":input})
    );
    assert_eq!(
        ask(json!({"tool_name":"Bash","input":{}})),
        json!({"behavior":"deny","message":"not this. Do not repeat the same call."})
    );
    assert_eq!(ask(json!({"tool_name":"Read"}))["behavior"], json!("deny"));
    assert_eq!(ask(json!({"tool_name":7,"input":{}}))["behavior"], json!("deny"));
}

#[test]
fn a_waiting_call_tells_progress_holds_nobody_up_and_can_be_cancelled() {
    let bridge = bridge();
    let mut client = Client::new(&bridge);
    client.send(
        &json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","_meta":{"progressToken":5}}}),
    );
    let told = client.hear();
    assert_eq!((&told["method"], &told["params"]["progressToken"]), (&json!("notifications/progress"), &json!(5)));
    client.send(&json!({"jsonrpc":"2.0","id":2,"method":"ping"}));
    while client.hear().get("id") != Some(&json!(2)) {}
    client.send(&json!({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}));
    assert_eq!(bridge.withdrawn.recv_timeout(SOON).unwrap(), id());
    client.send(&json!({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"slow"}}));
    // The cancelled call may still take one of them.
    (0..2).for_each(|_| bridge.decide.send(()).unwrap());
    let mut answer = client.hear();
    while answer.get("id").is_none() {
        answer = client.hear();
    }
    assert_eq!((&answer["id"], &answer["result"]["structuredContent"]["status"]), (&json!(3), &json!("queued")));
    assert!(answer["result"]["structuredContent"]["next"].as_str().unwrap().contains("ticket-status"));
}

#[test]
fn the_end_of_the_client_withdraws_what_waits() {
    let bridge = bridge();
    let mut client = Client::new(&bridge);
    client.send(
        &json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","_meta":{"progressToken":5}}}),
    );
    client.hear();
    drop(client.to);
    assert_eq!(bridge.withdrawn.recv_timeout(SOON).unwrap(), id());
    let told: Vec<String> = client.from.lines().map(Result::unwrap).collect();
    let answers: Vec<Value> = told.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers: Vec<_> = answers.iter().filter(|told| told.get("id").is_some()).collect();
    assert_eq!(answers.len(), 1, "{told:?}");
    assert_eq!((&answers[0]["id"], &answers[0]["error"]["code"]), (&json!(1), &json!(-32000)));
    client.server.join().unwrap().unwrap();
}

fn http(bridge: &Bridge) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let desk = Arc::clone(&bridge.desk);
    let settings = Settings { wait: Some(SOON), ..Settings::default() };
    thread::spawn(move || http::serve_loopback(&desk, &settings, &listener, TOKEN.to_owned().into()));
    address
}

fn post(address: std::net::SocketAddr, fields: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let length = body.len();
    write!(stream, "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n{fields}\r\n\r\n{body}")
        .unwrap();
    stream
}

fn whole(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

const LIST: &str = "{\n\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";

#[test]
fn over_http_only_the_owner_of_the_token_is_heard_and_no_browser() {
    let bridge = bridge();
    let address = http(&bridge);
    let json = format!("Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
    assert!(whole(post(address, &json, LIST)).contains("open-browser"));
    for (fields, status) in [
        ("Content-Type: application/json".to_owned(), "401"),
        (format!("Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}x"), "401"),
        (format!("{json}\r\nOrigin: http://localhost"), "403"),
        (format!("Authorization: Bearer {TOKEN}\r\nContent-Type: text/plain"), "415"),
    ] {
        let answer = whole(post(address, &fields, LIST));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{fields}: {answer}");
    }
    let mut rebound = TcpStream::connect(address).unwrap();
    write!(rebound, "POST /mcp HTTP/1.1\r\nHost: evil.example:80\r\n{json}\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(whole(rebound).starts_with("HTTP/1.1 403"));
    let mut get = TcpStream::connect(address).unwrap();
    write!(get, "GET /mcp HTTP/1.1\r\nHost: localhost\r\n{json}\r\n\r\n").unwrap();
    assert!(whole(get).starts_with("HTTP/1.1 405"));
    let told = post(address, &json, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert!(whole(told).starts_with("HTTP/1.1 202"));
}

#[test]
fn a_request_with_two_readings_or_too_long_a_head_is_none() {
    let bridge = bridge();
    let address = http(&bridge);
    let json = format!("Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
    let post = |version: &str, host: &str, fields: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let _hung_up = write!(stream, "POST /mcp HTTP/1.1{version}\r\n{host}: localhost\r\n{fields}\r\n\r\n");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).map(|()| answer)
    };
    for (version, host, fields) in [
        (" x", "Host", json.clone()),
        ("", "Host ", json.clone()),
        ("", "Host", json.replace('\r', "")),
        ("", "Host", format!("{json}\r\nHost: localhost")),
        ("", "Host", format!("{json}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked")),
    ] {
        assert_eq!(&post(version, host, &fields).unwrap(), b"HTTP/1.1 400", "{version}{host}{fields}");
    }
    // A head that is not read to its end resets the connection, which may overtake the answer.
    let long = post("", "Host", &format!("{json}\r\nX: {}", "x".repeat(crate::http::HEAD_BYTES_MAX)));
    assert!(long.is_err() || long.is_ok_and(|answer| &answer == b"HTTP/1.1 400"));
}

#[test]
fn a_client_that_hangs_up_withdraws_its_call() {
    let bridge = bridge();
    let address = http(&bridge);
    let fields = format!(
        "Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}\r\nAccept: application/json, text/event-stream"
    );
    let call =
        json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","_meta":{"progressToken":5}}});
    let stream = post(address, &fields, &call.to_string());
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0);
    }
    assert!(line.contains("notifications/progress"), "{line}");
    drop((reader, stream));
    // The call ends by itself once its stream has no reader.
    bridge.submitted.recv_timeout(SOON).unwrap();
    let call = json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open-browser"}});
    let answer = whole(post(address, &fields, &call.to_string()));
    assert!(answer.contains("text/event-stream") && answer.contains("\"succeeded\""), "{answer}");
}

fn slow_call(bridge: &Bridge) -> (std::net::SocketAddr, String, TcpStream) {
    let address = http(bridge);
    let fields = format!("Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
    let call = json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}});
    let stream = post(address, &fields, &call.to_string());
    bridge.submitted.recv_timeout(SOON).unwrap();
    (address, fields, stream)
}

#[test]
fn a_client_that_hangs_up_without_an_event_stream_withdraws_its_call() {
    let bridge = bridge();
    let (_, _, stream) = slow_call(&bridge);
    drop(stream);
    assert_eq!(bridge.withdrawn.recv_timeout(SOON).unwrap(), id());
}

#[test]
fn a_call_over_http_is_cancelled_by_another_request_and_answered_by_nothing() {
    let bridge = bridge();
    let (address, fields, stream) = slow_call(&bridge);
    // Its ticket may not be known yet, and then nothing is withdrawn here: the call itself learns that nobody waits.
    thread::sleep(Duration::from_millis(200));
    let cancel = |id: u32| {
        let cancelled = json!({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":id}});
        whole(post(address, &fields, &cancelled.to_string()))
    };
    assert!(cancel(2).starts_with("HTTP/1.1 202"));
    assert!(bridge.withdrawn.recv_timeout(Duration::from_millis(200)).is_err());
    assert!(cancel(1).starts_with("HTTP/1.1 202"));
    assert_eq!(bridge.withdrawn.recv_timeout(SOON).unwrap(), id());
    assert!(whole(stream).starts_with("HTTP/1.1 202"));
}

#[test]
fn slow_connections_without_a_token_do_not_keep_the_owner_out() {
    let bridge = bridge();
    let address = http(&bridge);
    let dripping: Vec<_> = (0..80).map(|_| TcpStream::connect(address).unwrap()).collect();
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stop = Arc::clone(&over);
    let drip = thread::spawn(move || {
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            dripping.iter().for_each(|mut stream| drop(stream.write_all(b"P")));
            thread::sleep(Duration::from_millis(200));
        }
    });
    let fields = format!("Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
    let begun = Instant::now();
    let heard = || {
        let mut text = String::new();
        let mut stream = TcpStream::connect(address).unwrap();
        let _refused = write!(
            stream,
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n{fields}\r\n\r\n{LIST}",
            LIST.len()
        );
        let _refused = stream.read_to_string(&mut text);
        text.contains("open-browser")
    };
    let mut is_heard = heard();
    while !is_heard && begun.elapsed() < SOON {
        thread::sleep(Duration::from_millis(100));
        is_heard = heard();
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    drip.join().unwrap();
    assert!(is_heard);
}
