//! What the MCP proxy adds to a call that policy allows, against the same server without it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

use super::Bench;
use crate::{
    report::Goal,
    sample::{Ratio, median, time},
    server::Home,
};

/// Tools and their form pass without a person.
const CONFIG: &str = r#"
[[rule]]
name = "the bench's tool"
action = ["use-tool"]
where.tool = "mcp:floor/echo"
policy = "auto-accept"

[[rule]]
name = "the form of the bench's tool"
action = ["pin-tool"]
policy = "auto-accept"
"#;

/// Calls in a row, in turn, through the proxy and without it.
pub fn calls(bench: &mut Bench) {
    let home = Home::new(&bench.builds).with_config(CONFIG);
    let bridge = home.bridge(&bench.builds, None);
    home.write("agent/mcp.json", &format!(r#"{{"url":"{}","secrets":"agent.json"}}"#, bridge.url()));
    let server = bench.builds.edge("floor-mcp");
    let mut proxied = Command::new(bench.builds.edge("ccc-mcp"));
    proxied.args(["proxy", "--config"]).arg(home.path("agent/mcp.json")).args(["--server", "floor", "--"]).arg(&server);
    let (mut proxied, mut bare) = (Session::start(&mut proxied), Session::start(&mut Command::new(&server)));
    let (mut through, mut without) = (vec![], vec![]);
    for _ in 0..bench.wishes.rounds {
        through.push(proxied.median_call());
        without.push(bare.median_call());
    }
    let figures = format!("{} / {}", time(median(&through)), time(median(&without)));
    let report = &mut bench.report;
    report.ratio(
        "mcp",
        "an allowed call through `ccc-mcp proxy` against the bare server",
        Ratio::of(&through, &without),
        Goal::Shown,
        figures,
    );
    let added = (median(&through) - median(&without)) * 1000.0;
    report.figure("mcp", "time that the proxy adds to an allowed call", added, " ms", Goal::Shown, "");
}

/// A client's session with a server.
struct Session {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    id: u64,
}

impl Session {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("an MCP server");
        let (to, from) = (child.stdin.take().expect("stdin"), child.stdout.take().expect("stdout"));
        let mut session = Self { child, to, from: BufReader::new(from), id: 0 };
        let client = json!({ "name": "bench", "version": "1" });
        session.ask("initialize", json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client }));
        writeln!(session.to, "{}", json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).expect("told");
        let tools = session.ask("tools/list", json!({}));
        assert_eq!(tools["result"]["tools"].as_array().map(Vec::len), Some(1), "the tool passes: {tools}");
        session
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        writeln!(self.to, "{}", json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params }))
            .expect("asked");
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).expect("an answer") > 0, "the server ended");
            let message: Value = serde_json::from_str(&line).expect("JSON");
            if message["id"] == self.id {
                return message;
            }
        }
    }

    fn median_call(&mut self) -> f64 {
        let took = (0..100).map(|n| {
            let begun = Instant::now();
            let answer = self.ask("tools/call", json!({ "name": "echo", "arguments": { "n": n } }));
            let took = begun.elapsed().as_secs_f64();
            assert_eq!(answer["result"]["content"][0]["text"], "done", "the call is allowed: {answer}");
            took
        });
        median(&took.collect::<Vec<_>>())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
