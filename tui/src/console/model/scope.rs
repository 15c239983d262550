//! Leave for more of the same, while it is being chosen: how far each parameter may differ, for how long, how often.
//!
//! Every choice offered is narrower than "anything", and the time is never longer than the ticket allows.

use std::collections::BTreeMap;

use ccc_core::{
    grant::{BY_CLASS, Trial},
    replay::Call,
};
use ccc_protocol::{
    TicketId, actions, approval,
    beneath::{beneath, lies_beneath},
    bodies::{
        AuditEntry, BESIDE_MAX, Class, CommandFact, Difference, EntryKind, Facts, GrantRequest, ParamInfo, Plan,
        Preview, Status, Ticket, abridge::CUT,
    },
};
use serde_json::{Map, Value};

use crate::{
    console::armed::Target,
    text::{Untrusted, Visible},
    wording::{self, verdict},
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
    /// What was approved.
    call: Call,
    /// What may differ, where anything may: only such rows are shown.
    breadths: Vec<Breadth>,
    /// Earlier requests that it would have let through, of how many of the same action and agent.
    tried: (usize, usize),
    /// Waiting requests that it fits, each whole in a row.
    beside: Vec<Waiting>,
    /// Whether those are approved with it.
    with_beside: bool,
    /// The row under the cursor: what may differ, time, uses, what waits.
    at: usize,
}

/// One parameter, or all that say what a tool does, and how far it may differ.
#[derive(Debug, Clone, PartialEq)]
struct Breadth {
    name: String,
    value: Value,
    /// From narrow to wide; "exactly this" comes before the first.
    steps: Vec<Step>,
    /// 0 is "exactly this".
    chosen: usize,
}

/// One step wider than "exactly this".
#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// As it is told.
    difference: Difference,
    /// The parameters that differ so.
    params: Vec<String>,
}

