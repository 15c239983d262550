//! The proxy in front of servers that are processes: how each side's end ends the other, and what a killed peer leaves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in what its peers do"
)]

#[path = "../../client/tests/signed/mod.rs"]
mod signed;

use std::{
    io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write},
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ccc_mcp::{
    definition::ServerName,
    judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch},
    proxy::{self, Limits, Settings},
};
use ccc_protocol::TicketId;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// Allows what is called `good`, keeps what is called `slow` waiting until nobody wants it, and tells what is withdrawn.
struct Told(std::sync::Mutex<Sender<TicketId>>);

fn ticket() -> TicketId {
    TicketId::new(1, [3; 10])
}

impl Judge for Told {
    fn judge(&self, call: &ToolCall, watch: &dyn Watch) -> Verdict {
        match call.tool.as_str() {
            "good" => Verdict::Allow(signed::cleared()),
            "slow" => {
                while watch.queued(ticket()) && Instant::now() < watch.deadline() {
                    thread::sleep(Duration::from_millis(5));
                }
                Verdict::Allow(signed::cleared())
            }
            _ => Verdict::Deny { reason: "no".into(), ticket: None },
        }
    }
    fn withdraw(&self, ticket: TicketId) {
        self.0.lock().unwrap().send(ticket).unwrap();
    }
    fn pin(&self, _: &PinRequest) -> Trust {
        Trust::Approved
    }
    fn wait_for_pin(&self, ticket: TicketId, _: Duration) -> Trust {
        Trust::Waiting(ticket)
    }
}

/// A server in the shell: answers each line by what is in it, and tells its own process id.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/')
  case "$line" in
    *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"tools":[{"name":"good"},{"name":"slow"},{"name":"bad"}]}}' ;;
    *'"tools/call"'*) echo "$line" >> "$CALLS"; echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"content":[]}}' ;;
    *'"pid"'*) echo '{"jsonrpc":"2.0","id":'"$id"',"result":'"$$"'}' ;;
    *'"die"'*) exit 7 ;;
    *'"hush"'*) exec >&- ;;
    *'"leave"'*) sleep 1000 & exit 7 ;;
  esac
done
"#;

struct Rig {
    to: Option<PipeWriter>,
    from: BufReader<PipeReader>,
    withdrawn: Receiver<TicketId>,
    stop: Sender<()>,
    proxy: JoinHandle<std::io::Result<u8>>,
    calls: tempfile::NamedTempFile,
}

