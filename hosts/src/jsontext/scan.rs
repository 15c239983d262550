//! Reading JSON into spans of its text.

use std::ops::Range;

/// How deep settings may nest.
const DEPTH_MAX: usize = 64;

/// What a host's settings reader puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// JSON as it is defined.
    Strict,
    /// The same, also behind a byte order mark.
    Marked,
    /// Also comments, and a comma after the last item.
    Comments,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes of the text that it takes.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// An object with its members in order.
    Object(Vec<Member>),
    /// A list with its items in order.
    Array(Vec<Node>),
    /// A text, with escapes resolved.
    Text(String),
    /// A number, a boolean or null.
    Plain,
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name, with escapes resolved.
    pub key: String,
    /// From the name to the end of the value.
    pub span: Range<usize>,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The value of a member.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Object(members) => members.iter().find(|member| member.key == key).map(|member| &member.value),
            _ => None,
        }
    }

    /// The spans of the members or items.
    #[must_use]
    pub fn parts(&self) -> Vec<Range<usize>> {
        match &self.kind {
            Kind::Object(members) => members.iter().map(|member| member.span.clone()).collect(),
            Kind::Array(items) => items.iter().map(|item| item.span.clone()).collect(),
            Kind::Text(_) | Kind::Plain => Vec::new(),
        }
    }
}

/// Where and why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct SyntaxError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// A phrase without capital or full stop.
    pub what: &'static str,
}

/// What some editors put before the first character.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads one value.
///
/// # Errors
/// When the text is not one JSON value of this style, or names a key twice.
pub fn scan(text: &str, style: Style) -> Result<Node, SyntaxError> {
    let mut scanner = Scanner { text, at: 0, depth: 0, style };
    let node = scanner.mark().and_then(|()| scanner.space()).and_then(|()| scanner.value());
    let node = node.and_then(|node| scanner.end().map(|()| node));
    node.map_err(|fault| locate(text, &fault))
}

/// The same value without comments and last commas, for a reader that knows
/// neither; `None` where it cannot be read even with them.
#[must_use]
pub fn plain(text: &str) -> Option<String> {
    scan(text, Style::Comments).ok().and_then(|node| written(text, &node))
}

fn written(text: &str, node: &Node) -> Option<String> {
    let joined = |parts: Option<Vec<String>>| parts.map(|parts| parts.join(","));
    match &node.kind {
        Kind::Text(_) | Kind::Plain => text.get(node.span.clone()).map(ToOwned::to_owned),
        Kind::Array(items) => {
            let items = joined(items.iter().map(|item| written(text, item)).collect())?;
            Some(format!("[{items}]"))
        }
        Kind::Object(members) => {
            let member = |member: &Member| {
                let key = serde_json::Value::from(member.key.as_str());
                Some(format!("{key}:{}", written(text, &member.value)?))
            };
            let members = joined(members.iter().map(member).collect())?;
            Some(format!("{{{members}}}"))
        }
    }
}

struct Fault {
    at: usize,
    what: &'static str,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    style: Style,
}

