//! A text field, of one row or several. It holds visible characters alone: what is typed or pasted otherwise is left out.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    keys::Act,
    text::{Untrusted, Visible, is_seen},
};

/// Longer text is cut: no field of ours needs more.
const CHARS_MAX: usize = 65_536;

/// Text with a cursor in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// In bytes; always between two graphemes.
    cursor: usize,
    rows_allowed: bool,
}

impl Field {
    /// One row.
    #[must_use]
    pub fn line(text: &str) -> Self {
        let mut field = Self::default();
        field.insert(text);
        field
    }

    /// Several rows.
    #[must_use]
    pub fn area(text: &str) -> Self {
        let mut field = Self { rows_allowed: true, ..Self::default() };
        field.insert(text);
        field.cursor = 0;
        field
    }

    /// What it holds.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Holds this instead.
    pub fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Puts text at the cursor; characters that nobody could see are left out.
    pub fn insert(&mut self, text: &str) {
        let room = CHARS_MAX.saturating_sub(self.text.len());
        let kept: String = text.chars().filter(|&c| self.may_hold(c)).take(room).collect();
        self.text.insert_str(self.cursor.min(self.text.len()), &kept);
        self.cursor += kept.len();
    }

    fn may_hold(&self, c: char) -> bool {
        (c == '\n' && self.rows_allowed) || is_seen(c)
    }

    /// Moves or erases; true where the act was one of a field's.
    pub fn act(&mut self, act: Act) -> bool {
        match act {
            Act::CursorLeft => self.cursor = self.before(),
            Act::CursorRight => self.cursor = self.after(),
            Act::CursorStart => self.cursor = self.row_start(self.cursor),
            Act::CursorEnd => self.cursor = self.row_end(self.cursor),
            Act::CursorUp => self.up(),
            Act::CursorDown => self.down(),
            Act::EraseLeft => self.erase(self.before(), self.cursor),
            Act::EraseRight => self.erase(self.cursor, self.after()),
            Act::NewLine => self.insert("\n"),
            _ => return false,
        }
        true
    }

    fn erase(&mut self, from: usize, to: usize) {
        if self.text.get(from..to).is_some() {
            self.text.replace_range(from..to, "");
            self.cursor = from;
        }
    }

    fn before(&self) -> usize {
        let head = self.text.get(..self.cursor).unwrap_or_default();
        head.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let tail = self.text.get(self.cursor..).unwrap_or_default();
        self.cursor + tail.graphemes(true).next().map_or(0, str::len)
    }

    fn row_start(&self, from: usize) -> usize {
        self.text.get(..from).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1)
    }

    fn row_end(&self, from: usize) -> usize {
        self.text.get(from..).and_then(|tail| tail.find('\n')).map_or(self.text.len(), |at| from + at)
    }

    fn up(&mut self) {
        let start = self.row_start(self.cursor);
        if start > 0 {
            let column = self.column();
            self.cursor = self.in_row(self.row_start(start - 1), column);
        }
    }

    fn down(&mut self) {
        let end = self.row_end(self.cursor);
        if end < self.text.len() {
            let column = self.column();
            self.cursor = self.in_row(end + 1, column);
        }
    }

    fn column(&self) -> usize {
        self.text.get(self.row_start(self.cursor)..self.cursor).map_or(0, |head| head.graphemes(true).count())
    }

    fn in_row(&self, start: usize, column: usize) -> usize {
        let row = self.text.get(start..self.row_end(start)).unwrap_or_default();
        row.grapheme_indices(true).nth(column).map_or(start + row.len(), |(at, _)| start + at)
    }

    /// Its rows, to be drawn.
    #[must_use]
    pub fn rows(&self) -> Vec<Visible> {
        self.text.split('\n').map(|row| Untrusted(row).line()).collect()
    }

    /// The cursor's row, and the cells before it in that row.
    #[must_use]
    pub fn cursor(&self) -> (usize, usize) {
        let head = self.text.get(..self.cursor).unwrap_or_default();
        let row = head.matches('\n').count();
        let in_row = head.get(self.row_start(self.cursor)..).unwrap_or_default();
        (row, Untrusted(in_row).line().width())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn erases_whole_graphemes() {
        let mut field = Field::line("ae\u{301}");
        assert_eq!(field.text(), "ae\u{301}");
        field.act(Act::EraseLeft);
        assert_eq!(field.text(), "a");
    }

    #[test]
    fn moves_between_rows_in_the_same_column() {
        let mut field = Field::area("abc\nd\nefg");
        field.act(Act::CursorEnd);
        field.act(Act::CursorDown);
        field.act(Act::CursorDown);
        field.insert("X");
        assert_eq!(field.text(), "abc\nd\neXfg");
    }

    #[test]
    fn holds_nothing_that_cannot_be_seen() {
        assert_eq!(Field::line("a\u{202e}b\u{1b}c\nd").text(), "abcd");
    }

    proptest! {
        #[test]
        fn no_sequence_of_acts_breaks_it(texts in proptest::collection::vec((any::<String>(), 0_usize..9), 0..40)) {
            const ACTS: [Act; 9] = [
                Act::CursorLeft, Act::CursorRight, Act::CursorUp, Act::CursorDown, Act::CursorStart,
                Act::CursorEnd, Act::EraseLeft, Act::EraseRight, Act::NewLine,
            ];
            let mut field = Field::area("");
            for (text, act) in &texts {
                field.insert(text);
                field.act(ACTS[*act]);
                prop_assert!(field.text.is_char_boundary(field.cursor));
            }
        }
    }
}
