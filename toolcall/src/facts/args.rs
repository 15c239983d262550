//! Words as arguments: variables that the script itself sets are filled in, braces expanded, and what is then not known is marked.

use std::cell::Cell;

use super::paths::home_of;
use super::variables::Variables;
use crate::shell::{Part, Word};

/// The most arguments one word may become.
const BECOMES_MAX: usize = 32;
/// The most bytes that variables add to the words of one script.
pub(super) const EXPANDED_BYTES_MAX: usize = 256 * 1024;

/// An argument as the program may get it. A word that can become several values gives one each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arg {
    /// The text, as far as it is known.
    pub(super) text: String,
    /// False where more follows that only the running shell knows.
    pub(super) exact: bool,
    /// Holds an unquoted file-name pattern.
    pub(super) pattern: bool,
    /// What is not known of it stands in no quotes: it may become several arguments.
    pub(super) splits: bool,
    /// The word it comes from, counted from the program's first argument.
    pub(super) word: usize,
}

impl Arg {
    /// A wholly known argument.
    pub(super) fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), exact: true, pattern: false, splits: false, word: 0 }
    }

    /// As shown to people: `…` stands for what is not known.
    pub(super) fn shown(&self) -> String {
        if self.exact { self.text.clone() } else { format!("{}…", self.text) }
    }

    /// True for an option, also for one whose value is not known.
    pub(super) fn is_option(&self) -> bool {
        self.text.starts_with('-') && self.text.len() > 1
    }

    /// True for a name that was listed, of which the beginning is not known: it may look like an option.
    pub(super) fn may_look_like_an_option(&self) -> bool {
        self.pattern && self.text.starts_with("**")
    }

    /// Adds what follows.
    fn push(&mut self, piece: &Self) {
        self.text.push_str(&piece.text);
        self.exact = piece.exact;
        self.splits |= piece.splits;
        self.pattern |= piece.pattern;
    }

    /// This argument, of which nothing is known.
    pub(super) fn unseen(&self) -> Self {
        Self { exact: false, pattern: false, ..self.with_text("") }
    }

    /// This argument with other text, known as far as this one.
    pub(super) fn with_text(&self, text: &str) -> Self {
        Self { text: text.to_owned(), ..self.clone() }
    }
}

/// What fills words in: the script's variables and where the command runs.
pub(super) struct Filling<'a> {
    /// Variables that the script sets; `None` where another shell's are meant.
    pub(super) variables: Option<&'a Variables>,
    /// The working directory, where it is one.
    pub(super) directory: Option<&'a str>,
    /// How many bytes variables may still add, so that short names for long texts stay cheap.
    pub(super) bytes: &'a Cell<usize>,
}

impl Filling<'_> {
    /// The arguments that `words` can become.
    pub(super) fn args(&self, words: &[Word]) -> Vec<Arg> {
        let numbered = |(nth, word)| self.word(word).into_iter().map(move |arg| Arg { word: nth, ..arg });
        words.iter().enumerate().flat_map(numbered).collect()
    }

    /// The arguments that one word can become.
    pub(super) fn word(&self, word: &Word) -> Vec<Arg> {
        let mut made = vec![Arg::known("")];
        for part in &word.parts {
            let pieces = self.part(part, made.iter().all(|arg| arg.text.is_empty()));
            made = joined(made, &pieces);
            if made.len() > BECOMES_MAX {
                return vec![Arg { exact: false, ..Arg::known(word.leading()) }];
            }
            if made.iter().all(|arg| !arg.exact) {
                break;
            }
        }
        if word.brace { braces(word, made) } else { made }
    }

    /// What a part can stand for. `first` says that nothing is before it.
    fn part(&self, part: &Part, first: bool) -> Vec<Arg> {
        let known = |text: &str| vec![Arg::known(text)];
        match part {
            Part::Literal(text) => known(text),
            Part::Glob(c) => vec![Arg { pattern: true, ..Arg::known(c.to_string()) }],
            Part::Home(user) => known(&format!("~{user}")),
            Part::Process => known("/dev/fd/63"),
            Part::Number => known("0"),
            Part::Parameter { name, .. } if NUMBERS.contains(&name.as_str()) => known("0"),
            Part::Parameter { name, .. } if name == "PWD" => {
                self.directory.filter(|text| self.pays(text.len())).map_or_else(unknown, known)
            }
            Part::Parameter { name, .. } if name == "HOME" && first => known("~"),
            // Behind other text, as in `-F file=@$HOME/x`, a `~` would not mean it.
            Part::Parameter { name, quoted } if name == "HOME" => {
                self.directory.and_then(home_of).map_or_else(|| unseen(*quoted), |home| known(&home))
            }
            Part::Parameter { name, quoted } => self.variable(name, *quoted).unwrap_or_else(|| unseen(*quoted)),
            Part::Names(found) => self.names(found).unwrap_or_else(unknown),
            // Nothing, where git finds none.
            Part::Plain => vec![Arg::known("0000000"), Arg::known("")],
            Part::Printed => unknown(),
            Part::Substitution { quoted } | Part::Expansion { quoted, .. } => unseen(*quoted),
        }
    }

    /// What a listing may print, where the shell takes it apart at blanks and nowhere else.
    fn names(&self, found: &[Word]) -> Option<Vec<Arg>> {
        let splits_at_blanks = self.variables.is_some_and(Variables::splits_at_blanks);
        let names: Vec<Arg> = found.iter().flat_map(|word| self.word(word)).collect();
        let known = splits_at_blanks && !names.is_empty() && names.iter().all(|name| name.exact);
        known.then(|| names.into_iter().map(|name| Arg { pattern: true, ..name }).collect())
    }

    fn variable(&self, name: &str, quoted: bool) -> Option<Vec<Arg>> {
        let values = self.variables?.values(name)?;
        if !self.pays(values.iter().map(|value| value.text.len() + 1).sum()) {
            return None;
        }
        let splits = |value: &Arg| {
            value.text.contains([' ', '\t', '\n']) || value.text.contains(['*', '?', '[']) && !value.pattern
        };
        (quoted || !values.iter().any(splits)).then(|| values.to_vec())
    }
}

