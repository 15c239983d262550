//! What is copied goes through the terminal (`OSC 52`), which may be on another machine than this program. A terminal that does not
//! let programs copy passes it over.

use std::io::{self, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Puts this text where the terminal pastes from.
///
/// # Errors
/// Where the terminal does not take it.
pub fn copy(out: &mut impl Write, text: &str) -> io::Result<()> {
    write!(out, "\x1b]52;c;{}\x1b\\", STANDARD.encode(text))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_copied_ends_the_sequence() {
        let mut out = Vec::new();
        copy(&mut out, "a\x1b\\\x07b").unwrap();
        assert_eq!(out, b"\x1b]52;c;YRtcB2I=\x1b\\");
    }
}
