//! Text that is safe to draw.

use std::fmt;

use ccc_protocol::{ActionName, Digest, GrantId, TicketId, Timestamp, UserName, bodies::Word};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Text without any character that a terminal obeys or hides.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Visible(String);

/// In fewer cells nothing is left out of the middle: neither half would tell anything.
const MIDDLE_CELLS_MIN: usize = 24;

impl Visible {
    /// Words of the program's own.
    #[must_use]
    pub fn label(words: &'static str) -> Self {
        Self(words.to_owned())
    }

    /// A number.
    #[must_use]
    pub fn number(number: impl Into<i128>) -> Self {
        Self(number.into().to_string())
    }

    /// So many of something, in words of the program's own.
    #[must_use]
    pub fn count(count: usize, one: &'static str, many: &'static str) -> Self {
        Self(format!("{count} {}", if count == 1 { one } else { many }))
    }

    /// Only for what [`super::Untrusted`] has revealed.
    pub(super) fn revealed(text: String) -> Self {
        Self(text)
    }

    /// Both, one after the other.
    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        self.0.push_str(&more.into().0);
        self
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True where there is nothing to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In cells.
    #[must_use]
    pub fn width(&self) -> usize {
        if self.0.is_ascii() {
            return self.0.len();
        }
        self.0.graphemes(true).map(unicode_width::UnicodeWidthStr::width).sum()
    }

    /// At most so many cells; what was cut shows as `…`.
    #[must_use]
    pub fn cut(&self, cells_max: usize) -> Self {
        if self.width() <= cells_max {
            return self.clone();
        }
        let (head, _) = self.split(cells_max.saturating_sub(1));
        head.then("…")
    }

    /// At most so many cells; what was left out is in the middle, and shows as `…`.
    #[must_use]
    pub fn cut_middle(&self, cells_max: usize) -> Self {
        let width = self.width();
        if width <= cells_max || cells_max < MIDDLE_CELLS_MIN {
            return self.cut(cells_max);
        }
        let tail = cells_max / 3;
        let (head, rest) = self.split(cells_max - tail - 1);
        let (_, tail) = rest.split(rest.width().saturating_sub(tail));
        head.then("…").then(tail).cut(cells_max)
    }

    /// The longest part that fits into so many cells, and the rest.
    #[must_use]
    pub fn split(&self, cells_max: usize) -> (Self, Self) {
        if self.0.is_ascii() {
            let (head, tail) = self.0.split_at(cells_max.min(self.0.len()));
            return (Self(head.to_owned()), Self(tail.to_owned()));
        }
        let mut cells = 0;
        let fits = |(_, cluster): &(usize, &str)| {
            cells += cluster.width();
            cells <= cells_max
        };
        let end = self.0.grapheme_indices(true).take_while(fits).last().map_or(0, |(at, cluster)| at + cluster.len());
        let (head, tail) = self.0.split_at(end);
        (Self(head.to_owned()), Self(tail.to_owned()))
    }

    /// The part between two bytes; nothing where they are no borders between characters.
    #[must_use]
    pub fn between(&self, start: usize, end: usize) -> Self {
        Self(self.0.get(start..end).unwrap_or_default().to_owned())
    }

    /// Filled with spaces to so many cells.
    #[must_use]
    pub fn padded(mut self, cells: usize) -> Self {
        let missing = cells.saturating_sub(self.width());
        self.0.extend(std::iter::repeat_n(' ', missing));
        self
    }
}

impl fmt::Display for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for Visible {
    fn from(words: &'static str) -> Self {
        Self::label(words)
    }
}

impl FromIterator<Visible> for Visible {
    fn from_iter<I: IntoIterator<Item = Visible>>(parts: I) -> Self {
        Self(parts.into_iter().map(|part| part.0).collect())
    }
}

macro_rules! visible_by_form {
    ($($checked:ty),*) => {
        $(impl From<&$checked> for Visible {
            fn from(value: &$checked) -> Self {
                Self(value.to_string())
            }
        })*
    };
}

// Each of these was checked when it was made, and its written form is plain ASCII.
visible_by_form!(UserName, ActionName, TicketId, GrantId, Digest, Timestamp, Word);
