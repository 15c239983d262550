//! Programs that the owner of a bridge taught it, beside those that ship.
//!
//! What ships counts first: an owner's table adds options, words and forms to it, and stands in its place only where it says
//! `replace = true`. What a path is (a place of secrets, a hook) counts either way.

use std::collections::BTreeMap;
use std::sync::Arc;

use ccc_protocol::visible;

use super::form::{Form, List, Opt, Program, Style, Text, Word};
use super::lint::dead_rows;
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
    /// Calls, each with the classes that the owner expects of it.
    pub examples: Vec<(String, String)>,
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
        let own = spec
            .compiled(extent)
            .map_err(|faults| faults.iter().map(|fault| visible::escaped(fault)).collect::<Vec<_>>())?;
        let whole = known.map_or_else(|| own.clone(), |known| added(known, &own));
        Ok(Self { own, whole, replaces: spec.replace, examples: spec.examples })
    }

    /// What of it never counts, each in a sentence.
    #[must_use]
    pub fn idle(&self) -> Vec<String> {
        let Some(known) = shipped(self.name()).filter(|_| !self.replaces) else { return dead_rows(&self.whole) };
        if is_part(&known.root, &self.own.root) {
            return vec!["it adds nothing: all of it ships".to_owned()];
        }
        let mut found = Vec::new();
        outdone("", &known.root, &self.own.root, &mut found);
        let shipped = dead_rows(known);
        found.extend(dead_rows(&self.whole).into_iter().filter(|row| !shipped.contains(row)));
        found
    }

    /// How it stands to what ships, for a person.
    #[must_use]
    pub fn standing(&self) -> &'static str {
        match shipped(self.name()) {
            None => "nothing ships of it",
            Some(_) if self.replaces => "in the place of what ships",
            Some(_) => "beside what ships",
        }
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
    let plain = |c: char| !c.is_whitespace() && visible::is_visible(c) && c != '/';
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
    Word {
        names: shipped.names.clone(),
        options: joined(&shipped.options, &own.options, |known: &Opt, option| known.name == option.name),
        forms: joined(&shipped.forms, &own.forms, |known: &Form, form| known == form),
        words: merged_words(&shipped.words, &own.words).into(),
        harmless_options: shipped.harmless_options || own.harmless_options,
    }
}

/// Where several names ship as one word, only those that the owner's table names learn what it says.
fn merged_words(shipped: &[Word], own: &[Word]) -> Vec<Word> {
    let mut words: Vec<Word> = shipped.to_vec();
    for word in own {
        let mut learned = Vec::new();
        let mut new: Vec<Text> = word.names.to_vec();
        for known in &mut words {
            let (named, others): (Vec<Text>, Vec<Text>) =
                known.names.iter().cloned().partition(|name| word.names.contains(name));
            if named.is_empty() {
                continue;
            }
            new.retain(|name| !named.contains(name));
            learned.push(merged(&Word { names: named.into(), ..known.clone() }, word));
            known.names = others.into();
        }
        words.retain(|known| !known.names.is_empty());
        words.extend(learned);
        if !new.is_empty() {
            words.push(Word { names: new.into(), ..word.clone() });
        }
    }
    words
}

/// Options of the owner's that ship with another value, which counts.
fn outdone(at: &str, shipped: &Word, own: &Word, found: &mut Vec<String>) {
    let other = |option: &&Opt| shipped.options.iter().any(|known| known.name == option.name && known != *option);
    for option in own.options.iter().filter(other) {
        found.push(format!("`{at}`: the option `{}` ships with another value, which counts", option.name));
    }
    for word in own.words.iter() {
        let Some(known) = shipped.words.iter().find(|known| shares_a_name(known, word)) else { continue };
        outdone(format!("{at} {}", word.names.join(" ")).trim_start(), known, word, found);
    }
}

/// True where all that the owner's word says ships.
fn is_part(shipped: &Word, own: &Word) -> bool {
    let ships = |word: &Word| {
        word.names.iter().all(|name| {
            let known = shipped.words.iter().find(|known| known.names.contains(name));
            known.is_some_and(|known| is_part(known, word))
        })
    };
    own.options.iter().all(|option| shipped.options.contains(option))
        && own.forms.iter().all(|form| shipped.forms.contains(form))
        && own.words.iter().all(ships)
        && (shipped.harmless_options || !own.harmless_options)
}

fn shares_a_name(one: &Word, other: &Word) -> bool {
    one.names.iter().any(|name| other.names.contains(name))
}

/// What is known, and behind it what is not the same.
fn joined<T: Clone>(known: &[T], more: &[T], same: impl Fn(&T, &T) -> bool) -> List<T> {
    let new = more.iter().filter(|item| !known.iter().any(|known| same(known, item)));
    known.iter().chain(new).cloned().collect()
}
