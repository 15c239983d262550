//! AI Sentinel's approval config: a map from tool patterns to the role that approves, minutes and justification.
//!
//! Facts of the format: its documentation page "CLI approval config". `${VAR}` stands there for a variable of the process that
//! reads it; nothing is expanded here, because the reader's environment is not the author's. Where the text would become
//! part of a rule it is refused; where it has no equivalent anyway, it is said.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::json;
use serde::Deserialize;

use super::{
    ImportError, Imported, RULES_MAX,
    pattern::{Pattern, Wildcards},
    rule::{Approve, Rule, Then},
    shown,
};
use crate::limits::Limits;

/// The rules for what such a config asks.
///
/// # Errors
/// Where it is not JSON with the documented keys, names an unknown backend, lacks what its backend needs, gives a tool an empty
/// role or a grant that is not at least a minute, or has `${…}` where a rule would need its value.
pub fn import(text: &str) -> Result<Imported, ImportError> {
    let file: File = json::read_message(text.as_bytes()).map_err(|error| error.to_string())?;
    ImportError::unless_none(file.faults())?;
    let tools = file.bindings()?;
    let mut notes = file.notes();
    notes.extend(roles(&tools));
    notes.extend(overlaps(&tools));
    notes.extend(ALWAYS.map(str::to_owned));
    let rules = tools.iter().enumerate().flat_map(|(index, binding)| binding.rules(index + 1)).collect();
    Ok(Imported { heading: "Rules from an AI Sentinel approval config.", rules, notes })
}

/// What is other for every such config.
const ALWAYS: [&str; 2] = [
    "No grant begins by itself: an approver gives one with an approval, for at most `grant_max`.",
    "A tool that no pattern names keeps the policy of `use-tool`: a person is asked where no rule lets it pass.",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    backend: String,
    tenant_id: Option<String>,
    database_path: Option<String>,
    #[serde(default = "default_minutes")]
    default_grant_minutes: i64,
    default_justification_template: Option<String>,
    include_conversation_context: Option<bool>,
    #[serde(default)]
    tools: BTreeMap<String, Tool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tool {
    role: String,
    grant_minutes: Option<i64>,
    require_justification: Option<bool>,
}

fn default_minutes() -> i64 {
    15
}

/// One pattern with what it asks, checked.
struct Binding<'a> {
    written: &'a str,
    pattern: Pattern,
    approve: Approve,
}

impl File {
    /// What the whole file lacks, by its own rules.
    fn faults(&self) -> Vec<String> {
        let missing = |value: &Option<String>| value.as_deref().is_none_or(|text| text.trim().is_empty());
        let backend = match self.backend.as_str() {
            "sqlite" if missing(&self.database_path) => Some("`backend` sqlite needs a `databasePath`".to_owned()),
            "entra-pim" if missing(&self.tenant_id) => Some("`backend` entra-pim needs a `tenantId`".to_owned()),
            "none" | "in-memory" | "sqlite" | "entra-pim" => None,
            other => Some(format!("`backend` is {}: write `none`, `in-memory`, `sqlite` or `entra-pim`", shown(other))),
        };
        let mut faults = Vec::from_iter(backend);
        if let Err(why) = seconds(self.default_grant_minutes) {
            faults.push(format!("`defaultGrantMinutes` {why}"));
        }
        if self.tools.len() > RULES_MAX {
            faults.push(format!("`tools` has {} patterns: import at most {RULES_MAX} at a time", self.tools.len()));
        }
        faults
    }

