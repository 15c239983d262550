//! Lines for the person who looks at what this program says on standard error.

use std::io::{self, Write};

use ccc_protocol::visible;

/// Writes one line, in which everything can be seen.
pub(crate) fn note(about: &str, what: &str) {
    let _unheard = writeln!(io::stderr().lock(), "{}", line(about, what));
}

fn line(about: &str, what: &str) -> String {
    format!("ccc-mcp: {}: {}", visible::marked(about), visible::marked(what))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_named() {
        assert_eq!(
            line("a\u{3164}", "\u{1b}[2J\n\u{9b}\u{202e}\u{61c}\u{2800}\u{e0041}é😀"),
            "ccc-mcp: a‹U+3164›: ␛[2J␊‹U+009B›‹U+202E›‹U+061C›‹U+2800›‹U+E0041›é😀"
        );
    }
}