impl Scanner<'_> {
    fn mark(&mut self) -> Result<(), Fault> {
        match (self.text.starts_with(BYTE_ORDER_MARK), self.style) {
            (false, _) => Ok(()),
            (true, Style::Marked) => {
                self.at = BYTE_ORDER_MARK.len_utf8();
                Ok(())
            }
            (true, Style::Strict | Style::Comments) => {
                Err(self.fault("a byte order mark, with which this file is not read: save it without one"))
            }
        }
    }

    fn value(&mut self) -> Result<Node, Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => self.plain()?,
            Some(_) => return Err(self.fault("a value is expected here")),
            None => return Err(self.fault("the file ends where a value is expected")),
        };
        Ok(Node { span: start..self.at, kind })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind, Fault>) -> Result<Kind, Fault> {
        if self.depth == DEPTH_MAX {
            return Err(self.fault("nested too deeply"));
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn object(&mut self) -> Result<Kind, Fault> {
        let mut members: Vec<Member> = Vec::new();
        while self.another(b'}', members.is_empty())? {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.fault("a name in double quotes is expected here"));
            }
            let key = self.string()?;
            if members.iter().any(|member| member.key == key) {
                return Err(Fault { at: start, what: "this name stands here twice" });
            }
            self.space()?;
            self.want(b':', "`:` is expected here")?;
            self.space()?;
            let value = self.value()?;
            members.push(Member { key, span: start..self.at, value });
        }
        Ok(Kind::Object(members))
    }

    fn array(&mut self) -> Result<Kind, Fault> {
        let mut items = Vec::new();
        while self.another(b']', items.is_empty())? {
            items.push(self.value()?);
        }
        Ok(Kind::Array(items))
    }

    /// Steps over the comma to the next part, or over the closing bracket.
    fn another(&mut self, close: u8, first: bool) -> Result<bool, Fault> {
        self.space()?;
        if self.take(close) {
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        self.want(b',', "`,` or a closing bracket is expected here")?;
        self.space()?;
        if self.style == Style::Comments && self.take(close) {
            return Ok(false);
        }
        Ok(true)
    }

    /// A text's extent is found here; what its escapes mean is `serde_json`'s to say.
    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(Fault { at: start, what: "this text has no closing quote" }),
            }
        }
        self.at += 1;
        let fault = Fault { at: start, what: "this is no JSON text" };
        let raw = self.text.get(start..self.at).ok_or(Fault { at: start, what: fault.what })?;
        serde_json::from_str(raw).map_err(|_| fault)
    }

    fn plain(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            self.at += 1;
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        match serde_json::from_str::<serde_json::Value>(raw) {
            Ok(_) => Ok(Kind::Plain),
            Err(_) => Err(Fault { at: start, what: "this is no JSON value" }),
        }
    }

    fn space(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let comments = self.style == Style::Comments;
            if rest.starts_with([' ', '\t', '\r', '\n']) {
                self.at += 1;
            } else if comments && rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if comments && rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| self.fault("this comment has no end"))?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.space()?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("something follows the value")),
        }
    }

    fn want(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(self.fault(what)) }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, what }
    }
}

fn locate(text: &str, fault: &Fault) -> SyntaxError {
    let at = fault.at.min(text.len());
    let before = String::from_utf8_lossy(text.as_bytes().get(..at).unwrap_or_default()).into_owned();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    SyntaxError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        what: fault.what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_by_line_and_column() {
        let rows = [
            ("{\n  \"a\": 1,\n  \"b\" 2\n}", Style::Strict, (3, 7)),
            ("{\"a\": 1,}", Style::Strict, (1, 9)),
            ("{\"a\": 1} x", Style::Strict, (1, 10)),
            ("{\n// c\n}", Style::Strict, (2, 1)),
            ("{\"a\": tru}", Style::Strict, (1, 7)),
            ("{\"a\": 1, \"a\": 2}", Style::Strict, (1, 10)),
            ("{\"a\": \"b}", Style::Strict, (1, 7)),
            ("{\"é\": /* open", Style::Comments, (1, 7)),
            ("", Style::Strict, (1, 1)),
        ];
        for (text, style, place) in rows {
            let error = scan(text, style).unwrap_err();
            assert_eq!((error.line, error.column), place, "{text}: {error}");
        }
    }

    #[test]
    fn comments_and_a_last_comma_are_read_where_the_host_reads_them() {
        let text = "// head\n{ /* a */ \"a\": [1, 2,], // b\n}\n// tail";
        let node = scan(text, Style::Comments).unwrap();
        assert_eq!(node.member("a").unwrap().parts().len(), 2);
        assert!(scan(text, Style::Strict).is_err());
    }

    #[test]
    fn a_commented_file_has_a_plain_form() {
        let text = "{ // one\n \"a\": [1, \"// no\", {\"b\": null,},], }";
        assert_eq!(plain(text).as_deref(), Some("{\"a\":[1,\"// no\",{\"b\":null}]}"));
        assert_eq!(plain("{ \"a\" }"), None);
    }

    #[test]
    fn spans_cover_the_text_of_each_value() {
        let text = r#"{ "a": {"b": [10, "x\"y"]} }"#;
        let node = scan(text, Style::Strict).unwrap();
        let list = node.member("a").and_then(|a| a.member("b")).unwrap();
        let parts: Vec<_> = list.parts().into_iter().map(|span| &text[span]).collect();
        assert_eq!(parts, ["10", r#""x\"y""#]);
    }
}
