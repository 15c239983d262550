//! A small model on loopback. It speaks the four interfaces by which coding agents ask theirs, asks for one shell command after the
//! other, and is content with whatever comes of them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};

/// The largest request that is read, in bytes: agents send all their tools each time.
const REQUEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The names under which agents offer their shell where the interface does not fix one.
const SHELLS: [&str; 3] = ["Bash", "bash", "run_shell_command"];

/// A running model. It serves until the process ends.
#[derive(Debug)]
pub struct Model {
    url: String,
    received: Arc<Mutex<Received>>,
}

/// What a model was sent.
#[derive(Debug, Default)]
struct Received {
    text: String,
    has_result: bool,
}

impl Model {
    /// Starts one that asks for these commands in turn, on a port of its own.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start(commands: &[&str]) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let received = Arc::new(Mutex::new(Received::default()));
        let log = Arc::clone(&received);
        let commands: Arc<[String]> = commands.iter().map(|command| (*command).to_owned()).collect();
        thread::Builder::new().spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, commands) = (Arc::clone(&log), Arc::clone(&commands));
                // An agent that went away needs no answer.
                thread::spawn(move || speak(&stream, &log, &commands));
            }
        })?;
        Ok(Self { url, received })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All that it was sent.
    #[must_use]
    pub fn received(&self) -> String {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }

    /// True where it was told what came of its command.
    #[must_use]
    pub fn was_told_a_result(&self) -> bool {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).has_result
    }
}

fn speak(stream: &TcpStream, log: &Mutex<Received>, commands: &[String]) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?.take(REQUEST_BYTES_MAX));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = Vec::new();
    reader.take(length.unwrap_or(0)).read_to_end(&mut body)?;
    let turn = Turn::of(&String::from_utf8_lossy(&body), commands);
    {
        let mut received = log.lock().unwrap_or_else(PoisonError::into_inner);
        received.text.push_str(&turn.body);
        received.has_result |= turn.results > 0;
    }
    let events = turn.events(head.first().map(String::as_str).unwrap_or_default());
    let answer = if events.is_empty() {
        "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}".to_owned()
    } else {
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
    };
    let mut stream = stream;
    stream.write_all(answer.as_bytes())
}

/// One request to the model.
struct Turn<'a> {
    body: String,
    /// The shell that the agent offers.
    shell: Option<&'static str>,
    /// Of how many calls it tells what came of them.
    results: usize,
    /// What is asked for now; nothing where the answer is "done".
    command: Option<&'a str>,
}

impl<'a> Turn<'a> {
    fn of(body: &str, commands: &'a [String]) -> Self {
        let close: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let shell = SHELLS.into_iter().find(|shell| close.contains(&format!("\"name\":\"{shell}\"")));
        let results = ["\"tool_result\"", "\"function_call_output\"", "\"functionResponse\"", "\"role\":\"tool\""];
        let results = results.iter().map(|result| close.matches(result).count()).max().unwrap_or_default();
        let command = commands.get(results).map(String::as_str);
        Self { body: body.to_owned(), shell, results, command }
    }

    /// The shell to ask, its input, and the call's id; none where the answer is "done".
    fn asked(&self) -> Option<(&'static str, Value, String)> {
        let (shell, command) = (self.shell?, self.command?);
        // Some agents want a field, others refuse it.
        let input = match shell {
            "run_shell_command" => json!({ "command": command, "description": "a command", "is_background": false }),
            _ => json!({ "command": command, "description": "a command" }),
        };
        Some((shell, input, self.id()))
    }

    fn id(&self) -> String {
        format!("call_{}", self.results + 1)
    }

    fn events(&self, line: &str) -> String {
        match line {
            line if line.contains("/v1/messages") && !line.contains("count_tokens") => named(&self.messages()),
            line if line.contains("/v1/responses") => named(&self.responses()),
            line if line.contains("/chat/completions") => unnamed(&self.completions()),
            line if line.contains(":streamGenerateContent") => unnamed(&[self.contents()]),
            _ => String::new(),
        }
    }

    /// `OpenAI`'s Chat Completions API, streamed.
    fn completions(&self) -> Vec<Value> {
        let (delta, end) = match self.asked() {
            None => (json!({"role": "assistant", "content": "done"}), "stop"),
            Some((shell, input, id)) => {
                let call = json!({"index": 0, "id": id, "type": "function",
                                  "function": {"name": shell, "arguments": input.to_string()}});
                (json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls")
            }
        };
        let chunk = |delta: Value, end: Value| {
            json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
                   "choices": [{"index": 0, "delta": delta, "finish_reason": end}]})
        };
        vec![chunk(delta, Value::Null), chunk(json!({}), json!(end))]
    }

    /// Google's Gemini API, streamed in one piece.
    fn contents(&self) -> Value {
        let part = match self.asked() {
            None => json!({"text": "done"}),
            Some((shell, input, _)) => json!({"functionCall": {"name": shell, "args": input}}),
        };
        json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
               "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}})
    }

    /// Anthropic's Messages API, streamed.
    fn messages(&self) -> Vec<Value> {
        let (block, delta, stop) = match self.asked() {
            None => (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": "done"}), "end_turn"),
            Some((shell, input, id)) => (
                json!({"type": "tool_use", "id": format!("tool_{id}"), "name": shell, "input": {}}),
                json!({"type": "input_json_delta", "partial_json": input.to_string()}),
                "tool_use",
            ),
        };
        let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
                             "stop_reason": null, "stop_sequence": null,
                             "usage": {"input_tokens": 1, "output_tokens": 1}});
        vec![
            json!({"type": "message_start", "message": message}),
            json!({"type": "content_block_start", "index": 0, "content_block": block}),
            json!({"type": "content_block_delta", "index": 0, "delta": delta}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null},
                   "usage": {"output_tokens": 1}}),
            json!({"type": "message_stop"}),
        ]
    }

    /// `OpenAI`'s Responses API, streamed; who speaks it calls its shell `exec_command`.
    fn responses(&self) -> Vec<Value> {
        let item = match self.command {
            None => json!({"type": "message", "role": "assistant", "id": "m1",
                           "content": [{"type": "output_text", "text": "done"}]}),
            Some(command) => json!({"type": "function_call", "id": format!("f{}", self.results), "call_id": self.id(),
                                    "name": "exec_command", "arguments": json!({"cmd": command}).to_string()}),
        };
        let usage = json!({"input_tokens": 1, "input_tokens_details": null, "output_tokens": 1,
                           "output_tokens_details": null, "total_tokens": 2});
        vec![
            json!({"type": "response.created", "response": {"id": "r1"}}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "response.completed", "response": {"id": "r1", "usage": usage}}),
        ]
    }
}

fn named(events: &[Value]) -> String {
    let kind = |event: &Value| event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", kind(event))).collect()
}

fn unnamed(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}
