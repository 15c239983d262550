//! Lines for the person who looks at what this program says on standard error.

use std::io::{self, Write};

/// Writes a line with nothing in it that a terminal would obey.
pub(crate) fn note(about: &str, what: &str) {
    let _unheard = writeln!(io::stderr().lock(), "ccc-mcp: {about}: {}", harmless(what));
}

/// The text with the names of characters that a terminal would obey or hide.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().flat_map(visible).collect()
}

/// The character, or its name where it would act on a terminal or cannot be seen.
fn visible(character: char) -> impl Iterator<Item = char> {
    let shown = !character.is_control() && !is_hidden(character);
    let plain = shown.then_some(character);
    let escaped = (!shown).then(|| character.escape_unicode());
    plain.into_iter().chain(escaped.into_iter().flatten())
}

/// Zero-width, bidi, variation and tag characters.
fn is_hidden(character: char) -> bool {
    let ranges = [
        0xad..=0xad,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0xe0000..=0xe0fff,
    ];
    ranges.iter().any(|range| range.contains(&u32::from(character)))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_named() {
        let shown = |text: &str| text.chars().flat_map(visible).collect::<String>();
        assert_eq!(
            shown("a\u{1b}[2J\n\u{9b}\u{202e}\u{200b}\u{e0041}é😀"),
            "a\\u{1b}[2J\\u{a}\\u{9b}\\u{202e}\\u{200b}\\u{e0041}é😀"
        );
    }
}
