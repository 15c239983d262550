//! Structured field values (RFC 8941), as far as signatures and digests need
//! them: dictionaries of items and inner lists. Stricter than the RFC in one
//! point: a key that stands twice is refused rather than the last one taken.
//!
//! Everything borrows from the field, because a signature is computed over the
//! field as it was received.

/// Why a text is not a structured field, as a phrase.
pub(crate) type Malformed = &'static str;

/// A value without its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bare<'a> {
    Integer(i64),
    Decimal,
    /// What stands between the quotes, with its escapes.
    String(&'a str),
    Token(&'a str),
    /// The base64 between the colons.
    Bytes(&'a str),
    Boolean(bool),
}

/// A value with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// The item as it was received.
    pub(crate) raw: &'a str,
    pub(crate) bare: Bare<'a>,
    pub(crate) params: Vec<Param<'a>>,
}

/// A parameter of an item or an inner list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Param<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Bare<'a>,
}

/// What a dictionary holds under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Item(Item<'a>),
    List { items: Vec<Item<'a>>, params: Vec<Param<'a>> },
}

/// One member of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) key: &'a str,
    /// The value and its parameters as they were received.
    pub(crate) raw: &'a str,
    pub(crate) value: Value<'a>,
}

/// Reads a dictionary.
pub(crate) fn dictionary(text: &str) -> Result<Vec<Member<'_>>, Malformed> {
    let mut cursor = Cursor { text: text.trim_matches(' '), at: 0 };
    let mut members: Vec<Member<'_>> = Vec::with_capacity(1);
    while !cursor.ended() {
        let member = cursor.member()?;
        if members.iter().any(|before| before.key == member.key) {
            return Err("a key that stands twice");
        }
        members.push(member);
        cursor.skip(|b| matches!(b, b' ' | b'\t'));
        if cursor.ended() {
            break;
        }
        cursor.want(b',', "something else than a comma between members")?;
        cursor.skip(|b| matches!(b, b' ' | b'\t'));
        if cursor.ended() {
            return Err("a comma at the end");
        }
    }
    Ok(members)
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn member(&mut self) -> Result<Member<'a>, Malformed> {
        let key = self.key()?;
        if !self.take(b'=') {
            return Err("a key without a value");
        }
        let start = self.at;
        let value = if self.peek() == Some(b'(') { self.list()? } else { Value::Item(self.item()?) };
        let raw = self.since(start);
        Ok(Member { key, raw, value })
    }

    fn list(&mut self) -> Result<Value<'a>, Malformed> {
        self.at += 1;
        let mut items = Vec::with_capacity(8);
        loop {
            self.skip(|b| b == b' ');
            if self.take(b')') {
                let params = self.params()?;
                return Ok(Value::List { items, params });
            }
            items.push(self.item()?);
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return Err("a list without spaces between its items, or without an end");
            }
        }
    }

    fn item(&mut self) -> Result<Item<'a>, Malformed> {
        let start = self.at;
        let bare = self.bare()?;
        let params = self.params()?;
        let raw = self.since(start);
        Ok(Item { raw, bare, params })
    }

    fn params(&mut self) -> Result<Vec<Param<'a>>, Malformed> {
        let mut params: Vec<Param<'a>> = Vec::new();
        while self.take(b';') {
            self.skip(|b| b == b' ');
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare()? } else { Bare::Boolean(true) };
            if params.iter().any(|before| before.key == key) {
                return Err("a parameter that stands twice");
            }
            params.push(Param { key, value });
        }
        Ok(params)
    }

    fn key(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        if !matches!(self.peek(), Some(b'a'..=b'z' | b'*')) {
            return Err("a key that does not start with a lower-case letter");
        }
        self.skip(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'));
        Ok(self.since(start))
    }

    fn bare(&mut self) -> Result<Bare<'a>, Malformed> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b':') => self.bytes(),
            Some(b'?') => self.boolean(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'*') => Ok(self.token()),
            _ => Err("a value of no known kind"),
        }
    }

    fn string(&mut self) -> Result<Bare<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let inner = self.since(start);
                    self.at += 1;
                    return Ok(Bare::String(inner));
                }
                Some(b'\\') => {
                    self.at += 1;
                    if !matches!(self.peek(), Some(b'"' | b'\\')) {
                        return Err("an unknown escape in a string");
                    }
                    self.at += 1;
                }
                Some(0x20..=0x7e) => self.at += 1,
                _ => return Err("a string without an end, or with a control character"),
            }
        }
    }

    fn bytes(&mut self) -> Result<Bare<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        self.skip(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        let inner = self.since(start);
        self.want(b':', "bytes without an end")?;
        Ok(Bare::Bytes(inner))
    }

    fn boolean(&mut self) -> Result<Bare<'a>, Malformed> {
        self.at += 1;
        if self.take(b'1') {
            Ok(Bare::Boolean(true))
        } else if self.take(b'0') {
            Ok(Bare::Boolean(false))
        } else {
            Err("a boolean that is neither `?0` nor `?1`")
        }
    }

    /// Integers have up to 15 digits (section 3.3.1), decimals up to 12 before
    /// the point and 3 after it (section 3.3.2).
    fn number(&mut self) -> Result<Bare<'a>, Malformed> {
        let start = self.at;
        self.take(b'-');
        let whole = self.digits();
        if self.take(b'.') {
            let fraction = self.digits();
            return match (whole, fraction) {
                (1..=12, 1..=3) => Ok(Bare::Decimal),
                _ => Err("a decimal with too many or too few digits"),
            };
        }
        match self.since(start).parse() {
            Ok(integer) if whole <= 15 => Ok(Bare::Integer(integer)),
            _ => Err("an integer with too many or too few digits"),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        self.skip(|b| b.is_ascii_digit());
        self.at - start
    }

    fn token(&mut self) -> Bare<'a> {
        let start = self.at;
        self.skip(|b| is_token_byte(b) || matches!(b, b':' | b'/'));
        Bare::Token(self.since(start))
    }

    fn ended(&self) -> bool {
        self.at >= self.text.len()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn want(&mut self, byte: u8, otherwise: Malformed) -> Result<(), Malformed> {
        if self.take(byte) { Ok(()) } else { Err(otherwise) }
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// Whether `byte` may stand in a token (RFC 9110, section 5.6.2).
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{Bare, Value, dictionary};

    #[test]
    fn members_keep_the_text_they_were_received_in() {
        let members = dictionary(r#" a=("x";bs  "y");n=1;s="q\"" , b=:AA==: "#).unwrap();
        assert_eq!(members.len(), 2);
        assert_eq!(members[0].raw, r#"("x";bs  "y");n=1;s="q\"""#);
        assert_eq!(members[1].raw, ":AA==:");
        let Value::List { items, params } = &members[0].value else {
            panic!("not a list");
        };
        assert_eq!(items[0].raw, r#""x";bs"#);
        assert_eq!(items[0].params[0].value, Bare::Boolean(true));
        assert_eq!(items[1].bare, Bare::String("y"));
        assert_eq!(params[0].value, Bare::Integer(1));
        assert_eq!(params[1].value, Bare::String("q\\\""));
    }

    #[test]
    fn every_kind_of_value_is_read() {
        for (text, bare) in [
            ("a=-5", Bare::Integer(-5)),
            ("a=999999999999999", Bare::Integer(999_999_999_999_999)),
            ("a=1.5", Bare::Decimal),
            ("a=tok/en:x", Bare::Token("tok/en:x")),
            ("a=?0", Bare::Boolean(false)),
            ("a=::", Bare::Bytes("")),
        ] {
            let members = dictionary(text).unwrap();
            let Value::Item(item) = &members[0].value else {
                panic!("{text} is not an item");
            };
            assert_eq!(item.bare, bare, "{text}");
        }
        assert_eq!(dictionary("  ").unwrap(), []);
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for text in [
            "a", "a;b", "a=", "A=1", "=1", "a=1,", "a=1,,b=2", "a=1 b=2", ",a=1", "a=1,a=2", "a=1;x=1;x=2", "a=(",
            "a=(\"x\"", "a=(\"x\"\"y\")", "a=(\"x\",\"y\")", "a=(\"x\"\t\"y\")", "a=\"x", "a=\"\\x\"", "a=\"\u{7f}\"",
            "a=\"é\"", "a=:AA", "a=:A-_:", "a=?2", "a=-", "a=1.", "a=1.0000", "a=1234567890123456", "a=1;", "a=1;=2",
            "a=1; ;b", "\ta=1", "a=@x",
        ] {
            assert!(dictionary(text).is_err(), "{text}");
        }
    }
}
