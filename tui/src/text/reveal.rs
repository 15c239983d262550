//! The one door through which foreign text reaches a person's eye.
//!
//! What a terminal would obey, hide or stretch is written out: `␛` for a control that has a picture, `‹U+202E›` for the rest.
//! The same marks, when they stand in the text itself, are written out too, so no text can imitate another's.

use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

use ccc_protocol::visible;
use regex::{Captures, Regex};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

use super::Visible;

/// Marks on one base character beyond these are counted instead of drawn: a flood of them would cover the rows around.
const MARKS_MAX: usize = 3;
/// Empty lines in a row beyond these are counted instead of drawn.
const EMPTY_LINES_MAX: usize = 2;

/// Text that somebody else wrote: an agent, or a server on an agent's behalf.
#[derive(Debug, Clone, Copy)]
pub struct Untrusted<'a>(pub &'a str);

impl Untrusted<'_> {
    /// All of it in one row; a line break shows as `␊`.
    #[must_use]
    pub fn line(self) -> Visible {
        Visible::revealed(reveal(self.0))
    }

    /// All of it in rows as it was written; each row that ended with a line break ends with `␊`.
    #[must_use]
    pub fn lines(self) -> Vec<Visible> {
        let mut rows = Vec::new();
        let mut empty: usize = 0;
        for line in self.0.split_inclusive('\n') {
            if line == "\n" {
                empty += 1;
                if empty > EMPTY_LINES_MAX {
                    continue;
                }
            } else {
                count_empty(&mut rows, empty);
                empty = 0;
            }
            rows.push(Visible::revealed(reveal(line)));
        }
        count_empty(&mut rows, empty);
        rows
    }
}

fn count_empty(rows: &mut Vec<Visible>, empty: usize) {
    let hidden = empty.saturating_sub(EMPTY_LINES_MAX);
    if hidden > 0 {
        rows.push(Visible::revealed(format!("‹{hidden} more empty lines›")));
    }
}

/// What is seen and does not keep to one or two cells of its own: unassigned characters, of whose width terminals think
/// differently; glyphs that draw over their neighbours; skin tones, which join in some terminals and not in others.
const BEYOND_CELLS: &str = concat!(
    r"\p{Cn}",
    r"\x{FDFA}\x{FDFB}\x{FDFD}\x{2E3A}\x{2E3B}\x{A9C5}\x{102A}\x{12031}\x{12219}\x{1242B}",
    r"\x{1F3FB}-\x{1F3FF}",
);

/// Everything that is not drawn as itself: what is unseen anywhere, the marks that stand for it, and what cells cannot hold.
/// None only if the class did not compile; then nothing beyond ASCII is drawn as itself.
static UNSEEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let tables = [visible::UNSEEN, visible::MARKS].concat();
    let ranges =
        tables.iter().map(|&(first, last)| format!(r"\x{{{:X}}}-\x{{{:X}}}", u32::from(first), u32::from(last)));
    Regex::new(&format!("[{BEYOND_CELLS}{}]", ranges.collect::<String>())).ok()
});

/// True where a character is drawn, be it as a mark on the one before: what a person types into a field must be.
#[must_use]
pub fn is_seen(c: char) -> bool {
    let unseen = |c: char| (*UNSEEN).as_ref().is_none_or(|unseen| unseen.is_match(c.encode_utf8(&mut [0; 4])));
    matches!(c, ' '..='~') || !unseen(c)
}

fn reveal(text: &str) -> String {
    bound_marks(&name_unseen(text))
}

/// Writes out each unseen character; the rest stays.
fn name_unseen(text: &str) -> Cow<'_, str> {
    // Most text is plain ASCII, and rows are made anew for every frame.
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    match &*UNSEEN {
        Some(unseen) => unseen
            .replace_all(text, |found: &Captures<'_>| found.get(0).map_or_else(String::new, |hit| names(hit.as_str()))),
        None => text.chars().map(|c| if matches!(c, ' '..='~') { c.to_string() } else { visible::mark(c) }).collect(),
    }
}

fn names(text: &str) -> String {
    text.chars().map(visible::mark).collect()
}

/// Leaves each base character its first marks and counts the rest; a mark without a base is written out.
fn bound_marks(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut bounded = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        push_cluster(&mut bounded, cluster);
    }
    bounded
}

fn push_cluster(bounded: &mut String, cluster: &str) {
    let mut chars = cluster.chars();
    let Some(base) = chars.next() else { return };
    if base.width().unwrap_or(0) == 0 {
        bounded.push_str(&visible::mark(base));
    } else {
        bounded.push(base);
    }
    bounded.extend(chars.by_ref().take(MARKS_MAX));
    let more = chars.count();
    if more > 0 {
        let _ = write!(bounded, "‹+{more} marks›");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        Untrusted(text).line().to_string()
    }

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        assert_eq!(line("\u{1b}[2J"), "␛[2J");
        assert_eq!(line("a\r\nb\t\u{7f}"), "a␍␊b␉␡");
        assert_eq!(line("\u{9b}31m"), "‹U+009B›31m");
    }

    #[test]
    fn what_a_terminal_hides_is_written_out() {
        for hidden in [
            '\u{202e}', '\u{200b}', '\u{200d}', '\u{feff}', '\u{2066}', '\u{ad}', '\u{fe0f}', '\u{e0041}', '\u{a0}',
            '\u{3164}', '\u{378}', '\u{e000}',
        ] {
            assert_eq!(line(&format!("a{hidden}b")), format!("a‹U+{:04X}›b", u32::from(hidden)));
        }
    }

    #[test]
    fn no_character_that_is_unseen_elsewhere_is_drawn_here() {
        for c in ('\0'..=char::MAX).filter(|&c| !visible::is_visible(c)) {
            assert!(!is_seen(c));
            assert_eq!(line(&format!("a{c}b")), format!("a{}b", visible::mark(c)));
        }
    }

    #[test]
    fn every_character_is_drawn_as_visible_ones() {
        let all: Vec<char> = ('\0'..=char::MAX).collect();
        for text in all.chunks(256).map(|chars| chars.iter().collect::<String>()) {
            assert!(line(&text).chars().all(visible::is_visible), "{text:?}");
        }
    }

    #[test]
    fn no_text_can_imitate_a_written_out_mark() {
        assert_ne!(line("‹U+202E›"), line("\u{202e}"));
        assert_ne!(line("␛"), line("\u{1b}"));
    }

    #[test]
    fn a_flood_of_marks_is_counted() {
        let flood = format!("a{}b", "\u{301}".repeat(1000));
        assert_eq!(line(&flood), format!("a{}‹+997 marks›b", "\u{301}".repeat(3)));
    }

    #[test]
    fn a_mark_without_a_base_is_written_out() {
        assert_eq!(line("\u{301}"), "‹U+0301›");
    }

    #[test]
    fn ordinary_text_of_any_script_stays_as_it_is() {
        for text in ["plain text, (and) signs: ~|`", "Grüße", "日本語", "кот", "שלום", "e\u{301}"] {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn a_flood_of_empty_lines_is_counted() {
        let rows = Untrusted(&format!("a{}b", "\n".repeat(5000))).lines();
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!(rows, ["a␊", "␊", "␊", "‹4997 more empty lines›", "b"]);
    }
}
