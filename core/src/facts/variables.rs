//! Variables that a script sets to what is literally written in it.
//!
//! Every assignment in the script counts wherever it stands, so a variable has all the values that it may have; one assignment that
//! is not literal, or a `read`, makes it unknown. The environment that the script starts with is never known.

use std::cell::Cell;
use std::collections::HashMap;

use super::args::{Arg, Filling};
use crate::shell::{Assignment, Part, Script, SimpleCommand, Word};

/// The most values a variable may have before it counts as unknown.
const VALUES_MAX: usize = 16;

/// The variables of a script; `None` for one that is not known.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: HashMap<String, Option<Vec<Arg>>>,
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
        variables
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
            "read" | "mapfile" | "readarray" | "getopts" | "printf" | "let" | "unset" | "export" | "declare"
            | "local" | "readonly" | "typeset" | "wait" => {
                self.builtin(command);
            }
            _ => {}
        }
    }

    fn assign(&mut self, assignment: &Assignment, conditional: bool) {
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

    /// `${x:=…}` sets `x`.
    fn expansions(&mut self, word: &Word) {
        for part in &word.parts {
            if let Part::Expansion(name) = part {
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
            } else if word.is_expansion() {
                self.lost = true;
            }
        }
    }
}

/// Variables that the shell itself changes.
const KEPT_BY_THE_SHELL: &[&str] =
    &["PWD", "OLDPWD", "HOME", "REPLY", "OPTARG", "_", "BASH_SOURCE", "FUNCNAME", "@", "*", "PIPESTATUS"];
