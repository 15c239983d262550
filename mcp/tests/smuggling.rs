//! A judge that denies everything, clients that bend their messages at random, and readers of the lenient kind behind the proxy:
//! whatever such a reader makes of what was passed on, it is never a tool call, nor a list of tools that is not compared.

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

/// The methods a message may be read as: by readers that match member names without regard to case, and of the value keep only
/// letters and digits, in one case and one width, up to a NUL. That is more lenient than anything known.
fn methods(message: &Value) -> impl Iterator<Item = (&str, String)> {
    let named = message.as_object().into_iter().flatten().filter(|(name, _)| bare(name) == "method");
    named.filter_map(|(_, value)| value.as_str()).map(|value| (value, bare(value)))
}

fn bare(name: &str) -> String {
    let upto_nul = name.trim_start_matches('\0').split('\0').next().unwrap_or_default();
    let narrow = upto_nul.replace("%2f", "/").replace("%2F", "/");
    let narrow = narrow.chars().map(|c| match u32::from(c) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    });
    let kept: String = narrow.filter(|c| c.is_alphanumeric()).collect();
    kept.to_uppercase().to_lowercase()
}

fn is_call(message: &Value) -> bool {
    methods(message).any(|(_, bare)| bare == "toolscall")
}

/// True where somebody sees a list of tools whose answer would not be looked at.
fn is_hidden_list(message: &Value) -> bool {
    methods(message).any(|(exact, bare)| bare == "toolslist" && exact != "tools/list")
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{}}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;

fn check(bytes: &[u8]) {
    let passed = passed_on(bytes);
    let judged = |message: &Value| is_call(message) || is_hidden_list(message);
    let calls: Vec<Value> = messages(&passed).into_iter().filter(judged).collect();
    assert!(calls.is_empty(), "{:?} passed as {calls:?}", String::from_utf8_lossy(bytes));
}

/// One change to a text.
#[derive(Debug, Clone)]
enum Bend {
    Insert(usize, &'static str),
    Remove(usize, usize),
    Wrap(&'static str, &'static str),
    Repeat(usize, usize),
    /// Into the name of the method, which most inserts miss.
    InMethod(usize, &'static str),
    Respell(usize, fn(char) -> char),
}

const PIECES: [&str; 24] = [
    "\r", "\n", "\r\n", " ", "\t", "\u{feff}", "\u{2028}", "\u{85}", "\u{b}", "{", "}", "[", "]", ",", ":", "\"", "\\",
    "\"method\":\"ping\",", "\"Method\":\"tools/call\",", "\"id\":null,", "\"params\":{},", "\\u0074", "null", CALL,
];
/// What a lenient reader of a method's name could overlook, as it stands in JSON text.
const OVERLOOKED: [&str; 28] = [
    " ", "  ", "\\t", "\\n", "\\r", "\\u0000", "\\u0000x", "\\u0008", "\\u001f", "\u{7f}", "\u{85}", "\u{a0}",
    "\u{ad}", "\u{180e}", "\u{200b}", "\\u200d", "\u{202e}", "\u{2060}", "\u{2028}", "\u{3000}", "\u{fe0f}",
    "\u{feff}", "\u{e0001}", "\u{301}", "/", ".", "\\\\", "%2f",
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

/// In another case.
fn other_case(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}

/// In the width of East Asian type.
fn wide(c: char) -> char {
    if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c) } else { c }
}

/// As another character that has the same upper case.
fn folded(c: char) -> char {
    if c == 's' { '\u{17f}' } else { c }
}

/// Where the text's first method has its name, in bytes.
fn name_of_method(text: &str) -> Option<(usize, usize)> {
    let from = text.find("\"method\":\"")? + "\"method\":\"".len();
    let to = from + text.get(from..)?.find('"')?;
    Some((from, to))
}

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
            Self::InMethod(at, piece) => match name_of_method(text) {
                Some((from, to)) => Self::Insert(from + at % (to - from + 1), piece).bend(text),
                None => text.to_owned(),
            },
            Self::Respell(at, respell) => match name_of_method(text) {
                Some((from, to)) if from < to => {
                    let at = place(from + at % (to - from));
                    let mut rest = text[at..].chars();
                    let first = rest.next().map(respell).into_iter();
                    text[..at].chars().chain(first).chain(rest).collect()
                }
                _ => text.to_owned(),
            },
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
        3 => (place, prop::sample::select(OVERLOOKED.to_vec())).prop_map(|(at, piece)| Bend::InMethod(at, piece)),
        2 => (place, prop::sample::select(vec![other_case as fn(char) -> char, wide, folded]))
            .prop_map(|(at, respell)| Bend::Respell(at, respell)),
    ]
}

#[test]
fn the_lenient_reader_sees_calls_where_there_are_some() {
    assert_eq!(messages(CALL.as_bytes()).iter().filter(|message| is_call(message)).count(), 1);
    assert_eq!(messages(format!("[{CALL}]\r{CALL}").as_bytes()).iter().filter(|message| is_call(message)).count(), 2);
    assert!(!passed_on(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).is_empty(), "and others do pass");
}

#[test]
fn no_spelling_of_its_method_hides_a_call_or_a_list() {
    for text in [CALL, LIST] {
        for at in 0..="tools/call".len() {
            for piece in OVERLOOKED {
                check(Bend::InMethod(at, piece).bend(text).as_bytes());
            }
            for respell in [other_case, wide, folded] {
                let bent = Bend::Respell(at, respell).bend(text);
                let seen = messages(bent.as_bytes()).iter().any(|message| is_call(message) || is_hidden_list(message));
                assert_eq!(seen, text == CALL || bent != text, "{bent}");
                check(bent.as_bytes());
            }
        }
    }
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
    fn a_bent_list_never_passes_unlooked_at(bends in prop::collection::vec(bends(), 0..6)) {
        let text = bends.iter().fold(LIST.to_owned(), |text, bend| bend.bend(&text));
        check(text.as_bytes());
    }

    #[test]
    fn noise_never_passes_as_a_call_and_breaks_nothing(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&noise);
    }
}
