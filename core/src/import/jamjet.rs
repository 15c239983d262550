//! JamJet's portable policy, version 1: a list of rules, each a glob over tool names and an action.
//!
//! Facts of the format: the reader of `@jamjet/cloud` and the conformance cases of `jamjet-labs/jamjet-policy`. There the first
//! rule that matches decides, and what none matches passes; in an earlier evaluator the last one decided. Here the
//! strictest decides, which is never looser than either; what none matches is not let pass.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    ImportError, Imported, RULES_MAX,
    pattern::{Pattern, Wildcards},
    rule::{Rule, Then},
    shown,
};

/// A `policy.yaml`, as its reader gives it. The tables that have no equivalent are noticed and not looked into.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    version: u64,
    rules: Vec<Entry>,
    budgets: Option<IgnoredAny>,
    audit: Option<IgnoredAny>,
    threat: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "match")]
    pattern: String,
    action: String,
    approval_timeout: Option<f64>,
}

/// What a rule says, checked.
struct Read<'a> {
    number: usize,
    written: &'a str,
    pattern: Pattern,
    action: Action,
}

/// In the order of strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Allow,
    Audit,
    RequireApproval,
    Block,
}

/// The rules for what such a policy says. `servers` are the MCP servers whose tools its `allow` and `audit` are about: a tool's
/// name alone does not say whose it is.
///
/// # Errors
/// Where the version is another, an action is unknown, or a pattern is none.
pub fn import(policy: &Policy, servers: &[String]) -> Result<Imported, ImportError> {
    let read = policy.read()?;
    let mut notes = policy.notes();
    notes.extend(overruled(&read));
    notes.extend(passing(&read, servers));
    notes.push(
        "A tool that no rule matches passes there; here it keeps the policy of `use-tool`, and a person is asked. \
         To let such tools pass, add a rule with `where.tool = \"*\"` and `policy = \"auto-accept\"`."
            .to_owned(),
    );
    let rules = read.iter().flat_map(|rule| rule.rules(servers)).collect();
    Ok(Imported { heading: "Rules from a JamJet policy.", rules, notes })
}

impl Policy {
    fn read(&self) -> Result<Vec<Read<'_>>, ImportError> {
        if self.version != 1 {
            return Err(format!("`version` is {}: only 1 can be imported", self.version).into());
        }
        if self.rules.len() > RULES_MAX {
            return Err(format!("`rules` has {} rules: import at most {RULES_MAX} at a time", self.rules.len()).into());
        }
        let (mut read, mut faults) = (vec![], vec![]);
        for (index, entry) in self.rules.iter().enumerate() {
            match entry.read(index + 1) {
                Ok(rule) => read.push(rule),
                Err(why) => faults.push(format!("rule {}: {why}", index + 1)),
            }
        }
        ImportError::unless_none(faults)?;
        Ok(read)
    }

    fn notes(&self) -> Vec<String> {
        let timeouts = self.rules.iter().any(|rule| rule.approval_timeout.is_some());
        let notes = [
            timeouts.then_some(
                "`approval_timeout` has no equivalent, because the format does not say its unit: write `approve.expires` in the rule.",
            ),
            self.budgets.map(|_| "`budgets` has no equivalent: neither calls nor costs are counted."),
            self.audit.map(|_| "`audit` has no equivalent: every decision is in the audit log in the data directory."),
            self.threat.map(|_| {
                "`threat` has no equivalent: ccc-mcp withholds each tool until its definition is approved, and again when it changes."
            }),
        ];
        notes.into_iter().flatten().map(str::to_owned).collect()
    }
}

impl Entry {
    fn read(&self, number: usize) -> Result<Read<'_>, String> {
        let pattern =
            Pattern::new(&self.pattern, Wildcards::StarAndQuestionMark).map_err(|why| format!("`match` {why}"))?;
        Ok(Read { number, written: &self.pattern, pattern, action: Action::new(&self.action)? })
    }
}

impl Action {
    fn new(word: &str) -> Result<Self, String> {
        match word {
            "allow" => Ok(Self::Allow),
            "audit" => Ok(Self::Audit),
            "require_approval" => Ok(Self::RequireApproval),
            "block" => Ok(Self::Block),
            other => {
                Err(format!("`action` is {}: write `allow`, `audit`, `require_approval` or `block`", shown(other)))
            }
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Audit => "audit",
            Self::RequireApproval => "require_approval",
            Self::Block => "block",
        }
    }

    /// `audit` lets pass and writes down, and here everything is written down.
    fn lets_pass(self) -> bool {
        self <= Self::Audit
    }
}

impl Read<'_> {
    fn rules(&self, servers: &[String]) -> Vec<Rule> {
        let name = format!("jamjet {}: {}", self.number, self.written);
        match self.action {
            Action::Allow | Action::Audit => vec![Rule::accept(&name, &self.pattern, servers)],
            Action::RequireApproval => Rule::strict(&name, &self.pattern, &Then::Queue(None)).into(),
            Action::Block => {
                let reason = format!("your user's policy blocks tools named like {}", shown(self.written));
                Rule::strict(&name, &self.pattern, &Then::Deny { reason }).into()
            }
        }
    }

    fn shown(&self) -> String {
        format!("rule {} ({}: {})", self.number, self.action.word(), shown(self.written))
    }
}

/// Rules that an earlier, looser one keeps from deciding there, and that decide here.
fn overruled(read: &[Read<'_>]) -> Vec<String> {
    let mut found = vec![];
    for (index, later) in read.iter().enumerate() {
        let looser = |earlier: &&Read<'_>| {
            earlier.action < later.action && !later.action.lets_pass() && earlier.pattern.overlaps(&later.pattern)
        };
        let Some(earlier) = read.iter().take(index).find(looser) else { continue };
        found.push(format!(
            "{} comes before {}: for a tool that both match, the first decides there, the stricter here.",
            earlier.shown(),
            later.shown()
        ));
    }
    found
}

/// What letting pass means here.
fn passing(read: &[Read<'_>], servers: &[String]) -> Vec<String> {
    if !read.iter().any(|rule| rule.action.lets_pass()) {
        return vec![];
    }
    let mut notes = vec!["A call that cannot be read whole is asked, also where a rule lets its tool pass.".to_owned()];
    if servers.is_empty() {
        notes.push(
            "`allow` and `audit` let no tool of an MCP server pass, because a name alone does not say whose tool it is: \
             name the servers with `--server NAME`."
                .to_owned(),
        );
    }
    notes
}
