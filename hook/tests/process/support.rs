//! A bridge of the test's own making on loopback, and the real binary started
//! against it as a host would.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use ccc_hook::setup;
use ccc_hosts::host::{Host, Named};
use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::signing::{AnswerToSign, Key, RequestHead, SignatureOfRequest, sign_answer};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "000102030405060708090a0b0c0d0e0f";
pub(crate) const TICKET: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";

/// A signed request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    line: String,
    fields: Vec<(String, String)>,
    pub(crate) body: Value,
    bytes: Vec<u8>,
}

impl Received {
    /// What the request is about.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the bridge does with a request.
pub(crate) enum Reply {
    /// A signed answer.
    Signed(u16, Value),
    /// The same without a signature.
    Unsigned(u16, Value),
    /// Signed with another key.
    Forged(u16, Value),
    /// Nothing, for as long as the test lives.
    Silence,
    /// The connection is closed.
    HangUp,
}

/// A bridge that answers every request by one function.
pub(crate) struct Bridge {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    handed_over: Arc<Mutex<Vec<Value>>>,
}

impl Bridge {
    pub(crate) fn start(answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::masking(json!({}), answer)
    }

    /// One that wants this masked in whatever is handed over.
    pub(crate) fn masking(masks: Value, answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let received = Arc::new(Mutex::new(Vec::new()));
        let handed_over = Arc::new(Mutex::new(Vec::new()));
        let (log, handed) = (Arc::clone(&received), Arc::clone(&handed_over));
        let answer = Arc::new((answer, masks));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, handed, answer) = (Arc::clone(&log), Arc::clone(&handed), Arc::clone(&answer));
                thread::spawn(move || serve(&stream.unwrap(), &log, &answer.0, &(&handed, &answer.1)));
            }
        });
        Self { url, received, handed_over }
    }

    /// Answers every submitted action with this ticket.
    pub(crate) fn saying(status: u16, ticket: Value) -> Self {
        Self::start(move |_, received| Reply::Signed(status, as_told(received, status, ticket.clone())))
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What was handed over to be looked at.
    pub(crate) fn handed_over(&self) -> Vec<Value> {
        self.handed_over.lock().unwrap().clone()
    }

    /// The bodies of the submitted actions.
    pub(crate) fn actions(&self) -> Vec<Value> {
        self.received().into_iter().map(|received| received.body).filter(|body| !body.is_null()).collect()
    }
}

/// A denial comes as a problem that carries its ticket.
fn as_told(received: &Received, status: u16, ticket: Value) -> Value {
    if received.line.starts_with("GET /actions") {
        return actions();
    }
    if status != 403 {
        return ticket;
    }
    json!({"type": "urn:ccc:denied", "title": "denied", "status": 403, "detail": "denied", "instance": "r1", "ticket": ticket})
}

/// What `GET /actions` tells.
pub(crate) fn actions() -> Value {
    let action = |name| json!({"action": name, "description": "", "group": "agent", "params": [], "policy": "queue"});
    json!({"actions": [action("record-event"), action("start-session"), action("use-tool")]})
}

/// A ticket in this state, with what differs from a plain one.
pub(crate) fn ticket(status: &str, differing: &Value) -> Value {
    let zeros = format!("sha-256:{}", "0".repeat(64));
    let mut ticket = json!({
        "id": TICKET, "seq": 1, "status": status, "action": "use-tool", "params": {}, "submitted_by": "agent",
        "created": "2026-03-07T12:00:00Z", "expires": null, "plan": zeros, "digest": zeros, "rule": "starter rules",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
    });
    for (key, value) in differing.as_object().unwrap() {
        ticket[key] = value.clone();
    }
    ticket
}

