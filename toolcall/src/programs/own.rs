//! Programs that the owner of a bridge taught it, beside those that ship.
//!
//! What ships counts first: an owner's table adds options, words and forms to it, and stands in its place only where it says
//! `replace = true`. What a path is (a place of secrets, a hook) counts either way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::form::{Form, List, Opt, Program, Style, Text, Word};
use super::shipped;
use super::spec::{Extent, ProgramSpec};
use crate::shell;

/// The most programs that an owner may teach.
pub const PROGRAMS_MAX: usize = 1_000;
/// The longest name of a program, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// All that the owner taught. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own(Option<Arc<BTreeMap<String, Taught>>>);

/// A program that the owner taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taught {
    /// What the owner's table says.
    pub own: Program,
    /// All that is known: what ships, and the owner's behind it.
    pub whole: Program,
    /// True where what ships does not count.
    pub replaces: bool,
}

impl Own {
    /// The program of this name, if the owner taught it.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Taught> {
        self.0.as_ref()?.get(name)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Taught> {
        self.0.iter().flat_map(|taught| taught.values())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |taught| taught.len())
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<Taught> for Own {
    fn from_iter<I: IntoIterator<Item = Taught>>(taught: I) -> Self {
        let by_name: BTreeMap<String, Taught> =
            taught.into_iter().map(|taught| (taught.name().to_owned(), taught)).collect();
        Self((!by_name.is_empty()).then(|| Arc::new(by_name)))
    }
}

impl Taught {
    /// Reads the table `[programs.NAME]`.
    ///
    /// # Errors
    /// Everything that is wrong with it, each in a sentence that says what to do.
    pub fn read(name: &str, spec: &ProgramSpec) -> Result<Self, Vec<String>> {
        let known = shipped(name).filter(|_| !spec.replace);
        let extent = if known.is_some() { Extent::Addition } else { Extent::Whole };
        let spec = ProgramSpec { names: vec![name.to_owned()], ..refused_keys(name, spec, known)? };
        let own =
            spec.compiled(extent).map_err(|faults| faults.iter().map(|fault| visible(fault)).collect::<Vec<_>>())?;
        let whole = known.map_or_else(|| own.clone(), |known| added(known, &own));
        Ok(Self { own, whole, replaces: spec.replace })
    }

    /// The name that it is called by.
    #[must_use]
    pub fn name(&self) -> &str {
        self.own.names.first().map_or("", AsRef::as_ref)
    }
}

/// The spec, where it holds nothing that is not an owner's to say.
fn refused_keys(name: &str, spec: &ProgramSpec, known: Option<&Program>) -> Result<ProgramSpec, Vec<String>> {
    let mut faults = Vec::new();
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.starts_with('-') || !name.chars().all(plain) {
        faults.push("no program is called so: write the name alone, without its directory".to_owned());
    }
    if shell::reads_itself(name) {
        faults.push(
            "it runs what its arguments say, which is read as a command of its own: teach that program".to_owned(),
        );
    }
    if !spec.names.is_empty() {
        faults.push("`names` is for shipped files: write a table for each name".to_owned());
    }
    if spec.handler.is_some() {
        faults.push("`handler` is for shipped files: say it in `forms`, or leave the call unknown".to_owned());
    }
    if let Some(known) = known {
        if known.root.forms.is_empty() && known.root.words.is_empty() {
            faults.push(
                "its arguments are a language, which is read as such: only `replace = true` puts forms in the place of that".to_owned(),
            );
        }
        if Style::from(spec.style) != known.style && Style::from(spec.style) != Style::default() {
            faults.push("`style` is what ships for it: leave it out, or write `replace = true`".to_owned());
        }
    }
    if faults.is_empty() { Ok(spec.clone()) } else { Err(faults) }
}

/// What a person can read, whatever the file holds.
fn visible(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// What ships, and the owner's behind it.
fn added(shipped: &Program, own: &Program) -> Program {
    Program {
        names: own.names.clone(),
        at_files: shipped.at_files || own.at_files,
        root: merged(&shipped.root, &own.root),
        ..shipped.clone()
    }
}

fn merged(shipped: &Word, own: &Word) -> Word {
    let mut words: Vec<Word> = shipped.words.to_vec();
    for word in own.words.iter() {
        match words.iter_mut().find(|known| shares_a_name(known, word)) {
            Some(known) => *known = merged(known, word),
            None => words.push(word.clone()),
        }
    }
    Word {
        names: joined(&shipped.names, &own.names, |known: &Text, name| known == name),
        options: joined(&shipped.options, &own.options, |known: &Opt, option| known.name == option.name),
        forms: joined(&shipped.forms, &own.forms, |known: &Form, form| known == form),
        words: words.into(),
        harmless_options: shipped.harmless_options || own.harmless_options,
    }
}

fn shares_a_name(one: &Word, other: &Word) -> bool {
    one.names.iter().any(|name| other.names.contains(name))
}

/// What is known, and behind it what is not the same.
fn joined<T: Clone>(known: &[T], more: &[T], same: impl Fn(&T, &T) -> bool) -> List<T> {
    let new = more.iter().filter(|item| !known.iter().any(|known| same(known, item)));
    known.iter().chain(new).cloned().collect()
}
