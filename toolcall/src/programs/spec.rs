//! A program as it stands in a file (`programs/*.toml`) or under `[programs]` in config, and how it becomes a [`super::form::Program`].
//!
//! The build reads the shipped files with this very module, so that a file of the house and one of an owner mean the same.
//! [`super::form`] is what becomes of it, by [`ProgramSpec::compiled`] alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::form::Kind;

/// A program's file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSpec {
    /// The names it is called by. In config the table's own name stands for them.
    #[serde(default)]
    pub names: Vec<String>,
    /// The home page or manual that it was written from.
    #[serde(default)]
    pub source: String,
    /// The version that it was written for.
    #[serde(default)]
    pub version: String,
    /// How its options are written.
    #[serde(default)]
    pub style: StyleSpec,
    /// `@FILE` stands for arguments in that file.
    #[serde(default)]
    pub at_files: bool,
    /// The handler for arguments that are a language or another command. Where the file has forms too, a call must fit one of them first.
    #[serde(default)]
    pub handler: Option<String>,
    /// No option, listed or not, runs or touches anything beside the operands: a name that turns out to be one does no other kind of
    /// harm.
    #[serde(default)]
    pub harmless_options: bool,
    /// Options: their names, blanks between them, and what their value is.
    #[serde(default)]
    pub options: BTreeMap<String, OptSpec>,
    /// The operands of the one form.
    #[serde(default)]
    pub operands: Vec<String>,
    /// What the one form does.
    #[serde(default)]
    pub does: Option<Vec<String>>,
    /// Hosts that the one form contacts.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// More forms, tried in order before the one above.
    #[serde(default)]
    pub forms: Vec<FormSpec>,
    /// Sub-commands: their names, blanks between them.
    #[serde(default)]
    pub words: BTreeMap<String, WordSpec>,
    /// In config: replaces what is shipped for this name instead of adding forms.
    #[serde(default)]
    pub replace: bool,
    /// Calls, each with the classes expected of it.
    #[serde(default)]
    pub examples: Vec<(String, String)>,
}

/// A sub-command.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordSpec {
    /// As of a program.
    #[serde(default)]
    pub harmless_options: bool,
    /// As of a program.
    #[serde(default)]
    pub options: BTreeMap<String, OptSpec>,
    /// As of a program.
    #[serde(default)]
    pub operands: Vec<String>,
    /// As of a program.
    #[serde(default)]
    pub does: Option<Vec<String>>,
    /// As of a program.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// As of a program.
    #[serde(default)]
    pub forms: Vec<FormSpec>,
    /// As of a program.
    #[serde(default)]
    pub words: BTreeMap<String, WordSpec>,
}

/// One way to call a word.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormSpec {
    /// Options of this form alone.
    #[serde(default)]
    pub options: BTreeMap<String, OptSpec>,
    /// Options of which at least one is given.
    #[serde(default)]
    pub with: Vec<String>,
    /// Its operands.
    #[serde(default)]
    pub operands: Vec<String>,
    /// What it does.
    pub does: Vec<String>,
    /// Hosts that it contacts.
    #[serde(default)]
    pub contacts: Vec<String>,
}

/// What an option's value is: `flag`, a kind, two kinds for two values, a kind with `?` for a value that is joined or left out; or
/// that and more.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "an option's value is `flag`, a kind such as `read`, a list of words, or `{ value = \"…\", does = [\"…\"] }`"
)]
pub enum OptSpec {
    /// The value alone.
    Value(String),
    /// One of these words.
    OneOf(Vec<String>),
    /// The value and what giving the option does.
    Table(OptTable),
}

/// An option that does something by being given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptTable {
    /// The value; `flag` where there is none.
    #[serde(default = "flag")]
    pub value: String,
    /// What giving the option does.
    pub does: Vec<String>,
}

fn flag() -> String {
    "flag".to_owned()
}

/// How options are written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StyleSpec {
    /// Clusters of letters, and `--name`.
    #[default]
    Letters,
    /// The same, and what follows the first operand is no option.
    First,
    /// `-name` is one option.
    Words,
    /// There are no options.
    None,
}

/// How deep words may stand in words.
const DEPTH_MAX: usize = 8;
/// The most options, forms and words of one program, all together.
const ITEMS_MAX: usize = 10_000;

/// How much a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that is known of the program.
    Whole,
    /// More than is known already: options alone are something.
    Addition,
}

/// Everything wrong with the spec, each in a sentence. `classes` are the words that `does` may hold.
#[must_use]
pub fn faults(spec: &ProgramSpec, extent: Extent, classes: &[&str]) -> Vec<String> {
    let mut check = Check { classes, extent, items: 0, faults: Vec::new() };
    let parts = Parts {
        options: &spec.options,
        operands: &spec.operands,
        does: spec.does.as_deref(),
        contacts: &spec.contacts,
        forms: &spec.forms,
        words: &spec.words,
    };
    check.word("", &parts, spec.handler.is_some(), DEPTH_MAX);
    if check.items > ITEMS_MAX {
        check.faults.push(format!("has more than {ITEMS_MAX} options, forms and words"));
    }
    check.faults
}

/// What a program and a word have in common.
struct Parts<'a> {
    options: &'a BTreeMap<String, OptSpec>,
    operands: &'a [String],
    does: Option<&'a [String]>,
    contacts: &'a [String],
    forms: &'a [FormSpec],
    words: &'a BTreeMap<String, WordSpec>,
}

struct Check<'a> {
    classes: &'a [&'a str],
    extent: Extent,
    /// Counted so far.
    items: usize,
    faults: Vec<String>,
}

