//! Leave for more of the same, while it is being chosen: how far each parameter may differ, for how long, how often.
//!
//! Every choice offered is narrower than "anything", and the time is never longer than the ticket allows.

use std::collections::BTreeMap;

use ccc_protocol::{
    actions,
    beneath::lies_beneath,
    bodies::{
        AuditEntry, CommandFact, Difference, EntryKind, Facts, GrantRequest, ParamInfo, Plan, Preview, Ticket,
        abridge::CUT,
    },
};
use serde_json::{Map, Value};

use crate::{
    text::{Untrusted, Visible},
    wording,
};

/// What is offered for the time, in minutes, as far as the ticket allows it.
const MINUTES: [u64; 7] = [1, 5, 15, 30, 60, 240, 480];
/// What is offered for the uses; none is as often as the time allows.
const USES: [Option<u32>; 7] = [Some(1), Some(2), Some(3), Some(5), Some(10), Some(25), None];

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// In seconds, shortest first; never empty.
    spans: Vec<u64>,
    span: usize,
    uses: usize,
    params: Vec<Breadth>,
    /// The row under the cursor: time, uses, then each parameter.
    at: usize,
}

/// One parameter and how far it may differ.
#[derive(Debug, Clone, PartialEq)]
struct Breadth {
    name: String,
    value: Value,
    /// From narrow to wide; "exactly this" comes before the first.
    wider: Vec<Difference>,
    /// 0 is "exactly this".
    chosen: usize,
}

/// One row of the form, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRow {
    /// What it is about.
    pub name: Visible,
    /// What is chosen.
    pub choice: Visible,
    /// True under the cursor.
    pub here: bool,
}

impl Scope {
    /// For a ticket as it was shown; none where no grant may be made of it.
    #[must_use]
    pub fn new(preview: &Preview, declared: &[ParamInfo]) -> Option<Self> {
        let longest = preview.ticket.grant_seconds_max;
        let spans = spans(longest);
        if spans.is_empty() {
            return None;
        }
        let params = preview.ticket.params.iter().map(|(name, value)| Breadth {
            name: name.clone(),
            value: value.clone(),
            wider: wider(preview, name, value, declared.iter().find(|info| info.name == *name)),
            chosen: 0,
        });
        let span = spans.iter().position(|&seconds| seconds >= 15 * 60).unwrap_or(spans.len() - 1);
        Some(Self { span, spans, uses: 3, params: params.collect(), at: 0 })
    }

    /// The row under the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Moves the cursor by so many rows.
    pub fn step(&mut self, rows: isize) {
        self.at = self.at.saturating_add_signed(rows).min(self.params.len() + 1);
    }

    /// One choice narrower or wider in the row of the cursor.
    pub fn widen(&mut self, by: isize) {
        let turn = |chosen: usize, last: usize| chosen.saturating_add_signed(by).min(last);
        match self.at {
            0 => self.span = turn(self.span, self.spans.len() - 1),
            1 => self.uses = turn(self.uses, USES.len() - 1),
            at => {
                if let Some(breadth) = self.params.get_mut(at - 2) {
                    breadth.chosen = turn(breadth.chosen, breadth.wider.len());
                }
            }
        }
    }

    /// What is sent.
    #[must_use]
    pub fn request(&self) -> GrantRequest {
        let differ = self.params.iter().filter_map(|param| Some((param.name.clone(), param.difference()?.clone())));
        GrantRequest { uses: self.uses(), seconds: self.seconds(), params: differ.collect() }
    }

    fn seconds(&self) -> u64 {
        self.spans.get(self.span).copied().unwrap_or(0)
    }

    fn uses(&self) -> Option<u32> {
        USES.get(self.uses).copied().flatten()
    }

    /// The rows of the form.
    #[must_use]
    pub fn rows(&self) -> Vec<ScopeRow> {
        let uses = self
            .uses()
            .map_or(Visible::label("as often as the time allows"), |uses| Visible::number(uses).then(" more uses"));
        let mut rows = vec![
            (Visible::label("for"), crate::wording::span::exactly(self.seconds())),
            (Visible::label("times"), uses),
        ];
        rows.extend(self.params.iter().map(|param| (Untrusted(&param.name).line(), param.words())));
        let row = |(at, (name, choice))| ScopeRow { name, choice, here: at == self.at };
        rows.into_iter().enumerate().map(row).collect()
    }

