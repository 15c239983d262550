//! Entries become figures.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ccc_protocol::{ActionName, TicketId, Timestamp, UserName, actions::USE_TOOL, bodies::EntryKind};
use ccc_toolcall::facts::{self, Knowledge};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Answers, Asking, Figures, SHAPES_TOLD, Shape};
use crate::replay::{Call, Outcome, shape};

/// Takes entries in the order of the log.
#[derive(Debug, Clone)]
pub struct Counting {
    since: Timestamp,
    agents: BTreeMap<UserName, Tally>,
    /// Questions that nobody has answered yet: when they were asked.
    open: HashMap<TicketId, Timestamp>,
    millis: Vec<u64>,
    expired: u64,
    asked: HashMap<Call, u64>,
    rules: BTreeMap<String, u64>,
    unreadable: u64,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    outcomes: BTreeMap<String, u64>,
    hours: BTreeSet<i64>,
}

/// As much of an entry as is asked for.
#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    kind: EntryKind,
    by: Option<UserName>,
    about: Option<UserName>,
    ticket: Option<TicketId>,
    action: Option<ActionName>,
    status: Option<String>,
    #[serde(default)]
    detail: Map<String, Value>,
}

const HOUR_MILLIS: i64 = 3_600_000;
const SECOND_MILLIS: u64 = 1000;

impl Counting {
    /// Nothing counted yet, and nothing of before `since` ever.
    #[must_use]
    pub fn since(since: Timestamp) -> Self {
        Self {
            since,
            agents: BTreeMap::new(),
            open: HashMap::new(),
            millis: vec![],
            expired: 0,
            asked: HashMap::new(),
            rules: BTreeMap::new(),
            unreadable: 0,
        }
    }

    /// Takes one entry in its JSON.
    pub fn take(&mut self, json: &str) {
        let Ok(line) = serde_json::from_str::<Line>(json) else { return self.skip() };
        if line.at < self.since {
            return;
        }
        match line.kind {
            EntryKind::Submitted => self.submitted(line),
            EntryKind::Approved | EntryKind::Denied => self.answered(&line),
            EntryKind::Expired => self.expired += u64::from(self.close(&line).is_some()),
            EntryKind::Cancelled => drop(self.close(&line)),
            _ => {}
        }
    }

    /// Counts something of the log that is no entry.
    pub fn skip(&mut self) {
        self.unreadable += 1;
    }

    fn submitted(&mut self, line: Line) {
        let (Some(caller), Some(status)) = (line.about, line.status) else { return self.skip() };
        // A word that this version does not know is its own outcome.
        let outcome = Outcome::of_opening(&status).map_or(status.as_str(), |outcome| outcome.as_str());
        let tally = self.agents.entry(caller.clone()).or_default();
        *tally.outcomes.entry(outcome.to_owned()).or_default() += 1;
        tally.hours.insert(line.at.millis().div_euclid(HOUR_MILLIS));
        for rule in rules(line.detail.get("rule").and_then(Value::as_str).unwrap_or_default()) {
            *self.rules.entry(rule.to_owned()).or_default() += 1;
        }
        let (Some(ticket), Some(action), "queued") = (line.ticket, line.action, status.as_str()) else { return };
        self.open.insert(ticket, line.at);
        let params = match line.detail.get("params") {
            Some(Value::Object(params)) => params.clone(),
            _ => Map::new(),
        };
        *self.asked.entry(Call { caller, action, params }).or_default() += 1;
    }

    /// The first word of a person counts; that of the one who asks is none.
    fn answered(&mut self, line: &Line) {
        if line.by.is_none() || line.by == line.about {
            return;
        }
        if let Some(asked) = self.close(line) {
            self.millis.push(line.at.millis_since(asked));
        }
    }

    fn close(&mut self, line: &Line) -> Option<Timestamp> {
        self.open.remove(line.ticket.as_ref()?)
    }

    /// What was counted. Tool calls are read with this knowledge, to say what they have in common.
    #[must_use]
    pub fn finish(self, knowledge: &Knowledge) -> Figures {
        let most_asked = most_asked(&self.asked, knowledge);
        let everybody = self.agents.values().fold(Tally::default(), |mut all, tally| {
            all.add(tally);
            all
        });
        Figures {
            since: self.since,
            all: everybody.figures(),
            agents: self.agents.iter().map(|(name, tally)| (name.clone(), tally.figures())).collect(),
            answers: answers(self.millis, self.expired),
            most_asked,
            rules: self.rules,
            unreadable: self.unreadable,
        }
    }
}

/// The rules that are named in the words of a decision, each once: at most the first three of it are.
fn rules(words: &str) -> BTreeSet<&str> {
    let of_rules = words.split("; ").filter(|part| part.starts_with("rule `") || part.starts_with("rules `"));
    of_rules.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

impl Tally {
    fn add(&mut self, other: &Self) {
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += count;
        }
        self.hours.extend(&other.hours);
    }

    fn figures(&self) -> Asking {
        let known = [Outcome::Passed, Outcome::Confined, Outcome::Asked, Outcome::Denied];
        let mut outcomes: BTreeMap<String, u64> = known.map(|outcome| (outcome.as_str().to_owned(), 0)).into();
        outcomes.extend(self.outcomes.clone());
        let active_hours = u64::try_from(self.hours.len()).unwrap_or(u64::MAX);
        let asked = outcomes.get(Outcome::Asked.as_str()).copied().unwrap_or_default();
        Asking {
            requests: outcomes.values().sum(),
            outcomes,
            active_hours,
            asks_per_active_hour: share(asked, active_hours),
        }
    }
}

fn answers(mut millis: Vec<u64>, expired_unseen: u64) -> Answers {
    millis.sort_unstable();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let decided = count(millis.len());
    let under_one_second = count(millis.partition_point(|millis| *millis < SECOND_MILLIS));
    Answers {
        decided,
        median_millis: median(&millis),
        under_one_second,
        share_under_one_second: share(under_one_second, decided),
        expired_unseen,
    }
}

/// Of two in the middle, what lies between them.
fn median(sorted: &[u64]) -> Option<u64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some(lower.midpoint(upper))
}

#[expect(clippy::cast_precision_loss, reason = "no log holds 2⁵³ entries")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn most_asked(asked: &HashMap<Call, u64>, knowledge: &Knowledge) -> Vec<Shape> {
    let mut shapes: BTreeMap<String, u64> = BTreeMap::new();
    for (call, times) in asked {
        let facts = (call.action.as_str() == USE_TOOL).then(|| facts::of_request(&call.params, knowledge));
        *shapes.entry(shape(call, facts.as_ref())).or_default() += times;
    }
    let mut shapes: Vec<Shape> = shapes.into_iter().map(|(shape, times)| Shape { shape, times }).collect();
    // By name already: the sort keeps that among equals.
    shapes.sort_by_key(|shape| std::cmp::Reverse(shape.times));
    shapes.truncate(SHAPES_TOLD);
    shapes
}