impl Rig {
    fn new(script: &str) -> Self {
        let calls = tempfile::NamedTempFile::new().unwrap();
        let script = format!("CALLS='{}'\n{script}", calls.path().display());
        let (proxy_in, to) = std::io::pipe().unwrap();
        let (from, proxy_out) = std::io::pipe().unwrap();
        let (sender, withdrawn) = mpsc::channel();
        let server = ServerName { name: "sh".into(), command: vec!["sh".into(), "-c".into(), script] };
        let settings = Settings {
            limits: Limits { end_seconds_max: 1, send_seconds_max: 1, ..Limits::default() },
            wait: Some(SOON),
            ..Settings::default()
        };
        let judge = Box::new(Told(sender.into()));
        let (stop, stopped) = mpsc::channel();
        let proxy = thread::spawn(move || proxy::run_process(server, settings, judge, proxy_in, proxy_out, stopped));
        Self { to: Some(to), from: BufReader::new(from), withdrawn, stop, proxy, calls }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    /// All that the client still gets: the ids of errors that say that the connection is closed, in order. Nothing else may come.
    fn closed(&mut self) -> Vec<Value> {
        let mut ids = Vec::new();
        for line in self.from.by_ref().lines() {
            let told: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if told["method"] != "notifications/progress" {
                assert_eq!(told["error"]["code"], json!(-32000), "{told}");
                ids.push(told["id"].clone());
            }
        }
        ids.sort_by_key(Value::to_string);
        ids
    }

    fn call(&mut self, id: u32, tool: &str) {
        let params = json!({"name": tool, "_meta": {"progressToken": 1}});
        self.send(&json!({"jsonrpc":"2.0","id":id,"method":"tools/call","params":params}));
    }

    fn server_pid(&mut self) -> i32 {
        self.send(&json!({"jsonrpc":"2.0","id":"p","method":"pid"}));
        self.hear()["result"].as_i64().unwrap().try_into().unwrap()
    }

    fn calls_made(&self) -> usize {
        std::fs::read_to_string(self.calls.path()).unwrap().lines().count()
    }

    fn end(mut self) -> (u8, Duration) {
        self.to = None;
        let begun = Instant::now();
        // A client that ends still reads what was on its way to it.
        let reader = thread::spawn(move || std::io::copy(&mut self.from, &mut std::io::sink()).unwrap());
        let code = self.proxy.join().unwrap().unwrap();
        reader.join().unwrap();
        (code, begun.elapsed())
    }
}

fn is_alive(pid: i32) -> bool {
    rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_ok()
}

#[test]
fn allowed_calls_reach_the_server_and_others_do_not() {
    let mut rig = Rig::new(SERVER);
    for (id, tool, refused) in [(1, "good", false), (2, "bad", true), (3, "good", false), (4, "unknown", true)] {
        rig.call(id, tool);
        let answer = rig.hear();
        assert_eq!((&answer["id"], answer["result"]["isError"] == true), (&json!(id), refused), "{tool}");
    }
    assert_eq!(rig.calls_made(), 2);
    assert_eq!(rig.end().0, 0);
}

#[test]
fn the_end_of_the_client_ends_the_server_and_withdraws_what_waits() {
    let mut rig = Rig::new(SERVER);
    let pid = rig.server_pid();
    rig.call(1, "slow");
    assert_eq!(rig.hear()["method"], json!("notifications/progress"));
    let made = rig.calls_made();
    rig.to = None;
    assert_eq!(rig.withdrawn.recv_timeout(SOON).unwrap(), ticket());
    assert_eq!((rig.end().0, made), (0, 0));
    assert!(!is_alive(pid));
}

#[test]
fn the_end_of_the_server_is_told_to_everybody_and_ends_the_proxy_with_its_code() {
    let mut rig = Rig::new(SERVER);
    rig.call(1, "slow");
    assert_eq!(rig.hear()["method"], json!("notifications/progress"));
    rig.send(&json!({"jsonrpc":"2.0","id":2,"method":"die"}));
    let mut told = rig.hear();
    while told["method"] == "notifications/progress" {
        told = rig.hear();
    }
    assert_eq!((&told["id"], &told["error"]["code"]), (&json!(2), &json!(-32000)));
    assert_eq!(rig.withdrawn.recv_timeout(SOON).unwrap(), ticket());
    assert_eq!(rig.calls_made(), 0);
    assert_eq!(rig.proxy.join().unwrap().unwrap(), 7);
}

#[test]
fn a_killed_server_leaves_no_call_passed_and_the_proxy_ends() {
    let mut rig = Rig::new(SERVER);
    let pid = rig.server_pid();
    rig.call(1, "slow");
    rig.hear();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    assert_eq!(rig.withdrawn.recv_timeout(SOON).unwrap(), ticket());
    assert_eq!(rig.calls_made(), 0);
    assert_ne!(rig.proxy.join().unwrap().unwrap(), 0);
}

#[test]
fn a_server_that_does_not_end_by_itself_is_ended_with_all_that_it_started() {
    let mut rig = Rig::new(
        r#"trap '' TERM
        sh -c 'trap "" TERM; while :; do sleep 0.1; done' & inner=$!
        IFS= read -r line; echo '{"jsonrpc":"2.0","id":"p","result":'"$$"'}'
        IFS= read -r line; echo '{"jsonrpc":"2.0","id":"p","result":'"$inner"'}'
        while :; do sleep 0.1; done"#,
    );
    let (outer, inner) = (rig.server_pid(), rig.server_pid());
    let (code, took) = rig.end();
    assert_eq!(code, 0);
    assert!(took < SOON);
    assert!(!is_alive(outer));
    // Whoever inherits the inner one reaps it in its own time.
    let until = Instant::now() + SOON;
    while is_running(inner) && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!is_running(inner));
}

