//! The sheet that sections are written on.

use serde_json::Value;

use crate::text::{Row, Tone, Untrusted, Visible};

/// Rows wrapped to one width.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    width: usize,
    rows: Vec<Row>,
}

/// Between the margin and what somebody else wrote.
const GUTTER: &str = "│ ";

impl Page {
    /// An empty sheet, so many cells wide.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width: width.max(10), rows: Vec::new() }
    }

    /// In cells.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// What was written.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// The head of a section, after an empty row.
    pub fn section(&mut self, title: &'static str) {
        if !self.rows.is_empty() {
            self.rows.push(Row::new());
        }
        self.rows.push(Row::new().with(Tone::Title, title));
    }

    /// One row, wrapped.
    pub fn row(&mut self, row: Row) {
        self.rows.extend(row.wrapped(self.width, &Visible::label(GUTTER)));
    }

    /// A name of ours and what belongs to it.
    pub fn fact(&mut self, name: &'static str, tone: Tone, text: impl Into<Visible>) {
        let name = Visible::label(name).padded(NAME_CELLS).then(" ");
        self.row(Row::new().with(Tone::Name, name).with(tone, text));
    }

    /// Somebody else's text, behind a gutter, its line breaks kept.
    pub fn quote(&mut self, tone: Tone, text: &str) {
        let room = self.width.saturating_sub(GUTTER.chars().count());
        for line in Untrusted(text).lines() {
            self.quoted(tone, &line, room);
        }
    }

    fn quoted(&mut self, tone: Tone, line: &Visible, room: usize) {
        for part in crate::text::wrap(line, room) {
            self.rows.push(Row::new().with(Tone::Dim, GUTTER).with(tone, part));
        }
    }

    /// A row of ours behind the same gutter, wrapped.
    pub fn quote_row(&mut self, sign: &'static str, tone: Tone, text: &str) {
        let room = self.width.saturating_sub(GUTTER.chars().count() + 2);
        for (at, part) in Untrusted(text).lines().iter().flat_map(|line| crate::text::wrap(line, room)).enumerate() {
            let sign = if at == 0 { sign } else { " " };
            self.rows.push(Row::new().with(Tone::Dim, GUTTER).with(tone, Visible::label(sign).then(" ").then(part)));
        }
    }

    /// A row of another's text with tones of its own, behind the gutter, wrapped.
    pub(super) fn quoted_row(&mut self, sign: &'static str, row: &Row) {
        let margin = GUTTER.chars().count() + 2;
        for (at, part) in row.folded(self.width.saturating_sub(margin)).into_iter().enumerate() {
            let sign = if at == 0 { sign } else { " " };
            let mut begun = Row::new().with(Tone::Dim, GUTTER).with(Tone::Dim, Visible::label(sign).then(" "));
            begun.0.extend(part.0);
            self.rows.push(begun);
        }
    }

    /// Words of ours and a text of another's: in one row where it fits there, else behind a gutter below.
    pub(super) fn text_of(&mut self, name: &'static str, text: &str) {
        let (name, line) = (Visible::label(name), Untrusted(text).line());
        if !text.contains('\n') && name.width() + line.width() <= self.width {
            self.rows.push(Row::new().with(Tone::Name, name).with(Tone::Agent, line));
            return;
        }
        self.row(Row::new().with(Tone::Name, name));
        self.quote(Tone::Agent, text);
    }

    /// A parameter: in the row of its name where it fits there, else behind a gutter below. Each part of an object is a parameter
    /// of its own, so that a text in it is read as text and not as JSON.
    pub fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(parts) if !parts.is_empty() => {
                for (part, value) in parts {
                    // A dot of the part's own must not look like one of ours.
                    let part = if part.contains('.') { format!("{part:?}") } else { part.clone() };
                    self.value(&format!("{name}.{part}"), value);
                }
            }
            // A text that reads like a number or like nothing stands in quotes, so that it is told from one.
            Value::String(text) if text.is_empty() || serde_json::from_str::<Value>(text).is_ok() => {
                self.text(name, &value.to_string());
            }
            Value::String(text) => self.text(name, text),
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                self.text(name, &pretty(value));
            }
            plain => self.text(name, &plain.to_string()),
        }
    }

    /// The name, where it is one that a declaration may have; any other may have been chosen by an agent, and stands behind the gutter.
    fn name(&mut self, name: &str) -> Visible {
        let is_plain =
            name.len() <= NAME_BYTES_MAX && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if is_plain {
            return Untrusted(name).line().then(" ");
        }
        self.quote(Tone::Agent, name);
        Visible::label("│ = ")
    }

    /// The same for a text that cannot be taken for a value of another kind.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let name = self.name(name);
        let line = Untrusted(text).line();
        if !text.contains('\n') && name.width() + line.width() <= self.width {
            self.rows.push(Row::new().with(Tone::Name, name).with(Tone::Agent, line));
            return;
        }
        self.row(Row::new().with(Tone::Name, name));
        self.quote(Tone::Agent, text);
    }
}

/// Longer names, and names with other characters than a declaration may have, stand behind the gutter.
const NAME_BYTES_MAX: usize = 64;

/// Names of ours are filled up to this, so that what belongs to them stands in a column.
const NAME_CELLS: usize = 11;

/// JSON in rows; texts in it keep their line breaks escaped, as JSON writes them.
fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}
