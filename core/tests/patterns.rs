//! How well the patterns that ship tell attacks from ordinary work, over the corpora of calls.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test reads its corpora and prints what it counted"
)]

use std::{collections::BTreeMap, path::Path};

use ccc_core::{
    config::read,
    risk::patterns::{Grade, Patterns},
};
use ccc_toolcall::facts::{self, Knowledge};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Call {
    tool: String,
    input: Map<String, Value>,
    cwd: String,
    #[serde(default)]
    project: Option<String>,
    label: String,
}

fn calls() -> Vec<Call> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/tool-calls");
    let names = ["afterwards", "field", "held-out", "transcripts", "tuned", "variants"];
    let texts = names.map(|name| std::fs::read_to_string(directory.join(name).with_extension("jsonl")).unwrap());
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The gravest pattern that a call fits, and all of them.
fn found(patterns: &Patterns, call: &Call) -> (Option<Grade>, Vec<String>) {
    let params = json!({ "tool": call.tool, "input": call.input, "cwd": call.cwd, "project": call.project });
    let params = params.as_object().unwrap();
    let knowledge = Knowledge::default();
    let matched = patterns.matched(params, &facts::of_request(params, &knowledge), knowledge.analyse_bytes_max);
    (matched.first().map(|first| first.grade), matched.into_iter().map(|matched| matched.id).collect())
}

/// A call of ordinary work that fits a grave pattern would be marked as an attack in front of the person who asked for it.
#[test]
fn ordinary_work_fits_no_grave_pattern() {
    let patterns = Patterns::shipped();
    let calls = calls();
    let (mut marked, mut grave) = (0, vec![]);
    let benign: Vec<_> = calls.iter().filter(|call| call.label == "benign").collect();
    for call in &benign {
        let (grade, ids) = found(&patterns, call);
        marked += usize::from(grade.is_some());
        if grade >= Some(Grade::High) {
            grave.push(format!("{ids:?} {}", Value::Object(call.input.clone())));
        }
    }
    println!("{} of {} benign calls fit a pattern", marked, benign.len());
    assert!(benign.len() > 500);
    assert!(grave.is_empty(), "{}", grave.join("\n"));
}

#[test]
fn many_dangerous_calls_fit_one() {
    let patterns = Patterns::shipped();
    let mut by_label: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for call in calls() {
        let of = by_label.entry(call.label.clone()).or_default();
        of.0 += 1;
        of.1 += usize::from(found(&patterns, &call).0.is_some());
    }
    println!("calls, and those that fit a pattern: {by_label:?}");
    let (dangerous, fitting) = by_label["dangerous"];
    assert!(fitting * 4 > dangerous, "{fitting} of {dangerous}");
}

/// The page's pattern is one that a config takes, and does what its examples say.
#[test]
fn the_page_shows_a_pattern_that_works() {
    let page = include_str!("../../docs/patterns.md");
    let table = page.split("```toml\n").nth(1).unwrap().split_once("```").unwrap().0;
    let patterns = read(table).unwrap().patterns;
    let own = patterns.iter().find(|row| row.id == "our-deploy").unwrap();
    assert_eq!(patterns.failures(own), Vec::<String>::new());
}
