//! Sequences: steps that are each harmless alone, in one session, within a window. The call that would take the last step meets what
//! the sequence says.

mod progress;
mod step;

use std::collections::BTreeMap;

use ccc_protocol::{
    Timestamp,
    bodies::{Facts, Policy},
};

use super::{Follow, Marks, SequenceSpec, State, spec::ThenSpec};
use crate::{catalogue::Action, policy::Question};

pub(super) use progress::Progress;
use step::Step;

/// The sequences that ship, as a config would write them, with examples that are tests.
pub const BUILT_IN: &str = include_str!("../../sequences.toml");

/// Steps of a sequence at most, repetitions counted.
const STEPS_MAX: usize = 16;
/// Sequences at most.
const SEQUENCES_MAX: usize = 64;

/// All sequences in force.
#[derive(Debug, Clone, Default)]
pub struct Sequences(Vec<Sequence>);

/// One sequence, its conditions bound.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    pub(super) name: String,
    within_seconds: u64,
    calls_max: u32,
    steps: Vec<Step>,
    then: Then,
    reason: String,
}

/// What meets the call that takes the last step.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Then {
    Mark,
    Queue,
    Deny,
    Freeze,
    Narrow { classes: Vec<ccc_protocol::bodies::Class>, seconds: u64 },
}

/// What sequences say about a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    pub(super) steps: Vec<(String, u8)>,
    /// The paths that the call writes, and all that it touches, as far as a sequence asks for them.
    pub(super) wrote: Vec<String>,
    pub(super) touched: Vec<String>,
    pub(crate) completed: Vec<Completed>,
}

/// A sequence whose last step the call would take.
#[derive(Debug, Clone)]
pub(crate) struct Completed {
    /// In words.
    pub(super) reason: String,
    /// What is asked of the ruling.
    pub(super) policy: Option<Policy>,
    /// What holds from now on.
    pub(super) follow: Option<Follow>,
}

impl Sequences {
    /// The sequences that ship and those of the config, bound to tool calls. `off` names shipped ones that the owner does without.
    ///
    /// # Errors
    /// A sentence for each thing that is wrong.
    pub fn compile(own: &[SequenceSpec], off: &[String], tool_call: &Action) -> Result<Self, Vec<String>> {
        let (mut all, mut errors) = (Self::default(), vec![]);
        let shipped = super::spec::shipped().map_err(|why| vec![why])?;
        for name in off.iter().filter(|name| !shipped.iter().any(|spec| spec.name == **name)) {
            errors.push(format!("`risk.sequences_off`: no sequence `{name}` ships"));
        }
        let shipped = shipped.iter().filter(|spec| !off.contains(&spec.name));
        for spec in shipped.chain(own) {
            if all.0.iter().any(|known| known.name == spec.name) {
                errors.push(format!("sequence `{}`: another one has this name", spec.name));
                continue;
            }
            match Sequence::new(spec, tool_call) {
                Ok(sequence) => all.0.push(sequence),
                Err(why) => errors.push(format!("sequence `{}`: {why}", spec.name)),
            }
        }
        if all.0.len() > SEQUENCES_MAX {
            errors.push(format!("at most {SEQUENCES_MAX} sequences are taken"));
        }
        if errors.is_empty() { Ok(all) } else { Err(errors) }
    }

    /// The steps that the call takes in a session that stands so.
    pub(crate) fn judge(&self, state: &State, question: &Question<'_>, now: Timestamp) -> Judged {
        let mut judged = Judged::default();
        let Some(facts) = question.facts else { return judged };
        for sequence in &self.0 {
            sequence.judge(state, question, facts, now, &mut judged);
        }
        let taken = |sequence: &&Sequence| judged.steps.iter().any(|(name, _)| *name == sequence.name);
        let (mut follows, mut wants_others) = (false, false);
        for sequence in self.0.iter().filter(taken) {
            follows |= sequence.steps.iter().any(Step::follows_paths);
            wants_others |= sequence.wants_others();
        }
        judged.wrote = if follows { step::written(facts) } else { vec![] };
        judged.touched = if wants_others { step::touched(facts) } else { vec![] };
        judged
    }

    /// What a step that a call took comes to.
    pub(super) fn take(
        &self,
        progress: &mut BTreeMap<String, Progress>,
        name: &str,
        step: u8,
        marks: &Marks,
        now: Timestamp,
    ) {
        let Some(sequence) = self.0.iter().find(|sequence| sequence.name == name) else { return };
        let progress = progress.entry(name.to_owned()).or_default();
        if !sequence.is_live(progress, now) {
            *progress = Progress::default();
        }
        // The last step is never taken: who released one call did not release the next.
        let last = u8::try_from(sequence.steps.len() - 1).unwrap_or(u8::MAX);
        let paths = if sequence.wants_others() { &marks.touched } else { &marks.wrote };
        progress.take(step, last, paths, now);
    }
}

