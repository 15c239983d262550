//! Text that somebody else wrote, on its way to a terminal's cells.

use std::num::NonZero;

use ccc_queue::text::{Untrusted, Visible, wrap};

/// How wide the screen is, in cells.
const CELLS: u16 = 40;

/// Nothing that a terminal obeys or hides is left; nothing is lost when it is wrapped; no row leaves its place.
///
/// # Panics
/// Where something is.
pub fn cells(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for row in Untrusted(&text).lines() {
        harmless(&row);
    }
    let line = Untrusted(&text).line();
    harmless(&line);
    let rows = wrap(&line, usize::from(CELLS));
    let joined: Visible = rows.iter().cloned().collect();
    assert_eq!(joined, line, "wrapping loses nothing");
    for row in &rows {
        assert!(row.width() <= usize::from(CELLS), "{row:?} is {} cells wide", row.width());
        stays_in_its_row(row);
    }
}

fn harmless(text: &Visible) {
    for c in text.as_str().chars() {
        let code = u32::from(c);
        let obeyed = matches!(code, 0..0x20 | 0x7f..0xa0);
        let hidden = matches!(code, 0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x115f | 0x1160 | 0x2800 | 0x3164 | 0xffa0 | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff)
            || matches!(code, 0xe0000..=0xe0fff | 0xe000..=0xf8ff | 0xfff9..=0xfffb);
        assert!(!obeyed && !hidden, "U+{code:04X} is left in {text:?}");
    }
}

/// A terminal of another make prints it and stands in the same row still, which nothing else was written into.
fn stays_in_its_row(row: &Visible) {
    let cells = |count| NonZero::new(count).unwrap();
    let mut terminal = vt100::Parser::new(cells(3), cells(CELLS + 2), 0);
    terminal.process(b"\x1b[2;1H");
    terminal.process(row.as_str().as_bytes());
    let screen = terminal.screen();
    assert_eq!(screen.cursor_position().0, 1, "{row:?} leaves its row");
    for other in [0, 2] {
        assert!(
            screen.rows(0, CELLS + 2).nth(other).is_some_and(|text| text.trim().is_empty()),
            "{row:?} writes elsewhere"
        );
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        "plain text, long enough to be broken into several rows of forty cells each, with words",
        "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{85}",
        "right\u{202e}tfel\u{2066}x\u{2069} zero\u{200b}width \u{e0041}\u{feff}",
        "漢字かな交じり文と絵文字👩‍👩‍👧‍👦🇩🇪 e\u{301}\u{301}\u{301}\u{301}\u{301} \u{fdfd}",
        "a\n\n\n\n\nb\r\nc\t‹U+202E›␛",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
