//! What an agent, or whoever changed the log, wrote must not steer the terminal or look like something else: every
//! character that is not seen as itself is written out.

use std::fmt::Write as _;

/// One line in which everything can be seen: `\u{202e}` for what would not.
#[must_use]
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_unseen(c) => {
                // Writing into a string does not fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// The same JSON, with what cannot be seen in its strings written as JSON escapes.
#[must_use]
pub fn json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unseen(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a string does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Controls; separators and blanks but the plain space; what sets directions, joins, varies or fills without being drawn;
/// tags, private use and what is no character.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{fffe}'..='\u{ffff}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_or_hides_is_written_out() {
        assert_eq!(text("a\u{1b}[2J\u{9b}31m"), "a\\u{1b}[2J\\u{9b}31m");
        assert_eq!(text("safe\u{202e}exe.txt\u{200b}\u{e0041}\n"), "safe\\u{202e}exe.txt\\u{200b}\\u{e0041}\\n");
        assert_eq!(text("Grüße, 世界 – ok"), "Grüße, 世界 – ok");
    }

    #[test]
    fn shown_json_means_the_same() {
        let given = "{\"a\":\"x\u{202e}y\u{e0041}\u{9b}\"}";
        let shown = json(given);
        assert!(shown.is_ascii());
        let values: [serde_json::Value; 2] = [given, &shown].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(values[0], values[1]);
    }
}
