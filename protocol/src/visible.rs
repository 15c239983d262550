//! Which characters a person can see, and how the others are written out: the one table for every screen, log line and message.
//!
//! Whatever somebody else wrote goes through one of these forms before a person reads it:
//!
//! | form | for | U+202E shows as | read back |
//! |---|---|---|---|
//! | [`marked`], [`marked_lines`] | the last step to an eye: a terminal, a reason an agent's host shows | `‹U+202E›`, ESC `␛` | yes: marks in the text itself are written out too |
//! | [`escaped`], [`excerpt`] | a piece of it within a sentence that others will pass on | `\u{202e}` | yes (an excerpt as far as it goes) |
//! | [`json`] | JSON that must stay JSON | `\u202e` | yes, by any JSON reader |
//!
//! `escaped` makes ASCII of what is unseen, so that a sentence that passes several programs is written out once.

use std::fmt::Write as _;

/// The characters of which nothing is seen, or which change what is seen around them, by first and last.
///
/// From the Unicode Character Database: `Default_Ignorable_Code_Point`, `Bidi_Control`, `Variation_Selector`, the general
/// categories Cc, Cf, Co and Z but the plain space; and blanks that the database files among letters and signs. The
/// non-characters at the end of each plane are left to [`is_visible`].
pub const UNSEEN: &[(char, char)] = &[
    ('\u{0}', '\u{1f}'),         // C0 controls
    ('\u{7f}', '\u{a0}'),        // delete, C1 controls, no-break space
    ('\u{ad}', '\u{ad}'),        // soft hyphen
    ('\u{34f}', '\u{34f}'),      // combining grapheme joiner
    ('\u{600}', '\u{605}'),      // Arabic signs that stretch over the digits after them
    ('\u{61c}', '\u{61c}'),      // Arabic letter mark, a bidi control
    ('\u{6dd}', '\u{6dd}'),      // Arabic end of ayah
    ('\u{70f}', '\u{70f}'),      // Syriac abbreviation mark
    ('\u{890}', '\u{891}'),      // Arabic pound and piastre marks above
    ('\u{8e2}', '\u{8e2}'),      // Arabic disputed end of ayah
    ('\u{115f}', '\u{1160}'),    // Hangul fillers
    ('\u{1680}', '\u{1680}'),    // Ogham space mark
    ('\u{17b4}', '\u{17b5}'),    // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),    // Mongolian variation selectors and vowel separator
    ('\u{2000}', '\u{200f}'),    // spaces, zero widths, joiners, direction marks
    ('\u{2028}', '\u{202f}'),    // line and paragraph separators, bidi embeddings and overrides, narrow no-break space
    ('\u{205f}', '\u{206f}'),    // mathematical space, word joiner, invisible operators, bidi isolates
    ('\u{2800}', '\u{2800}'),    // braille blank
    ('\u{3000}', '\u{3000}'),    // ideographic space
    ('\u{3164}', '\u{3164}'),    // Hangul filler
    ('\u{e000}', '\u{f8ff}'),    // private use
    ('\u{fdd0}', '\u{fdef}'),    // non-characters
    ('\u{fe00}', '\u{fe0f}'),    // variation selectors
    ('\u{feff}', '\u{feff}'),    // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),    // halfwidth Hangul filler
    ('\u{fff0}', '\u{fffc}'),    // ignorable, interlinear annotation, object replacement
    ('\u{110bd}', '\u{110bd}'),  // Kaithi number sign
    ('\u{110cd}', '\u{110cd}'),  // Kaithi number sign above
    ('\u{13430}', '\u{1345f}'),  // Egyptian joiners, blanks and modifiers
    ('\u{16fe4}', '\u{16fe4}'),  // Khitan filler
    ('\u{1bca0}', '\u{1bca3}'),  // shorthand format controls
    ('\u{1d159}', '\u{1d159}'),  // musical null notehead
    ('\u{1d173}', '\u{1d17a}'),  // musical format controls
    ('\u{e0000}', '\u{e0fff}'),  // tags, further variation selectors, ignorable
    ('\u{f0000}', '\u{10ffff}'), // private use
];

/// The characters that [`marked`] writes marks with, by first and last: `‹`, `›` and the control pictures.
pub const MARKS: &[(char, char)] = &[('‹', '›'), ('\u{2400}', '\u{2426}')];

/// True where a character is seen as itself, be it as a mark on the one before it.
#[must_use]
pub fn is_visible(c: char) -> bool {
    matches!(c, ' '..='~') || !(is_in(UNSEEN, c) || ends_a_plane(c))
}