impl Filling<'_> {
    /// True where so many bytes may still be added; they are then taken.
    fn pays(&self, bytes: usize) -> bool {
        let left = self.bytes.get().checked_sub(bytes);
        self.bytes.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// Parameters that are always numbers.
pub(super) const NUMBERS: &[&str] =
    &["?", "$", "#", "!", "RANDOM", "SECONDS", "LINENO", "UID", "EUID", "PPID", "BASHPID", "EPOCHSECONDS"];

fn unknown() -> Vec<Arg> {
    vec![Arg { exact: false, ..Arg::known("") }]
}

/// What only the running shell knows, and takes apart at blanks where no quotes keep it together.
fn unseen(quoted: bool) -> Vec<Arg> {
    vec![Arg { exact: false, splits: !quoted, ..Arg::known("") }]
}

/// Every beginning with every continuation; nothing is added to what is already not known.
fn joined(mut made: Vec<Arg>, pieces: &[Arg]) -> Vec<Arg> {
    // The usual case, in place: a long word of many parts is not copied for each of them.
    if let [piece] = pieces {
        made.iter_mut().filter(|start| start.exact).for_each(|start| start.push(piece));
        return made;
    }
    let mut out = Vec::new();
    for start in made {
        let continued = pieces.iter().filter(|_| start.exact).map(|piece| {
            let mut arg = start.clone();
            arg.push(piece);
            arg
        });
        out.extend(continued);
        if !start.exact {
            out.push(start);
        }
    }
    out
}

/// `{a,b}` and `{1..3}` filled in, where no quote or expansion makes the text ambiguous.
fn braces(word: &Word, made: Vec<Arg>) -> Vec<Arg> {
    let plain =
        !word.quoted && word.parts.iter().all(|part| matches!(part, Part::Literal(_) | Part::Glob(_) | Part::Home(_)));
    let mut open = made;
    let mut done = Vec::new();
    while let Some(arg) = open.pop() {
        match expand_first(&arg.text).filter(|_| plain) {
            Some(texts) => open.extend(texts.iter().rev().map(|text| arg.with_text(text))),
            None if plain && !arg.text.contains('{') => done.push(arg),
            // Nested, unbalanced or quoted: what the shell makes of it is left to the shell.
            None => {
                return vec![Arg { exact: false, ..Arg::known(word.leading().split('{').next().unwrap_or_default()) }];
            }
        }
        if open.len() + done.len() > BECOMES_MAX {
            return vec![Arg { exact: false, ..Arg::known("") }];
        }
    }
    done
}

/// The first innermost pair of braces, filled in.
fn expand_first(text: &str) -> Option<Vec<String>> {
    let close = text.find('}')?;
    let open = text.get(..close)?.rfind('{')?;
    let (before, inside, after) = (text.get(..open)?, text.get(open + 1..close)?, text.get(close + 1..)?);
    let items: Vec<&str> = match inside.split_once("..") {
        Some((from, to)) if is_simple(from) && is_simple(to) && !inside.contains(',') => vec![from, to],
        _ if inside.contains(',') => inside.split(',').collect(),
        _ => return None,
    };
    Some(items.into_iter().map(|item| format!("{before}{item}{after}")).collect())
}

fn is_simple(end: &str) -> bool {
    !end.is_empty() && end.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