#[test]
fn what_a_server_that_ended_by_itself_left_running_is_ended_too() {
    let stubborn = r#"sh -c 'trap "" TERM; while :; do sleep 0.1; done'"#;
    // Ended by the client's end, and before it.
    for (left, last, code) in [("sleep 1000", "cat", 0), (stubborn, "cat", 0), ("sleep 1000", "exit 7", 7)] {
        let mut rig = Rig::new(&format!(
            r#"{left} >/dev/null & inner=$!
            IFS= read -r line; echo '{{"jsonrpc":"2.0","id":"p","result":'"$inner"'}}'; {last} >/dev/null"#
        ));
        let inner = rig.server_pid();
        if code != 0 {
            assert!(ended(&rig.proxy), "{left}; {last}");
        }
        assert_eq!(rig.end().0, code, "{left}; {last}");
        let until = Instant::now() + SOON;
        while is_running(inner) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!is_running(inner), "{left}; {last}");
    }
}

/// False for one that has ended and was not reaped yet.
fn is_running(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn answers_that_are_on_their_way_when_the_client_ends_still_arrive() {
    let mut rig = Rig::new("read -r line; sleep 0.3; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}'");
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
    rig.to = None;
    assert_eq!(rig.hear()["result"], json!({}));
    assert_eq!(rig.end().0, 0);
}

/// Lines that nobody is owed an answer to, more than fit into pipes and queues.
fn flood(to: &mut PipeWriter, lines: usize) -> std::io::Result<()> {
    let line = json!({"jsonrpc":"2.0","method":"notifications/x","params":{"fill":"x".repeat(200)}});
    (0..lines).try_for_each(|_| writeln!(to, "{line}"))
}

fn ended(proxy: &JoinHandle<std::io::Result<u8>>) -> bool {
    let until = Instant::now() + SOON;
    while !proxy.is_finished() && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    proxy.is_finished()
}

#[test]
fn a_server_that_stops_reading_is_ended_and_everybody_is_told() {
    let mut rig = Rig::new("exec sleep 1000");
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
    let mut to = rig.to.take().unwrap();
    let client = thread::spawn(move || flood(&mut to, 5000));
    let told = rig.hear();
    assert_eq!((&told["id"], &told["error"]["code"]), (&json!(1), &json!(-32000)));
    assert!(ended(&rig.proxy));
    // What the proxy still read, or the pipe's end.
    let _broken = client.join().unwrap();
}

/// Whatever ends the proxy, whoever asked gets one answer: the request that the server has, and the call that a person has.
#[test]
fn each_request_is_answered_before_the_proxy_ends() {
    type End = dyn Fn(&mut Rig, i32);
    let tell = |method: &'static str| move |rig: &mut Rig, _| rig.send(&json!({"jsonrpc":"2.0","method":method}));
    let kill = |_: &mut Rig, pid| {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let ways: [(&str, &End); 6] = [
        ("the client ends", &|rig, _| rig.to = None),
        ("somebody asks it to end", &|rig, _| rig.stop.send(()).unwrap()),
        ("the server ends", &tell("die")),
        ("the server is killed", &kill),
        ("the server closes its output", &tell("hush")),
        ("the server ends and leaves its output to another", &tell("leave")),
    ];
    for (way, end) in ways {
        let mut rig = Rig::new(SERVER);
        let pid = rig.server_pid();
        rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
        rig.call(2, "slow");
        assert_eq!(rig.hear()["method"], json!("notifications/progress"), "{way}");
        end(&mut rig, pid);
        assert_eq!(rig.closed(), [json!(1), json!(2)], "{way}");
        assert_eq!((rig.withdrawn.recv_timeout(SOON).unwrap(), rig.calls_made()), (ticket(), 0), "{way}");
        rig.proxy.join().unwrap().unwrap();
    }
}

#[test]
fn what_is_asked_while_the_proxy_ends_is_answered_at_once() {
    // The server has closed its output, and needs to be killed: there is time to ask.
    let mut rig = Rig::new("trap '' TERM; exec >&-; while :; do sleep 0.1; done");
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
    assert_eq!(rig.hear()["id"], json!(1));
    rig.send(&json!({"jsonrpc":"2.0","id":2,"method":"ping"}));
    rig.call(3, "slow");
    assert_eq!(rig.closed(), [json!(2), json!(3)]);
    assert!(ended(&rig.proxy));
}

#[test]
fn a_client_that_ends_behind_a_server_that_stops_reading_is_still_told() {
    let mut rig = Rig::new("exec sleep 1000");
    rig.send(&json!({"jsonrpc":"2.0","id":1,"method":"ping"}));
    // Less than what waits for the server may be: the client's end is what ends the proxy.
    flood(rig.to.as_mut().unwrap(), 400).unwrap();
    rig.to = None;
    assert_eq!(rig.closed(), [json!(1)]);
    assert_eq!(rig.proxy.join().unwrap().unwrap(), 0);
}

#[test]
fn the_end_of_the_client_is_seen_behind_a_server_that_does_not_read() {
    let mut rig = Rig::new("exec sleep 1000");
    flood(rig.to.as_mut().unwrap(), 400).unwrap();
    let (code, took) = rig.end();
    assert_eq!(code, 0);
    assert!(took < SOON);
}

#[test]
fn a_server_that_ends_behind_a_client_that_does_not_read_ends_the_proxy_and_withdraws_what_waits() {
    let flood = r#"i=0; while [ $i -lt 620 ]; do
        echo '{"jsonrpc":"2.0","method":"notifications/x","params":{"fill":"FILL"}}'; i=$((i + 1)); done; exit 7"#;
    let flood = flood.replace("FILL", &"x".repeat(100));
    let mut rig = Rig::new(&SERVER.replace("exit 7", &flood));
    rig.call(1, "slow");
    assert_eq!(rig.hear()["method"], json!("notifications/progress"));
    rig.send(&json!({"jsonrpc":"2.0","id":2,"method":"die"}));
    assert!(ended(&rig.proxy));
    assert_eq!(rig.withdrawn.recv_timeout(SOON).unwrap(), ticket());
    assert_eq!(rig.proxy.join().unwrap().unwrap(), 7);
}

#[test]
fn a_proxy_that_is_asked_to_end_withdraws_what_waits_and_ends_the_server_while_its_client_is_still_there() {
    let mut rig = Rig::new(SERVER);
    let pid = rig.server_pid();
    rig.call(1, "slow");
    assert_eq!(rig.hear()["method"], json!("notifications/progress"));
    rig.stop.send(()).unwrap();
    assert_eq!(rig.withdrawn.recv_timeout(SOON).unwrap(), ticket());
    assert!(ended(&rig.proxy) && !is_alive(pid));
    assert_eq!((rig.proxy.join().unwrap().unwrap(), rig.calls.path().metadata().unwrap().len()), (0, 0));
}

/// Python's and TypeScript's clients send SIGTERM 2 s after they have closed the input, a terminal sends SIGINT.
#[test]
fn the_program_takes_its_server_along_when_a_signal_ends_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    write("agent.json", r#"{"users":{"agent":{"secret":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}}"#);
    let config = write("mcp.json", r#"{"url":"unix:///nowhere","secrets":"agent.json"}"#);
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let mut proxy = std::process::Command::new(env!("CARGO_BIN_EXE_ccc-mcp"))
            .args(["--config", config.to_str().unwrap(), "proxy", "--", "sh", "-c"])
            .arg(r#"trap '' TERM; echo '{"jsonrpc":"2.0","method":"up","params":'$$'}'; while :; do sleep 0.1; done"#)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(proxy.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let server = i32::try_from(told["params"].as_i64().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&proxy), signal).unwrap();
        assert_eq!(proxy.wait().unwrap().code(), Some(0));
        assert!(!is_alive(server));
    }
}

#[test]
fn a_server_that_cannot_be_started_is_an_error() {
    let server = ServerName { name: "x".into(), command: vec!["/nonexistent/server".into()] };
    let judge = Box::new(Told(mpsc::channel().0.into()));
    let (_never, stop) = mpsc::channel();
    assert!(proxy::run_process(server, Settings::default(), judge, std::io::empty(), std::io::sink(), stop).is_err());
}

#[test]
fn a_flood_of_lines_and_noise_is_answered_line_by_line() {
    let mut rig = Rig::new(SERVER);
    let mut writer = rig.to.take().unwrap();
    let flood = thread::spawn(move || {
        for round in 0..300 {
            let noise = ["{", "\u{0}", "[]", "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"x\"}"];
            writeln!(writer, "{}", noise[round % noise.len()]).unwrap();
        }
        writeln!(writer, "{}", json!({"jsonrpc":"2.0","id":"last","method":"pid"})).unwrap();
        writer
    });
    for _ in 0..300 {
        assert!(rig.hear()["error"]["code"].is_i64());
    }
    assert!(rig.hear()["result"].is_i64());
    rig.to = Some(flood.join().unwrap());
    rig.end();
}
