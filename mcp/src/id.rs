//! Ids of requests: what an answer is paired with its request by, one set for each direction.

use std::fmt;

use serde_json::{Value, value::RawValue};

use ccc_protocol::json::INTEGER_MAX;

/// The id of a request. The MCP schema allows texts and whole numbers; `1`, `"1"` and nothing else are ids, so that two
/// readers never disagree on whether two ids are the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Id {
    /// A whole number that every reader holds exactly.
    Number(i64),
    /// A text, whatever is in it.
    Text(String),
}

impl Id {
    /// The id that `raw` spells, if it is one.
    #[must_use]
    pub fn read(raw: &RawValue) -> Option<Self> {
        Self::parse(raw.get())
    }

    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('"') {
            return serde_json::from_str(text).ok().map(Self::Text);
        }
        let number = text.parse::<i64>().ok().filter(|_| !text.starts_with('+'))?;
        (-INTEGER_MAX..=INTEGER_MAX).contains(&number).then_some(Self::Number(number))
    }

    /// The id as it goes back into a message.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

/// Finds the id in a message that cannot be read as one: too long to keep, or with more in it than a message has.
///
/// It reads bytes in one pass with a few of them in memory. What it finds serves for an error answer alone, never for a
/// decision.
#[derive(Debug, Default)]
pub struct IdScanner {
    depth: usize,
    place: Place,
    token: Vec<u8>,
    in_text: bool,
    escaped: bool,
    found: Option<Vec<u8>>,
    found_again: bool,
    asks: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Elsewhere,
    Key,
    AfterKey,
    IdValue,
}

/// Longest id that is kept while scanning; a longer one is no id.
const TOKEN_BYTES_MAX: usize = 256;

impl IdScanner {
    /// Reads on.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// The id, when the message shows exactly one.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        let text = std::str::from_utf8(self.found.as_ref()?).ok()?;
        if self.found_again { None } else { Id::parse(text.trim_ascii()) }
    }

    /// True where the message has a `method`: the id is then of the sender's own choosing, and none that it answers.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.asks
    }

    fn step(&mut self, byte: u8) {
        if self.in_text {
            self.step_in_text(byte);
            return;
        }
        match byte {
            b'"' => self.begin_text(),
            b'{' | b'[' => {
                self.depth += 1;
                self.place = if self.depth == 1 && byte == b'{' { Place::Key } else { Place::Elsewhere };
            }
            b'}' | b']' => {
                self.end_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => {
                self.end_value();
                self.place = if self.depth == 1 { Place::Key } else { Place::Elsewhere };
            }
            b':' if self.depth == 1 && self.place == Place::AfterKey => {
                self.asks |= self.token.eq_ignore_ascii_case(b"\"method\"");
                self.place = if self.token == b"\"id\"" { Place::IdValue } else { Place::Elsewhere };
                self.token.clear();
            }
            _ if self.place == Place::IdValue => self.keep(byte),
            _ => {}
        }
    }

    fn begin_text(&mut self) {
        self.in_text = true;
        if self.place == Place::Key {
            self.token.clear();
        }
        self.keep(b'"');
    }

    fn step_in_text(&mut self, byte: u8) {
        self.keep(byte);
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_text = false;
            if self.place == Place::Key {
                self.place = Place::AfterKey;
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if matches!(self.place, Place::Key | Place::IdValue) && self.token.len() <= TOKEN_BYTES_MAX {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        if self.place == Place::IdValue && self.depth == 1 {
            self.found_again |= self.found.is_some();
            self.found = Some(std::mem::take(&mut self.token));
            self.place = Place::Elsewhere;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, IdScanner};

    fn scan(text: &str) -> Option<Id> {
        let mut scanner = IdScanner::default();
        for byte in text.as_bytes() {
            scanner.feed(&[*byte]);
        }
        scanner.id()
    }

    #[test]
    fn a_number_and_a_text_of_the_same_letters_are_two_ids() {
        assert_ne!(Id::parse("1"), Id::parse("\"1\""));
        assert_eq!(Id::parse("\"a\\u0062\""), Some(Id::Text("ab".into())));
        assert_eq!(Id::parse("-7"), Some(Id::Number(-7)));
    }

    #[test]
    fn what_two_readers_could_round_differently_is_no_id() {
        for text in ["1.0", "1e0", "+1", "9007199254740992", "null", "true", "[1]", "{}", "\"\\ud800\""] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_is_found_at_the_outermost_level_alone() {
        assert_eq!(scan(r#"{"id": 4 ,"x":{"id":5}}"#), Some(Id::Number(4)));
        assert_eq!(scan(r#"{"x":{"id":5},"y":["id",6],"id":"q\"7"}"#), Some(Id::Text("q\"7".into())));
        assert_eq!(scan(r#"{"x":"\"id\":1","id":2,"z":"#), Some(Id::Number(2)));
        assert_eq!(scan(r#"[{"id":5}]"#), None);
        assert_eq!(scan(r#"{"x":"id","y":1}"#), None);
    }

    #[test]
    fn a_method_at_the_outermost_level_asks() {
        let asks = |text: &str| {
            let mut scanner = IdScanner::default();
            scanner.feed(text.as_bytes());
            scanner.asks()
        };
        assert!(asks(r#"{"id":1,"method":7"#) && asks(r#"{"Method" :"x"}"#));
        assert!(!asks(r#"{"id":1,"result":{"method":"x"},"x":"method"}"#) && !asks(r#"[{"method":"x"}]"#));
    }

    #[test]
    fn two_ids_are_none_and_so_is_one_without_an_end() {
        assert_eq!(scan(r#"{"id":1,"id":2}"#), None);
        assert_eq!(scan(&format!(r#"{{"id":"{}"}}"#, "x".repeat(1000))), None);
    }
}
