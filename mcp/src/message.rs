//! One JSON-RPC message, read so that every peer reads it the same way or not at all.
//!
//! Only the envelope is looked into; `params` and `result` stay the text they were. Refused, because two readers would
//! see two messages: a member that stands twice; a member JSON-RPC does not know (some readers match names without regard
//! to case, so `Method` would be a second `method`); a method beside a result; a method whose name is nearly that of another
//! one; a carriage return inside the line (some readers split lines at it, and one harmless message becomes a
//! hidden call).

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    id::{Id, IdScanner},
    method,
};

/// JSON-RPC: the text is not JSON.
pub const PARSE_ERROR: i64 = -32700;
/// JSON-RPC: JSON, but not a message that is accepted.
pub const INVALID_REQUEST: i64 = -32600;
/// JSON-RPC: the parameters are not those of the method.
pub const INVALID_PARAMS: i64 = -32602;
/// JSON-RPC: nothing there answers to this method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// JSON-RPC: the answering side failed.
pub const INTERNAL_ERROR: i64 = -32603;
/// In MCP: the connection ended before the answer came.
pub const CONNECTION_CLOSED: i64 = -32000;

/// A line of the stream.
#[derive(Debug)]
pub enum Line<'a> {
    /// One message.
    One(Message<'a>),
    /// A JSON-RPC batch, element by element, each to be read as a line of its own.
    Batch(Vec<&'a str>),
}

/// One message.
#[derive(Debug)]
pub enum Message<'a> {
    /// Wants an answer.
    Request {
        /// Of the sender's choosing.
        id: Id,
        /// What is asked for.
        method: String,
        /// As given.
        params: Option<&'a RawValue>,
    },
    /// Wants none.
    Notification {
        /// What happened.
        method: String,
        /// As given.
        params: Option<&'a RawValue>,
    },
    /// Answers a request of the other side.
    Answer {
        /// That of the request; `None` where the other side could not read it.
        id: Option<Id>,
        /// The result, or what went wrong.
        outcome: Outcome<'a>,
    },
}

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// With this result.
    Result(&'a RawValue),
    /// With an error.
    Error(&'a RawValue),
}

/// Why a line is no message, in the form of an error answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// The JSON-RPC error code.
    pub code: i64,
    /// The id of the message, where one could be found.
    pub id: Option<Id>,
    /// True where the message asks: the id is then of its sender's choosing, and no other request's.
    pub asks: bool,
    /// For the sender.
    pub what: String,
}

/// Reads a line.
///
/// # Errors
/// When it is not JSON, or no message that has one reading.
pub fn read(line: &[u8]) -> Result<Line<'_>, Malformed> {
    let text = std::str::from_utf8(line)
        .map_err(|e| parse_error(line, format!("bytes that are not UTF-8 at {}", e.valid_up_to())))?;
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.contains('\r') {
        return Err(parse_error(line, "a carriage return inside a line; write it as `\\r`".to_owned()));
    }
    if text.trim_ascii_start().starts_with('[') {
        return batch(text);
    }
    one(text).map(Line::One)
}

/// Reads one message of a batch, or a line that is known to be none.
///
/// # Errors
/// When it is no message that has one reading.
pub fn one(text: &str) -> Result<Message<'_>, Malformed> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|e| invalid(text, &e))?;
    envelope.message().map_err(|what| not_accepted(text, what))
}

fn batch(text: &str) -> Result<Line<'_>, Malformed> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| invalid(text, &e))?;
    Ok(Line::Batch(elements.into_iter().map(RawValue::get).collect()))
}

/// The members of a message. An absent one and `null` are told apart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    jsonrpc: String,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Envelope<'a> {
    fn message(self) -> Result<Message<'a>, String> {
        if self.jsonrpc != "2.0" {
            return Err("`jsonrpc` is not `2.0`".to_owned());
        }
        let (result, error) = without_null(self.result, self.error);
        match (self.method, result, error) {
            (Some(method), None, None) => request(self.id, method, self.params),
            (None, Some(result), None) if self.params.is_none() => answer(self.id, Outcome::Result(result)),
            (None, None, Some(error)) if self.params.is_none() => answer(self.id, Outcome::Error(error)),
            _ => Err("neither a request, a notification nor an answer".to_owned()),
        }
    }
}

/// Some libraries write both members of an answer, one of them `null`, which everybody reads as the other.
fn without_null<'a>(
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
) -> (Option<&'a RawValue>, Option<&'a RawValue>) {
    match (result, error) {
        (Some(result), Some(error)) if error.get() == "null" => (Some(result), None),
        (Some(result), Some(error)) if result.get() == "null" => (None, Some(error)),
        other => other,
    }
}

fn request<'a>(id: Option<&RawValue>, method: String, params: Option<&'a RawValue>) -> Result<Message<'a>, String> {
    method::check(&method)?;
    match id {
        None => Ok(Message::Notification { method, params }),
        Some(raw) => Ok(Message::Request { id: readable(raw)?, method, params }),
    }
}

fn answer<'a>(id: Option<&RawValue>, outcome: Outcome<'a>) -> Result<Message<'a>, String> {
    let id = match (id, &outcome) {
        (Some(raw), Outcome::Error(_)) if raw.get() == "null" => None,
        (None, Outcome::Error(_)) => None,
        (None, Outcome::Result(_)) => return Err("an answer without `id`".to_owned()),
        (Some(raw), _) => Some(readable(raw)?),
    };
    Ok(Message::Answer { id, outcome })
}

