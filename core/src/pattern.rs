//! A regular expression that fits a whole value, in linear time.

use regex::Regex;

/// A pattern anchored at both ends.
#[derive(Debug, Clone)]
pub struct WholePattern {
    text: String,
    regex: Regex,
}

impl WholePattern {
    /// The largest compiled pattern, in bytes: config cannot ask for unbounded memory.
    const COMPILED_BYTES_MAX: usize = 1 << 20;

    /// Compiles the pattern; it fits whole values only, whatever anchors it carries itself.
    ///
    /// # Errors
    /// The regex crate's explanation where the pattern does not compile or is too large.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        // The text is compiled by itself first: `a)|(b` is no pattern, though the wrapped form would be.
        Regex::new(text)?;
        let regex =
            regex::RegexBuilder::new(&format!(r"\A(?:{text})\z")).size_limit(Self::COMPILED_BYTES_MAX).build()?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True where the whole value fits.
    #[must_use]
    pub fn fits(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_whole_values_only() {
        let pattern = WholePattern::new("[a-z]{1,4}|x-.").unwrap();
        assert!(pattern.fits("abc") && pattern.fits("x-1"));
        for bad in ["abcde", "abc\n", "x-1 ", "", " abc"] {
            assert!(!pattern.fits(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_pattern_cannot_close_its_own_anchors() {
        assert!(WholePattern::new("a)|(?:.*").is_err());
    }
}
