//! A judge that denies everything, clients that bend their messages at random, and readers of the lenient kind behind the proxy:
//! whatever such a reader makes of what was passed on, it is never a tool call.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ccc_mcp::{
    definition::ServerName,
    frame::Frames,
    judge::{Judge, PinRequest, ToolCall, Trust, Verdict, Watch},
    proxy::{Limits, Proxy, Settings, Upstream},
};
use ccc_protocol::TicketId;
use proptest::prelude::{Strategy, any, prop, proptest};
use serde_json::Value;

struct Deny;

impl Judge for Deny {
    fn judge(&self, _: &ToolCall, _: &dyn Watch) -> Verdict {
        Verdict::Deny { reason: "no".into(), ticket: None }
    }
    fn withdraw(&self, _: TicketId) {}
    fn pin(&self, _: &PinRequest) -> Trust {
        Trust::Approved
    }
    fn wait_for_pin(&self, ticket: TicketId, _: Duration) -> Trust {
        Trust::Waiting(ticket)
    }
}

#[derive(Clone, Default)]
struct Server(Arc<Mutex<Vec<u8>>>);

impl Upstream for Server {
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let mut got = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        got.extend_from_slice(line);
        got.push(b'\n');
        Ok(())
    }
    fn close(&mut self) {}
}

/// What reaches a server when a client sends `bytes`.
fn passed_on(bytes: &[u8]) -> Vec<u8> {
    let server = Server::default();
    let name = ServerName { name: "x".into(), command: vec!["x".into()] };
    let settings = Settings { limits: Limits { list_seconds_max: 0, ..Limits::default() }, ..Settings::default() };
    let proxy = Proxy::new(name, settings, Box::new(Deny), Box::new(io::sink()), Box::new(server.clone()));
    let mut frames = Frames::new(bytes, 4096);
    while let Ok(Some(frame)) = frames.read() {
        proxy.client_sent(frame);
    }
    let got = server.0.lock().unwrap_or_else(PoisonError::into_inner);
    got.clone()
}

/// The messages that a reader finds who splits lines at any line break, takes batches, and drops what it cannot read.
fn messages(bytes: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let values = lines.filter_map(|line| serde_json::from_str::<Value>(line.trim_start_matches('\u{feff}')).ok());
    values
        .flat_map(|value| match value {
            Value::Array(batch) => batch,
            one => vec![one],
        })
        .collect()
}

/// True where a reader that matches names without regard to case sees a call of a tool that is not the proxy's own list.
fn is_call(message: &Value) -> bool {
    let Some(members) = message.as_object() else { return false };
    let method = |name: &str| name.to_uppercase() == "METHOD";
    members.iter().any(|(name, value)| method(name) && value.as_str().is_some_and(|value| value.trim() == "tools/call"))
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{}}}"#;

fn check(bytes: &[u8]) {
    let passed = passed_on(bytes);
    let calls: Vec<Value> = messages(&passed).into_iter().filter(is_call).collect();
    assert!(calls.is_empty(), "{:?} passed as {calls:?}", String::from_utf8_lossy(bytes));
}

/// One change to a text.
#[derive(Debug, Clone)]
enum Bend {
    Insert(usize, &'static str),
    Remove(usize, usize),
    Wrap(&'static str, &'static str),
    Repeat(usize, usize),
}

const PIECES: [&str; 24] = [
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "\u{b}",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\"method\":\"ping\",",
    "\"Method\":\"tools/call\",",
    "\"id\":null,",
    "\"params\":{},",
    "\\u0074",
    "null",
    CALL,
];
const WRAPS: [(&str, &str); 7] = [
    ("[", "]"),
    ("[[", "]]"),
    ("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\",\"params\":{\"x\":", "}}"),
    ("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\",\"params\":{\"x\":\r", "\r}}"),
    ("{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":\n", "}"),
    ("{\"jsonrpc\":\"2.0\",\"id\":9,\"error\":[\r", "\r]}"),
    ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":[\"\u{2028}\",", "]}"),
];

impl Bend {
    fn bend(&self, text: &str) -> String {
        let place = |at: usize| (0..=at % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        match *self {
            Self::Insert(at, piece) => {
                let (head, tail) = text.split_at(place(at));
                [head, piece, tail].concat()
            }
            Self::Remove(from, to) => {
                let (from, to) = (place(from).min(place(to)), place(from).max(place(to)));
                [&text[..from], &text[to..]].concat()
            }
            Self::Wrap(head, tail) => [head, text, tail].concat(),
            Self::Repeat(from, to) => {
                let (from, to) = (place(from).min(place(to)), place(from).max(place(to)));
                [&text[..to], &text[from..]].concat()
            }
        }
    }
}

fn bends() -> impl Strategy<Value = Bend> {
    let place = any::<usize>();
    proptest::prop_oneof![
        4 => (place, prop::sample::select(PIECES.to_vec())).prop_map(|(at, piece)| Bend::Insert(at, piece)),
        1 => (place, 0_usize..6).prop_map(|(at, len)| Bend::Remove(at, at.saturating_add(len))),
        2 => prop::sample::select(WRAPS.to_vec()).prop_map(|(head, tail)| Bend::Wrap(head, tail)),
        1 => (place, place).prop_map(|(from, to)| Bend::Repeat(from, to)),
    ]
}

#[test]
fn the_lenient_reader_sees_calls_where_there_are_some() {
    assert_eq!(messages(CALL.as_bytes()).iter().filter(|message| is_call(message)).count(), 1);
    assert_eq!(messages(format!("[{CALL}]\r{CALL}").as_bytes()).iter().filter(|message| is_call(message)).count(), 2);
    assert!(!passed_on(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).is_empty(), "and others do pass");
}

#[test]
fn no_wrapping_hides_a_call() {
    for (head, tail) in WRAPS {
        check(format!("{head}{CALL}{tail}\n").as_bytes());
    }
}

proptest! {
    #[test]
    fn a_bent_call_never_passes_unjudged(bends in prop::collection::vec(bends(), 0..6)) {
        let text = bends.iter().fold(CALL.to_owned(), |text, bend| bend.bend(&text));
        check(text.as_bytes());
        check(format!("{text}\n{text}\r\n").as_bytes());
    }

    #[test]
    fn noise_never_passes_as_a_call_and_breaks_nothing(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&noise);
    }
}
