//! Reads a shell command line the way POSIX `sh` and bash read it, so that policy judges tokens and not text.
//!
//! `r''m`, `\rm` and `"rm"` are all `rm`; what stands inside `$( … )`, backticks, here-documents for a shell, `sh -c '…'` and behind
//! `sudo`, `env` or `xargs` is a command like any other. Nothing is expanded or looked up: what only the running shell could know is
//! said to be unknown ([`Opaque`]), and whoever judges must treat that as a question, never as a pass.
//!
//! The work is linear in the input: one cursor, each character read once at each level of nesting, and a limit on the levels.

mod parse;
mod scan;
mod unwrap;
mod word;

use std::fmt;

pub use word::{Part, Word};

/// The most levels of `( … )`, `$( … )`, `if … fi`, `sh -c '…'` and wrappers inside one another that are read.
pub const NESTING_MAX: usize = 24;
/// The most simple commands read in one input.
pub const COMMANDS_MAX: usize = 1_000;
/// The most unknowns listed for one input; the first says enough to ask.
pub const OPAQUE_MAX: usize = 32;

/// All simple commands of an input, in the order of the text, those inside a substitution before the command that uses it.
#[derive(Debug, Default)]
pub struct Script {
    /// The commands, wrappers taken off.
    pub commands: Vec<SimpleCommand>,
    /// The scopes that `Context::scope` names; the first is the script's own.
    pub scopes: Vec<Scope>,
    /// Texts that the shell evaluates as arithmetic, wherever they stand. It evaluates the values of the variables in them too, and
    /// runs a substitution that it finds in an index there.
    pub evaluated: Vec<Word>,
    /// What `${NAME:=value}` and `{NAME}>file` set, wherever they stand.
    pub defaults: Vec<Assignment>,
    /// What could not be known about the input as a whole.
    pub opaque: Vec<Opaque>,
}

/// Where a change of directory or variable stays: a subshell, a pipeline's element, a substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The scope around it; the first scope is its own parent.
    pub parent: usize,
    /// False for a pipeline of one element, which runs in the shell itself.
    pub isolated: bool,
}

/// One program with its arguments, or assignments and redirections alone.
#[derive(Debug, Clone, Default)]
pub struct SimpleCommand {
    /// What is run; `None` for assignments and redirections alone.
    pub program: Option<Word>,
    /// The arguments after the program.
    pub args: Vec<Word>,
    /// `NAME=value` in front of the program, or alone.
    pub assignments: Vec<Assignment>,
    /// Redirections, in order.
    pub redirects: Vec<Redirect>,
    /// How the command stands among the others.
    pub context: Context,
    /// Wrappers that were taken off (`sudo`, `xargs`, `sh`), outermost first.
    pub via: Vec<String>,
}

/// `NAME=value`. A loop's variable has one for each word of its list.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable, without an index.
    pub name: String,
    /// What it is set to.
    pub value: Word,
    /// One of the words of a loop, so that the variable is set wherever the loop's body runs.
    pub each: bool,
    /// One of the words of a list, of a loop or an array: file names take the place of the patterns in it.
    pub listed: bool,
}

/// A redirection and what it names.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// What is done with the target.
    pub op: RedirectOp,
    /// A path, a descriptor, or the text of a here-document.
    pub target: Word,
}

/// The kinds of redirection that differ in what they touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectOp {
    /// `<`
    Read,
    /// `>`, `>|`, `>>`, `&>`, `&>>`, and `>&` with a path
    Write,
    /// `<>`
    ReadWrite,
    /// `<&` and `>&` with a descriptor
    Duplicate,
    /// `<<` and `<<-`; the target is the text
    HereDocument,
    /// `<<<`; the target is the text
    HereString,
}

/// How a command stands among the others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// Index into [`Script::scopes`].
    pub scope: usize,
    /// The command whose output it reads, where that is one simple command.
    pub piped_from: Option<usize>,
    /// The same command also for all that stands in a loop, branch or group which reads its output.
    pub fed_from: Option<usize>,
    /// Its input comes from another command.
    pub fed: bool,
    /// Its output goes into another command.
    pub piped_into: bool,
    /// It runs beside what follows.
    pub background: bool,
    /// It stands in `$( … )`, backticks or `<( … )`.
    pub substitution: bool,
    /// It may not run at all: after `&&` or `||`, in a branch, a loop or a function.
    pub conditional: bool,
    /// It may run again and again.
    pub looped: bool,
    /// It runs only if the command before it ended well.
    pub after_success: bool,
    /// It gets names from `xargs`, which takes what stands around a blank for two names.
    pub split: bool,
    /// What it sets, programs get: it stands for a text's own command, or its shell exports all that it sets.
    pub exports: bool,
    /// It runs on another machine.
    pub remote: bool,
}

/// Why something about a command cannot be known before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opaque {
    /// Not the shell's grammar, or a part of it that is not read here.
    Syntax(&'static str),
    /// More than [`NESTING_MAX`] levels.
    TooDeep,
    /// More than [`COMMANDS_MAX`] commands.
    TooMany,
    /// A function is defined: what its name means afterwards depends on the call.
    Function,
    /// The program's name is the outcome of an expansion.
    Program,
    /// `eval`, `source` or a shell's `-c` with a text that is not literal.
    Code(String),
    /// A wrapper was called in a way that is not known here.
    Wrapper(String),
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) => write!(f, "cannot be read as a shell command: {what}"),
            Self::TooDeep => write!(f, "nested more than {NESTING_MAX} levels deep"),
            Self::TooMany => write!(f, "more than {COMMANDS_MAX} commands in one call"),
            Self::Function => write!(f, "defines a shell function"),
            Self::Program => write!(f, "the program's name is known only when it runs"),
            Self::Code(by) => write!(f, "`{by}` runs a text that is known only when it runs"),
            Self::Wrapper(name) => write!(f, "`{name}` is called in a way that cannot be judged"),
        }
    }
}

