//! Short ASCII text on the stack: digests and times are written often, and none of them needs the heap.

/// At most `N` bytes of ASCII text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inline<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Inline<N> {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }

    /// Appends ASCII. What does not fit is left out: callers choose `N` for all that they write.
    pub(crate) fn push(&mut self, ascii: &[u8]) {
        debug_assert!(ascii.is_ascii() && self.len + ascii.len() <= N, "{N} bytes are too few");
        if let Some(free) = self.bytes.get_mut(self.len..self.len + ascii.len()) {
            free.copy_from_slice(ascii);
            self.len += ascii.len();
        }
    }

    /// Appends the last `D` decimal digits of `number`.
    pub(crate) fn push_digits<const D: usize>(&mut self, mut number: u32) {
        let mut digits = [b'0'; D];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.push(&digits);
    }
}

#[cfg(test)]
mod tests {
    use super::Inline;

    #[test]
    fn holds_what_was_pushed() {
        let mut text = Inline::<8>::new();
        assert_eq!(text.as_str(), "");
        text.push(b"at ");
        text.push_digits::<4>(42);
        assert_eq!(text.as_str(), "at 0042");
        text.push_digits::<1>(19);
        assert_eq!(text.as_str(), "at 00429");
    }
}
