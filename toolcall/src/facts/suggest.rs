//! The lines of config that would make a call known: this form of it and nothing more, with `does` left empty, which config refuses.
//! What a program does, a person says.

use std::cell::Cell;
use std::collections::BTreeMap;

use ccc_protocol::visible;

use super::args::{Arg, EXPANDED_BYTES_MAX, Filling};
use super::gather::Gather;
use super::programs::{self, Call};
use super::{At, Knowledge};
use crate::programs::form::{Program, Word};
use crate::programs::own::{Own, Taught};
use crate::programs::shipped;
use crate::programs::spec::{OptSpec, OptTable, ProgramSpec, WordSpec};
use crate::shell::{self, SimpleCommand};

/// The most programs of one call that lines are written for.
const SUGGESTED_MAX: usize = 16;
/// A directory that is some project's.
const SOMEWHERE: &str = "/home/somebody/project";

/// For each program in the call that is not known as it is called there, a table; for all else a comment that says why not.
#[must_use]
pub fn suggest(text: &str, knowledge: &Knowledge) -> String {
    let script = shell::parse(text);
    let mut blocks: Vec<String> =
        script.opaque.iter().map(|why| format!("# {}\n", visible::escaped(&why.to_string()))).collect();
    for command in script.commands.iter().take(SUGGESTED_MAX) {
        let block = of_command(command, knowledge);
        if !blocks.contains(&block) {
            blocks.push(block);
        }
    }
    blocks.join("\n")
}

fn of_command(command: &SimpleCommand, knowledge: &Knowledge) -> String {
    let Some(name) = command.name() else { return "# the program's name is known only when it runs\n".to_owned() };
    let bytes = Cell::new(EXPANDED_BYTES_MAX);
    let args = Filling { variables: None, directory: None, bytes: &bytes }.args(&command.args);
    let name = shell::program_name(&name);
    let asked = Asked { name, args: &args, command };
    let shown = visible::escaped(&asked.shown());
    let Some(why) = asked.unknown(&knowledge.programs) else { return format!("# `{shown}` is known\n") };
    if shell::reads_itself(name) || name.contains('/') {
        return format!("# `{shown}` cannot be taught: {}\n", visible::escaped(&why));
    }
    let mut last = why.clone();
    for candidate in asked.candidates() {
        match asked.unknown_with(&candidate, &knowledge.programs) {
            None => return candidate.lines(&asked, &why),
            Some(still) => last = still,
        }
    }
    format!("# `{shown}` cannot be taught by a table alone: {}\n", visible::escaped(&last))
}

/// A call of a program, to be made known.
struct Asked<'a> {
    name: &'a str,
    args: &'a [Arg],
    command: &'a SimpleCommand,
}

impl Asked<'_> {
    fn shown(&self) -> String {
        std::iter::once(self.name.to_owned()).chain(self.args.iter().map(Arg::shown)).collect::<Vec<_>>().join(" ")
    }

    /// Why the call is not known; `None` where it is.
    fn unknown(&self, own: &Own) -> Option<String> {
        let mut gather = Gather::new(At::from(SOMEWHERE), own.clone());
        let directories = [SOMEWHERE.to_owned()];
        programs::judge(
            &Call { name: self.name, args: self.args, directories: &directories, command: self.command, nested: 0 },
            &mut gather,
        );
        // The last says most: a table of the owner's is looked at behind what ships.
        (gather.unknowns > 0).then(|| gather.facts.opaque.last().cloned().unwrap_or_default())
    }

    /// From the least that may be enough.
    fn candidates(&self) -> Vec<Candidate> {
        let known = shipped(self.name);
        let mut words = self.words(known);
        let rest = self.args.get(words.args..).unwrap_or_default();
        let options = Candidate { words: words.names.clone(), ..Candidate::options(rest, &words.known) };
        let form = Candidate { words: words.names.clone(), ..Candidate::form(rest, &words.known) };
        let mut all = vec![options, form];
        if let Some(first) = rest.first().filter(|arg| words.names.is_empty() && is_word(arg)) {
            words.names.push(first.text.clone());
            let rest = rest.get(1..).unwrap_or_default();
            let deeper = Candidate { words: words.names, ..Candidate::form(rest, &words.known) };
            all.insert(if known.is_some() { 1 } else { 0 }, deeper);
        }
        all
    }

    /// The sub-commands that lead to what is known, as far as they stand in front.
    fn words(&self, known: Option<&Program>) -> Words {
        let mut found = Words { names: Vec::new(), args: 0, known: Vec::new() };
        let mut at: Option<&Word> = known.map(|program| &program.root);
        while let Some(word) = at {
            found.known.extend(word.options.iter().map(|option| option.name.to_string()));
            let text = self.args.get(found.args).filter(|arg| arg.exact).map(|arg| arg.text.as_str());
            let next = word.words.iter().find(|next| next.names.iter().any(|name| Some(name.as_ref()) == text));
            if let Some(text) = text.filter(|_| next.is_some()) {
                found.names.push(text.to_owned());
                found.args += 1;
            }
            at = next;
        }
        found
    }

    /// Why the call would still not be known, if the owner said that it reads.
    fn unknown_with(&self, candidate: &Candidate, own: &Own) -> Option<String> {
        match Taught::read(self.name, &candidate.spec("reads")) {
            Ok(taught) => self.unknown(&own.iter().cloned().chain([taught]).collect()),
            Err(faults) => Some(faults.join("; ")),
        }
    }
}

