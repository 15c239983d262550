//! The one JSON reader. What is signed, what is shown and what runs must be
//! the same, so every text has one reading here or none: no duplicate keys, no
//! lone surrogates, no number that another reader would round or spell
//! differently, nothing after the value.

use crate::visible;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

/// The largest whole number, on both sides of zero, that every JSON reader
/// holds exactly: 2^53 − 1 (RFC 7493, section 2.2).
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// How deep objects and lists may lie in one another in a message.
pub const DEPTH_MAX: usize = 32;

/// What a reader of JSON puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Objects and lists inside one another; the outermost counts as one.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX }
    }
}

/// Why a text is not JSON as this protocol reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    /// Offset of the first byte that could not be accepted.
    pub at: usize,
    /// What stands there, as a phrase without capital or full stop.
    pub what: String,
}

/// Reads the one JSON value that `bytes` hold.
///
/// # Errors
/// When the bytes are not UTF-8, not JSON, or JSON with more than one reading.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Value, JsonError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(error(0, "a byte order mark"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| error(e.valid_up_to(), "bytes that are not UTF-8"))?;
    let mut reader = Reader { text, at: 0, depth: 0, depth_max: limits.depth_max };
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// Reads the one JSON object that `bytes` hold.
///
/// # Errors
/// As [`read`], and when the value is something else than an object.
pub fn read_object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    match read(bytes, limits)? {
        Value::Object(object) => Ok(object),
        other => Err(error(0, format!("{} instead of an object", kind(&other)))),
    }
}

/// Reads a message of ours: one JSON object with the fields that `T` declares.
/// A `T` that is a message carries `deny_unknown_fields`.
///
/// # Errors
/// As [`read_object`], and when the fields are not those of `T`.
pub fn read_message<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    from_object(read_object(bytes, Limits::default())?)
}

/// The message that an object already read holds.
///
/// # Errors
/// When the fields are not those of `T`.
pub fn from_object<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, JsonError> {
    serde_json::from_value(Value::Object(object)).map_err(|e| error(0, e.to_string()))
}

/// What a person calls this kind of value.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    depth_max: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, JsonError>) -> Result<Value, JsonError> {
        if self.depth == self.depth_max {
            return Err(self.error(format!("nesting deeper than {}", self.depth_max)));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut object = Map::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            self.skip_space();
            let key_at = self.at;
            let key = self.key(&object)?;
            self.skip_space();
            self.want(b':', "`:`")?;
            let value = self.value()?;
            if object.insert(key, value).is_some() {
                return Err(error(key_at, "a duplicate key"));
            }
            if self.list_ends(b'}', "`,` or `}`")? {
                return Ok(Value::Object(object));
            }
        }
    }

    fn key(&mut self, before: &Map<String, Value>) -> Result<String, JsonError> {
        let at = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key = self.string()?;
        if before.contains_key(&key) {
            return Err(error(at, format!("a second `{}`", excerpt(&key))));
        }
        Ok(key)
    }

    fn list(&mut self) -> Result<Value, JsonError> {
        let mut list = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::Array(list));
        }
        loop {
            list.push(self.value()?);
            if self.list_ends(b']', "`,` or `]`")? {
                return Ok(Value::Array(list));
            }
        }
    }

    fn list_ends(&mut self, end: u8, wanted: &str) -> Result<bool, JsonError> {
        self.skip_space();
        if self.take(end) {
            return Ok(true);
        }
        self.want(b',', wanted)?;
        Ok(false)
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let run = self.rest().iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f));
            let Some(run) = run else {
                self.at = self.text.len();
                return Err(self.error("a string without an end"));
            };
            string.push_str(self.text.get(self.at..self.at + run).unwrap_or_default());
            self.at += run;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(self.error("a control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let at = self.at;
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(at),
            _ => return Err(error(at, "an unknown escape in a string")),
        })
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair.
    fn unicode_escape(&mut self, at: usize) -> Result<char, JsonError> {
        let first = self.four_digits(at)?;
        if let Some(plain) = char::from_u32(first) {
            return Ok(plain);
        }
        if first >= 0xdc00 || !self.rest().starts_with(b"\\u") {
            return Err(error(at, "a lone surrogate"));
        }
        self.at += 2;
        let second = self.four_digits(at)?;
        if !(0xdc00..=0xdfff).contains(&second) {
            return Err(error(at, "a lone surrogate"));
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| error(at, "a lone surrogate"))
    }

    fn four_digits(&mut self, escape_at: usize) -> Result<u32, JsonError> {
        let digits = self.rest().get(..4).unwrap_or_default();
        let code = digits.iter().try_fold(0_u32, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?));
        let whole = digits.len() == 4;
        self.at += 4;
        match code {
            Some(code) if whole => Ok(code),
            _ => Err(error(escape_at, "an escape without four hexadecimal digits")),
        }
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(error(start, "a number with a leading zero"));
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if whole { integer(text) } else { decimal(text) }.map_err(|what| error(start, what))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("more text after the end of the value")),
        }
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn want(&mut self, byte: u8, wanted: &str) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(wanted)) }
    }

    fn unexpected(&self, wanted: &str) -> JsonError {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.chars().next() {
            None => self.error(format!("the end of the text instead of {wanted}")),
            Some(found) => {
                let found = visible::escaped(found.encode_utf8(&mut [0; 4]));
                self.error(format!("`{found}` instead of {wanted}"))
            }
        }
    }

    fn error(&self, what: impl Into<String>) -> JsonError {
        error(self.at, what)
    }
}

