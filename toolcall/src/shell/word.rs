//! A word of the shell: what is known of it, and where it stops being known.

/// The most places in one word that are filled in with a name.
const MARKS_MAX: usize = 8;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stays as it is, quotes removed.
    Literal(String),
    /// An unquoted `*`, `?` or `[`: file names are put in its place.
    Glob(char),
    /// `$NAME` or `${NAME}` and nothing more.
    Parameter {
        /// The variable or special parameter.
        name: String,
        /// Inside double quotes, so not split into several words.
        quoted: bool,
    },
    /// `~` or `~user` at the start.
    Home(String),
    /// `<( … )` or `>( … )`: a name of a pipe to commands that are listed themselves.
    Process,
    /// `$( … )` or backticks: what the commands inside, which are listed, print.
    Substitution {
        /// Inside double quotes, so not split into several words.
        quoted: bool,
    },
    /// `$(( … ))` and `${#NAME}`: a number.
    Number,
    /// `$( … )` of commands that print nothing but a number.
    Printed,
    /// `$( … )` of a command that prints one plain word (letters, digits and `-_.:`, no `-` first) or nothing: a commit's name, a date.
    Plain,
    /// Unquoted `$( … )` of commands that list names of files: patterns that all of them fit.
    Names(Vec<Word>),
    /// `${NAME…}` with an operator.
    Expansion {
        /// The variable; empty for a special parameter.
        name: String,
        /// All that stands behind the name, quotes removed.
        operator: Word,
        /// Inside double quotes, so not split into several words.
        quoted: bool,
    },
}

/// A word, in the parts that the shell sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// The parts, neighbouring literals joined.
    pub parts: Vec<Part>,
    /// Some of it was quoted or escaped.
    pub quoted: bool,
    /// Holds an unquoted `{a,b}` or `{1..3}`, which becomes several words.
    pub brace: bool,
}

