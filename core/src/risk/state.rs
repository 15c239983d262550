//! What one session, or a user's worst, stands at. Every number has a window and decays; time is an argument.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ccc_protocol::{
    Timestamp,
    bodies::{Class, FenceAnswer, Finding, FindingKind, Level},
};

use super::{Follow, Marks, Picture, RiskLaw, SessionTest, Sign, sequence::Progress};

/// How long a call counts as fast.
const MINUTE_SECONDS: u64 = 60;
/// How many kinds of severity of injection are told apart.
const TAINTS: usize = 3;

/// The times of the latest events of one kind, a bounded number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Times(VecDeque<Timestamp>);

impl Times {
    fn add(&mut self, now: Timestamp, most: u8) {
        if self.0.len() >= usize::from(most) {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    fn take_back(&mut self) {
        self.0.pop_back();
    }

    /// How many lie within the window. What seems to be still to come counts: a clock that was set back forgives nothing.
    fn within(&self, now: Timestamp, seconds: u64) -> u8 {
        let count = self.0.iter().filter(|at| is_recent(**at, now, seconds)).count();
        u8::try_from(count).unwrap_or(u8::MAX)
    }
}

pub(super) fn is_recent(at: Timestamp, now: Timestamp, seconds: u64) -> bool {
    now.millis_since(at) < seconds.saturating_mul(1000)
}

/// One session. A user's worst is of the same form: it hears what all the user's sessions hear, so that it is never below one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// When it was last heard of.
    pub(super) heard: Timestamp,
    denied: Times,
    high: Times,
    calls: Times,
    signs: BTreeMap<Sign, Timestamp>,
    /// When text of this severity was last found that tells agents what to do.
    taints: [Option<Timestamp>; TAINTS],
    escalated: Option<Until>,
    enforced: Option<Timestamp>,
    narrowed: Option<(Until, BTreeSet<Class>)>,
    frozen: Option<String>,
    pub(super) progress: BTreeMap<String, Progress>,
}

/// Something that holds for a while, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Until {
    at: Timestamp,
    why: String,
}

/// What holds against the next call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    Frozen { why: String },
    Narrowed { why: String, until: Timestamp, classes: BTreeSet<Class> },
    Escalated { why: String, until: Timestamp },
    Enforced { until: Timestamp },
}

impl State {
    /// What it comes to at this moment.
    #[must_use]
    pub fn picture(&self, now: Timestamp, law: &RiskLaw) -> Picture {
        let memory = law.memory_seconds;
        let signs = self.signs.iter().filter(|(_, at)| is_recent(**at, now, memory)).map(|(sign, _)| *sign);
        let taint = self.taints.iter().rposition(|at| at.is_some_and(|at| is_recent(at, now, memory)));
        Picture {
            denied: self.denied.within(now, memory),
            high: self.high.within(now, law.enforcement.within_seconds),
            calls: self.calls.within(now, MINUTE_SECONDS),
            taint: taint.map_or(0, |place| u8::try_from(place + 1).unwrap_or(3)),
            held: self.holds(now).next().is_some(),
            signs: signs.collect(),
        }
    }

    /// What holds against its next call, the strictest first.
    pub(super) fn holds(&self, now: Timestamp) -> impl Iterator<Item = Hold> {
        let frozen = self.frozen.clone().map(|why| Hold::Frozen { why });
        let narrowed = self.narrowed.as_ref().filter(|(until, _)| now < until.at).map(|(until, classes)| {
            Hold::Narrowed { why: until.why.clone(), until: until.at, classes: classes.clone() }
        });
        let escalated = self.escalated.as_ref().filter(|until| now < until.at);
        let escalated = escalated.map(|until| Hold::Escalated { why: until.why.clone(), until: until.at });
        let enforced = self.enforced.filter(|until| now < *until).map(|until| Hold::Enforced { until });
        [frozen, narrowed, escalated, enforced].into_iter().flatten()
    }