    /// How many earlier requests it would have let through, of how many of the same action and agent.
    #[must_use]
    pub fn would_have_matched<'a>(
        &self,
        ticket: &Ticket,
        history: impl Iterator<Item = &'a AuditEntry>,
    ) -> (usize, usize) {
        let same = |entry: &&AuditEntry| {
            entry.kind == EntryKind::Submitted
                && entry.action.as_ref() == Some(&ticket.action)
                && entry.about.as_ref() == Some(&ticket.submitted_by)
        };
        // What the list has cut says nothing of whether the whole would have fit.
        let is_whole = |entry: &&AuditEntry| !entry.detail.contains_key(CUT);
        let params = |entry: &'a AuditEntry| entry.detail.get("params").and_then(Value::as_object);
        let earlier = history.filter(same).filter(is_whole).filter(|entry| entry.ticket != Some(ticket.id));
        earlier
            .filter_map(params)
            .fold((0, 0), |(fitting, all), params| (fitting + usize::from(self.fits(params)), all + 1))
    }

    fn fits(&self, params: &Map<String, Value>) -> bool {
        params.len() == self.params.len()
            && self.params.iter().all(|param| params.get(&param.name).is_some_and(|value| param.fits(value)))
    }
}

fn spans(longest: u64) -> Vec<u64> {
    let mut spans: Vec<u64> = MINUTES.iter().map(|minutes| minutes * 60).filter(|&seconds| seconds < longest).collect();
    if longest > 0 {
        spans.push(longest.min(MINUTES.last().map_or(longest, |minutes| minutes * 60)));
    }
    spans
}

impl Breadth {
    fn difference(&self) -> Option<&Difference> {
        self.chosen.checked_sub(1).and_then(|at| self.wider.get(at))
    }

    fn words(&self) -> Visible {
        match self.difference() {
            None => Visible::label("exactly ").then(crate::wording::summary::value(&self.value)),
            Some(difference) => wording::difference(difference),
        }
    }

