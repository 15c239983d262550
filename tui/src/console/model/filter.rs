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
    score_min: u32,
}

/// What each letter must bring on the average. The matcher gives 16 for a letter and takes away for every gap: in a long row, letters
/// strewn over all of it in the right order would fit almost anything.
const SCORE_PER_LETTER_MIN: u32 = 16;

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
        let sought = pattern.iter().flat_map(|pattern| &pattern.atoms).filter(|atom| !atom.negative);
        let letters: usize = sought.map(|atom| atom.needle_text().len()).sum();
        let score_min = u32::try_from(letters).unwrap_or(u32::MAX).saturating_mul(SCORE_PER_LETTER_MIN);
        Self { words: words.to_owned(), pattern, score_min }
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
        self.pattern.is_none() || self.score(text).is_some()
    }

    /// How well a row's text fits; the best is the greatest. What holds the very words comes before all else, as words of their own
    /// before parts of others.
    #[must_use]
    pub fn rank(&self, text: &str) -> Option<Rank> {
        Some(Rank { exact: exact(self.words.trim().trim_start_matches('\''), text), score: self.score(text)? })
    }

    fn score(&self, text: &str) -> Option<u32> {
        let pattern = self.pattern.as_ref()?;
        let mut buffer = Vec::new();
        let score = MATCHER.with_borrow_mut(|matcher| pattern.score(Utf32Str::new(text, &mut buffer), matcher));
        score.filter(|score| *score >= self.score_min)
    }
}

/// How well a text fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    exact: Exact,
    score: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exact {
    No,
    Part,
    Words,
}

fn exact(words: &str, text: &str) -> Exact {
    let (words, text) = (words.to_lowercase(), text.to_lowercase());
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let found = text.match_indices(&words).map(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + words.len()..).and_then(|after| after.chars().next());
        if is_edge(before) && is_edge(after) { Exact::Words } else { Exact::Part }
    });
    found.max().unwrap_or(Exact::No)
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
    fn letters_strewn_over_a_long_row_do_not_fit() {
        assert!(!Filter::new("greet").fits("agent open-browser e214-7cc6-a5f4-5646977e0cb0 https://docs.rs/serde"));
        assert!(Filter::new("greet").fits("agent greet Ada"));
        assert!(Filter::new("e0cb0").fits("agent open-browser 977e0cb0 https://docs.rs/serde"));
    }

    #[test]
    fn a_text_is_sought_letter_by_letter_or_left_out_where_that_is_asked_for() {
        assert!(Filter::new("'ops").fits("ops run-tests") && !Filter::new("'ops").fits("builder open-terminals"));
        assert!(Filter::new("!reader").fits("writer open-browser") && !Filter::new("!reader").fits("reader greet"));
    }

    #[test]
    fn the_exact_hit_comes_first() {
        let filter = Filter::new("cargo test");
        let mut rows = ["$ cargo build; run tests", "$ xcargo tests", "$ cargo test -q"];
        rows.sort_by_key(|row| std::cmp::Reverse(filter.rank(row)));
        assert_eq!(rows, ["$ cargo test -q", "$ xcargo tests", "$ cargo build; run tests"]);
        assert!(filter.rank("$ ls").is_none() && filter.rank("CARGO TEST") > filter.rank("cargo tests"));
    }

    #[test]
    fn no_words_fit_everything() {
        assert!(Filter::new("  ").fits("anything"));
    }
}
