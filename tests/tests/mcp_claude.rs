//! The real Claude Code before a server that `ccc-mcp install` put behind the proxy, where it is installed: `CCC_AGENTS_BIN` names the
//! directory with its program, as for the hook's tests. It talks to a model of the test's own, which wants one tool called.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use ccc_tests::{
    bridge::program,
    mcp::{Scene, trusting},
};
use serde_json::{Value, json};

#[test]
fn claude_code_calls_what_is_allowed_and_reads_the_answer() {
    let Some(claude) = claude() else { return };
    let scene = trusting();
    let told = run(&claude, &scene, "echo");
    assert_eq!(scene.calls(), ["hello"], "{told}");
    assert!(told.contains(r#""text":"done"#), "{told}");
}

#[test]
fn claude_code_is_refused_what_is_denied_and_its_model_reads_why() {
    let Some(claude) = claude() else { return };
    let scene = trusting();
    let told = run(&claude, &scene, "never");
    assert_eq!(scene.calls(), Vec::<String>::new(), "{told}");
    assert!(told.contains("never this"), "the rule's name is the reason: {told}");
}

fn claude() -> Option<PathBuf> {
    let found = std::env::var_os("CCC_AGENTS_BIN").map(|bin| PathBuf::from(bin).join("claude"));
    let found = found.filter(|program| program.exists());
    if found.is_none() {
        eprintln!("no real Claude Code: CCC_AGENTS_BIN names no directory with it");
    }
    found
}

/// What the results of tools were, as the model was sent them, after Claude Code was told to do something and the model
/// wanted this tool called.
fn run(claude: &Path, scene: &Scene, tool: &str) -> String {
    let entry = json!({ "mcpServers": { "peer": { "command": "sh", "args": ["peer.sh"] } } });
    fs::write(scene.file(".mcp.json"), entry.to_string()).unwrap();
    install(scene);
    let model = Model::start(&format!("mcp__peer__{tool}"));
    let home = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", claude.parent().unwrap().display());
    let output = Command::new("timeout")
        .args(["120".as_ref(), claude.as_os_str()])
        .args(["-p", "do it", "--model", "claude-sonnet-4-5", "--mcp-config", ".mcp.json", "--strict-mcp-config"])
        .args(["--allowedTools", "mcp__peer__echo,mcp__peer__never"])
        .current_dir(scene.agent.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .env("ANTHROPIC_BASE_URL", &model.url)
        .env("ANTHROPIC_API_KEY", "none")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("ENABLE_TOOL_SEARCH", "false")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    model.results.lock().unwrap().clone()
}

fn install(scene: &Scene) {
    let mut command = Command::new(program("ccc-mcp"));
    command.args(["--config", "mcp.json", "install", "--client", "claude", "--server", "peer", "--file", ".mcp.json"]);
    let output = command.current_dir(scene.agent.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let wrapped = fs::read_to_string(scene.file(".mcp.json")).unwrap();
    assert!(wrapped.contains("\"proxy\""), "{wrapped}");
}

/// A model that wants one tool called and is content with whatever comes of it.
struct Model {
    url: String,
    /// The last results of tools that it was sent.
    results: Arc<Mutex<String>>,
}

impl Model {
    fn start(tool: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let results = Arc::new(Mutex::new(String::new()));
        let (heard, tool) = (Arc::clone(&results), tool.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, tool) = (Arc::clone(&heard), tool.clone());
                thread::spawn(move || speak(stream, &tool, &heard));
            }
        });
        Self { url, results }
    }
}

/// Answers one request. Whoever asks for anything but messages, or goes away, needs nothing.
fn speak(mut stream: TcpStream, tool: &str, heard: &Mutex<String>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let head: Vec<String> = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_message = head.first()?.contains("/v1/messages") && !head.first()?.contains("count_tokens");
    let answer = if is_message {
        let events = events(&asked, tool, heard);
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
    } else {
        "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_owned()
    };
    stream.write_all(answer.as_bytes()).ok()
}

/// Anthropic's Messages API, streamed.
fn events(asked: &Value, tool: &str, heard: &Mutex<String>) -> String {
    let messages = asked["messages"].as_array().cloned().unwrap_or_default();
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let results: Vec<&Value> = blocks.filter(|block| block["type"] == "tool_result").collect();
    if !results.is_empty() {
        *heard.lock().unwrap() = json!(results).to_string();
    }
    let offered = asked["tools"].as_array().is_some_and(|tools| tools.iter().any(|one| one["name"] == tool));
    let (block, delta, stop) = if offered && results.is_empty() {
        let input = json!({ "text": "hello" }).to_string();
        (
            json!({ "type": "tool_use", "id": "toolu_1", "name": tool, "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": input }),
            "tool_use",
        )
    } else {
        (json!({ "type": "text", "text": "" }), json!({ "type": "text_delta", "text": "well" }), "end_turn")
    };
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    let events = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": stop, "stop_sequence": null }, "usage": { "output_tokens": 1 } }),
        json!({ "type": "message_stop" }),
    ];
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}
