//! The real agents, where they are installed: `CCC_AGENTS_BIN` names the
//! directory with their programs (`npm install` in `tests/agents` makes one). They
//! talk to a model of the test's own that asks for one shell command, with the
//! hook installed by `ccc-hook install`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ccc_hosts::host::Host;
use serde_json::{Value, json};

use crate::support::{Bridge, Home, Reply, actions, run, ticket};

/// How long an agent may take over one run, in seconds.
const RUN_SECONDS_MAX: u64 = 120;

/// What the model asks for, and where it shows that it ran.
const COMMAND: &str = "echo hello > ran.txt";

const AGENTS: [Host; 5] = [Host::Claude, Host::Codex, Host::Gemini, Host::Copilot, Host::Kimi];

#[test]
fn real_agents_run_what_is_released() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let seen = agent.asks_for_a_command(&bridge);
        assert!(seen.ran, "{}: {seen:?}", agent.host);
        let actions = bridge.actions();
        let call = actions.iter().find(|action| action["action"] == "use-tool").unwrap();
        assert_eq!((&call["tool"], &call["input"]["command"]), (&json!("Bash"), &json!(COMMAND)), "{}", agent.host);
        for event in ["session-start", "prompt", "post-tool"] {
            assert!(actions.iter().any(|action| action["event"] == event), "{}: {event}", agent.host);
        }
    }
}