fn is_in(table: &[(char, char)], c: char) -> bool {
    table.get(table.partition_point(|&(_, last)| last < c)).is_some_and(|&(first, _)| first <= c)
}

/// U+FFFE, U+FFFF, U+1FFFE and so on are no characters.
fn ends_a_plane(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe
}

/// All of a text in one line, for an eye: `␛` for a control that has a picture, `‹U+202E›` for the rest of what is unseen.
/// Marks that stand in the text itself are written out too, so that no text can imitate another's; ASCII stays as it is.
#[must_use]
pub fn marked(text: &str) -> String {
    written(text, |c| !is_visible(c) || is_in(MARKS, c), push_mark)
}

/// As [`marked`], its line breaks kept.
#[must_use]
pub fn marked_lines(text: &str) -> String {
    written(text, |c| c != '\n' && (!is_visible(c) || is_in(MARKS, c)), push_mark)
}

/// The mark that stands for a character: `␛` where a control has a picture, else `‹U+202E›`.
#[must_use]
pub fn mark(c: char) -> String {
    let mut mark = String::new();
    push_mark(&mut mark, c);
    mark
}

fn push_mark(marked: &mut String, c: char) {
    let picture = match u32::from(c) {
        code @ 0..0x20 => char::from_u32(0x2400 + code),
        0x7f => Some('␡'),
        _ => None,
    };
    match picture {
        Some(picture) => marked.push(picture),
        None => push(marked, format_args!("‹U+{:04X}›", u32::from(c))),
    }
}

/// All of a text within a sentence, in one line: `\n`, `\r`, `\t` and `\\` for those four, `\u{202e}` for what is unseen.
#[must_use]
pub fn escaped(text: &str) -> String {
    written(text, |c| c == '\\' || !is_visible(c), push_escape)
}

/// The first characters of a text, [`escaped`]; `…` after them where there are more.
#[must_use]
pub fn excerpt(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => escaped(text.get(..end).unwrap_or_default()) + "…",
        None => escaped(text),
    }
}

fn push_escape(escaped: &mut String, c: char) {
    match c {
        '\\' => escaped.push_str("\\\\"),
        '\n' => escaped.push_str("\\n"),
        '\r' => escaped.push_str("\\r"),
        '\t' => escaped.push_str("\\t"),
        c => push(escaped, format_args!("\\u{{{:x}}}", u32::from(c))),
    }
}

/// JSON that means the same, with what is unseen in its strings written as JSON escapes. Line breaks stay: JSON has them
/// between its values alone.
#[must_use]
pub fn json(json: &str) -> String {
    // An answer is plain ASCII as a rule, and bytes are looked at faster than characters.
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return json.to_owned();
    }
    json_where(json, is_visible)
}

/// As [`json`], for a surface that shows still less than [`is_visible`] tells.
#[must_use]
pub fn json_where(json: &str, is_seen: impl Fn(char) -> bool) -> String {
    written(json, |c| c != '\n' && !is_seen(c), push_json_escape)
}

/// Each UTF-16 unit as `\uXXXX`.
fn push_json_escape(shown: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        push(shown, format_args!("\\u{unit:04x}"));
    }
}