/// The name by which a program is known: `/usr/bin/rm` is `rm`, `./rm` and `/tmp/rm` are not.
#[must_use]
pub fn program_name(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((directory, name)) if PROGRAM_DIRECTORIES.contains(&directory) => name,
        _ => path,
    }
}

/// Where the system keeps its programs.
const PROGRAM_DIRECTORIES: &[&str] =
    &["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];

/// Reads `text` as a shell does and takes the wrappers off. Never fails: what cannot be read is in [`Script::opaque`].
#[must_use]
pub fn parse(text: &str) -> Script {
    unwrap::read(text)
}

/// True for programs whose arguments are taken for commands here, and for what moves the shell itself: no table of options says more
/// of them.
#[must_use]
pub fn reads_itself(name: &str) -> bool {
    unwrap::takes_off(name) || matches!(name, "cd" | "pushd" | "popd" | "chdir" | "source" | ".")
}

impl Script {
    /// A script with its own scope and nothing in it.
    fn empty() -> Self {
        Self { scopes: vec![Scope { parent: 0, isolated: true }], ..Self::default() }
    }

    /// The names of files that the builtin `read`, one of the commands, takes line by line from what it is fed, as patterns; `None`
    /// where they are not known.
    #[must_use]
    pub fn names_read(&self, read: &SimpleCommand) -> Option<Vec<Word>> {
        unwrap::names_read(self, read)
    }

    /// Notes an unknown, once, up to [`OPAQUE_MAX`].
    fn note(&mut self, opaque: Opaque) {
        if self.opaque.len() < OPAQUE_MAX && !self.opaque.contains(&opaque) {
            self.opaque.push(opaque);
        }
    }

    /// Opens a scope inside `parent` and returns its index.
    fn open_scope(&mut self, parent: usize, isolated: bool) -> usize {
        self.scopes.push(Scope { parent, isolated });
        self.scopes.len() - 1
    }
}

impl SimpleCommand {
    /// The program's name where it is literal.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.program.as_ref().and_then(Word::literal)
    }

    /// True for a program that prints nothing but numbers, whatever it reads: `wc -l < f`, `date +%s`.
    fn prints_number(&self) -> bool {
        let args: Option<Vec<String>> = self.args.iter().map(Word::literal).collect();
        let (Some(name), Some(args)) = (self.name(), args) else { return false };
        let number = |text: &&str| text.parse::<i64>().is_ok();
        let operand = |text: &str| !text.starts_with('-');
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.prints_alone()
            && match (name.as_str(), args.as_slice()) {
                ("nproc", []) | ("wc", ["-l" | "-c" | "-w" | "-m"]) | ("id", ["-u" | "-g"]) => true,
                ("seq", numbers) => numbers.iter().all(number),
                ("grep", ["-c", pattern]) => operand(pattern),
                ("grep", ["-c", pattern, file]) => operand(pattern) && operand(file),
                ("stat", ["-c", "%s" | "%Y", file]) => operand(file),
                ("git", ["rev-list", "--count", revision]) => operand(revision),
                ("date", [format]) => {
                    matches!(*format, "+%s" | "+%N" | "+%s%N" | "+%s%3N" | "+%Y" | "+%m" | "+%d" | "+%H")
                }
                _ => false,
            }
    }

    /// True where what it prints is one plain word: a date in digits, or the name of a commit. What `git rev-parse` does not find it
    /// prints as it is, but with `--verify`, which `--short` is too.
    fn prints_plain_word(&self) -> bool {
        let args: Option<Vec<String>> = self.args.iter().map(Word::literal).collect();
        let (Some(name), Some(args)) = (self.name(), args) else { return false };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let plain = |text: &str| !text.starts_with('-');
        let head = |text: &str| {
            text.strip_prefix("HEAD").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || "~^".contains(c)))
        };
        let date = |text: &str| {
            let digits = text.strip_prefix("+%").map(|rest| rest.chars().all(|c| "%YmdHMSsNFTjyZ_.:-".contains(c)));
            digits == Some(true)
        };
        self.prints_alone()
            && match (name.as_str(), args.as_slice()) {
                ("git", ["merge-base", one, other]) => plain(one) && plain(other),
                ("git", ["rev-parse", revision]) => head(revision),
                ("git", ["rev-parse", "--verify" | "--short", revision]) => plain(revision),
                ("date", [format] | ["-u", format]) => date(format),
                ("uname", ["-s" | "-m"]) | ("whoami" | "arch" | "uuidgen", []) | ("id", ["-un"]) => true,
                _ => false,
            }
    }

    /// True where nothing but what it prints goes to its output, and no errors among it.
    fn prints_alone(&self) -> bool {
        self.redirects.iter().all(|redirect| match redirect.op {
            RedirectOp::Read => true,
            RedirectOp::Write => redirect.target.literal().as_deref() == Some("/dev/null"),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests;