/// How far a call leads through what is known.
struct Words {
    names: Vec<String>,
    /// How many arguments that takes.
    args: usize,
    /// Options that are known there.
    known: Vec<String>,
}

/// Lines that may be enough.
#[derive(Debug, Clone, Default)]
struct Candidate {
    words: Vec<String>,
    /// Each with the kind of its value.
    options: Vec<(String, String)>,
    /// The kinds of the operands; `None` where options are all that is missing.
    operands: Option<Vec<String>>,
    /// Arguments that only the running shell knows.
    unseen: bool,
}

impl Candidate {
    /// Options alone.
    fn options(args: &[Arg], known: &[String]) -> Self {
        Self { operands: None, ..Self::form(args, known) }
    }

    fn form(args: &[Arg], known: &[String]) -> Self {
        let mut found = Self { operands: Some(Vec::new()), ..Self::default() };
        let mut rest = args.iter().peekable();
        let mut operands_only = false;
        while let Some(arg) = rest.next() {
            found.unseen |= !arg.exact;
            operands_only |= arg.text == "--";
            if arg.text == "--" && arg.exact {
                continue;
            }
            if operands_only || !arg.is_option() {
                found.operands.get_or_insert_default().push(kind(arg));
                continue;
            }
            let (name, joined) = match arg.text.split_once('=') {
                Some((name, value)) => (name, Some(arg.with_text(value))),
                None => (arg.text.as_str(), None),
            };
            if known.iter().any(|option| option == name) {
                continue;
            }
            let value = joined.or_else(|| rest.next_if(|next| !next.is_option()).cloned());
            found.unseen |= value.as_ref().is_some_and(|value| !value.exact);
            let kind = value.as_ref().map_or_else(|| "flag".to_owned(), kind);
            if !found.options.iter().any(|(option, _)| option == name) {
                found.options.push((name.to_owned(), kind));
            }
        }
        found
    }

    /// As config has it; `does` is what the call does.
    fn spec(&self, does: &str) -> ProgramSpec {
        let does = vec![does.to_owned()];
        let mut leaf = WordSpec { options: self.option_specs(&does), ..WordSpec::default() };
        if let Some(operands) = &self.operands {
            leaf.operands.clone_from(operands);
            leaf.does = Some(does);
        }
        let root = self
            .words
            .iter()
            .rev()
            .fold(leaf, |word, name| WordSpec { words: BTreeMap::from([(name.clone(), word)]), ..WordSpec::default() });
        let WordSpec { options, operands, does, words, .. } = root;
        ProgramSpec { options, operands, does, words, ..ProgramSpec::default() }
    }

    fn option_specs(&self, does: &[String]) -> BTreeMap<String, OptSpec> {
        let spec = |(name, kind): &(String, String)| {
            let kind = kind.clone();
            let spec = match self.operands {
                Some(_) => OptSpec::Value(kind),
                None => OptSpec::Table(OptTable { value: kind, does: does.to_vec() }),
            };
            (name.clone(), spec)
        };
        self.options.iter().map(spec).collect()
    }

    /// The lines, as a person completes them.
    fn lines(&self, asked: &Asked<'_>, why: &str) -> String {
        let mut out = format!("# `{}`: {}\n", visible::escaped(&asked.shown()), visible::escaped(why));
        out.push_str(
            "# Say in `does` what it does; docs/programs.md has the classes, and what to ask of the program.\n",
        );
        if self.unseen {
            out.push_str(UNSEEN);
        }
        let words = self.words.iter().map(|word| format!(".words.{}", key(word)));
        out.push_str(&format!("[programs.{}{}]\n", key(asked.name), words.collect::<String>()));
        let entry = |(name, kind): &(String, String)| match self.operands {
            Some(_) => format!("{} = {}", quoted(name), quoted(kind)),
            None => format!("{} = {{ value = {}, does = [] }}", quoted(name), quoted(kind)),
        };
        if !self.options.is_empty() {
            let entries: Vec<String> = self.options.iter().map(entry).collect();
            out.push_str(&format!("options = {{ {} }}\n", entries.join(", ")));
        }
        if let Some(operands) = &self.operands {
            let kinds: Vec<String> = operands.iter().map(|kind| quoted(kind)).collect();
            if !kinds.is_empty() {
                out.push_str(&format!("operands = [{}]\n", kinds.join(", ")));
            }
            out.push_str("does = []\n");
        }
        out
    }
}

/// The comment above lines that allow for what only the running shell knows.
pub const UNSEEN: &str =
    "# `any` stands for what only the running shell knows: leave it where that does no harm whatever it says.\n";

/// A guess on the strict side: a path may be changed until a person says that it is only read.
fn kind(arg: &Arg) -> String {
    let text = arg.text.as_str();
    let kind = if !arg.exact {
        "any"
    } else if text.contains("://") {
        "url"
    } else if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        "number"
    } else if text.starts_with(['/', '~', '.']) || text.contains('/') || has_extension(text) {
        "change"
    } else {
        "text"
    };
    kind.to_owned()
}

fn has_extension(text: &str) -> bool {
    let Some((stem, extension)) = text.rsplit_once('.') else { return false };
    !stem.is_empty() && matches!(extension.len(), 1..=5) && extension.chars().all(|c| c.is_ascii_alphanumeric())
}

/// True for what reads as a sub-command.
fn is_word(arg: &Arg) -> bool {
    arg.exact
        && arg.text.starts_with(|c: char| c.is_ascii_lowercase())
        && arg.text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_:".contains(c))
}

/// A key of TOML.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if !visible::is_visible(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
