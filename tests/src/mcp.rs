//! `ccc-mcp` as a whole program between a client and a server, with a real bridge.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    ops::Deref,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use ccc_protocol::bodies::{Status, Ticket};
use rustix::process::Pid;
use serde_json::{Value, json};

use crate::bridge::{Bridge, Site, program, secrets_of, write_private};

/// What needs no question, and what is never done; all else is asked.
pub const RULES: &str = r#"
[[rule]]
name = "echo needs no question"
action = "use-tool"
where.tool = "mcp:peer/echo"
policy = "auto-accept"

[[rule]]
name = "never this"
action = "use-tool"
where.tool = "mcp:peer/never"
policy = "auto-deny"
"#;

/// Policy that trusts whatever the server says of its tools.
const TRUSTING: &str = r#"
[[rule]]
name = "its tools are known"
action = "pin-tool"
where.server = "peer"
policy = "auto-accept"
"#;

/// An MCP server in the shell. `desc` beside it is the description of its first tool. `calls` gets every call, on the disk before
/// anything else is done; each is answered once `go` is there, and `answered` says so.
const PEER: &str = r#"#!/bin/sh
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/')
  case "$line" in
    *'"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"peer","version":"1"}}}\n' "$id" ;;
    *'"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"echo","description":"%s","inputSchema":{"type":"object"}},{"name":"write","inputSchema":{"type":"object"}},{"name":"never","inputSchema":{"type":"object"}}]}}\n' "$id" "$(cat desc)" ;;
    *'"tools/call"'*)
      echo "$line" >> calls; sync calls
      while [ ! -e go ]; do sleep 0.02; done
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"done"}]}}\n' "$id"; : > answered ;;
    *'"pid"'*) printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$$" ;;
  esac
done
"#;

/// A bridge, and the directory that the agent, its client and the server are in.
pub struct Scene {
    /// The bridge.
    pub bridge: Bridge,
    /// The directory.
    pub agent: tempfile::TempDir,
}

impl Scene {
    /// A file beside the server.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.agent.path().join(name)
    }

    /// The calls that the server got, each by its text.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        let text = |line: &str| {
            let call: Value = serde_json::from_str(line).unwrap();
            call["params"]["arguments"]["text"].as_str().unwrap().to_owned()
        };
        fs::read_to_string(self.file("calls")).unwrap().lines().map(text).collect()
    }
}

impl Deref for Scene {
    type Target = Bridge;

    fn deref(&self) -> &Bridge {
        &self.bridge
    }
}

/// A bridge that trusts what the server says of its tools.
#[must_use]
pub fn trusting() -> Scene {
    configured(&(RULES.to_owned() + TRUSTING))
}

/// A bridge that goes by these rules.
#[must_use]
pub fn configured(rules: &str) -> Scene {
    let bridge = Site::new().on_socket().config(rules).start();
    let agent = tempfile::tempdir().unwrap();
    for (name, text) in [("peer.sh", PEER), ("desc", "repeats"), ("calls", ""), ("go", "")] {
        fs::write(agent.path().join(name), text).unwrap();
    }
    write_private(&agent.path().join("agent.json"), &secrets_of(&["agent"]));
    write_private(&agent.path().join("mcp.json"), &json!({ "url": bridge.url(), "secrets": "agent.json" }).to_string());
    Scene { bridge, agent }
}

/// A client of the proxy.
pub struct Client {
    /// The proxy's process.
    pub proxy: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    next_id: u32,
}

impl Client {
    /// A client of a proxy before the peer, which waits so many seconds for a person.
    pub fn new(scene: &Scene, wait: &str) -> Self {
        let mut command = Command::new(program("ccc-mcp"));
        command.args(["--config", "mcp.json", "proxy", "--server", "peer", "--session", "s", "--wait", wait]);
        Self::of(command.args(["--", "sh", "peer.sh"]), scene)
    }

    /// A client of what this command starts.
    pub fn of(command: &mut Command, scene: &Scene) -> Self {
        command.current_dir(scene.agent.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut proxy = command.spawn().unwrap();
        let (to, from) = (proxy.stdin.take(), BufReader::new(proxy.stdout.take().unwrap()));
        Self { proxy, to, from, next_id: 0 }
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Sends a request and says its id.
    pub fn request(&mut self, method: &str, params: &Value) -> u32 {
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params }));
        self.next_id
    }

    /// Calls a tool and waits for nothing.
    pub fn begin(&mut self, tool: &str, text: &str) -> u32 {
        self.request("tools/call", &json!({ "name": tool, "arguments": { "text": text } }))
    }

    /// The next message.
    pub fn hear(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.from.read_line(&mut line).unwrap(), 0, "the proxy ended");
        serde_json::from_str(&line).unwrap()
    }

    /// The result of this request, which is the next message.
    pub fn answer(&mut self, id: u32) -> Value {
        let answer = self.hear();
        assert_eq!(answer["id"], json!(id), "{answer}");
        answer["result"].clone()
    }

    /// Calls a tool.
    pub fn call(&mut self, tool: &str, text: &str) -> Value {
        let id = self.begin(tool, text);
        self.answer(id)
    }

    /// The names of the tools.
    pub fn tools(&mut self) -> Vec<String> {
        let id = self.request("tools/list", &json!({}));
        let listed = self.answer(id);
        listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The server's process.
    pub fn server(&mut self) -> Pid {
        let asked = self.request("pid", &json!({}));
        let pid = self.answer(asked).as_i64().unwrap();
        Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    /// Ends as a client does, and sees the proxy end.
    pub fn end(mut self) {
        self.to = None;
        assert!(self.proxy.wait().unwrap().success());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.proxy.kill();
        let _reaped = self.proxy.wait();
    }
}

/// The one ticket of this action that waits for a person.
pub fn waiting(bridge: &Bridge, action: &str) -> Ticket {
    bridge.until(action, || {
        let mut tickets = bridge.client("user").queue(None).unwrap().tickets.into_iter();
        tickets.find(|ticket| ticket.action.as_str() == action && ticket.status == Status::Queued)
    })
}

/// True for a refusal of this status.
#[must_use]
pub fn is_refused(result: &Value, status: &str) -> bool {
    result["isError"] == true && result["structuredContent"]["status"] == status
}
