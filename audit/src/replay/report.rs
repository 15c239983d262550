//! What a replay found, for a person and for a program.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    path::Path,
};

use ccc_core::replay::{Apart, Case, Compared, Outcome, Unread};
use ccc_protocol::{Timestamp, visible};
use serde_json::json;

/// What a replay found.
pub(super) struct Report<'a> {
    pub(super) since: Timestamp,
    pub(super) config: &'a Path,
    pub(super) apart: BTreeMap<Apart, u64>,
    pub(super) unread: BTreeMap<Unread, u64>,
    pub(super) compared: Compared,
}

impl Report<'_> {
    /// One object. What agents wrote stands in it as JSON writes it, characters that nobody sees escaped.
    pub(super) fn json(&self) -> String {
        let Compared { calls, was, would, cases } = &self.compared;
        let object = json!({
            "since": self.since, "config": self.config.display().to_string(), "requests": was.sum(), "calls": calls,
            "was": was, "would": would, "questions": self.questions(), "changed": self.compared.changed(),
            "cases": cases.iter().map(of_case).collect::<Vec<_>>(), "apart": self.apart, "not_replayed": self.unread,
        });
        visible::json(&object.to_string())
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} since {}, {}, under `{}`\n\n",
            number(self.compared.was.sum(), "request"),
            self.since,
            number(self.compared.calls, "different call"),
            visible::marked(&self.config.display().to_string()),
        );
        text.push_str(&self.table());
        text.push_str(&self.cases());
        text.push_str(&told("not in a config, and not compared", &self.apart, Apart::words));
        text.push_str(&told("not replayed: entries", &self.unread, Unread::words));
        text
    }

    fn questions(&self) -> i64 {
        let asked = |counts: &ccc_core::replay::Counts| i64::try_from(counts.of(Outcome::Asked)).unwrap_or(i64::MAX);
        asked(&self.compared.would) - asked(&self.compared.was)
    }

    fn table(&self) -> String {
        let Compared { was, would, .. } = &self.compared;
        let mut text = format!("{:<10}{:>10}{:>12}\n", "", "was", "would be");
        for outcome in Outcome::ALL {
            let (was, would) = (was.of(outcome), would.of(outcome));
            if was > 0 || would > 0 || outcome == Outcome::Asked {
                let questions = match self.questions() {
                    more if outcome == Outcome::Asked && more > 0 => {
                        format!("  {} more", number(more.unsigned_abs(), "question"))
                    }
                    fewer if outcome == Outcome::Asked && fewer < 0 => {
                        format!("  {} fewer", number(fewer.unsigned_abs(), "question"))
                    }
                    _ => String::new(),
                };
                // Writing to a String cannot fail, here and below.
                let _ = writeln!(text, "{:<10}{was:>10}{would:>12}{questions}", outcome.as_str());
            }
        }
        text
    }

    fn cases(&self) -> String {
        let (looser, stricter): (Vec<_>, Vec<_>) = self.compared.cases.iter().partition(|case| case.is_looser());
        if self.compared.cases.is_empty() {
            return "\nnothing would change\n".to_owned();
        }
        let mut text = String::new();
        for (title, cases) in [("would pass more easily", looser), ("would be stricter", stricter)] {
            if cases.is_empty() {
                continue;
            }
            let times: u64 = cases.iter().map(|case| case.times).sum();
            let _ = writeln!(text, "\n{title}: {}", number(times, "request"));
            for case in cases {
                let Case { caller, call, was, was_by, would, would_by, times, last, ticket, .. } = case;
                let [call, was_by, would_by] = [call, was_by, would_by].map(|text| visible::marked(text));
                let _ = writeln!(text, "{times:>6} × {was} → {would}  {caller}  {call}");
                let _ = writeln!(text, "         was       {was_by}");
                let _ = writeln!(text, "         would be  {would_by}");
                let _ = writeln!(text, "         last      {last}, ticket {ticket}");
            }
        }
        text
    }
}

fn of_case(case: &Case) -> serde_json::Value {
    let mut object = json!(case);
    if let Some(object) = object.as_object_mut() {
        object.insert("looser".to_owned(), case.is_looser().into());
    }
    object
}

fn number(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn told<K: Copy, W: Display>(title: &str, counts: &BTreeMap<K, u64>, words: impl Fn(K) -> W) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {}", words(*what))).collect();
    format!("\n{title}: {}\n", counts.join(", "))
}
