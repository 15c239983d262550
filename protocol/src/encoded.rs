//! Bytes that were written as text, read leniently: for looking into what others wrote, never for what is agreed on.

/// The bytes with `%41` and `\x41` as what they stand for.
#[derive(Debug, Clone)]
pub struct Unescaped<I>(pub I);

impl<I: Iterator<Item = u8> + Clone> Iterator for Unescaped<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let byte = self.0.next()?;
        let mut ahead = self.0.clone();
        let begins = byte == b'%' || byte == b'\\' && ahead.next().is_some_and(|next| next == b'x');
        let digits = begins.then(|| Some(hex_value(ahead.next()?)? << 4 | hex_value(ahead.next()?)?)).flatten();
        let Some(escaped) = digits else { return Some(byte) };
        self.0 = ahead;
        Some(escaped)
    }
}

/// What a hexadecimal digit of either case stands for.
#[must_use]
pub fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The bytes that digits of four bits spell, the first two the first byte.
pub fn hex_bytes(mut digits: impl Iterator<Item = u8>) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || Some(digits.next()? << 4 | digits.next()?))
}

/// What a base64 digit stands for, in either alphabet (RFC 4648, 4 and 5).
#[must_use]
pub fn base64_value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The bytes that digits of six bits spell; what is left of the last byte is dropped.
pub fn base64_bytes(mut digits: impl Iterator<Item = u8>) -> impl Iterator<Item = u8> {
    let mut bits: u32 = 0;
    let mut held: u32 = 0;
    std::iter::from_fn(move || {
        while held < 8 {
            bits = (bits << 6 | u32::from(digits.next()?)) & 0xffff;
            held += 6;
        }
        held -= 8;
        u8::try_from(bits >> held & 0xff).ok()
    })
}
