//! Variables that a script sets to what is literally written in it.
//!
//! Every assignment in the script counts wherever it stands, so a variable has all the values that it may have; one assignment that
//! is not literal, or a `read`, makes it unknown. The environment that the script starts with is never known.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::args::{Arg, Filling, NUMBERS};
use crate::shell::{Assignment, Part, Script, SimpleCommand, Word};

/// The most values a variable may have before it counts as unknown.
const VALUES_MAX: usize = 16;

/// The variables of a script; `None` for one that is not known.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: HashMap<String, Option<Vec<Arg>>>,
    /// The words that each variable is set to, also where only the running shell knows what becomes of them.
    words: HashMap<String, Vec<Word>>,
    /// Something may have set any variable.
    lost: bool,
}

impl Variables {
    /// Collects all assignments.
    pub(super) fn of(script: &Script) -> Self {
        let mut variables = Self::default();
        for command in &script.commands {
            variables.command(command);
        }
        for default in &script.defaults {
            variables.poison(&default.name);
            variables.sets(&default.name, default.value.clone());
        }
        variables
    }

    /// True where `texts` can be evaluated as arithmetic without that it runs anything: of all that it may come to evaluate, nothing
    /// comes from elsewhere. A variable that the script does not set is one of its surroundings, which nobody here sees.
    pub(super) fn are_arithmetic(&self, texts: &[Word]) -> bool {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut names = Vec::new();
        let mut words: Vec<&Word> = texts.iter().collect();
        loop {
            while let Some(word) = words.pop() {
                if !known(word, &mut names, &mut words) {
                    return false;
                }
            }
            let Some(name) = names.pop() else { return true };
            let number = NUMBERS.contains(&name) && !self.words.contains_key(name);
            let argument = name.chars().all(|c| c.is_ascii_digit());
            if !number && (self.lost || argument || SET_BY_OTHERS.contains(&name)) {
                return false;
            }
            if seen.insert(name) {
                words.extend(self.words.get(name).into_iter().flatten());
            }
        }
    }

    /// The values that a variable can have; `None` where they are not known.
    pub(super) fn values(&self, name: &str) -> Option<&[Arg]> {
        if self.lost || KEPT_BY_THE_SHELL.contains(&name) {
            return None;
        }
        self.values.get(name)?.as_deref()
    }

    fn command(&mut self, command: &SimpleCommand) {
        for word in command
            .program
            .iter()
            .chain(&command.args)
            .chain(command.assignments.iter().map(|assignment| &assignment.value))
        {
            self.expansions(word);
        }
        if command.program.is_none() {
            for assignment in &command.assignments {
                self.assign(assignment, command.context.conditional && !assignment.each);
            }
            return;
        }
        let name = command.name().unwrap_or_default();
        match name.as_str() {
            "source" | "." | "eval" => self.lost = true,
            "printf" if !command.args.first().is_some_and(|first| first.is_expansion() || first.leading() == "-v") => {}
            "read" | "mapfile" | "readarray" | "getopts" | "printf" | "let" | "unset" | "export" | "declare"
            | "local" | "readonly" | "typeset" | "wait" => {
                self.builtin(command);
            }
            _ => {}
        }
    }

    fn assign(&mut self, assignment: &Assignment, conditional: bool) {
        self.sets(&assignment.name, assignment.value.clone());
        let literal =
            assignment.value.parts.iter().all(|part| matches!(part, Part::Literal(_) | Part::Glob(_) | Part::Home(_)));
        let bytes = Cell::new(0);
        let filling = Filling { variables: None, directory: None, bytes: &bytes };
        let mut values = filling.word(&assignment.value);
        if conditional {
            values.push(Arg::known(""));
        }
        if literal && values.iter().all(|value| value.exact) {
            self.add(&assignment.name, values);
        } else {
            self.poison(&assignment.name);
        }
    }

    fn add(&mut self, name: &str, values: Vec<Arg>) {
        let entry = self.values.entry(name.to_owned()).or_insert_with(|| Some(Vec::new()));
        if let Some(known) = entry {
            for value in values {
                if !known.contains(&value) {
                    known.push(value);
                }
            }
            if known.len() > VALUES_MAX {
                *entry = None;
            }
        }
    }

    fn poison(&mut self, name: &str) {
        self.values.insert(name.to_owned(), None);
    }

    fn sets(&mut self, name: &str, word: Word) {
        self.words.entry(name.to_owned()).or_default().push(word);
    }

    /// `${x:=…}` sets `x`.
    fn expansions(&mut self, word: &Word) {
        for part in &word.parts {
            if let Part::Expansion { name, .. } = part {
                self.poison(&name.clone());
            }
        }
    }

    /// Builtins that set the variables named in their arguments.
    fn builtin(&mut self, command: &SimpleCommand) {
        for word in &command.args {
            let name: String = word.leading().chars().take_while(|c| *c == '_' || c.is_ascii_alphanumeric()).collect();
            if !name.is_empty() {
                self.poison(&name);
                if let Some(value) = set_by(command, word, &name) {
                    self.sets(&name, value);
                }
            } else if word.is_expansion() {
                self.lost = true;
            }
        }
    }
}

/// What a builtin sets the variable `name` to, which begins its argument `word`.
fn set_by(command: &SimpleCommand, word: &Word, name: &str) -> Option<Word> {
    match command.name()?.as_str() {
        "read" | "mapfile" | "readarray" | "getopts" => Some(Word::unknown()),
        "export" | "declare" | "local" | "readonly" | "typeset" => match word.leading().get(name.len()..)? {
            "" => None,
            rest if rest.starts_with('=') => Some(word.without_leading(name.len() + 1)),
            _ => Some(Word::unknown()),
        },
        _ => None,
    }
}

/// Collects the variables in a text that is evaluated, and the words that it takes on; false where something in it cannot be known.
fn known<'a>(word: &'a Word, names: &mut Vec<&'a str>, words: &mut Vec<&'a Word>) -> bool {
    for part in &word.parts {
        match part {
            Part::Literal(text) if text.contains(['$', '`', '\\']) => return false,
            Part::Literal(text) => names.extend(identifiers(text)),
            Part::Parameter { name, .. } => names.push(name),
            Part::Number | Part::Printed | Part::Glob(_) => {}
            Part::Expansion { name, .. } if name == "PIPESTATUS" => {}
            Part::Expansion { name, operator } => {
                names.push(name);
                words.push(operator);
            }
            Part::Substitution | Part::Process | Part::Home(_) => return false,
        }
    }
    true
}

/// The variables that a text names which is evaluated as arithmetic.
pub(super) fn named(word: &Word) -> Vec<String> {
    let texts = word.parts.iter().filter_map(|part| match part {
        Part::Literal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.flat_map(identifiers).map(str::to_owned).collect()
}

/// The names in an expression; `0x1f` and `16#ff` are numbers.
fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c != '_' && c != '#' && !c.is_ascii_alphanumeric())
        .filter(|name| name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()))
}

/// Parameters whose value comes from elsewhere: from what was read or named, or the arguments that a shell was started with.
const SET_BY_OTHERS: &[&str] = &["PWD", "OLDPWD", "REPLY", "OPTARG", "_", "@", "*", "", "BASH_ARGV"];

/// Variables that the shell itself changes.
const KEPT_BY_THE_SHELL: &[&str] =
    &["PWD", "OLDPWD", "HOME", "REPLY", "OPTARG", "_", "BASH_SOURCE", "FUNCNAME", "@", "*", "PIPESTATUS"];