impl Word {
    /// A word that is wholly known.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { parts: vec![Part::Literal(text.to_owned())], quoted: true, brace: false }
    }

    /// A word of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { parts: vec![Part::Substitution { quoted: false }], quoted: true, brace: false }
    }

    /// The text of a word that is wholly literal: no expansion, no file-name pattern, no braces, no `~`.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        if self.brace {
            return None;
        }
        match self.parts.as_slice() {
            [] => Some(String::new()),
            [Part::Literal(text)] => Some(text.clone()),
            // `[` alone is the program `test` under its other name.
            [Part::Glob('[')] => Some("[".to_owned()),
            _ => None,
        }
    }

    /// The text up to the first part that is not literal.
    #[must_use]
    pub fn leading(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    /// What stands from `[` right behind a variable to the part that closes it: indices, in shells that take `$x[i]` for `${x[i]}`.
    pub(super) fn indices(&self) -> Self {
        let opens = |part: &Part| match part {
            Part::Glob(c) => *c == '[',
            Part::Literal(text) => text.starts_with('['),
            _ => false,
        };
        let closes = |part: &Part| matches!(part, Part::Literal(text) if text.contains(']'));
        let mut found = Self::default();
        let mut inside = false;
        for (part, before) in self.parts.iter().skip(1).zip(&self.parts) {
            inside |= opens(part) && matches!(before, Part::Parameter { .. });
            if inside {
                found.parts.push(part.clone());
            }
            inside &= !closes(part);
        }
        found
    }

    /// This word without the first `bytes` of its leading literal.
    #[must_use]
    pub fn without_leading(&self, bytes: usize) -> Self {
        let mut rest = self.clone();
        if let Some(Part::Literal(text)) = rest.parts.first_mut() {
            *text = text.get(bytes..).unwrap_or_default().to_owned();
        }
        rest
    }

    /// True where nothing but the running shell can say what the word becomes.
    #[must_use]
    pub fn is_expansion(&self) -> bool {
        self.brace || self.parts.iter().any(|part| !matches!(part, Part::Literal(_) | Part::Glob(_) | Part::Home(_)))
    }

    /// True for `#NAME` and `#NAME[@]` behind `${`: a length.
    pub(super) fn is_length(&self) -> bool {
        let Some(rest) = self.literal().and_then(|text| text.strip_prefix('#').map(str::to_owned)) else {
            return false;
        };
        let name = rest.trim_end_matches("[@]").trim_end_matches("[*]");
        matches!(name, "@" | "*") || name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    }

    /// True where the word's last part is a text that ends so.
    pub(super) fn ends_with(&self, end: &str) -> bool {
        matches!(self.parts.last(), Some(Part::Literal(text)) if text.ends_with(end))
    }

    /// The name, and what stands behind the bracket, of `{NAME[index]}`.
    pub(super) fn indexed_in_braces(&self) -> Option<(String, Self)> {
        let text = self.leading().strip_prefix('{')?;
        let mut index = self.clone();
        let name = match text.split_once('[') {
            Some((name, rest)) => {
                *index.parts.first_mut()? = Part::Literal(rest.to_owned());
                name
            }
            None if self.parts.get(1) == Some(&Part::Glob('[')) => {
                index.parts.drain(..2);
                text
            }
            None => return None,
        };
        Some((name.to_owned(), index))
    }

    /// True where the word begins with `[`, quoted or not.
    pub(super) fn opens_index(&self) -> bool {
        self.leading().starts_with('[') || self.parts.first() == Some(&Part::Glob('['))
    }

    /// Adds literal text, joined to the literal before it.
    pub(super) fn push_str(&mut self, text: &str) {
        if let Some(Part::Literal(last)) = self.parts.last_mut() {
            last.push_str(text);
        } else {
            self.parts.push(Part::Literal(text.to_owned()));
        }
    }

    /// Adds one literal character.
    pub(super) fn push_char(&mut self, c: char) {
        if let Some(Part::Literal(last)) = self.parts.last_mut() {
            last.push(c);
        } else {
            self.parts.push(Part::Literal(c.into()));
        }
    }

    /// Anything beneath the directory that this word names, as the file-name pattern `**`.
    pub(super) fn anything_beneath(mut self) -> Self {
        self.push_str("/");
        self.parts.extend([Part::Glob('*'), Part::Glob('*')]);
        self
    }

    /// What lies beneath the directory that this word names and is called `name`, a file-name pattern.
    pub(super) fn beneath(self, name: &str) -> Self {
        let mut word = self.anything_beneath();
        word.push_str("/");
        word.push_str(name);
        word
    }

    /// This word with each literal `mark` replaced by `by`; how `xargs -I` and `find -exec` fill in names. With more than
    /// [`MARKS_MAX`] marks the word is unknown, so that the work stays linear.
    pub(super) fn replacing(&self, mark: &str, by: &Self) -> Self {
        if self.marks(mark) > MARKS_MAX {
            return Self::unknown();
        }
        let mut out = Self { parts: Vec::new(), quoted: self.quoted, brace: self.brace || by.brace };
        for part in &self.parts {
            match part {
                Part::Literal(text) if !mark.is_empty() => {
                    for (nth, piece) in text.split(mark).enumerate() {
                        if nth > 0 {
                            out.append(by);
                        }
                        if !piece.is_empty() {
                            out.push_str(piece);
                        }
                    }
                }
                other => out.parts.push(other.clone()),
            }
        }
        out
    }

    /// How often the literal parts hold `mark`.
    pub(super) fn marks(&self, mark: &str) -> usize {
        let count = |part: &Part| match part {
            Part::Literal(text) if !mark.is_empty() => text.matches(mark).count(),
            _ => 0,
        };
        self.parts.iter().map(count).sum()
    }

    /// This word as a name that a listing prints: without the `./` that the listing leaves out.
    pub(super) fn bare(mut self) -> Self {
        if let Some(Part::Literal(text)) = self.parts.first_mut() {
            *text = text.strip_prefix("./").unwrap_or(text).to_owned();
        }
        self
    }

    /// True where names that commands list stand for the word or a part of it.
    #[must_use]
    pub fn has_names(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Names(_)))
    }

    fn append(&mut self, other: &Self) {
        for part in &other.parts {
            match part {
                Part::Literal(text) => self.push_str(text),
                other => self.parts.push(other.clone()),
            }
        }
    }
}
