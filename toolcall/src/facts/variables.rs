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
    words: HashMap<String, Vec<(Word, Fill)>>,
    /// The indices in the names given to builtins, which evaluate them.
    indices: Vec<Word>,
    /// Variables that go through names that were listed.
    listed: Vec<String>,
    /// Something may have set any variable.
    lost: bool,
}

impl Variables {
    /// Collects all assignments.
    pub(super) fn of(script: &Script) -> Self {
        let mut variables = Self::default();
        for command in &script.commands {
            match lines_of_names(script, command) {
                Some((name, found)) => variables.goes_through(&name, &found),
                None => variables.command(command),
            }
        }
        if !variables.splits_at_blanks() {
            std::mem::take(&mut variables.listed).iter().for_each(|name| variables.poison(name));
        }
        for default in &script.defaults {
            variables.poison(&default.name);
            variables.sets(&default.name, default.value.clone(), Fill::Text);
        }
        variables
    }

    /// True where `texts` can be evaluated as arithmetic without that it runs anything: of all that it may come to evaluate, nothing
    /// comes from elsewhere. A variable that the script does not set is one of its surroundings, which nobody here sees.
    pub(super) fn are_arithmetic(&self, texts: &[Word]) -> bool {
        let mut seen: HashSet<(&str, Fill)> = HashSet::new();
        let mut named = Evaluated { names: Vec::new(), words: Vec::new() };
        if !texts.iter().all(is_no_pattern) {
            return false;
        }
        named.words.extend(texts.iter().chain(&self.indices).map(|word| (word, Fill::Text)));
        loop {
            while let Some((word, fill)) = named.words.pop() {
                if !named.known(word, fill) {
                    return false;
                }
            }
            let Some((name, fill)) = named.names.pop() else { return true };
            let number = NUMBERS.contains(&name) && !self.words.contains_key(name);
            let argument = name.chars().all(|c| c.is_ascii_digit());
            if !number && (self.lost || argument || SET_BY_OTHERS.contains(&name)) {
                return false;
            }
            if seen.insert((name, fill)) {
                let words = self.words.get(name).into_iter().flatten();
                named.words.extend(words.map(|(word, own)| (word, if fill == Fill::Value { fill } else { *own })));
            }
        }
    }

    /// False where the script sets what the shell takes words apart at.
    pub(super) fn splits_at_blanks(&self) -> bool {
        !self.lost && !self.values.contains_key("IFS")
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
        if EVALUATING.contains(&name.as_str()) {
            for assignment in &command.assignments {
                self.sets(&assignment.name, assignment.value.clone(), Fill::Text);
            }
        }
        match name.as_str() {
            "source" | "." | "eval" => self.lost = true,
            "printf"
                if !command
                    .args
                    .first()
                    .is_some_and(|first| first.is_expansion() || first.leading().starts_with("-v")) => {}
            "read" | "mapfile" | "readarray" | "getopts" | "printf" | "let" | "unset" | "export" | "declare"
            | "local" | "readonly" | "typeset" | "wait" => {
                self.builtin(command);
            }
            _ => {}
        }
    }

