//! Fuzzy words: what a person types after `/`.

use std::cell::RefCell;

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

/// Words that a row must fit; none fit everything.
#[derive(Clone, Default)]
pub struct Filter {
    words: String,
    pattern: Option<Pattern>,
}

thread_local! {
    /// The matcher's memory is large and reused from row to row.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

impl Filter {
    /// From what was typed.
    #[must_use]
    pub fn new(words: &str) -> Self {
        let pattern =
            (!words.trim().is_empty()).then(|| Pattern::parse(words, CaseMatching::Smart, Normalization::Smart));
        Self { words: words.to_owned(), pattern }
    }

    /// What was typed.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// True where everything fits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pattern.is_none()
    }

    /// Whether a row's text fits.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let Some(pattern) = &self.pattern else { return true };
        let mut buffer = Vec::new();
        MATCHER.with_borrow_mut(|matcher| pattern.score(Utf32Str::new(text, &mut buffer), matcher)).is_some()
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({:?})", self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_fit_and_others_do_not() {
        let filter = Filter::new("opbr docs");
        assert!(filter.fits("agent open-browser https://docs.rs/"));
        assert!(!filter.fits("agent edit-file /workspace/a"));
    }

    #[test]
    fn no_words_fit_everything() {
        assert!(Filter::new("  ").fits("anything"));
    }
}
