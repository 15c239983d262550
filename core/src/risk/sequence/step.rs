//! One step: conditions as in rules, and how its paths belong to those of the steps before.

use ccc_protocol::{
    beneath::lies_beneath,
    bodies::{Access, Facts, PathFact, Place},
};

use super::super::spec::{PathSpec, StepSpec};
use crate::{
    catalogue::Action,
    policy::{Condition, Question, conditions_of_tool_calls},
};

/// Paths of one call that are followed at most, and characters of one.
const PATHS_MAX: usize = 8;
const PATH_CHARS_MAX: usize = 256;
/// How often one step is counted at most.
const TIMES_MAX: u8 = 16;

/// One step, as often as it is taken.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// One of them must hold; of each, all conditions.
    any: Vec<Vec<Condition>>,
    path: Option<PathSpec>,
    is_counted: bool,
}

impl Step {
    /// The step, once for each time that it must be taken.
    pub(super) fn of(spec: &StepSpec, tool_call: &Action) -> Result<Vec<Self>, String> {
        let tables = spec.conditions.tables();
        let any =
            tables.iter().map(|table| conditions_of_tool_calls(table, tool_call)).collect::<Result<Vec<_>, _>>()?;
        if any.is_empty() || any.iter().any(Vec::is_empty) {
            return Err("a step needs `where` with a condition: without one every call would take it".into());
        }
        let times = spec.times.unwrap_or(1);
        if times == 0 || times > TIMES_MAX {
            return Err(format!("`times` is 1 to {TIMES_MAX}"));
        }
        let step = Self { any, path: spec.path, is_counted: times > 1 };
        Ok(vec![step; usize::from(times)])
    }

    /// True where the step is about paths that earlier ones wrote.
    pub(super) fn follows_paths(&self) -> bool {
        self.path == Some(PathSpec::Same)
    }

    /// True where the step must touch other paths than those before it.
    pub(super) fn wants_others(&self) -> bool {
        self.path == Some(PathSpec::Other)
    }

    pub(super) fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// True where the call takes it. What fits in part takes it: a part of a call is enough to go on.
    pub(super) fn fits(&self, question: &Question<'_>, facts: &Facts, paths: &[String]) -> bool {
        let holds = |conditions: &Vec<Condition>| conditions.iter().all(|condition| condition.holds_in_part(question));
        let belongs = || match self.path {
            None => true,
            Some(PathSpec::Same) => touches_any(facts, paths),
            Some(PathSpec::Other) => {
                let is_new = |fact: &PathFact| !paths.iter().any(|path| *path == shortened(&fact.path));
                facts.paths.is_empty() || facts.paths.iter().any(is_new)
            }
        };
        self.any.iter().any(holds) && belongs()
    }
}

/// True where the call does something with one of these paths, or with a directory outside of the project that holds one.
pub(super) fn touches_any(facts: &Facts, paths: &[String]) -> bool {
    let touches = |fact: &PathFact, path: &str| {
        let holds = !matches!(fact.place, Place::Project | Place::ProjectRoot) && lies_beneath(path, &fact.path);
        lies_beneath(&fact.path, path) || holds || is_named_by_wildcard(&fact.path, path)
    };
    facts.paths.iter().any(|fact| paths.iter().any(|path| touches(fact, path)))
}

/// The shell fills in names: what stands before the first wildcard is what is known.
fn is_named_by_wildcard(pattern: &str, path: &str) -> bool {
    pattern.find(['*', '?', '[']).is_some_and(|at| pattern.get(..at).is_some_and(|head| path.starts_with(head)))
}

/// True where the call makes or changes a file.
pub(super) fn writes(facts: &Facts) -> bool {
    facts.paths.iter().any(|fact| fact.access == Access::Write)
}

/// The first few paths that the call writes.
pub(super) fn written(facts: &Facts) -> Vec<String> {
    let written = facts.paths.iter().filter(|fact| fact.access == Access::Write);
    written.map(|fact| shortened(&fact.path)).take(PATHS_MAX).collect()
}

/// The first few paths that the call does anything with.
pub(super) fn touched(facts: &Facts) -> Vec<String> {
    facts.paths.iter().map(|fact| shortened(&fact.path)).take(PATHS_MAX).collect()
}

/// A path that is longer than what is kept is followed by its beginning.
fn shortened(path: &str) -> String {
    path.chars().take(PATH_CHARS_MAX).collect()
}