/// A waiting request that is told whole in one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Which, and as what it is shown.
    pub target: Target,
    /// The row.
    pub words: Visible,
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
        let ticket = &preview.ticket;
        let spans = spans(ticket.grant_seconds_max);
        if spans.is_empty() {
            return None;
        }
        let breadths = ticket.params.iter().map(|(name, value)| Breadth {
            name: name.clone(),
            value: value.clone(),
            steps: wider(preview, name, value, declared.iter().find(|info| info.name == *name)),
            chosen: 0,
        });
        let span = spans.iter().position(|&seconds| seconds >= 15 * 60).unwrap_or(spans.len() - 1);
        Some(Self {
            span,
            spans,
            uses: 3,
            call: called(ticket),
            breadths: breadths.filter(|breadth| !breadth.steps.is_empty()).collect(),
            tried: (0, 0),
            beside: vec![],
            with_beside: false,
            at: 0,
        })
    }

    /// The row under the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Moves the cursor by so many rows.
    pub fn step(&mut self, rows: isize) {
        self.at = self.at.saturating_add_signed(rows).min(self.rows().len().saturating_sub(1));
    }

    /// One choice narrower or wider in the row of the cursor.
    pub fn widen(&mut self, by: isize) {
        let turn = |chosen: usize, last: usize| chosen.saturating_add_signed(by).min(last);
        let below = self.at.saturating_sub(self.breadths.len());
        match (self.breadths.get_mut(self.at), below) {
            (Some(breadth), _) => breadth.chosen = turn(breadth.chosen, breadth.steps.len()),
            (None, 0) => self.span = turn(self.span, self.spans.len() - 1),
            (None, 1) => self.uses = turn(self.uses, USES.len() - 1),
            (None, _) => self.with_beside = by > 0,
        }
    }

    /// What is sent; what is approved beside it goes by leaves of its own.
    #[must_use]
    pub fn request(&self) -> GrantRequest {
        GrantRequest { uses: self.uses(), seconds: self.seconds(), params: self.differ(), beside: vec![] }
    }

    fn differ(&self) -> BTreeMap<String, Difference> {
        let chosen = self.breadths.iter().filter_map(Breadth::step);
        chosen.flat_map(|step| step.params.iter().map(|name| (name.clone(), step.difference.clone()))).collect()
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
        let of_tool = self.call.action.as_str() == actions::USE_TOOL;
        let name = |breadth: &Breadth| match of_tool {
            true => Visible::label("what"),
            false => Untrusted(&breadth.name).line(),
        };
        let mut rows: Vec<_> = self.breadths.iter().map(|breadth| (name(breadth), breadth.words())).collect();
        rows.push((Visible::label("for"), crate::wording::span::exactly(self.seconds())));
        rows.push((Visible::label("times"), uses));
        if !self.beside.is_empty() {
            let these = Visible::count(self.beside.len(), "that waits", "that wait");
            let words = if self.with_beside { "approved with it: " } else { "not approved with it: " };
            rows.push((Visible::label("waiting"), Visible::label(words).then(these)));
        }
        let row = |(at, (name, choice))| ScopeRow { name, choice, here: at == self.at };
        rows.into_iter().enumerate().map(row).collect()
    }

    /// How many earlier requests it would have let through, of how many of the same action and agent.
    #[must_use]
    pub fn tried(&self) -> (usize, usize) {
        self.tried
    }

    /// What waits and fits, each whole.
    #[must_use]
    pub fn beside(&self) -> &[Waiting] {
        &self.beside
    }

    /// What is approved with it.
    pub fn approved_beside(&self) -> impl Iterator<Item = Target> {
        self.beside.iter().filter(|_| self.with_beside).map(|waiting| waiting.target)
    }

    /// True where it is about a tool call, of which a grant never carries everything.
    #[must_use]
    pub fn is_of_tool(&self) -> bool {
        self.call.action.as_str() == actions::USE_TOOL
    }

    /// Holds it against what was asked before and what waits now, of which it names so many at most.
    pub fn hold_against<'a>(
        &mut self,
        of: TicketId,
        history: impl Iterator<Item = &'a AuditEntry>,
        waiting: impl Iterator<Item = &'a Ticket>,
        rows_max: usize,
        width: usize,
    ) {
        let trial = Trial::new(&self.call, &self.differ()).filter(|_| self.is_of_tool());
        let fits = |call: &Call| match &trial {
            Some(trial) => trial.fits(call),
            None => self.fits(&call.params),
        };
        let earlier = history.filter_map(|entry| earlier(entry, &self.call, of));
        let tried = earlier.fold((0, 0), |(fitting, all), call| (fitting + usize::from(fits(&call)), all + 1));
        let alike = |ticket: &&Ticket| {
            ticket.id != of && ticket.action == self.call.action && ticket.submitted_by == self.call.caller
        };
        let waiting = waiting.filter(alike).filter(|ticket| takes_one_plain_yes(ticket) && fits(&called(ticket)));
        let mut beside: Vec<Waiting> = waiting.filter_map(|ticket| whole(ticket, width)).collect();
        beside.sort_by_key(|waiting| waiting.target);
        beside.truncate(rows_max.min(BESIDE_MAX));
        self.tried = tried;
        self.beside = beside;
        self.with_beside &= !self.beside.is_empty();
        self.step(0);
    }

    /// As far as can be told of an action that is not known here, from its parameters alone.
    fn fits(&self, params: &Map<String, Value>) -> bool {
        let fits = |(name, value): (&String, &Value)| match self.breadths.iter().find(|breadth| breadth.name == *name) {
            Some(breadth) => breadth.fits(value),
            None => self.call.params.get(name) == Some(value),
        };
        params.len() == self.call.params.len() && params.iter().all(fits)
    }
}

fn called(ticket: &Ticket) -> Call {
    Call { caller: ticket.submitted_by.clone(), action: ticket.action.clone(), params: ticket.params.clone() }
}

/// An earlier request for the same by the same, where the list has it whole.
fn earlier(entry: &AuditEntry, like: &Call, of: TicketId) -> Option<Call> {
    let same = entry.kind == EntryKind::Submitted
        && entry.action.as_ref() == Some(&like.action)
        && entry.about.as_ref() == Some(&like.caller)
        && entry.ticket != Some(of);
    // What the list has cut says nothing of whether the whole would have fit.
    let params = entry.detail.get("params").and_then(Value::as_object).filter(|_| !entry.detail.contains_key(CUT))?;
    same.then(|| Call { params: params.clone(), ..like.clone() })
}

/// What needs more than that waits on, whatever a grant fits.
fn takes_one_plain_yes(ticket: &Ticket) -> bool {
    ticket.status == Status::Queued
        && ticket.needed == 1
        && !ticket.needs_note
        && ticket.grant_seconds_max > 0
        && verdict::may_be_marked(ticket)
}

/// The request in one row, where that tells all of its input: nothing is cut, left out, or in a line below.
fn whole(ticket: &Ticket, width: usize) -> Option<Waiting> {
    let digest = approval::digest(ticket.id, &ticket.action, &ticket.params, ticket.plan, &ticket.submitted_by);
    if ticket.abridged || digest != ticket.digest {
        return None;
    }
    let words = wording::summary::whole(ticket)?;
    let target = Target { id: ticket.id, digest: ticket.digest };
    (words.width() <= width).then_some(Waiting { target, words })
}