    /// As the server will judge it, as far as that can be told from a text; a doubt counts as no.
    fn fits(&self, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        match self.difference() {
            None => *value == self.value,
            Some(Difference::SameHost(origin)) => text
                .strip_prefix(origin.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#'])),
            Some(Difference::Under(dir)) => lies_beneath(text, dir),
            Some(Difference::OneOf(values)) => values.contains(value),
            Some(Difference::Between(least, most)) => {
                value.as_i64().is_some_and(|number| (*least..=*most).contains(&number))
            }
            Some(Difference::SameProgram(program)) => {
                let command = value.get("command").and_then(Value::as_str).unwrap_or_default();
                command.strip_prefix(program.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                    && !command.contains(['&', '|', ';', '\n', '$', '`', '<', '>', '('])
            }
            // The other parameters, the recipient, tool and session among them, are held to be equal.
            Some(Difference::SameTool(_) | Difference::SameRecipient(_)) => true,
        }
    }
}

/// The differences a parameter of this type can be given, from narrow to wide.
fn wider(preview: &Preview, name: &str, value: &Value, declared: Option<&ParamInfo>) -> Vec<Difference> {
    if preview.ticket.action.as_str() == actions::USE_TOOL {
        return if name == "input" { tool_input(preview) } else { Vec::new() };
    }
    if let (Plan::Mail { mail, .. }, "subject" | "body") = (&preview.plan, name) {
        return vec![Difference::SameRecipient(mail.to.clone())];
    }
    match (declared.map(|info| info.kind.as_str()), value) {
        (Some("url"), Value::String(url)) => origin(url).map(Difference::SameHost).into_iter().collect(),
        (Some("path"), Value::String(path)) => directories(path),
        (Some("integer"), value) => declared.map_or_else(Vec::new, |info| ranges(info, value)),
        // All values there are would be "anything", which no grant allows.
        _ => Vec::new(),
    }
}

/// Up to this number, or from it on, where that is not every number there is.
fn ranges(info: &ParamInfo, value: &Value) -> Vec<Difference> {
    let (Some(least), Some(value), Some(most)) = (info.min, value.as_i64(), info.max) else { return Vec::new() };
    let narrower = |(from, to): &(i64, i64)| from < to && (*from, *to) != (least, most);
    let both = [(least, value), (value, most)].into_iter().filter(narrower);
    both.map(|(from, to)| Difference::Between(from, to)).collect()
}

/// Scheme, host and port of a URL in its serialised form.
fn origin(url: &str) -> Option<String> {
    let rest = url.find("://")? + 3;
    let end = url.get(rest..)?.find(['/', '?', '#']).map_or(url.len(), |at| rest + at);
    url.get(..end).map(str::to_owned)
}

/// The directory of the path and the ones above it. Never one right below the root: most volumes begin there, and none is granted whole.
fn directories(path: &str) -> Vec<Difference> {
    let mut found: BTreeMap<usize, Difference> = BTreeMap::new();
    let mut dir = path.trim_end_matches('/');
    while let Some((parent, _)) = dir.rsplit_once('/') {
        if parent.rfind('/').is_none_or(|at| at == 0) {
            break;
        }
        found.insert(path.len() - parent.len(), Difference::Under(parent.to_owned()));
        dir = parent;
    }
    found.into_values().take(DIRECTORIES_MAX).collect()
}

/// The directory itself and those right above it.
const DIRECTORIES_MAX: usize = 3;

fn tool_input(preview: &Preview) -> Vec<Difference> {
    let tool = preview.ticket.params.get("tool").and_then(Value::as_str);
    let program = preview.facts.as_ref().and_then(program).map(|text| Difference::SameProgram(text.to_owned()));
    let tool = tool.map(|tool| Difference::SameTool(tool.to_owned()));
    program.into_iter().chain(tool).collect()
}

/// The one program, with its subcommand, that all commands of the call are, as the bridge read them.
fn program(facts: &Facts) -> Option<&str> {
    let first = program_text(facts.commands.first()?);
    facts.commands.iter().all(|command| program_text(command) == first).then_some(first)
}

fn program_text(command: &CommandFact) -> &str {
    command.subcommand.as_deref().unwrap_or(&command.program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_never_longer_than_the_ticket_allows() {
        assert_eq!(spans(0), Vec::<u64>::new());
        assert_eq!(spans(90), [60, 90]);
        assert_eq!(spans(900), [60, 300, 900]);
        assert_eq!(spans(1_000_000).last(), Some(&28_800));
    }

    #[test]
    fn a_path_offers_its_directory_first_and_never_the_root() {
        let names: Vec<Visible> = directories("/workspace/a/b/c.txt").iter().map(wording::difference).collect();
        let names: Vec<&str> = names.iter().map(Visible::as_str).collect();
        assert_eq!(names, ["anything in /workspace/a/b", "anything in /workspace/a"]);
        assert!(directories("/workspace/file").is_empty() && directories("/file").is_empty());
    }

    #[test]
    fn a_number_offers_less_than_all_numbers() {
        let info = |least, most| -> ParamInfo {
            serde_json::from_value(serde_json::json!({
                "name": "n", "type": "integer", "required": true, "min": least, "max": most
            }))
            .unwrap()
        };
        assert_eq!(ranges(&info(1, 10), &3.into()), [Difference::Between(1, 3), Difference::Between(3, 10)]);
        assert!(ranges(&info(1, 10), &10.into()).is_empty() && ranges(&info(1, 10), &1.into()).is_empty());
    }

    #[test]
    fn a_url_offers_its_origin() {
        assert_eq!(origin("https://docs.rs/serde?x").as_deref(), Some("https://docs.rs"));
        assert_eq!(origin("https://docs.rs:8443").as_deref(), Some("https://docs.rs:8443"));
    }

    #[test]
    fn another_host_with_the_same_beginning_does_not_fit() {
        let breadth = Breadth {
            name: "url".into(),
            value: "https://docs.rs/a".into(),
            wider: vec![Difference::SameHost("https://docs.rs".into())],
            chosen: 1,
        };
        assert!(breadth.fits(&"https://docs.rs/b".into()));
        assert!(!breadth.fits(&"https://docs.rs.evil.example/".into()));
        assert!(!breadth.fits(&"https://docs.rs:81/".into()));
    }
}