impl Check<'_> {
    fn fault(&mut self, at: &str, what: &str) {
        self.faults.push(if at.is_empty() { what.to_owned() } else { format!("`{at}`: {what}") });
    }

    fn word(&mut self, at: &str, parts: &Parts<'_>, handled: bool, depth: usize) {
        self.items += parts.forms.len() + parts.words.len();
        self.options(at, parts.options);
        self.operands(at, parts.operands);
        self.contacts(at, parts.contacts);
        if parts.does.is_none() && !parts.contacts.is_empty() {
            self.fault(at, "`contacts` without `does`: say what the call does");
        }
        match parts.does {
            Some([]) => self.fault(at, "`does` is empty: say what the call does (docs/programs.md has the classes)"),
            Some(does) => self.does(at, does),
            None if !parts.operands.is_empty() => self.fault(at, "operands without `does`: say what the call does"),
            None if parts.forms.is_empty() && parts.words.is_empty() && !handled && !self.adds_options(parts) => {
                self.fault(at, "says nothing: give `does`, `forms` or `words`");
            }
            None => {}
        }
        for form in parts.forms {
            self.options(at, &form.options);
            self.operands(at, &form.operands);
            self.contacts(at, &form.contacts);
            if form.does.is_empty() {
                self.fault(at, "a form's `does` is empty: say what the call does");
            }
            self.does(at, &form.does);
        }
        self.words(at, parts.words, depth);
    }

    fn adds_options(&self, parts: &Parts<'_>) -> bool {
        self.extent == Extent::Addition && !parts.options.is_empty()
    }

    fn words(&mut self, at: &str, words: &BTreeMap<String, WordSpec>, depth: usize) {
        if depth == 0 && !words.is_empty() {
            return self.fault(at, &format!("has words more than {DEPTH_MAX} levels deep"));
        }
        let mut seen = BTreeSet::new();
        for (key, word) in words {
            self.named(at, key, "words");
            for name in names(key) {
                if !seen.insert(name) {
                    self.fault(at, &format!("the word `{name}` is listed twice"));
                }
            }
            let parts = Parts {
                options: &word.options,
                operands: &word.operands,
                does: word.does.as_deref(),
                contacts: &word.contacts,
                forms: &word.forms,
                words: &word.words,
            };
            self.word(format!("{at} {key}").trim(), &parts, false, depth.saturating_sub(1));
        }
    }

    fn named(&mut self, at: &str, key: &str, what: &str) {
        if names(key).is_empty() {
            self.fault(at, &format!("a key of `{what}` has no name in it"));
        }
    }

    fn options(&mut self, at: &str, options: &BTreeMap<String, OptSpec>) {
        let mut seen = BTreeSet::new();
        for (key, option) in options {
            self.named(at, key, "options");
            self.items += names(key).len();
            for name in names(key) {
                if !name.starts_with(['-', '+']) || name.len() < 2 {
                    self.fault(at, &format!("`{name}` is no option: options begin with `-`"));
                }
                if !seen.insert(name) {
                    self.fault(at, &format!("the option `{name}` is listed twice"));
                }
            }
            match option {
                OptSpec::Value(value) => self.value(at, value),
                OptSpec::OneOf(words) if words.is_empty() => {
                    self.fault(at, &format!("`{key}` may be none of no words: list them, or write `flag`"));
                }
                OptSpec::OneOf(_) => {}
                OptSpec::Table(table) => {
                    self.value(at, &table.value);
                    if table.does.is_empty() {
                        self.fault(
                            at,
                            &format!(
                                "the `does` of `{key}` is empty: say what giving it does, or write its value alone"
                            ),
                        );
                    }
                    self.does(at, &table.does);
                }
            }
        }
    }

    fn value(&mut self, at: &str, value: &str) {
        let known = match value.split_once(' ') {
            Some((first, second)) => is_kind(first) && is_kind(second),
            None => value == "flag" || is_kind(value.strip_suffix('?').unwrap_or(value)),
        };
        if !known {
            self.fault(at, &format!("`{value}` is no kind of value: write flag or one of {}", kinds()));
        }
    }

    fn operands(&mut self, at: &str, operands: &[String]) {
        let many = operands.iter().filter(|slot| slot.ends_with(['*', '+'])).count();
        if many > 1 {
            self.fault(at, "more than one operand takes several arguments: which gets which is not known");
        }
        for slot in operands {
            let kind = slot.strip_suffix(['*', '+', '?']).unwrap_or(slot);
            let one = kind.strip_prefix('=').is_some_and(|word| !word.is_empty());
            let choice = one || kind.contains('|') && kind.split('|').all(|word| !word.is_empty());
            if !is_kind(kind) && !choice {
                self.fault(at, &format!("`{slot}` is no kind of operand: write one of {}", kinds()));
            }
            if kind == "command" && operands.last() != Some(slot) {
                self.fault(at, "nothing follows a command");
            }
        }
    }

    fn contacts(&mut self, at: &str, hosts: &[String]) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        for host in hosts.iter().filter(|host| host.is_empty() || !host.chars().all(plain)) {
            self.fault(at, &format!("`{host}` is no host: write its name alone, in lower case"));
        }
    }

    fn does(&mut self, at: &str, does: &[String]) {
        for class in does {
            if !self.classes.contains(&class.as_str()) {
                self.fault(at, &format!("`{class}` is no class: write one of {}", self.classes.join(", ")));
            }
        }
    }
}

fn is_kind(name: &str) -> bool {
    Kind::NAMED.iter().any(|(known, _)| *known == name)
}

fn kinds() -> String {
    Kind::NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The names in a key, blanks between them.
#[must_use]
pub fn names(key: &str) -> Vec<&str> {
    key.split_whitespace().collect()
}
