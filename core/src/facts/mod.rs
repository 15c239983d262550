//! What a coding agent's tool call touches, read from the call itself: programs, paths, hosts.
//!
//! Facts, not judgements: nothing here is good or bad, allowed or denied; rules say that. Everything is derived from the tool, its
//! input, the working directory and the project's by lexical rules alone. No file is looked at, so a symlink, an alias or a changed
//! `PATH` on the agent's side is not seen. What cannot be known is in [`Facts::opaque`] with [`Class::Unknown`]: a rule that lets
//! calls pass must ask that every class of a call is one it names ([`Facts::only`]), and then no unknown passes.

mod args;
mod class;
mod commands;
mod environment;
mod gather;
mod hosts;
mod options;
mod paths;
mod programs;
mod sensitive;
mod tools;
mod variables;
mod whereabouts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use class::Class;

use crate::limits;

/// Up to how many bytes an input is analysed, unless config says otherwise.
pub const ANALYSE_BYTES_MAX: usize = 64 * 1024;

/// What a call touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The project's directory; none where the call is made in a home, a system's directory or the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The programs run, wrappers taken off.
    pub commands: Vec<CommandFact>,
    /// The paths named, absolute or from `~`, normalised by their text alone.
    pub paths: Vec<PathFact>,
    /// The hosts contacted, in lower case.
    pub hosts: Vec<String>,
    /// Sends data out: an upload, a push, a copy to another machine.
    pub network_upload: bool,
    /// Starts a program that takes further commands, which no hook sees.
    pub interactive: bool,
    /// Overwrites history elsewhere.
    pub force_push: bool,
    /// Larger than the limit, and so not analysed.
    pub too_large: bool,
    /// Why something about the call could not be known.
    pub opaque: Vec<String>,
    /// What kinds of thing the call does, each with the first reason.
    pub classes: BTreeMap<Class, String>,
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandFact {
    /// Its name, without the directory where that is one of the system's.
    pub program: String,
    /// `git push`, `npm run build`: where the first operand says what the program does.
    pub subcommand: Option<String>,
    /// Its arguments; what is known only at run time is `…`.
    pub args: Vec<String>,
    /// The arguments that begin with `-`.
    pub flags: Vec<String>,
    /// What it was run by: `sudo`, `xargs`, `sh`.
    pub via: Vec<String>,
    /// It runs on another machine.
    pub remote: bool,
}

/// A path and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathFact {
    /// Absolute, or from `~`; may hold `*`, `?`, `[` where the shell fills in names.
    pub path: String,
    /// What is done with it.
    pub access: Access,
    /// Where it lies.
    pub place: Place,
}

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Its content or listing is read.
    Read,
    /// It is made or changed.
    Write,
    /// It is removed.
    Delete,
    /// It is run.
    Execute,
}

/// Where a path lies, seen from the project of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Beneath the project's directory.
    Project,
    /// The project's directory itself.
    ProjectRoot,
    /// Beneath `/tmp` or `/var/tmp`.
    Temporary,
    /// Anywhere else.
    Outside,
}

/// How much is analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Larger inputs are not analysed; bytes of all strings and names in the input.
    pub analyse_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { analyse_bytes_max: ANALYSE_BYTES_MAX }
    }
}

impl From<&limits::Limits> for Limits {
    fn from(limits: &limits::Limits) -> Self {
        Self { analyse_bytes_max: usize::try_from(limits.analyse_bytes_max).unwrap_or(usize::MAX) }
    }
}

/// Where a call is made.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The working directory.
    pub cwd: &'a str,
    /// The project's directory, where the agent's host names one. It counts where the working directory lies in it and it is no
    /// home, no system's directory and not the top; else the working directory is the project.
    pub project: Option<&'a str>,
}

impl<'a> From<&'a str> for At<'a> {
    fn from(cwd: &'a str) -> Self {
        Self { cwd, project: None }
    }
}

/// Derives the facts of a `use-tool` request with these parameters. They are never taken from the agent.
#[must_use]
pub fn of_request(params: &Map<String, Value>, limits: &limits::Limits) -> Facts {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let at = At { cwd: text("cwd").unwrap_or_default(), project: text("project") };
    derive(text("tool").unwrap_or_default(), params.get("input").unwrap_or(&Value::Null), at, limits.into())
}

/// Derives the facts of a call of `tool` (normalised: `Bash`, `Edit`, `mcp:server/tool`) with `input`, made there.
#[must_use]
pub fn derive<'a>(tool: &str, input: &Value, at: impl Into<At<'a>>, limits: Limits) -> Facts {
    let mut gather = gather::Gather::new(at.into());
    if size(input) > limits.analyse_bytes_max {
        gather.facts.too_large = true;
        gather.opaque(format!("the input is over analyse_bytes_max ({} bytes)", limits.analyse_bytes_max));
    } else {
        tools::judge(tool, input, &mut gather);
    }
    gather.finish()
}

/// Bytes of all strings and names in a value.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + size(value) + 1).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

impl Facts {
    /// True where everything the call would do is known from its text. What is not must be asked, whoever judges.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.too_large && self.opaque.is_empty() && !self.classes.contains_key(&Class::Unknown)
    }

    /// The names of the programs run.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().map(|command| command.program.as_str())
    }

    /// The programs with their subcommands: `git push`.
    pub fn subcommands(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().filter_map(|command| command.subcommand.as_deref())
    }

    /// The paths at or beneath `directory` (absolute, or from `~`).
    pub fn paths_under(&self, directory: &str) -> impl Iterator<Item = &PathFact> {
        self.paths.iter().filter(move |fact| paths::is_under(&fact.path, directory))
    }

    /// True where every path is at or beneath one of the directories, and there is one.
    #[must_use]
    pub fn all_under(&self, directories: &[String]) -> bool {
        let inside = |fact: &PathFact| directories.iter().any(|directory| paths::is_under(&fact.path, directory));
        !self.paths.is_empty() && self.opaque.is_empty() && self.paths.iter().all(inside)
    }

    /// True where the call does one of these kinds of thing.
    #[must_use]
    pub fn any(&self, classes: &[Class]) -> bool {
        classes.iter().any(|class| self.classes.contains_key(class))
    }

    /// True where the call does nothing but these kinds of thing. A call of which nothing is known is none of them.
    #[must_use]
    pub fn only(&self, classes: &[Class]) -> bool {
        !self.classes.is_empty() && self.classes.keys().all(|class| classes.contains(class))
    }
}

#[cfg(test)]
mod tests;