    fn assign(&mut self, assignment: &Assignment, conditional: bool) {
        let fill = if assignment.listed { Fill::Listed } else { Fill::Text };
        self.sets(&assignment.name, assignment.value.clone(), fill);
        let literal = |word: &Word| {
            let is_known = |part: &Part| matches!(part, Part::Literal(_) | Part::Glob(_) | Part::Home(_) | Part::Plain);
            word.parts.iter().all(is_known)
        };
        if let [Part::Names(found)] = assignment.value.parts.as_slice()
            && assignment.each
        {
            return self.goes_through(&assignment.name, found);
        }
        let literal = literal(&assignment.value);
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

    /// The variable takes the names that a listing printed, one after the other.
    fn goes_through(&mut self, name: &str, found: &[Word]) {
        self.sets(name, Word::unknown(), Fill::Text);
        self.listed.push(name.to_owned());
        let bytes = Cell::new(0);
        let filling = Filling { variables: None, directory: None, bytes: &bytes };
        let names: Vec<Arg> = found.iter().flat_map(|word| filling.word(word)).collect();
        if names.iter().all(|name| name.exact) {
            self.add(name, names.into_iter().map(|name| Arg { pattern: true, ..name }).collect());
        } else {
            self.poison(name);
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

    fn sets(&mut self, name: &str, word: Word, fill: Fill) {
        self.words.entry(name.to_owned()).or_default().push((word, fill));
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
        let builtin = command.name().unwrap_or_default();
        for (nth, word) in command.args.iter().enumerate() {
            if builtin == "printf" && nth > 1 {
                break;
            }
            let option = word.leading().starts_with(['-', '+']) && (nth == 0 || builtin != "printf");
            if option && builtin != "let" && hides_a_name(&builtin, word) {
                self.lost = true;
                self.indices.extend(index(word, 0));
            }
            let name: String = word.leading().chars().take_while(|c| *c == '_' || c.is_ascii_alphanumeric()).collect();
            if !name.is_empty() {
                self.poison(&name);
                self.indices.extend(index(word, name.len()));
                // The name itself goes on in what only the running shell knows.
                self.lost |= builtin != "let"
                    && (word.brace && !word.leading().contains('=')
                        || name.len() == word.leading().len()
                            && word.parts.get(1).is_some_and(|part| *part != Part::Glob('[')));
                if let Some(value) = set_by(command, word, &name) {
                    self.sets(&name, value, Fill::Text);
                }
            } else if word.is_expansion() {
                self.lost = true;
            }
        }
    }
}

/// The one variable that `read` sets, and the names that it takes for it, line by line, from a listing.
fn lines_of_names(script: &Script, command: &SimpleCommand) -> Option<(String, Vec<Word>)> {
    if command.name()? != "read" {
        return None;
    }
    let words: Vec<String> = command.args.iter().map(Word::literal).collect::<Option<_>>()?;
    let [options @ .., name] = words.as_slice() else { return None };
    let is_name =
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    (is_name && options.iter().all(|option| option == "-r")).then_some(())?;
    Some((name.clone(), script.names_read(command)?))
}

/// True for options of a builtin that may hold, attached to a letter, the name of a variable that it sets.
fn hides_a_name(builtin: &str, word: &Word) -> bool {
    // Letters that stand alone, that take a value, and that take a name.
    let (flags, valued, named) = match builtin {
        "read" => ("ersEzqslc", "dinNptuk", "aA"),
        "mapfile" | "readarray" => ("t", "dnOsuCc", ""),
        "printf" => ("", "", "v"),
        "wait" => ("fn", "", "p"),
        "unset" => ("fvn", "", ""),
        "getopts" => ("", "", ""),
        // None of theirs takes a name.
        _ => {
            return word.parts.len() != 1
                || !word.leading().chars().skip(1).all(|c| c == '-' || c.is_ascii_alphanumeric());
        }
    };
    let mut letters = word.leading().chars().skip(1);
    let alone = word.parts.len() == 1 && !word.brace;
    while let Some(letter) = letters.next() {
        if valued.contains(letter) {
            // Some shells take fewer values: the letters behind are then options, too.
            return letters.any(|c| named.contains(c));
        }
        if named.contains(letter) {
            return !alone || letters.next().is_some();
        }
        if !flags.contains(letter) && letter != '-' {
            return true;
        }
    }
    !alone
}

/// What stands between the brackets behind the first `length` bytes of `word`; unknown where another sign stands there, or the text
/// does more than to count: a quote, that some shells take off, or an assignment.
fn index(word: &Word, length: usize) -> Option<Word> {
    let rest = word.without_leading(length);
    let mut found = Word::default();
    let mut open = 0_usize;
    for part in &rest.parts {
        match part {
            Part::Literal(text) => {
                let mut kept = String::new();
                for c in text.chars() {
                    let opened = open > 0;
                    match c {
                        '[' => open += 1,
                        ']' => open = open.saturating_sub(1),
                        _ if !opened && length > 0 => return None,
                        _ => {}
                    }
                    if opened && open == 0 {
                        found.parts.push(Part::Literal(kept));
                        return Some(counted(found));
                    }
                    if opened {
                        kept.push(c);
                    }
                }
                found.parts.push(Part::Literal(kept));
            }
            Part::Glob('[') => open += 1,
            _ if open == 0 => return None,
            other => found.parts.push(other.clone()),
        }
    }
    (open > 0).then(Word::unknown)
}

/// An index that only counts; else it is unknown.
fn counted(index: Word) -> Word {
    let sets = |part: &Part| match part {
        Part::Literal(text) => text.contains(['"', '\'', '=']) || text.contains("++") || text.contains("--"),
        _ => false,
    };
    if index.parts.iter().any(sets) { Word::unknown() } else { index }
}

/// Variables that a script hands on to the programs that it runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Exported {
    names: HashSet<String>,
    /// The shell exports all that it sets.
    all: bool,
}

impl Exported {
    /// True for a variable that programs get.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}

/// The variables that `script` exports, wherever it does.
pub(super) fn exported(script: &Script) -> Exported {
    let mut exported = Exported::default();
    for command in &script.commands {
        let words = || command.args.iter().map(Word::leading);
        let has = |letter: char| {
            words().any(|text| text.starts_with('-') && !text.starts_with("--") && text.contains(letter))
        };
        match command.name().unwrap_or_default().as_str() {
            "set" if has('a') || words().any(|text| text == "allexport") => exported.all = true,
            "declare" | "typeset" | "local" | "readonly" | "integer" | "float" if !has('x') => {}
            "export" | "setenv" | "declare" | "typeset" | "local" | "readonly" | "integer" | "float" => {
                exported.names.extend(words().map(|text| {
                    text.chars().take_while(|c| *c == '_' || c.is_ascii_alphanumeric()).collect::<String>()
                }));
            }
            _ => {}
        }
    }
    exported
}

/// What a builtin sets the variable `name` to, which begins its argument `word`.
fn set_by(command: &SimpleCommand, word: &Word, name: &str) -> Option<Word> {
    match command.name()?.as_str() {
        "read" | "mapfile" | "readarray" | "getopts" | "printf" => Some(Word::unknown()),
        "export" | "declare" | "local" | "readonly" | "typeset" => match word.leading().get(name.len()..)? {
            "" if word.parts.len() < 2 => None,
            rest if rest.starts_with('=') => Some(word.without_leading(name.len() + 1)),
            _ => Some(Word::unknown()),
        },
        _ => None,
    }
}

/// False for a text of which only a file-name pattern can be meant: `*` and `?` are operators behind an operand, and nowhere else.
fn is_no_pattern(word: &Word) -> bool {
    !matches!(word.parts.first(), Some(Part::Glob('*' | '?')))
}

/// How the shell fills in a word that becomes the value of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fill {
    /// It stays one text, in which `*` is a sign as others.
    Text,
    /// A word of a list: file names take the place of its patterns, and of those in the variables that it names.
    Listed,
    /// The value of a variable that a list names without quotes.
    Value,
}

/// What is still to look at of all that may be evaluated.
struct Evaluated<'a> {
    names: Vec<(&'a str, Fill)>,
    words: Vec<(&'a Word, Fill)>,
}

impl<'a> Evaluated<'a> {
    /// Collects the variables in a text that is evaluated, and the words that it takes on; false where something in it cannot be known.
    fn known(&mut self, word: &'a Word, fill: Fill) -> bool {
        // What an unquoted variable brings into a list is filled in there.
        let brought = if fill == Fill::Text { Fill::Text } else { Fill::Value };
        for (nth, part) in word.parts.iter().enumerate() {
            match part {
                Part::Literal(text) if text.contains(['$', '`', '\\']) => return false,
                Part::Literal(text) if fill == Fill::Value && text.contains(PATTERNS) => return false,
                Part::Literal(text) => self.names.extend(identifiers(text).map(|name| (name, Fill::Text))),
                Part::Glob(_) if fill != Fill::Text && !(nth == 0 && sets_element(word)) => return false,
                Part::Parameter { name, quoted: true } => self.names.push((name, Fill::Text)),
                Part::Parameter { name, .. } => self.names.push((name, brought)),
                Part::Number | Part::Printed | Part::Glob(_) => {}
                Part::Expansion { name, .. } if name == "PIPESTATUS" => {}
                Part::Expansion { name, operator, .. } => {
                    let rest = operator.leading().trim_start_matches("[@]").trim_start_matches("[*]");
                    if fill != Fill::Text && rest.contains(PATTERNS) {
                        return false;
                    }
                    self.names.push((name, brought));
                    self.words.push((operator, Fill::Text));
                }
                Part::Substitution { .. } | Part::Plain | Part::Names(_) | Part::Process | Part::Home(_) => {
                    return false;
                }
            }
        }
        true
    }
}

/// True for `[index]=value` in an array, which is no pattern; the index is evaluated as a text of its own.
fn sets_element(word: &Word) -> bool {
    matches!(word.parts.as_slice(), [Part::Glob('['), Part::Literal(rest), ..] if rest.contains("]="))
}

/// The signs of which file-name patterns are made.
const PATTERNS: [char; 3] = ['*', '?', '['];

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

/// Parameters whose value comes from elsewhere: from what was read, matched or named, or the arguments that a shell was started with.
const SET_BY_OTHERS: &[&str] = &[
    "PWD", "OLDPWD", "DIRSTACK", "REPLY", "MAPFILE", "COPROC", "OPTARG", "BASH_REMATCH", "MATCH", "match",
    "BASH_COMMAND", "BASH_EXECUTION_STRING", "BASH_SOURCE", "FUNCNAME", "READLINE_LINE", "COMP_LINE", "COMP_WORDS",
    "COMPREPLY", "_", "@", "*", "", "argv", "BASH_ARGV", "BASH_ARGV0",
];

/// Builtins that evaluate arithmetic, in which what is set in front of them counts.
const EVALUATING: &[&str] = &[
    "let", "declare", "typeset", "local", "export", "readonly", "exit", "return", "break", "continue", "shift", "[",
    "test", "printf", "read", "unset", "wait",
];

/// Variables that the shell itself changes.
const KEPT_BY_THE_SHELL: &[&str] = &[
    "PWD", "OLDPWD", "DIRSTACK", "HOME", "REPLY", "MAPFILE", "COPROC", "OPTARG", "BASH_REMATCH", "BASH_COMMAND", "_",
    "BASH_SOURCE", "FUNCNAME", "@", "*", "PIPESTATUS",
];
