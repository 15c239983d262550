//! What a coding agent's tool call touches, read from the call itself: programs, paths, hosts.
//!
//! Facts, not judgements: nothing here is good or bad, allowed or denied; rules say that. Everything is derived from the tool, its
//! input, the working directory and the project's by lexical rules alone. No file is looked at, so a symlink, an alias or a changed
//! `PATH` on the agent's side is not seen. What cannot be known is in [`Facts::opaque`] with [`Class::Unknown`]: a rule that lets
//! calls pass must ask that every class of a call is one it names ([`Facts::only`]), and then no unknown passes.

mod args;
mod commands;
mod environment;
mod gather;
mod hosts;
mod marks;
mod paths;
mod programs;
mod sensitive;
mod suggest;
mod tools;
mod variables;
mod whereabouts;

use serde_json::{Map, Value};

use crate::programs::own::Own;

pub use ccc_protocol::bodies::facts::{Access, Class, CommandFact, Facts, PathFact, Place};
pub(crate) use hosts::is_loopback;

pub use marks::marks;
pub use suggest::{UNSEEN, suggest};

/// Up to how many bytes an input is analysed, unless config says otherwise.
pub const ANALYSE_BYTES_MAX: usize = 64 * 1024;

/// With what calls are read: the same call and knowledge always give the same facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knowledge {
    /// Larger inputs are not analysed; bytes of all strings and names in the input, without the content of a file to be written.
    pub analyse_bytes_max: usize,
    /// Programs that the owner taught, beside those that ship.
    pub programs: Own,
}

impl Default for Knowledge {
    fn default() -> Self {
        Self { analyse_bytes_max: ANALYSE_BYTES_MAX, programs: Own::default() }
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
pub fn of_request(params: &Map<String, Value>, knowledge: &Knowledge) -> Facts {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let at = At { cwd: text("cwd").unwrap_or_default(), project: text("project") };
    derive(text("tool").unwrap_or_default(), params.get("input").unwrap_or(&Value::Null), at, knowledge)
}

/// Derives the facts of a call of `tool` (normalised: `Bash`, `Edit`, `mcp:server/tool`) with `input`, made there.
#[must_use]
pub fn derive<'a>(tool: &str, input: &Value, at: impl Into<At<'a>>, knowledge: &Knowledge) -> Facts {
    let mut gather = gather::Gather::new(at.into(), knowledge.programs.clone());
    if size_read(tool, input) > knowledge.analyse_bytes_max {
        gather.facts.too_large = true;
        gather.opaque(format!("the input is over analyse_bytes_max ({} bytes)", knowledge.analyse_bytes_max));
    } else {
        tools::judge(tool, input, &mut gather);
    }
    gather.finish()
}

/// Bytes of what is read of an input: all of it, but for what a file tool puts into its file. Such a call is judged by its path.
fn size_read(tool: &str, input: &Value) -> usize {
    let unread: usize = tools::contents(tool, input).map(str::len).sum();
    size(input).saturating_sub(unread)
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

#[cfg(test)]
mod tests;