#[test]
fn real_agents_do_not_run_what_is_denied_and_their_model_learns_why() {
    for agent in agents() {
        let by_person = json!({"decided_by": "ana", "reason": "not on a Friday"});
        let bridge = Bridge::start(move |_, received| answered(received, 403, "denied", &by_person));
        let seen = agent.asks_for_a_command(&bridge);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        assert!(seen.told_to_model.contains("not on a Friday"), "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_wait_for_a_person() {
    for agent in agents() {
        let asked = Arc::new(Mutex::new(0));
        let bridge = Bridge::start(move |_, received| {
            if received.body["action"] != "use-tool" {
                return answered(received, 200, "succeeded", &json!({}));
            }
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            let status = if *asked < 3 { (202, "queued") } else { (200, "released") };
            answered(received, status.0, status.1, &json!({}))
        });
        let seen = agent.asks_for_a_command(&bridge);
        assert!(seen.ran, "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_while_the_bridge_is_dead() {
    for agent in agents() {
        let seen = agent.asks_for_a_command_of_nobody();
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_when_the_bridge_dies_at_the_call() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| match received.body["action"].as_str() {
            Some("use-tool") => Reply::Unsigned(503, json!({})),
            _ => answered(received, 200, "succeeded", &json!({})),
        });
        let seen = agent.asks_for_a_command(&bridge);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        assert!(seen.told_to_model.contains("refused, unverified"), "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_when_the_hook_is_gone() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let home = agent.installed(&bridge.url);
        let program = home.path().join("ccc-hook");
        fs::copy(env!("CARGO_BIN_EXE_ccc-hook"), &program).unwrap();
        let secrets = home.secrets();
        let arguments = ["install", "--agent", agent.host.name(), "--secrets", secrets.to_str().unwrap()];
        let output = run(home.command(&program).args(arguments).env("PATH", agent.path()), b"");
        assert!(output.status.success(), "{output:?}");
        fs::remove_file(&program).unwrap();
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        // Some hosts do not even take the prompt when its recording hook is gone.
        let blocked = seen.told_to_model.contains("call blocked") || seen.told_to_model.is_empty();
        assert!(blocked, "{}: {seen:?}", agent.host);
    }
}

/// A launcher that writes down what it was handed and runs it nowhere.
const LAUNCHER: &str = r#"#!/bin/sh
case $1 in
probe) echo '{"level":"full","full":null,"files":null,"lacks":[]}' ;;
call) mv "$HOME/.local/state/ccc/calls/$2" handed.txt && echo launched ;;
esac
"#;

/// The agents that can be told to run another line.
fn rewriting_agents() -> impl Iterator<Item = Agent> {
    agents().into_iter().filter(|agent| agent.host.profile().rewrite.is_some())
}

impl Agent {
    /// Installed beside a launcher, with what the person's settings say more.
    fn installed_with_launcher(&self, url: &str, more: &Value) -> Home {
        let home = Home::new(url, 60);
        let program = home.path().join("ccc-hook");
        fs::copy(env!("CARGO_BIN_EXE_ccc-hook"), &program).unwrap();
        fs::write(home.path().join("ccc-confine"), LAUNCHER).unwrap();
        fs::set_permissions(home.path().join("ccc-confine"), fs::Permissions::from_mode(0o755)).unwrap();
        let secrets = home.secrets();
        let arguments = ["install", "--agent", self.host.name(), "--secrets", secrets.to_str().unwrap(), "--url", url];
        let output = run(home.command(&program).args(arguments).env("PATH", self.path()), b"");
        assert!(output.status.success(), "{output:?}");
        let settings = home.path().join(".claude/settings.json");
        let mut said: Value = serde_json::from_str(&fs::read_to_string(&settings).unwrap()).unwrap();
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(settings, said.to_string()).unwrap();
        home
    }
}

/// A bridge that has a call confined where it is told that it can be, and releases it else.
fn confining() -> Bridge {
    Bridge::start(|_, received| {
        let can = received.body["can"] == json!(["confine"]);
        answered(received, 200, if can { "confined" } else { "released" }, &json!({}))
    })
}

#[test]
fn real_agents_run_what_is_confined_as_the_launchers_line() {
    for agent in rewriting_agents() {
        let bridge = confining();
        let home = agent.installed_with_launcher(&bridge.url, &json!({}));
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{}: its own line ran: {seen:?}", agent.host);
        let handed = String::from_utf8(fs::read(home.path().join("project/handed.txt")).unwrap()).unwrap();
        assert!(handed.contains(&format!("\0command={COMMAND}\0")), "{}: {handed:?}", agent.host);
        assert!(seen.told_to_model.contains("launched"), "{}: {seen:?}", agent.host);
        let after = bridge.actions().into_iter().find(|action| action["event"] == "post-tool").unwrap();
        assert_eq!(
            after["detail"]["confined"],
            Value::Null,
            "{}: what ran is what was handed out: {after}",
            agent.host
        );
    }
}

#[test]
fn real_agents_with_rules_of_their_persons_run_no_other_line() {
    for agent in rewriting_agents() {
        for rules in [json!({"deny": ["Bash(git push:*)"]}), json!({"ask": ["Bash(rm:*)"]})] {
            let bridge = confining();
            let home = agent.installed_with_launcher(&bridge.url, &json!({ "permissions": rules }));
            let seen = agent.run_once(&home);
            assert!(seen.ran && !home.path().join("project/handed.txt").exists(), "{}: {seen:?}", agent.host);
        }
    }
}

/// The answer to whatever the hook asks: events are recorded, and a tool call
/// ends as told.
fn answered(received: &crate::support::Received, http: u16, status: &str, differing: &Value) -> Reply {
    match received.body["action"].as_str() {
        None => Reply::Signed(200, actions()),
        Some("use-tool") if http == 403 => Reply::Signed(
            403,
            json!({"type": "urn:ccc:denied", "title": "denied", "status": 403, "detail": "denied", "instance": "r1",
                   "ticket": ticket(status, differing)}),
        ),
        Some("use-tool") => Reply::Signed(http, ticket(status, differing)),
        Some(_) => Reply::Signed(200, ticket("succeeded", &json!({"action": "record-event"}))),
    }
}

/// A program that is installed here.
struct Agent {
    host: Host,
    bin: PathBuf,
}

/// What came of one run.
#[derive(Debug)]
struct Seen {
    ran: bool,
    /// All that the model was sent.
    told_to_model: String,
    #[expect(dead_code, reason = "read by a person when a test fails")]
    output: Output,
}

fn agents() -> Vec<Agent> {
    let Some(bin) = std::env::var_os("CCC_AGENTS_BIN").map(PathBuf::from) else {
        eprintln!("no real agents: CCC_AGENTS_BIN names no directory with them");
        return Vec::new();
    };
    AGENTS
        .into_iter()
        .filter(|host| bin.join(host.program()).exists())
        .map(|host| Agent { host, bin: bin.clone() })
        .collect()
}

impl Agent {
    fn asks_for_a_command(&self, bridge: &Bridge) -> Seen {
        let home = self.installed(&bridge.url);
        self.run_once(&home)
    }

    /// Installed while there was a bridge, started when there is none.
    fn asks_for_a_command_of_nobody(&self) -> Seen {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let home = self.installed(&bridge.url);
        let config = home.path().join(format!(".config/ccc/hook/{}.json", self.host));
        let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let away = fs::read_to_string(&config).unwrap().replace(&bridge.url, &format!("http://127.0.0.1:{unused}"));
        fs::write(&config, away).unwrap();
        self.run_once(&home)
    }

    fn installed(&self, url: &str) -> Home {
        let home = Home::new(url, 60);
        let secrets = home.secrets();
        let arguments = ["install", "--agent", self.host.name(), "--secrets", secrets.to_str().unwrap(), "--url", url];
        let output = run(home.binary().args(arguments).env("PATH", self.path()), b"");
        assert!(output.status.success(), "{output:?}");
        home
    }

    fn path(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin.display())
    }

    fn run_once(&self, home: &Home) -> Seen {
        let model = Model::start();
        let project = home.path().join("project");
        fs::create_dir_all(&project).unwrap();
        let mut command = match self.host {
            Host::Claude => self.claude(),
            Host::Gemini => self.gemini(home),
            Host::Copilot => self.copilot(),
            Host::Kimi => self.kimi(&model, home),
            _ => self.codex(&model, home),
        };
        command.env_clear().env("HOME", home.path()).env("PATH", self.path()).current_dir(&project);
        for (name, value) in [
            ("ANTHROPIC_BASE_URL", model.url.as_str()),
            ("ANTHROPIC_API_KEY", "none"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
            ("MODEL_KEY", "none"),
            ("GOOGLE_GEMINI_BASE_URL", model.url.as_str()),
            ("GEMINI_API_KEY", "none"),
            ("COPILOT_OFFLINE", "true"),
            ("COPILOT_PROVIDER_BASE_URL", &format!("{}/v1", model.url)),
            ("COPILOT_MODEL", "fake"),
            ("COPILOT_AUTO_UPDATE", "false"),
        ] {
            command.env(name, value);
        }
        let output = finished(command.stdin(Stdio::null()));
        Seen { ran: project.join("ran.txt").exists(), told_to_model: model.received(), output }
    }

    fn claude(&self) -> Command {
        let mut command = Command::new(self.bin.join("claude"));
        command.args(["-p", "do it", "--model", "claude-sonnet-4-5"]);
        command
    }

    fn copilot(&self) -> Command {
        let mut command = Command::new(self.bin.join("copilot"));
        command.args(["-p", "do it", "--allow-all-tools"]);
        command
    }

    /// The key is chosen in the settings, beside what `install` wrote there.
    fn gemini(&self, home: &Home) -> Command {
        let path = home.path().join(".gemini/settings.json");
        let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        settings["security"] = json!({"auth": {"selectedType": "gemini-api-key"}});
        fs::write(path, settings.to_string()).unwrap();
        let mut command = Command::new(self.bin.join("gemini"));
        command.args(["-p", "do it", "--approval-mode", "yolo", "--skip-trust"]);
        command
    }

    fn kimi(&self, model: &Model, home: &Home) -> Command {
        let config = home.path().join(".kimi-code/config.toml");
        let hooks = fs::read_to_string(&config).unwrap();
        let provider = format!(
            "default_model = \"fake\"\n\n[providers.test]\ntype = \"openai\"\nbase_url = \"{}/v1\"\napi_key = \"none\"\n\n[models.fake]\nprovider = \"test\"\nmodel = \"fake\"\nmax_context_size = 100000\n\n{hooks}",
            model.url
        );
        fs::write(config, provider).unwrap();
        let mut command = Command::new(self.bin.join("kimi"));
        command.args(["-p", "do it"]);
        command
    }

    fn codex(&self, model: &Model, home: &Home) -> Command {
        let config = home.path().join(".codex/config.toml");
        let trust = fs::read_to_string(&config).unwrap();
        let provider = format!(
            "model = \"fake\"\nmodel_provider = \"test\"\n\n[model_providers.test]\nname = \"test\"\nbase_url = \"{}/v1\"\nenv_key = \"MODEL_KEY\"\nwire_api = \"responses\"\n\n{trust}",
            model.url
        );
        fs::write(config, provider).unwrap();
        let mut command = Command::new(self.bin.join("codex"));
        command.args(["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "do it"]);
        command
    }
}

/// Runs to the end, or fails the test when it takes too long.
fn finished(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut streams = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let stdout = thread::spawn(move || read_all(&mut streams.0));
    let stderr = thread::spawn(move || read_all(&mut streams.1));
    let deadline = Instant::now() + Duration::from_secs(RUN_SECONDS_MAX);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn read_all(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A model that asks for one command and is content with whatever comes of it.
struct Model {
    url: String,
    received: Arc<Mutex<String>>,
}

impl Model {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let received = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let log = Arc::clone(&log);
                thread::spawn(move || speak(&stream.unwrap(), &log));
            }
        });
        Self { url, received }
    }

    fn received(&self) -> String {
        self.received.lock().unwrap().clone()
    }
}

fn speak(stream: &TcpStream, log: &Mutex<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    log.lock().unwrap().push_str(&body);
    let events = match head.first().map(String::as_str).unwrap_or_default() {
        line if line.contains("/v1/messages") && !line.contains("count_tokens") => named(&messages(&body)),
        line if line.contains("/v1/responses") => named(&responses(&body)),
        line if line.contains("/chat/completions") => unnamed(&completions(&body)),
        line if line.contains(":streamGenerateContent") => unnamed(&[contents(&body)]),
        _ => String::new(),
    };
    let answer = if events.is_empty() {
        "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_owned()
    } else {
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
    };
    let mut stream = stream;
    // An agent that went away needs no answer.
    let _ = stream.write_all(answer.as_bytes());
}

fn named(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn unnamed(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// `OpenAI`'s Chat Completions API, streamed.
fn completions(body: &str) -> Vec<Value> {
    let (delta, end) = if body.contains("\"role\":\"tool\"") {
        (json!({"role": "assistant", "content": "done"}), "stop")
    } else {
        let shell = if body.contains("\"name\":\"Bash\"") { "Bash" } else { "bash" };
        let arguments = json!({"command": COMMAND, "description": "say hello"}).to_string();
        let call = json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": shell, "arguments": arguments}});
        (json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls")
    };
    let chunk = |delta: Value, end: Value| {
        json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
               "choices": [{"index": 0, "delta": delta, "finish_reason": end}]})
    };
    vec![chunk(delta, Value::Null), chunk(json!({}), json!(end))]
}

/// Google's Gemini API, streamed in one piece.
fn contents(body: &str) -> Value {
    let part = if body.contains("\"functionResponse\"") || !body.contains("run_shell_command") {
        json!({"text": "done"})
    } else {
        json!({"functionCall": {"name": "run_shell_command", "args": {"command": COMMAND, "description": "say hello"}}})
    };
    json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
           "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}})
}

/// Anthropic's Messages API, streamed.
fn messages(body: &str) -> Vec<Value> {
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    let offers_a_shell =
        request["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "Bash"));
    let asks = offers_a_shell && !body.contains("\"tool_result\"");
    let (block, delta, stop) = if asks {
        (
            json!({"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}),
            json!({"type": "input_json_delta", "partial_json": json!({"command": COMMAND, "description": "say hello"}).to_string()}),
            "tool_use",
        )
    } else {
        (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": "done"}), "end_turn")
    };
    vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
               "content": [], "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 1}}),
        json!({"type": "message_stop"}),
    ]
}

/// `OpenAI`'s Responses API, streamed.
fn responses(body: &str) -> Vec<Value> {
    let item = if body.contains("\"function_call_output\"") {
        json!({"type": "message", "role": "assistant", "id": "m1", "content": [{"type": "output_text", "text": "done"}]})
    } else {
        json!({"type": "function_call", "id": "f1", "call_id": "call_1", "name": "exec_command",
               "arguments": json!({"cmd": COMMAND}).to_string()})
    };
    vec![
        json!({"type": "response.created", "response": {"id": "r1"}}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {"id": "r1", "usage": {
            "input_tokens": 1, "input_tokens_details": null, "output_tokens": 1, "output_tokens_details": null, "total_tokens": 2}}}),
    ]
}
