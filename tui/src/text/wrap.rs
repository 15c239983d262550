//! Breaking visible text into rows, losing nothing.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::Visible;

/// Rows of at most `cells_max` cells that, put together, are the text again.
///
/// A row breaks after a space where one stands in its second half, else between two graphemes.
#[must_use]
pub fn wrap(text: &Visible, cells_max: usize) -> Vec<Visible> {
    let mut cutter =
        Cutter { text, cells_max: cells_max.max(CELLS_MIN), rows: Vec::new(), start: 0, cells: 0, space: None };
    for (at, cluster) in text.as_str().grapheme_indices(true) {
        cutter.take(at, cluster);
    }
    cutter.finish()
}

/// The widest grapheme that can be; nothing narrower is ever asked for.
const CELLS_MIN: usize = 8;

struct Cutter<'a> {
    text: &'a Visible,
    cells_max: usize,
    rows: Vec<Visible>,
    /// Where the row being filled begins, in bytes, and how many cells it has.
    start: usize,
    cells: usize,
    /// The byte after the last space of the row, and the cells up to there.
    space: Option<(usize, usize)>,
}

impl Cutter<'_> {
    fn take(&mut self, at: usize, cluster: &str) {
        let width = cluster.width();
        if self.cells + width > self.cells_max {
            self.cut(at);
        }
        self.cells += width;
        if cluster == " " {
            self.space = Some((at + 1, self.cells));
        }
    }

    fn cut(&mut self, at: usize) {
        let in_second_half = self.space.filter(|(_, cells)| cells * 2 > self.cells_max);
        let (end, cells) = in_second_half.unwrap_or((at, self.cells));
        self.rows.push(self.text.between(self.start, end));
        self.start = end;
        self.cells -= cells;
        self.space = None;
    }

    fn finish(mut self) -> Vec<Visible> {
        self.rows.push(self.text.between(self.start, self.text.as_str().len()));
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::Untrusted;

    fn rows(text: &str, cells_max: usize) -> Vec<String> {
        wrap(&Untrusted(text).line(), cells_max).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn breaks_after_a_space_in_the_second_half() {
        assert_eq!(rows("one two three", 8), ["one two ", "three"]);
        assert_eq!(rows("a bcdefghijk", 8), ["a bcdefg", "hijk"]);
    }

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!(rows("日本語日本語", 9), ["日本語日", "本語"]);
    }

    proptest! {
        #[test]
        fn loses_nothing_and_never_exceeds_the_width(text in any::<String>(), cells_max in 8_usize..60) {
            let visible = Untrusted(&text).line();
            let rows = wrap(&visible, cells_max);
            prop_assert!(rows.iter().all(|row| row.width() <= cells_max));
            let joined: Visible = rows.into_iter().collect();
            prop_assert_eq!(joined, visible);
        }
    }
}