/// What is seen is copied in whole runs: most text is one.
fn written(text: &str, is_unseen: impl Fn(char) -> bool, push_unseen: impl Fn(&mut String, char)) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(&is_unseen) {
        let (seen, unseen) = rest.split_at(start);
        written.push_str(seen);
        let mut chars = unseen.chars();
        if let Some(c) = chars.next() {
            push_unseen(&mut written, c);
        }
        rest = chars.as_str();
    }
    written.push_str(rest);
    written
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// Unicode's own words for what is not seen, as another library's tables know them; and the blanks among letters and
    /// signs: braille, object replacement, null notehead, Khitan filler, Egyptian blanks and modifiers.
    const BY_PROPERTY: &str = concat!(
        r"[[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Variation_Selector}\p{Noncharacter_Code_Point}",
        r"\p{Cc}\p{Cf}\p{Co}\p{Z}\x{2800}\x{FFFC}\x{1D159}\x{16FE4}\x{13440}-\x{1345F}]&&[^ ]]"
    );

    fn every_char() -> impl Iterator<Item = char> {
        '\0'..=char::MAX
    }

    #[test]
    fn the_table_is_what_unicode_says_is_not_seen() {
        let all: String = every_char().collect();
        let unseen: String = Regex::new(BY_PROPERTY).unwrap().find_iter(&all).map(|found| found.as_str()).collect();
        let ours: String = every_char().filter(|&c| !is_visible(c)).collect();
        let codes = |text: &str| text.chars().map(u32::from).collect::<Vec<_>>();
        assert_eq!(codes(&ours), codes(&unseen));
    }

    #[test]
    fn each_table_is_in_order() {
        for table in [UNSEEN, MARKS] {
            assert!(table.iter().all(|(first, last)| first <= last));
            assert!(table.windows(2).all(|pair| u32::from(pair[0].1) + 1 < u32::from(pair[1].0)), "{table:?}");
        }
    }

    #[test]
    fn no_form_of_any_character_holds_an_unseen_one_and_each_is_read_back() {
        let all: Vec<char> = every_char().collect();
        for text in all.chunks(256).map(|chars| chars.iter().collect::<String>()) {
            for (form, read) in FORMS {
                let shown = form(&text);
                assert!(shown.chars().all(is_visible), "{text:?} shows as {shown:?}");
                assert_eq!(read(&shown), text);
            }
        }
    }

    #[test]
    fn printable_ascii_is_untouched() {
        let ascii: String = (' '..='~').collect();
        assert_eq!((marked(&ascii), marked_lines(&ascii), json(&ascii)), (ascii.clone(), ascii.clone(), ascii.clone()));
        assert_eq!(escaped(&ascii), ascii.replace('\\', r"\\"), "but for what escapes begin with");
    }

    #[test]
    fn no_text_can_imitate_a_mark_or_an_escape() {
        assert_ne!(marked("‹U+202E›"), marked("\u{202e}"));
        assert_ne!(marked("␛"), marked("\u{1b}"));
        assert_ne!(escaped(r"\u{202e}"), escaped("\u{202e}"));
        assert_ne!(escaped(r"\n"), escaped("\n"));
    }

    #[test]
    fn an_escaped_text_passes_further_surfaces_as_it_is() {
        let once = escaped("a\u{1b}[2J\u{202e}\u{3164}b");
        assert_eq!(once, r"a\u{1b}[2J\u{202e}\u{3164}b");
        assert_eq!((marked(&once), marked_lines(&once)), (once.clone(), once));
    }

    #[test]
    fn an_excerpt_says_that_there_is_more() {
        assert_eq!((excerpt("ab\n", 3), excerpt("ab\nc", 3)), ("ab\\n".to_owned(), "ab\\n…".to_owned()));
        assert_eq!(excerpt("", 0), "");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(marked_lines("a\r\nb\u{2028}c"), "a␍\nb‹U+2028›c");
    }

    /// A form and what reads it back.
    type Form = (fn(&str) -> String, fn(&str) -> String);

    const FORMS: [Form; 4] = [
        (marked, from_marks),
        (|text| marked_lines(text).replace('\n', "␊"), from_marks),
        (escaped, from_escapes),
        (|text| json(&in_json(text)), |shown| serde_json::from_str(shown).unwrap()),
    ];

    fn in_json(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    fn from_marks(shown: &str) -> String {
        let mut chars = shown.chars();
        let mut read = String::new();
        while let Some(c) = chars.next() {
            read.push(match c {
                '‹' => of_hex(&chars.by_ref().skip(2).take_while(|&c| c != '›').collect::<String>()),
                '␀'..='␟' => char::from_u32(u32::from(c) - 0x2400).unwrap(),
                '␡' => '\u{7f}',
                c => c,
            });
        }
        read
    }

    fn from_escapes(shown: &str) -> String {
        let mut chars = shown.chars();
        let mut read = String::new();
        while let Some(c) = chars.next() {
            read.push(match (c, (c == '\\').then(|| chars.next().unwrap())) {
                (_, Some('u')) => of_hex(&chars.by_ref().skip(1).take_while(|&c| c != '}').collect::<String>()),
                (_, Some('n')) => '\n',
                (_, Some('r')) => '\r',
                (_, Some('t')) => '\t',
                (_, Some(c)) | (c, None) => c,
            });
        }
        read
    }

    fn of_hex(digits: &str) -> char {
        char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_is_shown_whole_and_read_back(text in r"[\PC\pC‹›␛U+0-9A-F\\un{}\n]{0,40}") {
            for (form, read) in FORMS {
                let shown = form(&text);
                prop_assert!(shown.chars().all(is_visible), "{shown:?}");
                prop_assert_eq!(read(&shown), text.clone());
            }
        }
    }
}