    /// A call was asked for, whatever became of it.
    pub(super) fn hear_call(&mut self, marks: &Marks, now: Timestamp, law: &RiskLaw) {
        self.heard = now;
        self.calls.add(now, SessionTest::CALLS_MAX);
        if marks.signs.contains(&Sign::OtherUser) {
            self.signs.insert(Sign::OtherUser, now);
        }
        if marks.high {
            self.high.add(now, SessionTest::COUNT_MAX);
            let enforcement = &law.enforcement;
            if enforcement.is_on() && self.high.within(now, enforcement.within_seconds) >= enforcement.after {
                self.enforced = Some(now.plus_seconds(enforcement.cool_down_seconds));
            }
        }
        marks.follows.iter().for_each(|follow| self.follow(follow, now));
    }

    /// Another call of this very session. A user's worst does not count them: calls of other sessions would end its sequences early.
    pub(super) fn count_call(&mut self) {
        self.progress.values_mut().for_each(Progress::count_call);
    }

    /// A call that may be done.
    pub(super) fn hear_done(&mut self, marks: &Marks, now: Timestamp, law: &RiskLaw) {
        self.heard = now;
        self.signs.extend(marks.signs.iter().map(|sign| (*sign, now)));
        for (name, step) in &marks.steps {
            law.sequences.take(&mut self.progress, name, *step, marks, now);
        }
    }

    pub(super) fn hear_denied(&mut self, now: Timestamp) {
        self.heard = now;
        self.denied.add(now, SessionTest::COUNT_MAX);
    }

    /// A person approved a call of high risk: it counts no more.
    pub(super) fn hear_approved(&mut self) {
        self.high.take_back();
    }

    pub(super) fn hear_found(&mut self, findings: &[Finding], answer: FenceAnswer, now: Timestamp, law: &RiskLaw) {
        self.heard = now;
        let injections = findings.iter().filter(|finding| {
            matches!(finding.kind, FindingKind::Injection | FindingKind::Obfuscation) && answer > FenceAnswer::Log
        });
        for finding in injections {
            let place = match finding.severity {
                Level::Low | Level::Medium => 0,
                Level::High => 1,
                Level::Critical => 2,
            };
            if let Some(taint) = self.taints.get_mut(place) {
                *taint = Some(now);
            }
        }
        let worst = findings.iter().max_by_key(|finding| finding.severity);
        let why = worst.map_or_else(String::new, |finding| format!("{}: {}", finding.kind.words(), finding.place));
        match answer {
            FenceAnswer::Log => {}
            FenceAnswer::Monitor => {
                self.signs.insert(Sign::Marked, now);
            }
            FenceAnswer::Escalate => {
                self.signs.insert(Sign::Marked, now);
                self.escalated = Some(Until { at: now.plus_seconds(law.escalation_seconds), why });
            }
            FenceAnswer::Emergency => self.freeze(why),
        }
    }

    pub(super) fn freeze(&mut self, why: String) {
        // The first reason stays: it is what a person looks for.
        self.frozen.get_or_insert(why);
    }

    pub(super) fn thaw(&mut self) {
        self.frozen = None;
    }

    pub(crate) fn frozen(&self) -> Option<&str> {
        self.frozen.as_deref()
    }

    /// A person lifts what is held against it. What it did still counts, for as long as it would.
    pub(super) fn lift(&mut self) {
        self.frozen = None;
        self.escalated = None;
        self.enforced = None;
        self.narrowed = None;
        self.high = Times::default();
    }

    fn follow(&mut self, follow: &Follow, now: Timestamp) {
        match follow {
            Follow::Mark => {
                self.signs.insert(Sign::Marked, now);
            }
            Follow::Freeze { why } => self.freeze(why.clone()),
            Follow::Narrow { why, classes, seconds } => {
                let until = Until { at: now.plus_seconds(*seconds), why: why.clone() };
                let mut kept: BTreeSet<Class> = classes.iter().copied().collect();
                // Two at a time leave what both do, for as long as the longer one holds.
                let (mut at, before) = (until.at, self.narrowed.take().filter(|(until, _)| now < until.at));
                if let Some((earlier, classes)) = before {
                    kept.retain(|class| classes.contains(class));
                    at = at.max(earlier.at);
                }
                self.narrowed = Some((Until { at, ..until }, kept));
            }
        }
    }
}