fn serve(
    stream: &TcpStream,
    log: &Mutex<Vec<Received>>,
    answer: &dyn Fn(usize, &Received) -> Reply,
    (handed_over, masks): &(&Mutex<Vec<Value>>, &Value),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(received) = read_request(&mut reader) {
        // What is handed over to be looked at is taken, whatever the test is about.
        if received.target() == "/outputs" {
            let mut stream = stream;
            handed_over.lock().unwrap().push(received.body.clone());
            if stream.write_all(&signed(&received, SECRET, 200, masks)).is_err() {
                return;
            }
            continue;
        }
        let number = {
            let mut log = log.lock().unwrap();
            log.push(received.clone());
            log.len() - 1
        };
        let bytes = match answer(number, &received) {
            Reply::Signed(status, body) => signed(&received, SECRET, status, &body),
            Reply::Forged(status, body) => signed(&received, "ffffffffffffffffffffffffffffffff", status, &body),
            Reply::Unsigned(status, body) => unsigned(status, &body),
            Reply::Silence => loop {
                thread::park();
            },
            Reply::HangUp => return,
        };
        let mut stream = stream;
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn unsigned(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn signed(received: &Received, secret: &str, status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let digest = ContentDigest::of(body.as_bytes()).to_string();
    let mut line = received.line.split(' ');
    let head = RequestHead {
        method: line.next().unwrap(),
        target: line.next().unwrap(),
        has_body: !received.bytes.is_empty(),
        fields: &received.fields[..],
    };
    let request = SignatureOfRequest::read(&head).unwrap();
    assert!(request.verify(Some(&Key::new(SECRET.as_bytes())), &head), "{received:?}");
    let to_sign = AnswerToSign { status, content_digest: Some(&digest), date: None, request: request.mark() };
    let signed = sign_answer(&Key::new(secret.as_bytes()), "agent", &to_sign, 1);
    format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\ncontent-digest: {digest}\r\n\
         signature-input: {}\r\nsignature: {}\r\n\r\n{body}",
        body.len(),
        signed.signature_input,
        signed.signature,
    )
    .into_bytes()
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let line = lines.remove(0);
    let fields: Vec<(String, String)> =
        lines.iter().map(|line| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap()).collect();
    let length = fields.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Some(Received { line, fields, body, bytes })
}

/// A home directory with the config and key of an installed hook.
pub(crate) struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new(url: &str, hold_seconds: u64) -> Self {
        // Not among temporary files: what lies there is installed by nobody.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let home = Self { directory };
        home.private("agent.json", &json!({"users": {"agent": {"secret": SECRET}}}));
        home.private("hook.json", &json!({"url": url, "secrets": "agent.json", "hold_seconds": hold_seconds}));
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("hook.json")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.path().join("agent.json")
    }

    fn private(&self, name: &str, content: &Value) {
        let path = self.path().join(name);
        fs::write(&path, content.to_string()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The hook as installed for this host's gate.
    pub(crate) fn gate(&self, host: Host) -> Command {
        self.event(host, host.profile().gate)
    }

    pub(crate) fn event(&self, host: Host, event: &str) -> Command {
        let mut command = self.binary();
        command.args(["--agent", host.name(), "--event", event, "--config"]).arg(self.config());
        if host.profile().project == Named::HooksDirectory {
            // Its project is where it starts its hooks, and the documents of these tests tell of many.
            command.current_dir("/");
        }
        command
    }

    /// A shell line in the same environment.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        self.at_home(command)
    }

    /// The binary in an environment of this home alone.
    pub(crate) fn binary(&self) -> Command {
        self.command(Path::new(env!("CARGO_BIN_EXE_ccc-hook")))
    }

    /// Another program in the same environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        self.at_home(Command::new(program))
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.env_clear().env("HOME", self.path()).env("PATH", "/usr/bin:/bin").current_dir(self.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The hook at this place, and beside it the program that does what people ask.
pub(crate) fn copied_to(gate: &Path) {
    fs::create_dir_all(gate.parent().unwrap()).unwrap();
    copy(Path::new(env!("CARGO_BIN_EXE_ccc-hook")), gate);
    copy(Path::new(env!("CARGO_BIN_EXE_ccc-hook-setup")), &setup::beside(gate));
}

/// An executable of this text.
pub(crate) fn script(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
    copy(&draft, path);
    fs::remove_file(draft).unwrap();
}

/// By another process: what this one has open for writing, a child that another thread starts has open for a moment, too, and
/// what is open for writing cannot be started.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
}

/// Starts the command and gives it its stdin.
pub(crate) fn started(command: &mut Command, stdin: &[u8]) -> Child {
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    thread::spawn(move || {
        // A hook that has decided need not read on.
        let _ = input.write_all(&bytes);
    });
    child
}

/// Runs the command to its end.
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Output {
    started(command, stdin).wait_with_output().unwrap()
}

/// A tool call as this host asks about it.
pub(crate) fn tool_call(host: Host) -> Vec<u8> {
    tool_call_with(host, &json!({"command": "touch ran.txt"}))
}

pub(crate) fn tool_call_with(host: Host, input: &Value) -> Vec<u8> {
    let document = match host {
        Host::Copilot => {
            json!({"sessionId": "s1", "timestamp": 1, "cwd": "/proj", "toolName": "bash", "toolArgs": input})
        }
        _ => {
            let tool = match host {
                Host::Gemini | Host::Qwen => "run_shell_command",
                Host::OpenCode => "bash",
                Host::Cursor => "Shell",
                _ => "Bash",
            };
            json!({"session_id": "s1", "cwd": "/proj", "hook_event_name": host.profile().gate,
                   "tool_name": tool, "tool_input": input})
        }
    };
    document.to_string().into_bytes()
}

/// The reason with which this output makes this host stop; panics when it
/// does not. The forms are those of the hosts' contracts, written out here.
pub(crate) fn denial(host: Host, output: &Output) -> String {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    if output.status.code() == Some(2) && host == Host::Copilot && !stdout.is_empty() {
        // Any bad status denies there, and what stands beside it tells the model why.
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(answer["permissionDecision"], "deny", "{output:?}");
        return answer["permissionDecisionReason"].as_str().unwrap().to_owned();
    }
    if output.status.code() == Some(2) {
        assert!(stdout.is_empty() && !stderr.trim().is_empty(), "{host}: {output:?}");
        return stderr;
    }
    assert_eq!(output.status.code(), Some(0), "{host}: {output:?}");
    let answer: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{host}: {output:?}"));
    let reason = match host {
        Host::Claude | Host::Codex | Host::Kimi | Host::Qwen => {
            &answer["hookSpecificOutput"]["permissionDecisionReason"]
        }
        Host::Gemini | Host::OpenCode => &answer["reason"],
        Host::Copilot => &answer["permissionDecisionReason"],
        Host::Cursor => &answer["agent_message"],
    };
    let reason = reason.as_str().unwrap_or_else(|| panic!("{host}: {stdout}")).to_owned();
    let expected = match host {
        Host::Claude | Host::Codex | Host::Kimi | Host::Qwen => json!({"hookSpecificOutput": {
            "hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason}}),
        Host::Gemini | Host::OpenCode => json!({"decision": "deny", "reason": reason}),
        Host::Copilot => json!({"permissionDecision": "deny", "permissionDecisionReason": reason}),
        Host::Cursor => json!({"permission": "deny", "user_message": reason, "agent_message": reason}),
    };
    assert_eq!(answer, expected, "{host}");
    assert!(!reason.trim().is_empty(), "{host}");
    reason
}

/// True for exactly the output by which this host lets the call run.
pub(crate) fn is_leave(host: Host, output: &Output) -> bool {
    let expected = match host {
        Host::Codex | Host::Kimi => None,
        Host::Claude | Host::Qwen => {
            Some(json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow"}}))
        }
        Host::Gemini | Host::OpenCode => Some(json!({"decision": "allow"})),
        Host::Copilot => Some(json!({"permissionDecision": "allow"})),
        Host::Cursor => Some(json!({"permission": "allow"})),
    };
    let said = serde_json::from_slice::<Value>(&output.stdout).ok();
    output.status.code() == Some(0) && said == expected && (expected.is_some() || output.stdout.is_empty())
}