fn integer(text: &str) -> Result<Number, String> {
    text.parse::<i64>()
        .ok()
        .filter(|value| (-INTEGER_MAX..=INTEGER_MAX).contains(value))
        .map(Number::from)
        .ok_or_else(too_large)
}

/// A number with a fraction or an exponent. One of integral value is that
/// integer, so `1.0`, `1e0` and `1` are one value with one canonical form.
fn decimal(text: &str) -> Result<Number, String> {
    let value: f64 = text.parse().map_err(|_| "a number that cannot be read".to_owned())?;
    if !value.is_finite() {
        return Err("a number too large for a double".to_owned());
    }
    if value.fract() != 0.0 {
        return Number::from_f64(value).ok_or_else(too_large);
    }
    #[expect(clippy::cast_possible_truncation, reason = "compared with the range that is exact")]
    let whole = value as i64;
    if (-INTEGER_MAX..=INTEGER_MAX).contains(&whole) { Ok(Number::from(whole)) } else { Err(too_large()) }
}

fn too_large() -> String {
    format!("an integer beyond ±{INTEGER_MAX}; write it as a string")
}

/// The start of a text that goes into a message about it.
fn excerpt(text: &str) -> String {
    const EXCERPT_CHARS_MAX: usize = 64;
    visible::excerpt(text, EXCERPT_CHARS_MAX)
}

fn error(at: usize, what: impl Into<String>) -> JsonError {
    JsonError { at, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::{Limits, from_object, read, read_message, read_object};
    use serde_json::{Value, json};

    fn value(text: &str) -> Value {
        read(text.as_bytes(), Limits::default()).unwrap()
    }

    fn refusal(text: &str) -> String {
        read(text.as_bytes(), Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn spellings_of_one_number_are_one_value() {
        for text in ["1", "1.0", "1e0", "10e-1", "0.1E+1"] {
            assert_eq!(value(text), json!(1), "{text}");
        }
        for text in ["0", "-0", "-0.0", "0e5", "1e-400"] {
            assert_eq!(value(text), json!(0), "{text}");
        }
        assert_eq!(value("1.5e1"), json!(15));
        assert_eq!(value("-1.25"), json!(-1.25));
    }

    #[test]
    fn integers_that_a_double_cannot_hold_are_refused_in_every_spelling() {
        assert_eq!(value("9007199254740991"), json!(9_007_199_254_740_991_i64));
        assert_eq!(value("-9007199254740991.0"), json!(-9_007_199_254_740_991_i64));
        for text in ["9007199254740992", "-9007199254740992", "9007199254740992.0", "1e16", "1e300"] {
            assert!(refusal(text).contains("write it as a string"), "{text}");
        }
        assert_eq!(refusal("[1e400]"), "a number too large for a double at byte 1");
    }

    #[test]
    fn a_key_may_stand_once_however_it_is_spelled() {
        assert_eq!(refusal(r#"{"a":1,"\u0061":2}"#), "a second `a` at byte 7");
        assert_eq!(refusal(r#"{"x":[{"k":1,"k":1}]}"#), "a second `k` at byte 13");
        assert_eq!(value(r#"{"__proto__":1,"A":2,"a":3}"#), json!({"__proto__":1,"A":2,"a":3}));
    }

    #[test]
    fn surrogates_come_in_pairs_or_not_at_all() {
        assert_eq!(value(r#""\ud83d\ude00""#), json!("😀"));
        for text in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83d\ud83d""#, r#""\ud83dx""#, r#""\ud83d\n""#] {
            assert_eq!(refusal(text), "a lone surrogate at byte 1", "{text}");
        }
    }

    #[test]
    fn depth_has_an_edge() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(nested(32).as_bytes(), Limits::default()).is_ok());
        assert_eq!(refusal(&nested(33)), "nesting deeper than 32 at byte 32");
        assert_eq!(refusal(&"[{\"a\":".repeat(50_000)), "nesting deeper than 32 at byte 96");
        let flat = "[".to_owned() + &"[],".repeat(100) + "0]";
        assert!(read(flat.as_bytes(), Limits::default()).is_ok());
    }

    #[test]
    fn an_error_tells_where_and_what() {
        for (text, said) in [
            ("", "the end of the text instead of a value at byte 0"),
            ("{} x", "more text after the end of the value at byte 3"),
            ("{'a':1}", "`'` instead of a key in double quotes at byte 1"),
            ("[1,]", "`]` instead of a value at byte 3"),
            ("01", "a number with a leading zero at byte 0"),
            ("\u{feff}{}", "a byte order mark at byte 0"),
            ("\"a\u{1}\"", "a control character in a string at byte 2"),
        ] {
            assert_eq!(refusal(text), said, "{text:?}");
        }
        let error = read(b"\"\xff\"", Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "bytes that are not UTF-8 at byte 1");
    }

    #[test]
    fn a_message_is_an_object_with_the_declared_fields() {
        #[derive(serde::Deserialize, Debug, PartialEq)]
        #[serde(deny_unknown_fields)]
        struct Note {
            note: String,
        }
        let read_back: Note = read_message(br#"{"note":"x"}"#).unwrap();
        assert_eq!(read_back, Note { note: "x".into() });
        let unknown = read_message::<Note>(br#"{"note":"x","y":1}"#).unwrap_err();
        assert!(unknown.what.contains("unknown field `y`"), "{unknown}");
        assert!(from_object::<Note>(serde_json::Map::new()).is_err());
        let list = read_object(b"[1]", Limits::default()).unwrap_err();
        assert_eq!(list.to_string(), "a list instead of an object at byte 0");
    }
}
