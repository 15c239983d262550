//! A rule over tool calls, as the config writes it.

use std::fmt;

use ccc_protocol::{actions::USE_TOOL, bodies::Policy, duration};
use toml::Value;

use super::pattern::Pattern;

/// One `[[rule]]` on `use-tool`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) tools: Tools,
    pub(super) then: Then,
}

/// Which tools, and by which of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tools {
    /// Globs over the common name.
    Common(Vec<String>),
    /// Globs over the name that the host gives.
    Native(Vec<String>),
}

/// What happens to a call that the rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    Accept,
    Queue(Option<Approve>),
    Deny { reason: String },
}

/// The part of `approve = { … }` that a neighbour can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Approve {
    pub(super) role: String,
    pub(super) justification: bool,
    pub(super) grant_seconds_max: u64,
}

impl Rule {
    /// The rules that hold a pattern's tools back, whatever server they belong to and whatever name their host has for them:
    /// a host's `MultiEdit` is `Edit` by its common name.
    pub(super) fn strict(name: &str, pattern: &Pattern, then: &Then) -> [Self; 2] {
        let glob = pattern.glob();
        // An MCP tool is `mcp:server/tool`; where its server is not told, `mcp:tool`, or `mcp:server__tool` where that has two readings.
        let common = ["", "mcp:", "mcp:*/", "mcp:*__"].map(|head| format!("{head}{glob}"));
        let rule = |name: String, tools: Tools| Self { name, tools, then: then.clone() };
        [
            rule(name.to_owned(), Tools::Common(without_repeats(common))),
            rule(format!("{name}, by the host's own name"), Tools::Native(vec![glob])),
        ]
    }

    /// The rule that lets a pattern's tools pass: those of the agent itself, and those of these MCP servers.
    pub(super) fn accept(name: &str, pattern: &Pattern, servers: &[String]) -> Self {
        let of_server = |server: &String| format!("mcp:{}/{}", Pattern::literal(server).glob(), pattern.glob());
        let tools = std::iter::once(pattern.glob()).chain(servers.iter().map(of_server));
        Self { name: name.to_owned(), tools: Tools::Common(tools.collect()), then: Then::Accept }
    }
}

/// Nothing is said twice: what begins with `*` reaches every longer name already.
fn without_repeats(globs: [String; 4]) -> Vec<String> {
    match globs {
        [plain, ..] if plain.starts_with('*') => vec![plain],
        globs => globs.to_vec(),
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, globs) = match &self.tools {
            Tools::Common(globs) => ("tool", globs),
            Tools::Native(globs) => ("native", globs),
        };
        let globs: Vec<String> = globs.iter().map(|glob| quoted(glob)).collect();
        writeln!(f, "[[rule]]\nname = {}\naction = \"{USE_TOOL}\"", quoted(&self.name))?;
        writeln!(f, "where.{key} = [{}]\npolicy = \"{}\"", globs.join(", "), self.then.policy())?;
        match &self.then {
            Then::Accept | Then::Queue(None) => Ok(()),
            Then::Queue(Some(approve)) => writeln!(f, "approve = {approve}"),
            Then::Deny { reason } => writeln!(f, "reason = {}", quoted(reason)),
        }
    }
}

impl Then {
    pub(super) fn policy(&self) -> Policy {
        match self {
            Self::Accept => Policy::AutoAccept,
            Self::Queue(_) => Policy::Queue,
            Self::Deny { .. } => Policy::AutoDeny,
        }
    }
}

impl fmt::Display for Approve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant_max = quoted(&duration::to_text(self.grant_seconds_max));
        let (role, justification) = (quoted(&self.role), self.justification);
        write!(f, "{{ role = {role}, justification = {justification}, grant_max = {grant_max} }}")
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
