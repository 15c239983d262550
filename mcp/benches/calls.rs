//! How much longer an allowed call takes through the proxy than to the bare server.
//!
//! `cargo bench -p ccc-mcp --bench calls -- --config FILE` measures the whole road with the bridge of that config, whose policy must accept
//! `pin-tool` and `use-tool` for the server `bench`. Without a config, a judge that always allows shows what the relaying alone costs.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

#[path = "../../client/tests/signed/mod.rs"]
mod signed;

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ccc_mcp::{
    definition::ServerName,
    judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch},
    proxy::{self, Settings},
};
use ccc_protocol::TicketId;

const CALLS: u32 = 2_000;
const WARM_UP: u32 = 100;

struct Allow;

impl Judge for Allow {
    fn judge(&self, _: &ToolCall, _: &dyn Watch) -> Verdict {
        Verdict::Allow(signed::cleared())
    }
    fn withdraw(&self, _: TicketId) {}
    fn pin(&self, _: &PinRequest) -> Trust {
        Trust::Approved
    }
    fn wait_for_pin(&self, ticket: TicketId, _: Duration) -> Trust {
        Trust::Waiting(ticket)
    }
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--serve") {
        return serve();
    }
    let config = args.iter().position(|arg| arg == "--config").and_then(|at| args.get(at + 1));
    let own = env::current_exe().unwrap().into_os_string().into_string().unwrap();
    let server = [own, "--serve".to_owned()];
    let bare = measure_process(&server);
    report("bare", bare, bare);
    report("relayed", measure_relay(&server), bare);
    if let Some(config) = config {
        let head = [env!("CARGO_BIN_EXE_ccc-mcp"), "--config", config, "proxy", "--server", "bench", "--"];
        let command: Vec<String> = head.map(str::to_owned).into_iter().chain(server).collect();
        report("judged", measure_process(&command), bare);
    }
}

fn report(what: &str, took: Duration, bare: Duration) {
    let ratio = took.as_secs_f64() / bare.as_secs_f64();
    println!("{what:8} {:8.1} µs a call, {ratio:.2} × bare", took.as_secs_f64() * 1e6);
}

fn measure_process(command: &[String]) -> Duration {
    let (program, args) = command.split_first().unwrap();
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let took = measure(child.stdin.take().unwrap(), child.stdout.take().unwrap());
    child.wait().unwrap();
    took
}

fn measure_relay(command: &[String]) -> Duration {
    let (proxy_in, to) = std::io::pipe().unwrap();
    let (from, proxy_out) = std::io::pipe().unwrap();
    let server = ServerName { name: "bench".into(), command: command.to_vec() };
    let (_never, stop) = std::sync::mpsc::channel();
    let proxy = thread::spawn(move || {
        proxy::run_process(server, Settings::default(), Box::new(Allow), proxy_in, proxy_out, stop)
    });
    let took = measure(to, from);
    proxy.join().unwrap().unwrap();
    took
}

/// The median time of a call.
fn measure(mut to: impl Write, from: impl Read) -> Duration {
    let mut from = BufReader::new(from);
    let mut ask = |message: String| {
        let begun = Instant::now();
        to.write_all(message.as_bytes()).unwrap();
        let mut answer = String::new();
        from.read_line(&mut answer).unwrap();
        assert!(answer.contains("\"result\"") && !answer.contains("\"isError\":true"), "{answer}");
        begun.elapsed()
    };
    ask("{\"jsonrpc\":\"2.0\",\"id\":\"list\",\"method\":\"tools/list\"}\n".to_owned());
    let mut times: Vec<Duration> = (0..WARM_UP + CALLS)
        .map(|id| ask(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"echo\",\"arguments\":{{\"id\":{id}}}}}}}\n")))
        .skip(usize::try_from(WARM_UP).unwrap())
        .collect();
    times.sort();
    times.get(times.len() / 2).copied().expect("some calls")
}

/// The server: one tool, which answers at once.
fn serve() {
    let mut out = std::io::stdout();
    for line in std::io::stdin().lines() {
        let message: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let result = match message.get("method").and_then(|method| method.as_str()) {
            Some("tools/list") => serde_json::json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
            _ => serde_json::json!({"content": []}),
        };
        let answer = serde_json::json!({"jsonrpc": "2.0", "id": message.get("id"), "result": result});
        out.write_all(format!("{answer}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    }
}