impl Sequence {
    fn new(spec: &SequenceSpec, tool_call: &Action) -> Result<Self, String> {
        let mut steps = vec![];
        for step in &spec.step {
            steps.extend(Step::of(step, tool_call)?);
        }
        if steps.len() < 2 || steps.len() > STEPS_MAX {
            return Err(format!("a sequence has 2 to {STEPS_MAX} steps, repetitions counted"));
        }
        if steps.first().is_some_and(Step::follows_paths) {
            return Err("the first step has no path before it: `path` belongs to a later one".into());
        }
        let seconds = |key: &str, text: &str| {
            ccc_protocol::duration::parse_seconds(text).map_err(|why| format!("`{key}`: {why}"))
        };
        let within_seconds = seconds("within", &spec.within)?;
        if within_seconds == 0 || within_seconds > super::read::WINDOW_SECONDS_MAX || spec.calls == 0 {
            return Err("`within` is 1s to 24h, and `calls` is at least 1".into());
        }
        let then = match (spec.then, &spec.narrow) {
            (Some(ThenSpec::Mark), None) => Then::Mark,
            (Some(ThenSpec::Queue), None) => Then::Queue,
            (Some(ThenSpec::Deny), None) => Then::Deny,
            (Some(ThenSpec::Freeze), None) => Then::Freeze,
            (None, Some(classes)) => Then::Narrow {
                classes: classes.clone(),
                seconds: seconds("for", spec.lasts.as_deref().unwrap_or("15m"))?,
            },
            _ => {
                return Err(
                    "write either `then = \"mark\"`, `queue`, `deny` or `freeze`, or `narrow = [classes]`".into()
                );
            }
        };
        if spec.lasts.is_some() && spec.narrow.is_none() {
            return Err("`for` belongs to `narrow`".into());
        }
        Ok(Self {
            name: spec.name.clone(),
            within_seconds,
            calls_max: spec.calls,
            steps,
            then,
            reason: spec.reason.clone(),
        })
    }

    fn judge(&self, state: &State, question: &Question<'_>, facts: &Facts, now: Timestamp, judged: &mut Judged) {
        let begun = state.progress.get(&self.name).filter(|progress| self.is_live(progress, now));
        let (mut at, mut paths) = begun.map_or((0, vec![]), |progress| (progress.steps(), progress.paths().to_vec()));
        let (before, first_path) = (at, paths.len());
        while let Some(step) = self.steps.get(at).filter(|step| step.fits(question, facts, &paths)) {
            judged.steps.push((self.name.clone(), u8::try_from(at).unwrap_or(u8::MAX)));
            // A call that takes several steps at once hands itself its own paths; one that is counted several times must touch others.
            paths.extend(if self.wants_others() { step::touched(facts) } else { step::written(facts) });
            at += 1;
            if step.is_counted() {
                break;
            }
        }
        if at == self.steps.len() {
            judged.completed.push(self.completed(begun, now));
        }
        if at > before || before == 0 {
            return;
        }
        // What is written from a path that is followed is followed too; and the first step anew begins its window anew.
        let known = paths.get(..first_path).unwrap_or_default();
        if self.steps.iter().any(Step::follows_paths) && step::touches_any(facts, known) && step::writes(facts) {
            judged.steps.push((self.name.clone(), u8::try_from(before - 1).unwrap_or(u8::MAX)));
        } else if self.steps.first().is_some_and(|first| first.fits(question, facts, &[])) {
            judged.steps.push((self.name.clone(), 0));
        }
    }

    fn wants_others(&self) -> bool {
        self.steps.iter().any(Step::wants_others)
    }

    fn is_live(&self, progress: &Progress, now: Timestamp) -> bool {
        progress.is_within(now, self.within_seconds, self.calls_max) && progress.steps() < self.steps.len()
    }

    fn completed(&self, begun: Option<&Progress>, now: Timestamp) -> Completed {
        let since = begun.map(|progress| super::after::ago(progress.since(), now));
        let since = since.map_or_else(|| "in one call".to_owned(), |since| format!("the first step {since}"));
        let reason = format!("{} (sequence `{}`, {since})", self.reason, self.name);
        let (policy, follow) = match &self.then {
            Then::Mark => (None, Some(Follow::Mark)),
            Then::Queue => (Some(Policy::Queue), None),
            Then::Deny => (Some(Policy::AutoDeny), None),
            Then::Freeze => (Some(Policy::AutoDeny), Some(Follow::Freeze { why: reason.clone() })),
            Then::Narrow { classes, seconds } => {
                let follow = Follow::Narrow { why: reason.clone(), classes: classes.clone(), seconds: *seconds };
                (Some(Policy::Queue), Some(follow))
            }
        };
        Completed { reason, policy, follow }
    }
}

impl Judged {
    pub(crate) fn into_marks(self, marks: &mut Marks) {
        (marks.steps, marks.wrote, marks.touched) = (self.steps, self.wrote, self.touched);
    }
}
