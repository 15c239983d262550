//! Patterns of attack in the text of a call: what ships in `core/patterns`, and the owner's own files beside them.
//!
//! A pattern lets nothing pass. It says that a call looks like something known, how grave that is, and why, in words. Its regular
//! expressions read bytes in linear time, and one that would be slow is refused where it is loaded ([`spec::Spec::faults`]).

mod shipped;
mod spec;
mod text;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, OnceLock},
};

use ccc_protocol::bodies::{Access, Facts};
use ccc_toolcall::facts::{self, Knowledge};
use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::spec::{Asi, Call, Grade, Spec, read};

/// A pattern that a call fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// Its name.
    pub id: String,
    /// The OWASP category.
    pub asi: Asi,
    /// How grave.
    pub grade: Grade,
    /// What the call does, in words that follow "it".
    pub reason: String,
}

/// Something wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which one, counted from 0; none where it is about all of them.
    pub at: Option<usize>,
    /// What is wrong, and what to write instead.
    pub what: String,
}

/// Patterns to look for.
#[derive(Debug, Clone)]
pub struct Patterns {
    rows: Vec<Spec>,
    /// Made when it is first needed: a start need not wait for it.
    expressions: OnceLock<Expressions>,
}

/// Every expression of every pattern, looked for in one pass.
#[derive(Debug, Clone)]
struct Expressions {
    set: RegexSet,
    /// For each expression of the set, the row that it is of.
    rows: Vec<usize>,
}

/// The largest set of expressions, compiled, in bytes: a config cannot ask for unbounded memory.
const COMPILED_BYTES_MAX: usize = 16 << 20;

/// The most patterns of an owner's.
const OWN_MAX: usize = 1_000;

impl Patterns {
    /// Those that ship.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        static SHIPPED: LazyLock<Arc<Patterns>> = LazyLock::new(Arc::default);
        Arc::clone(&SHIPPED)
    }

    /// Those that ship and the owner's own.
    ///
    /// # Errors
    /// Everything that is wrong with the owner's.
    pub fn with(own: Vec<Spec>) -> Result<Self, Vec<Fault>> {
        if own.len() > OWN_MAX {
            return Err(vec![Fault { at: None, what: format!("{} patterns; {OWN_MAX} at most", own.len()) }]);
        }
        let mut rows = shipped::rows();
        let mut ids: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut faults = vec![];
        for (at, row) in own.iter().enumerate() {
            let mut whats = row.faults();
            if !ids.insert(row.id.clone()) {
                whats.push("another pattern has this id; choose one of your own".to_owned());
            }
            let named = whats.into_iter().map(|what| format!("pattern `{}`: {what}", row.id));
            faults.extend(named.map(|what| Fault { at: Some(at), what }));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        rows.extend(own);
        let patterns = Self::of(rows);
        let expressions = Expressions::of(&patterns.rows)
            .map_err(|error| vec![Fault { at: None, what: format!("all patterns together: {error}") }])?;
        Ok(Self { expressions: expressions.into(), ..patterns })
    }

    /// Every pattern, those that ship first.
    pub fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.rows.iter()
    }

    /// The patterns that this call of a tool fits, gravest first. Of a longer text no more than `bytes_max` bytes are looked at.
    #[must_use]
    pub fn matched(&self, params: &Map<String, Value>, facts: &Facts, bytes_max: usize) -> Vec<Matched> {
        let said = self.expressions().rows_in(&text::of_call(params, facts, bytes_max));
        let tool = params.get("tool").and_then(Value::as_str).unwrap_or_default();
        let fits = |(at, row): &(usize, &Spec)| (row.text.is_empty() || said.contains(at)) && row.is_about(tool, facts);
        let mut found: Vec<_> = self.rows.iter().enumerate().filter(fits).map(|(_, row)| row.matched()).collect();
        found.sort_by_key(|matched| std::cmp::Reverse(matched.grade));
        found
    }

    /// What the examples of this pattern, one of these, do that they should not.
    #[must_use]
    pub fn failures(&self, row: &Spec) -> Vec<String> {
        let knowledge = Knowledge::default();
        let fits = |call: &Call| {
            let params = call.params();
            let found = self.matched(&params, &facts::of_request(&params, &knowledge), knowledge.analyse_bytes_max);
            found.iter().any(|matched| matched.id == row.id)
        };
        let missed = row.examples.iter().filter(|call| !fits(call)).map(|call| format!("does not fit {call}"));
        let taken = row.not.iter().filter(|call| fits(call)).map(|call| format!("fits {call}, which is a `not`"));
        missed.chain(taken).map(|what| format!("pattern `{}` {what}", row.id)).collect()
    }

    /// Makes ready what the first call would have to wait for: some milliseconds.
    pub fn make_ready(&self) {
        let _ = self.expressions();
    }

    fn of(rows: Vec<Spec>) -> Self {
        Self { rows, expressions: OnceLock::new() }
    }

    fn expressions(&self) -> &Expressions {
        // What ships always compiles, as a test holds, and what an owner adds was compiled when it was read.
        self.expressions.get_or_init(|| Expressions::of(&self.rows).unwrap_or_else(|_| Expressions::none()))
    }
}

/// Those that ship.
impl Default for Patterns {
    fn default() -> Self {
        Self::of(shipped::rows())
    }
}

impl Expressions {
    fn of(rows: &[Spec]) -> Result<Self, regex::Error> {
        let all = || rows.iter().enumerate().flat_map(|(at, row)| row.text.iter().map(move |text| (at, text)));
        let mut set = RegexSetBuilder::new(all().map(|(_, text)| text));
        let set = set.unicode(false).size_limit(COMPILED_BYTES_MAX).build()?;
        Ok(Self { set, rows: all().map(|(at, _)| at).collect() })
    }

    fn none() -> Self {
        Self { set: RegexSet::empty(), rows: vec![] }
    }

    fn rows_in(&self, text: &[u8]) -> BTreeSet<usize> {
        self.set.matches(text).into_iter().filter_map(|at| self.rows.get(at).copied()).collect()
    }
}

impl Spec {
    fn matched(&self) -> Matched {
        Matched { id: self.id.clone(), asi: self.asi, grade: self.grade, reason: self.reason.clone() }
    }

    /// Whether everything but the text fits.
    fn is_about(&self, tool: &str, facts: &Facts) -> bool {
        let named = |pattern: &String| match pattern.strip_suffix('*') {
            Some(begin) => tool.starts_with(begin),
            None => tool == pattern,
        };
        let writes = |name: &String| {
            let is_it =
                |path: &str| path == name || path.strip_suffix(name.as_str()).is_some_and(|dir| dir.ends_with('/'));
            facts.paths.iter().any(|fact| matches!(fact.access, Access::Write) && is_it(&fact.path))
        };
        let runs = |name: &String| facts.programs().any(|program| program == name);
        (self.tool.is_empty() || self.tool.iter().any(named))
            && self.class.iter().all(|class| facts.classes.contains_key(class))
            && (self.program.is_empty() || self.program.iter().any(runs))
            && (self.writes.is_empty() || self.writes.iter().any(writes))
    }
}

#[cfg(test)]
mod tests;
