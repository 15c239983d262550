//! The one door through which foreign text reaches a person's eye.
//!
//! What a terminal would obey, hide or stretch is written out: `␛` for a control that has a picture, `‹U+202E›` for the rest.
//! The same marks, when they stand in the text itself, are written out too, so no text can imitate another's.

use std::{borrow::Cow, fmt::Write as _, ops::Range, sync::LazyLock};

use ccc_protocol::visible;
use regex::{Captures, Regex};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

use super::Visible;

/// Marks on one base character beyond these are counted instead of drawn: a flood of them would cover the rows around.
const MARKS_MAX: usize = 3;
/// Blanks in a row beyond these are counted instead of drawn, so that nothing is pushed out of sight by them.
const BLANKS_MAX: usize = 16;
/// The same at the beginning of a line, where code is indented.
const INDENT_MAX: usize = 40;
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
        self.placed_lines().into_iter().map(|(_, line)| line).collect()
    }

    /// The same, each row with the part of the text that it shows; none for a row that counts what is left out.
    #[must_use]
    pub fn placed_lines(self) -> Vec<(Option<Range<usize>>, Visible)> {
        let mut rows = Vec::new();
        let (mut empty, mut at) = (0_usize, 0);
        for line in self.0.split_inclusive('\n') {
            let place = at..at + line.len();
            at = place.end;
            if line.ends_with('\n') && line.trim().is_empty() {
                empty += 1;
                if empty > EMPTY_LINES_MAX {
                    continue;
                }
            } else {
                count_empty(&mut rows, empty);
                empty = 0;
            }
            rows.push((Some(place), Visible::revealed(reveal(line))));
        }
        count_empty(&mut rows, empty);
        rows
    }
}

fn count_empty(rows: &mut Vec<(Option<Range<usize>>, Visible)>, empty: usize) {
    let hidden = empty.saturating_sub(EMPTY_LINES_MAX);
    if hidden > 0 {
        rows.push((None, Visible::revealed(format!("‹{hidden} more empty lines›"))));
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
    match bound_blanks(text) {
        None => bound_marks(&name_unseen(text)),
        Some(parts) => parts.iter().map(Part::revealed).collect(),
    }
}

/// A part of a text without a flood of blanks, or such a flood.
enum Part<'a> {
    Text(&'a str),
    Blanks { kept: &'a str, more: usize },
}

impl Part<'_> {
    fn revealed(&self) -> String {
        match self {
            Self::Text(text) => bound_marks(&name_unseen(text)),
            Self::Blanks { kept, more } => format!("{}‹{more} more blanks›", bound_marks(&name_unseen(kept))),
        }
    }
}

/// The text taken apart at its floods of blanks; none where there is no flood. A blank is whatever has no ink of its own: spaces,
/// tabs and what else parts words, but for line breaks, which rows are made of.
fn bound_blanks(text: &str) -> Option<Vec<Part<'_>>> {
    let is_blank = |c: char| c.is_whitespace() && c != '\n' && c != '\r';
    let (mut parts, mut from, mut rest) = (vec![], 0, 0);
    while let Some(start) = text.get(rest..).and_then(|tail| tail.find(is_blank)).map(|at| rest + at) {
        let tail = text.get(start..).unwrap_or_default();
        let end = start + tail.find(|c| !is_blank(c)).unwrap_or(tail.len());
        let run = text.get(start..end).unwrap_or_default();
        let most = if start == 0 { INDENT_MAX } else { BLANKS_MAX };
        let count = run.chars().count();
        if count > most {
            let kept_end = run.char_indices().nth(most).map_or(run.len(), |(at, _)| at);
            parts.push(Part::Text(text.get(from..start).unwrap_or_default()));
            parts.push(Part::Blanks { kept: run.get(..kept_end).unwrap_or_default(), more: count - most });
            from = end;
        }
        rest = end;
    }
    if parts.is_empty() {
        return None;
    }
    parts.push(Part::Text(text.get(from..).unwrap_or_default()));
    Some(parts)
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
    fn a_flood_of_blanks_is_counted() {
        let hidden = format!("mytool ok{}; rm -rf ~/x", " ".repeat(3000));
        assert_eq!(line(&hidden), format!("mytool ok{}‹2984 more blanks›; rm -rf ~/x", " ".repeat(16)));
        let indented = format!("{}deep", " ".repeat(40));
        assert_eq!(line(&indented), indented, "code is indented");
        let tabs = format!("a{}b", "\t".repeat(100));
        assert_eq!(line(&tabs), format!("a{}‹84 more blanks›b", "␉".repeat(16)));
        let others = format!("a{}b", "\u{3000}".repeat(100));
        assert_eq!(line(&others), format!("a{}‹84 more blanks›b", "‹U+3000›".repeat(16)));
    }

    #[test]
    fn a_flood_of_lines_of_blanks_is_counted() {
        let rows = Untrusted(&format!("a\n{}b", "  \t\r\n".repeat(500))).lines();
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!(rows, ["a␊", "  ␉␍␊", "  ␉␍␊", "‹498 more empty lines›", "b"]);
    }

    #[test]
    fn each_row_knows_which_part_of_the_text_it_shows() {
        let text = "one\n\n\n\n\n\ntwo";
        let rows = Untrusted(text).placed_lines();
        let parts: Vec<Option<&str>> = rows.iter().map(|(part, _)| part.clone().map(|part| &text[part])).collect();
        assert_eq!(parts, [Some("one\n"), Some("\n"), Some("\n"), None, Some("two")]);
    }

    #[test]
    fn a_flood_of_empty_lines_is_counted() {
        let rows = Untrusted(&format!("a{}b", "\n".repeat(5000))).lines();
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!(rows, ["a␊", "␊", "␊", "‹4997 more empty lines›", "b"]);
    }
}