fn readable(raw: &RawValue) -> Result<Id, String> {
    Id::read(raw).ok_or_else(|| "`id` is neither a text nor a whole number".to_owned())
}

fn invalid(text: &str, error: &serde_json::Error) -> Malformed {
    match error.classify() {
        serde_json::error::Category::Data => not_accepted(text, format!("not a message: {error}")),
        _ => parse_error(text.as_bytes(), format!("not JSON: {error}")),
    }
}

fn not_accepted(text: &str, what: String) -> Malformed {
    malformed(INVALID_REQUEST, text.as_bytes(), what)
}

/// Who waits for the answer that a line was to be hears that it cannot be read, where it shows whose it was.
fn parse_error(line: &[u8], what: String) -> Malformed {
    malformed(PARSE_ERROR, line, what)
}

fn malformed(code: i64, line: &[u8], what: String) -> Malformed {
    let mut scanner = IdScanner::default();
    scanner.feed(line);
    Malformed { code, id: scanner.id(), asks: scanner.asks(), what }
}

#[cfg(test)]
mod tests {
    use super::{INVALID_REQUEST, Line, Malformed, Message, Outcome, PARSE_ERROR, read};
    use crate::id::Id;

    fn message(text: &str) -> Message<'_> {
        match read(text.as_bytes()).unwrap() {
            Line::One(message) => message,
            Line::Batch(_) => panic!("a batch: {text}"),
        }
    }

    fn refusal(text: &str) -> Malformed {
        read(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn the_four_kinds_are_told_apart() {
        assert!(matches!(
            message(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#),
            Message::Request { id: Id::Number(0), .. }
        ));
        assert!(matches!(
            message(r#"{"jsonrpc":"2.0","method":"n","params":{}}"#),
            Message::Notification { params: Some(_), .. }
        ));
        assert!(matches!(
            message(r#"{"jsonrpc":"2.0","id":"a","result":null}"#),
            Message::Answer { id: Some(_), outcome: Outcome::Result(_) }
        ));
        assert!(matches!(
            message(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#),
            Message::Answer { id: None, outcome: Outcome::Error(_) }
        ));
    }

    #[test]
    fn a_null_beside_a_result_or_an_error_is_nothing() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":null,"result":null}"#,
        ] {
            assert!(matches!(message(text), Message::Answer { outcome: Outcome::Result(_), .. }), "{text}");
        }
        let failed = r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{}}"#;
        assert!(matches!(message(failed), Message::Answer { outcome: Outcome::Error(_), .. }));
        assert_eq!(refusal(r#"{"jsonrpc":"2.0","id":1,"method":"x","error":null}"#).code, INVALID_REQUEST);
    }

    #[test]
    fn params_and_results_stay_the_text_they_were() {
        let Message::Request { params: Some(params), method, .. } =
            message(r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{ "x" : 1.0e0 }}"#)
        else {
            panic!("no request");
        };
        assert_eq!((params.get(), method.as_str()), (r#"{ "x" : 1.0e0 }"#, "tools/call"));
    }

    #[test]
    fn a_message_with_two_readings_is_none() {
        for text in [
            r#"{"jsonrpc":"2.0","id":3,"method":"ping","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"ping","m\u0065thod":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"ping","Method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"ping","params":{},"Params":{}}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":3,"result":{},"error":{}}"#,
            r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#,
            r#"{"id":3,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":" tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"tools/call\u0000"}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":["tools/call"]}"#,
            r#"{"jsonrpc":"2.0","id":3}"#,
        ] {
            let refusal = refusal(text);
            assert_eq!((refusal.code, refusal.id), (INVALID_REQUEST, Some(Id::Number(3))), "{text}");
        }
        for text in
            [r#"{"jsonrpc":"2.0","id":null,"method":"tools/call"}"#, r#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#]
        {
            assert_eq!(refusal(text).code, INVALID_REQUEST, "{text}");
        }
    }

    /// A reader of universal newlines would see a `tools/call` on a line of its own.
    #[test]
    fn a_call_hidden_between_carriage_returns_is_refused() {
        let hidden = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":\r{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\"}\r}}";
        assert_eq!(refusal(hidden).code, PARSE_ERROR);
        assert!(read(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r").is_ok());
    }

    #[test]
    fn what_is_not_json_is_a_parse_error() {
        for text in ["{", "x", "\u{feff}{}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"} {}", "[1,"] {
            assert_eq!(refusal(text).code, PARSE_ERROR, "{text}");
        }
        assert_eq!(read(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc3\"}").unwrap_err().code, PARSE_ERROR);
        assert_eq!(refusal("7").code, INVALID_REQUEST);
    }

    #[test]
    fn a_line_that_is_no_message_still_shows_whose_answer_it_was() {
        for line in [
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"text\":\"\xff\"}}".as_slice(),
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"n\":NaN}}",
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\r{}}",
        ] {
            let Malformed { code, id, asks, .. } = read(line).unwrap_err();
            assert_eq!((code, id, asks), (PARSE_ERROR, Some(Id::Number(7)), false));
        }
        assert_eq!(refusal("starting up, id: 7").id, None, "what a program prints by mistake is nobody's answer");
    }

    #[test]
    fn a_batch_is_taken_apart() {
        let Line::Batch(elements) = read(br#" [{"a":1}, 2]"#).unwrap() else { panic!("no batch") };
        assert_eq!(elements, [r#"{"a":1}"#, "2"]);
    }
}
