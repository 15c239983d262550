//! Patterns of attack in the text of a call: what ships in `core/patterns`, and the owner's own files beside them.
//!
//! A pattern lets nothing pass. It says that a call looks like something known, how grave that is, and why, in words. Its regular
//! expressions read bytes in linear time, and one that would be slow is refused where it is loaded ([`spec::Spec::faults`]).

mod shipped;
mod spec;
mod text;

use std::{collections::BTreeSet, fmt, sync::LazyLock};

use ccc_protocol::bodies::{Access, Facts};
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

/// What is wrong with a file of patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The pattern, where it is about one.
    pub id: Option<String>,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}: `{id}`: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Patterns, ready to look for.
#[derive(Debug, Clone)]
pub struct Patterns {
    rows: Vec<Spec>,
    /// Every expression of every pattern, looked for in one pass.
    set: RegexSet,
    /// For each expression of the set, the row that it is of.
    rows_of_set: Vec<usize>,
}

/// The largest set of expressions, compiled, in bytes: files cannot ask for unbounded memory.
const COMPILED_BYTES_MAX: usize = 16 << 20;

impl Patterns {
    /// Those that ship.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Patterns> = LazyLock::new(|| Patterns::of(shipped::rows()).unwrap_or_default());
        &SHIPPED
    }

    /// Those that ship and the owner's own, each file with its name.
    ///
    /// # Errors
    /// Everything that is wrong with the owner's files.
    pub fn with(own: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        let (mut rows, mut faults) = (shipped::rows(), vec![]);
        let mut ids: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
        for (file, text) in own {
            match read(file, text) {
                Ok(read) => rows.extend(read),
                Err(of_file) => faults.extend(of_file),
            }
            for row in rows.iter().skip(ids.len()) {
                if !ids.insert(row.id.clone()) {
                    let what = "another pattern has this id; choose one of your own".to_owned();
                    faults.push(Fault { file: file.clone(), id: Some(row.id.clone()), what });
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let file = own.iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>().join(", ");
        Self::of(rows).map_err(|error| vec![Fault { file, id: None, what: error.to_string() }])
    }

    /// Every pattern, those that ship first.
    pub fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.rows.iter()
    }

    /// The patterns that this call of a tool fits, gravest first. Of a longer text no more than `bytes_max` bytes are looked at:
    /// what is longer is not read by anybody, and asked.
    #[must_use]
    pub fn matched(&self, params: &Map<String, Value>, facts: &Facts, bytes_max: usize) -> Vec<Matched> {
        let text = text::of_call(params, facts, bytes_max);
        let said: BTreeSet<usize> =
            self.set.matches(&text).into_iter().filter_map(|at| self.rows_of_set.get(at).copied()).collect();
        let tool = params.get("tool").and_then(Value::as_str).unwrap_or_default();
        let fits = |(at, row): &(usize, &Spec)| (row.text.is_empty() || said.contains(at)) && row.is_about(tool, facts);
        let mut found: Vec<_> = self.rows.iter().enumerate().filter(fits).map(|(_, row)| row.matched()).collect();
        found.sort_by_key(|matched| std::cmp::Reverse(matched.grade));
        found
    }

    fn of(rows: Vec<Spec>) -> Result<Self, regex::Error> {
        let all = || rows.iter().enumerate().flat_map(|(at, row)| row.text.iter().map(move |text| (at, text)));
        let mut set = RegexSetBuilder::new(all().map(|(_, text)| text));
        let set = set.unicode(false).size_limit(COMPILED_BYTES_MAX).build()?;
        let rows_of_set = all().map(|(at, _)| at).collect();
        Ok(Self { set, rows_of_set, rows })
    }
}

/// None at all.
impl Default for Patterns {
    fn default() -> Self {
        Self { rows: vec![], set: RegexSet::empty(), rows_of_set: vec![] }
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
