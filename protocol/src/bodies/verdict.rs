//! What the bridge read from a request, in words that a person understands at once, the gravest first.
//!
//! The server makes it (`toolcall/src/verdict.rs` is the one table); whoever shows it prints its words and owns none. What of it an
//! agent chose (paths, hosts) stands in [`Verdict::objects`] alone, and is shown like every text of an agent's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

use super::Class;
use crate::{ActionName, Digest};

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How grave it is.
    pub gravity: Gravity,
    /// The gravest thing about it, in words of the bridge's own.
    pub headline: String,
    /// The same in a word or two, for a row.
    pub short: String,
    /// What it is about: at most [`Verdict::OBJECTS_MAX`] texts of at most [`Verdict::OBJECT_CHARS_MAX`] characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// Whether an approval needs care: its end on screen, and the word typed.
    pub care: Care,
    /// The word that is typed where care is needed.
    pub word: Word,
}

/// How grave a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// Nothing out of the ordinary.
    Plain,
    /// Out of the ordinary: worth a second look.
    Odd,
    /// Cannot be taken back, or gives away what should stay.
    Grave,
}

/// Whether an approval needs care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Care {
    /// It does not.
    No,
    /// It does where the request is longer than the screen that it is shown on.
    WhereLong,
    /// It does, and the server refuses an approval without it.
    Always,
}

impl Verdict {
    /// The most objects.
    pub const OBJECTS_MAX: usize = 3;
    /// The most characters of an object.
    pub const OBJECT_CHARS_MAX: usize = 160;

    /// The SHA-256 over the canonical form of `{"gravity","headline","objects","word"}`: by it an approval names what was shown.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Self { gravity, headline, objects, word, .. } = self;
        Digest::of_json(
            &json!({ "gravity": gravity.as_str(), "headline": headline, "objects": objects, "word": word.as_str() }),
        )
    }
}

impl Gravity {
    /// Its word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Odd => "odd",
            Self::Grave => "grave",
        }
    }
}

/// A word that a person types: 1 to 64 ASCII letters, digits, dots, hyphens and underscores, so that nothing is taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word(String);

/// Text that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a word to type is 1 to 64 ASCII letters, digits, dots, hyphens and underscores")]
pub struct WordError;

impl Word {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let is_one = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        let is_word = (1..=64).contains(&text.len()) && text.bytes().all(is_one);
        if is_word { Ok(Self(text.to_owned())) } else { Err(WordError) }
    }
}

impl From<Class> for Word {
    fn from(class: Class) -> Self {
        Self(class.as_str().to_owned())
    }
}

impl From<&ActionName> for Word {
    fn from(action: &ActionName) -> Self {
        Self(action.as_str().to_owned())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Which verdict a person was shown with what they decide, and the word they typed for it. Who sends a word says by it that the
/// whole request was on screen to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// [`Verdict::digest`] of what was shown.
    pub verdict: Digest,
    /// The word, where one was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Word>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_that_nothing_else_looks_like() {
        for good in ["upload", "paste.example", "run-tests", "a"] {
            assert_eq!(good.parse::<Word>().map(|word| word.to_string()), Ok(good.to_owned()));
        }
        for class in Class::ALL {
            assert_eq!(Word::from(class).as_str().parse(), Ok(Word::from(class)));
        }
        for bad in ["", "two words", "pаste.example", "a\n", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Word>(), Err(WordError), "{bad:?}");
        }
    }

    #[test]
    fn a_verdict_is_known_by_what_is_read_of_it() {
        let verdict = Verdict {
            gravity: Gravity::Grave,
            headline: "SENDS".to_owned(),
            short: "out".to_owned(),
            objects: vec!["to `x`".to_owned()],
            care: Care::Always,
            word: Word("upload".to_owned()),
        };
        let canonical = r#"{"gravity":"grave","headline":"SENDS","objects":["to `x`"],"word":"upload"}"#;
        assert_eq!(verdict.digest(), Digest::of(canonical.as_bytes()));
        assert_eq!(Verdict { care: Care::No, ..verdict.clone() }.digest(), verdict.digest());
        for gravity in [Gravity::Plain, Gravity::Odd, Gravity::Grave] {
            assert_eq!(serde_json::to_value(gravity).unwrap(), gravity.as_str());
        }
    }
}
