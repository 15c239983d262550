//! A tool pattern of a neighbour, as a glob of this system.

use std::collections::BTreeSet;

/// `*` and, where its language has it, `?`; every other character is itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Many,
    One,
    Char(char),
}

/// The signs of a pattern language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// `*` alone.
    Star,
    /// `*` and `?`.
    StarAndQuestionMark,
}

/// As long as the name of a tool may be.
const CHARS_MAX: usize = 512;

impl Pattern {
    /// Reads a pattern; several `*` in a row are one.
    ///
    /// # Errors
    /// What is wrong with it, for the end of a sentence.
    #[expect(clippy::disallowed_methods, reason = "a pattern matches what the names hold; a control is a slip")]
    pub(super) fn new(text: &str, wildcards: Wildcards) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty: write `*` for every tool".to_owned());
        }
        if text.chars().count() > CHARS_MAX {
            return Err(format!("has more than {CHARS_MAX} characters, which no tool's name has"));
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character, which no tool's name has".to_owned());
        }
        let mut pieces: Vec<Piece> = text.chars().map(|c| Piece::new(c, wildcards)).collect();
        pieces.dedup_by(|next, last| (*next, *last) == (Piece::Many, Piece::Many));
        Ok(Self { pieces })
    }

    /// The pattern of exactly this text.
    pub(super) fn literal(text: &str) -> Self {
        Self { pieces: text.chars().map(Piece::Char).collect() }
    }

    /// The same as a glob of a rule.
    pub(super) fn glob(&self) -> String {
        self.pieces.iter().map(|piece| piece.glob()).collect()
    }

    /// True where one name can fit both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![(0, 0)];
        while let Some((at, other_at)) = open.pop() {
            if !seen.insert((at, other_at)) {
                continue;
            }
            match (self.pieces.get(at), other.pieces.get(other_at)) {
                (None, None) => return true,
                (Some(Piece::Many), Some(_)) => open.extend([(at + 1, other_at), (at, other_at + 1)]),
                (Some(Piece::Many), None) => open.push((at + 1, other_at)),
                (Some(_), Some(Piece::Many)) => open.extend([(at, other_at + 1), (at + 1, other_at)]),
                (None, Some(Piece::Many)) => open.push((at, other_at + 1)),
                (Some(one), Some(two)) if one.meets(*two) => open.push((at + 1, other_at + 1)),
                _ => {}
            }
        }
        false
    }
}

impl Piece {
    fn new(c: char, wildcards: Wildcards) -> Self {
        match c {
            '*' => Self::Many,
            '?' if wildcards == Wildcards::StarAndQuestionMark => Self::One,
            literal => Self::Char(literal),
        }
    }

    fn glob(self) -> String {
        match self {
            Self::Many => "*".to_owned(),
            Self::One => "?".to_owned(),
            Self::Char(c) if "*?[]{}\\".contains(c) => format!("\\{c}"),
            Self::Char(c) => c.to_string(),
        }
    }

    fn meets(self, other: Self) -> bool {
        self == Self::One || other == Self::One || self == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::glob::Globs;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, Wildcards::StarAndQuestionMark).unwrap()
    }

    fn fits(pattern: &Pattern, name: &str) -> bool {
        Globs::new(&[pattern.glob()]).unwrap().fits(name)
    }

    #[test]
    fn what_is_no_wildcard_there_is_none_here() {
        for odd in ["a[bc]", "a{b,c}", "a\\b", "a[", "}{", "a!b"] {
            assert!(fits(&pattern(odd), odd), "{odd}");
            assert!(!fits(&pattern(odd), "ab") && !fits(&pattern(odd), "ac"), "{odd}");
        }
        let star_alone = Pattern::new("db_?", Wildcards::Star).unwrap();
        assert!(fits(&star_alone, "db_?") && !fits(&star_alone, "db_x"));
    }

    #[test]
    fn wildcards_reach_over_dots_and_slashes() {
        assert!(fits(&pattern("database.*"), "database.a/b.c") && fits(&pattern("db_?"), "db_x"));
        assert!(!fits(&pattern("db_?"), "db_xy") && !fits(&pattern("*delete*"), "Delete"));
        assert_eq!(pattern("a***b").glob(), "a*b");
    }

    #[test]
    fn patterns_overlap_where_one_name_fits_both() {
        for (one, two) in [("*", "x"), ("a*", "*b"), ("a?c", "ab*"), ("*delete*", "database.*"), ("x", "x"), ("*", "*")]
        {
            assert!(pattern(one).overlaps(&pattern(two)) && pattern(two).overlaps(&pattern(one)), "{one} {two}");
        }
        for (one, two) in [("a*", "b*"), ("a?", "a"), ("x", "xy"), ("*.read", "*.write"), ("ab*", "a")] {
            assert!(!pattern(one).overlaps(&pattern(two)) && !pattern(two).overlaps(&pattern(one)), "{one} {two}");
        }
    }

    #[test]
    fn what_no_tool_can_be_named_is_no_pattern() {
        for bad in ["", "a\nb", &"x".repeat(513)] {
            assert!(Pattern::new(bad, Wildcards::Star).is_err(), "{bad:?}");
        }
    }
}
