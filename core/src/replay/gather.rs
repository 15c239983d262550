//! Lines of the log become calls, each different one once, with when it was made and what it came to.

use std::collections::{BTreeMap, HashMap};

use ccc_protocol::{ActionName, Digest, TicketId, Timestamp, UserName, approval, bodies::EntryKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Apart, Call, Outcome};

/// Requests of the log, equal ones together.
#[derive(Debug, Default)]
pub struct Gathered {
    calls: HashMap<Call, Vec<Made>>,
    /// How many were decided by something beside the law.
    pub apart: BTreeMap<Apart, u64>,
    /// How many cannot be decided again.
    pub unread: BTreeMap<Unread, u64>,
}

/// One time that a call was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When.
    pub at: Timestamp,
    /// The ticket that it became.
    pub ticket: TicketId,
    /// What it came to.
    pub outcome: Outcome,
    /// The rules that decided, as the ticket says it.
    pub rule: String,
}

/// Why an entry cannot be decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unread {
    /// Its parameters do not stand in it whole: they are not what its digest was made of.
    WithoutBody,
    /// It came to something that this version does not know.
    UnknownOutcome,
    /// It is no entry that this version reads.
    Unreadable,
}

impl Unread {
    /// In words: `without their body`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::WithoutBody => "without their body",
            Self::UnknownOutcome => "with an outcome that this version does not know",
            Self::Unreadable => "that do not read",
        }
    }
}

/// As much of an entry as is asked for.
#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    kind: EntryKind,
    about: Option<UserName>,
    ticket: Option<TicketId>,
    action: Option<ActionName>,
    status: Option<String>,
    #[serde(default)]
    detail: Map<String, Value>,
}

/// What one line says about requests.
enum Said {
    Nothing,
    Request(Call, Made),
    Apart(Apart),
    Unread(Unread),
}

impl Gathered {
    /// Takes one entry in its canonical JSON, of those not before `since`.
    pub fn take(&mut self, json: &str, since: Timestamp) {
        match read(json, since) {
            Said::Nothing => {}
            Said::Request(call, made) => self.calls.entry(call).or_default().push(made),
            Said::Apart(apart) => *self.apart.entry(apart).or_default() += 1,
            Said::Unread(why) => *self.unread.entry(why).or_default() += 1,
        }
    }

    /// Counts something of the log that is no entry.
    pub fn skip(&mut self) {
        *self.unread.entry(Unread::Unreadable).or_default() += 1;
    }

    /// With what another has gathered.
    pub fn join(&mut self, other: Self) {
        for (call, made) in other.calls {
            self.calls.entry(call).or_default().extend(made);
        }
        other.apart.into_iter().for_each(|(apart, count)| *self.apart.entry(apart).or_default() += count);
        other.unread.into_iter().for_each(|(why, count)| *self.unread.entry(why).or_default() += count);
    }

    /// The different calls, in no order, each with every time that it was made.
    #[must_use]
    pub fn into_calls(self) -> Vec<(Call, Vec<Made>)> {
        self.calls.into_iter().collect()
    }

    /// The same, to be looked at.
    pub fn calls(&self) -> impl Iterator<Item = (&Call, &[Made])> {
        self.calls.iter().map(|(call, made)| (call, made.as_slice()))
    }
}

/// The entries that are about requests, told by a text that a canonical entry of theirs holds. Others may hold it too, and are
/// told apart once they are read.
const MARKS: [&str; 2] = [r#""kind":"submitted""#, r#""kind":"repeated""#];

fn read(json: &str, since: Timestamp) -> Said {
    if !MARKS.iter().any(|mark| json.contains(mark)) {
        return Said::Nothing;
    }
    let Ok(line) = serde_json::from_str::<Line>(json) else { return Said::Unread(Unread::Unreadable) };
    match line.kind {
        _ if line.at < since => Said::Nothing,
        EntryKind::Repeated => Said::Apart(Apart::CoolDown),
        EntryKind::Submitted => request(line).unwrap_or(Said::Unread(Unread::WithoutBody)),
        _ => Said::Nothing,
    }
}

/// `None` where the entry does not hold the whole request.
fn request(mut line: Line) -> Option<Said> {
    let rule = text(&line.detail, "rule")?.to_owned();
    if line.detail.contains_key("replaces") {
        return Some(Said::Apart(Apart::Edit));
    }
    if let Some(apart) = Apart::of_rule(&rule) {
        return Some(Said::Apart(apart));
    }
    let Some(outcome) = line.status.as_deref().and_then(Outcome::of_opening) else {
        return Some(Said::Unread(Unread::UnknownOutcome));
    };
    let Some(Value::Object(params)) = line.detail.remove("params") else { return None };
    let (id, caller, action) = (line.ticket?, line.about?, line.action?);
    let (plan, digest): (Digest, Digest) =
        (text(&line.detail, "plan")?.parse().ok()?, text(&line.detail, "digest")?.parse().ok()?);
    // Whatever was left out of it, and by whom: what the digest covers is what was asked for.
    let is_whole = approval::digest(id, &action, &params, plan, &caller) == digest;
    let made = Made { at: line.at, ticket: id, outcome, rule };
    is_whole.then_some(Said::Request(Call { caller, action, params }, made))
}

fn text<'a>(detail: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    detail.get(name).and_then(Value::as_str)
}