fn spans(longest: u64) -> Vec<u64> {
    let mut spans: Vec<u64> = MINUTES.iter().map(|minutes| minutes * 60).filter(|&seconds| seconds < longest).collect();
    if longest > 0 {
        spans.push(longest.min(MINUTES.last().map_or(longest, |minutes| minutes * 60)));
    }
    spans
}

impl Breadth {
    fn step(&self) -> Option<&Step> {
        self.chosen.checked_sub(1).and_then(|at| self.steps.get(at))
    }

    fn words(&self) -> Visible {
        match self.step() {
            None => Visible::label("exactly ").then(crate::wording::summary::value(&self.value)),
            Some(step) => wording::difference(&step.difference),
        }
    }

    /// As the server will judge it, as far as that can be told from a text; a doubt counts as no.
    fn fits(&self, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        match self.step().map(|step| &step.difference) {
            None => *value == self.value,
            Some(Difference::SameHost(origin)) => text
                .strip_prefix(origin.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#'])),
            Some(Difference::Under(dir)) => lies_beneath(text, dir),
            Some(Difference::OneOf(values)) => values.contains(value),
            Some(Difference::Between(least, most)) => {
                value.as_i64().is_some_and(|number| (*least..=*most).contains(&number))
            }
            // Tool calls are judged by what they do, and not here. The recipient is held to be equal.
            Some(Difference::SameRecipient(_)) => true,
            Some(_) => false,
        }
    }
}

/// The differences a parameter of this type can be given, from narrow to wide.
fn wider(preview: &Preview, name: &str, value: &Value, declared: Option<&ParamInfo>) -> Vec<Step> {
    if preview.ticket.action.as_str() == actions::USE_TOOL {
        return if name == "input" { of_tool(preview) } else { Vec::new() };
    }
    let differences = of_param(preview, name, value, declared);
    differences.into_iter().map(|difference| Step { difference, params: vec![name.to_owned()] }).collect()
}

fn of_param(preview: &Preview, name: &str, value: &Value, declared: Option<&ParamInfo>) -> Vec<Difference> {
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

/// This program and sub-command; the files of this directory; this tool; whatever does no other kind of thing. Each only where the
/// server would make it.
fn of_tool(preview: &Preview) -> Vec<Step> {
    let Some(facts) = preview.facts.as_ref().filter(|facts| facts.is_readable()) else { return Vec::new() };
    let text = |name: &str| preview.ticket.params.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let of_input = |difference| Step { difference, params: vec!["input".to_owned()] };
    let program = program(facts).map(|text| Difference::SameProgram(text.to_owned()));
    let mut steps: Vec<Step> = program.into_iter().chain(files_under(facts)).map(of_input).collect();
    if let (Some(tool), Some(_)) = (text("tool"), text("session")) {
        steps.push(of_input(Difference::SameTool(tool.to_owned())));
        let classes: Vec<Class> = facts.classes.keys().copied().collect();
        if !classes.is_empty() && facts.only(&BY_CLASS) {
            let params = ["input", "tool", "native"].map(str::to_owned).to_vec();
            steps.push(Step { difference: Difference::SameClass(classes), params });
        }
    }
    steps
}

/// The directory that all files of the call lie in and the ones above it, within the project.
fn files_under(facts: &Facts) -> Vec<Difference> {
    let Some(project) = facts.project.as_deref() else { return Vec::new() };
    let mut dir = match facts.paths.first().and_then(|path| path.path.rsplit_once('/')) {
        Some((dir, _)) => dir,
        None => return Vec::new(),
    };
    let mut found = vec![];
    while found.len() < DIRECTORIES_MAX && beneath(dir, project).is_some_and(|rest| !rest.is_empty()) {
        if facts.paths.iter().all(|path| lies_beneath(&path.path, dir)) {
            found.push(Difference::FilesUnder(dir.to_owned()));
        }
        dir = dir.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    found
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
            steps: vec![Step {
                difference: Difference::SameHost("https://docs.rs".into()),
                params: vec!["url".into()],
            }],
            chosen: 1,
        };
        assert!(breadth.fits(&"https://docs.rs/b".into()));
        assert!(!breadth.fits(&"https://docs.rs.evil.example/".into()));
        assert!(!breadth.fits(&"https://docs.rs:81/".into()));
    }
}
