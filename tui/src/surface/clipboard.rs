//! What is copied goes through the terminal (`OSC 52`), which may be on another machine than this program. A terminal that does not
//! let programs copy passes it over.

use std::io::{self, Write};

/// Puts this text where the terminal pastes from.
///
/// # Errors
/// Where the terminal does not take it.
pub fn copy(out: &mut impl Write, text: &str) -> io::Result<()> {
    write!(out, "\x1b]52;c;{}\x1b\\", base64(text.as_bytes()))?;
    out.flush()
}

const LETTERS: [char; 64] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W',
    'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't',
    'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
];

fn base64(bytes: &[u8]) -> String {
    let letter = |bits: u32| LETTERS.get((bits & 63) as usize).copied().unwrap_or('=');
    let group = |bytes: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(bytes.get(at).copied().unwrap_or_default()));
        // Two bytes more than there are letters for are filled up.
        (0..4).map(move |at| if at > bytes.len() { '=' } else { letter(bits >> (18 - 6 * at)) }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn bytes_are_written_as_the_standard_has_them() {
        for (text, written) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), written, "{text}");
        }
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }

    #[test]
    fn nothing_that_is_copied_ends_the_sequence() {
        let mut out = Vec::new();
        copy(&mut out, "a\x1b\\\x07b").unwrap();
        assert_eq!(out, b"\x1b]52;c;YRtcB2I=\x1b\\");
    }
}
