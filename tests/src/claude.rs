//! The real Claude Code, where it is installed: `CCC_AGENTS_BIN` names the directory with its program, as for the hook's tests. It
//! talks to a model of the test's own.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// The program, where it is installed.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let found = std::env::var_os("CCC_AGENTS_BIN").map(|bin| PathBuf::from(bin).join("claude"));
    let found = found.filter(|program| program.exists());
    if found.is_none() {
        eprintln!("no real Claude Code: CCC_AGENTS_BIN names no directory with it");
    }
    found
}

/// Claude Code told to do something, in this directory and with this home; it ends by itself or after two minutes.
#[must_use]
pub fn command(claude: &Path, model: &Model, home: &Path, directory: &Path) -> Command {
    let bin = claude.parent().unwrap_or(Path::new("/"));
    let mut command = Command::new("timeout");
    command
        .args(["120".as_ref(), claude.as_os_str()])
        .args(["-p", "do it", "--model", "claude-sonnet-4-5"])
        .current_dir(directory)
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()))
        .env("ANTHROPIC_BASE_URL", &model.url)
        .env("ANTHROPIC_API_KEY", "none")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("ENABLE_TOOL_SEARCH", "false")
        .stdin(Stdio::null());
    command
}

/// A model that wants these tools called, one after the other, and is content with whatever comes of each.
#[derive(Debug)]
pub struct Model {
    url: String,
    /// The results of tools that it was last sent.
    results: Arc<Mutex<String>>,
}

impl Model {
    /// Starts it on a port of its own. Each call is a tool's name and its input.
    ///
    /// # Panics
    /// Where the system gives no port.
    #[must_use]
    pub fn start(calls: Vec<(String, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let results = Arc::new(Mutex::new(String::new()));
        let (heard, calls) = (Arc::clone(&results), Arc::new(calls));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, calls) = (Arc::clone(&heard), Arc::clone(&calls));
                thread::spawn(move || speak(stream, &calls, &heard));
            }
        });
        Self { url, results }
    }

    /// What came of its calls, as it was told.
    ///
    /// # Panics
    /// Where a thread of its own has panicked.
    #[must_use]
    pub fn results(&self) -> String {
        self.results.lock().unwrap().clone()
    }
}

/// Answers one request. Whoever asks for anything but messages, or goes away, needs nothing.
fn speak(mut stream: TcpStream, calls: &[(String, Value)], heard: &Mutex<String>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let head: Vec<String> = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_message = head.first()?.contains("/v1/messages") && !head.first()?.contains("count_tokens");
    let answer = if is_message {
        let events = events(&asked, calls, heard);
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
    } else {
        "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_owned()
    };
    stream.write_all(answer.as_bytes()).ok()
}

/// Anthropic's Messages API, streamed.
fn events(asked: &Value, calls: &[(String, Value)], heard: &Mutex<String>) -> String {
    let messages = asked["messages"].as_array().cloned().unwrap_or_default();
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let results: Vec<&Value> = blocks.filter(|block| block["type"] == "tool_result").collect();
    if !results.is_empty() {
        *heard.lock().unwrap() = json!(results).to_string();
    }
    let offers =
        |tool: &str| asked["tools"].as_array().is_some_and(|tools| tools.iter().any(|one| one["name"] == tool));
    let next = calls.get(results.len()).filter(|(tool, _)| offers(tool));
    let (block, delta, stop) = match next {
        Some((tool, input)) => (
            json!({ "type": "tool_use", "id": format!("toolu_{}", results.len()), "name": tool, "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": input.to_string() }),
            "tool_use",
        ),
        None => (json!({ "type": "text", "text": "" }), json!({ "type": "text_delta", "text": "well" }), "end_turn"),
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
