//! False alarms: a day's ordinary work, call after call in sessions, is asked no more than without risk.

use std::{collections::BTreeMap, path::Path};

use ccc_core::{config, desk::Desk, risk::TextSigns};
use ccc_protocol::{actions::USE_TOOL, bodies::Status};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::rig::{self, Rig, law, rank};

/// A row of the corpora in `tests/corpus/tool-calls`, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    label: String,
    tool: String,
    input: Map<String, Value>,
    cwd: String,
    #[serde(default)]
    project: Option<String>,
}

fn rows() -> Vec<Row> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/corpus/tool-calls");
    let files = ["transcripts.jsonl", "tuned.jsonl", "held-out.jsonl", "field.jsonl", "variants.jsonl"];
    let text = |name| std::fs::read_to_string(directory.join(name)).unwrap();
    let lines = |text: String| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Row>>();
    files.into_iter().flat_map(|name| lines(text(name))).collect()
}

/// What was asked or refused beyond what rules alone ask, by its first reason.
struct Day {
    calls: usize,
    asked_by_rules: usize,
    more: BTreeMap<String, usize>,
    rows: Vec<String>,
}

/// Sessions of forty calls, a call every twenty seconds; who is asked says yes.
fn day(rows: &[Row], times: usize) -> Day {
    let mut rig = Rig::new(config::starter());
    let alone_law = law(config::starter());
    let mut day = Day { calls: 0, asked_by_rules: 0, more: BTreeMap::new(), rows: vec![] };
    for (at, row) in (0..times).flat_map(|time| rows.iter().cycle().skip(time * 37).take(rows.len())).enumerate() {
        let params = json!({
            "host": "claude", "tool": row.tool, "native": row.tool, "input": row.input, "cwd": row.cwd,
            "session": format!("session {}", at / 40), "agent": "main",
        });
        let mut params = params.as_object().unwrap().clone();
        params.extend(row.project.clone().map(|project| ("project".to_owned(), project.into())));
        rig.now += 20;
        rig.work(Desk::tick);
        let submission = rig.submission(USE_TOOL, params.clone(), TextSigns::default());
        let alone = rig::alone(&rig, &alone_law, &submission);
        let ticket = rig.work(|desk, cx, change| desk.open_or_find(submission, None, cx, change)).unwrap().ticket;
        day.calls += 1;
        day.asked_by_rules += usize::from(alone == 2);
        if rank(ticket.status()) > alone {
            let reason = ticket.request().rule.split("; ").next().unwrap_or_default().to_owned();
            let reason = reason.split('(').nth(1).unwrap_or(&reason).split(',').next().unwrap_or_default().to_owned();
            *day.more.entry(reason).or_default() += 1;
            day.rows.push(format!("{:?}: {}", row.input, ticket.request().rule));
        }
        if ticket.status() == Status::Queued {
            rig.approve(&ticket, None).unwrap();
            let again = rig.submission(USE_TOOL, params, TextSigns::default());
            rig.work(|desk, cx, change| desk.open_or_find(again, None, cx, change)).unwrap();
        }
    }
    day
}

#[test]
fn a_days_ordinary_work_is_asked_no_more_than_without_risk() {
    let benign: Vec<Row> = rows().into_iter().filter(|row| row.label == "benign").collect();
    let day = day(&benign, 6);
    assert!(day.calls >= 2_000, "{} calls", day.calls);
    println!("benign: {} calls, {} asked by rules, {:?} more", day.calls, day.asked_by_rules, day.more);
    assert!(day.more.is_empty(), "{:#?}", day.rows);
}

#[test]
fn work_with_all_that_is_asked_and_released_is_asked_little_more() {
    let work: Vec<Row> = rows().into_iter().filter(|row| row.label != "dangerous").collect();
    let day = day(&work, 1);
    println!("released: {} calls, {} asked by rules, {:?} more", day.calls, day.asked_by_rules, day.more);
    let more: usize = day.more.values().sum();
    assert!(more * 100 <= day.calls, "{more} of {}: {:#?}", day.calls, day.rows);
}