    fn bindings(&self) -> Result<Vec<Binding<'_>>, ImportError> {
        let bindings = self.tools.iter().map(|(pattern, tool)| {
            self.binding(pattern, tool).map_err(|why| format!("`tools`: {}: {why}", shown(pattern)))
        });
        let (mut bound, mut faults) = (vec![], vec![]);
        for binding in bindings {
            match binding {
                Ok(binding) => bound.push(binding),
                Err(fault) => faults.push(fault),
            }
        }
        ImportError::unless_none(faults)?;
        Ok(bound)
    }

    fn binding<'a>(&self, written: &'a str, tool: &Tool) -> Result<Binding<'a>, String> {
        if let Some(text) = [written, &tool.role].into_iter().find(|text| text.contains("${")) {
            return Err(format!("{} is not expanded here: write the value itself", shown(text)));
        }
        if tool.role.trim().is_empty() {
            return Err("`role` is empty: name the role that approves".to_owned());
        }
        let pattern = Pattern::new(written, Wildcards::Star).map_err(|why| format!("the pattern {why}"))?;
        let minutes = tool.grant_minutes.unwrap_or(self.default_grant_minutes);
        let approve = Approve {
            role: tool.role.clone(),
            justification: tool.require_justification.unwrap_or(true),
            grant_seconds_max: seconds(minutes).map_err(|why| format!("`grantMinutes` {why}"))?,
        };
        Ok(Binding { written, pattern, approve })
    }

    /// What this file says that has no equivalent.
    fn notes(&self) -> Vec<String> {
        let backend = match self.backend.as_str() {
            "none" => "`backend` none switches approvals off there; these rules ask all the same.",
            "in-memory" => "`backend` in-memory has no equivalent: what waits here outlives a restart.",
            "sqlite" => "`backend` sqlite has no equivalent: ccc-server keeps tickets and grants in its own database.",
            _ => "`backend` entra-pim has no equivalent: no directory is asked; a role is one of the secrets file.",
        };
        let said = |key: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("`{key}` {} has no equivalent.{}", shown(value), unexpanded(value)))
        };
        let said = [
            said("tenantId", &self.tenant_id),
            said("databasePath", &self.database_path),
            said("defaultJustificationTemplate", &self.default_justification_template),
            self.include_conversation_context.map(|_| "`includeConversationContext` has no equivalent.".to_owned()),
        ];
        std::iter::once(backend.to_owned()).chain(said.into_iter().flatten()).chain(self.long_grants()).collect()
    }

    fn long_grants(&self) -> Option<String> {
        let most = Limits::default().grant_seconds_max;
        let minutes = self.tools.values().map(|tool| tool.grant_minutes.unwrap_or(self.default_grant_minutes));
        let is_long = |minutes: i64| seconds(minutes).is_ok_and(|seconds| seconds > most);
        let is_cut = minutes.into_iter().any(is_long);
        is_cut.then(|| {
            format!("No grant is longer than the limit `grant_seconds_max`, {most} s by default, whatever a rule says.")
        })
    }
}

fn unexpanded(value: &str) -> &'static str {
    if value.contains("${") { " Its `${…}` was not expanded." } else { "" }
}

/// Whole minutes, at least one.
fn seconds(minutes: i64) -> Result<u64, String> {
    let seconds =
        u64::try_from(minutes).ok().filter(|minutes| *minutes > 0).and_then(|minutes| minutes.checked_mul(60));
    seconds.ok_or_else(|| format!("is {minutes}: write a number of minutes above 0"))
}

/// Who must hold what, for the rules to be met at all.
fn roles(tools: &[Binding<'_>]) -> Option<String> {
    let roles: BTreeSet<String> = tools.iter().map(|binding| shown(&binding.approve.role)).collect();
    let list = roles.into_iter().collect::<Vec<_>>().join(", ");
    (!tools.is_empty())
        .then(|| format!("Approvers need these as `roles` in the secrets file, beside `canApprove`: {list}."))
}

/// Patterns that one tool can fit: here all of them hold. Each is named once, with the first that it overlaps.
fn overlaps(tools: &[Binding<'_>]) -> Vec<String> {
    let both = |(index, binding): (usize, &Binding<'_>)| {
        let other = tools.iter().take(index).find(|other| other.pattern.overlaps(&binding.pattern))?;
        Some(format!(
            "{} and {} can fit the same tool: here both hold, so an approver needs both roles and the shorter grant counts.",
            shown(other.written),
            shown(binding.written)
        ))
    };
    tools.iter().enumerate().filter_map(both).collect()
}

impl Binding<'_> {
    fn rules(&self, number: usize) -> [Rule; 2] {
        let name = format!("sentinel {number}: {}", self.written);
        Rule::strict(&name, &self.pattern, &Then::Queue(Some(self.approve.clone())))
    }
}
