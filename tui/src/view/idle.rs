//! The queue's page while nothing waits: where the console works, what to do first, and what agents do.

use ccc_core::replay::Outcome;
use ccc_protocol::bodies::AuditEntry;
use ratatui::layout::Rect;
use serde_json::Value;

use crate::{
    console::model::{
        Model,
        here::{Here, Hook, Whose},
        stream::{OUTCOMES, outcome},
    },
    keys::{Act, Context},
    text::{Row, Tone, Untrusted, Visible},
    view::paint::Painter,
    wording::{span, summary},
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let body = model.areas().body;
    let (head, ways) = (head(model), ways(model));
    let above = head.len() + 1;
    let stream: Vec<Row> = stream(model).take(usize::from(body.height)).collect();
    // Where agents ask already, what they do comes first; where none does, what to do about it.
    let rows = match stream.is_empty() {
        true => [head, vec![Row::new()], ways].concat(),
        false => {
            let room = usize::from(body.height).saturating_sub(above + ways.len() + 2).max(STREAM_ROWS_MIN);
            let stream = stream.into_iter().take(room).collect();
            [head, vec![Row::new()], vec![counts(model)], stream, vec![Row::new()], ways].concat()
        }
    };
    painter.rows(Rect { x: body.x + 1, width: body.width.saturating_sub(1), ..body }, &rows);
}

/// Whatever the screen's size, the last of what agents did is on it.
const STREAM_ROWS_MIN: usize = 3;

/// All of it, for the line console.
pub(super) fn all(model: &Model, rows_max: usize) -> Vec<Row> {
    let mut rows = [head(model), ways(model), vec![counts(model)]].concat();
    rows.extend(stream(model).take(rows_max));
    rows
}

fn head(model: &Model) -> Vec<Row> {
    let mut rows = vec![Row::new().with(Tone::Strong, "nothing waits")];
    let Some(here) = model.here() else { return rows };
    let fact = |name: &'static str, value: Visible| {
        Row::new().with(Tone::Name, Visible::label(name).padded(FACT_CELLS)).with(Tone::Plain, value)
    };
    rows.push(fact("directory", here.directory.clone()).with(Tone::Dim, agents_have(here)));
    rows.push(fact("config", here.config.clone()));
    rows.push(fact("server", server(here)).with(Tone::Dim, Visible::label("  it says: ").then(here.log.clone())));
    rows
}

const FACT_CELLS: usize = 11;

fn agents_have(here: &Here) -> &'static str {
    match &here.server {
        Whose::Ours => "  agents have it as /workspace",
        Whose::Joined { offers: Some(_), .. } => "  agents do not have it",
        Whose::Joined { offers: None, .. } => "  agents have it",
    }
}

fn server(here: &Here) -> Visible {
    match &here.server {
        Whose::Ours => Visible::label("this console's, and ends with it"),
        Whose::Joined { process, directory, .. } => {
            let mut words = Visible::label("was running already");
            if let Some(process) = process {
                words = words.then(", process ").then(Visible::number(*process));
            }
            directory
                .as_ref()
                .map_or_else(|| words.clone(), |dir| words.clone().then(", gives agents ").then(dir.clone()))
        }
    }
}

/// What a person can do first; only what there is here.
fn ways(model: &Model) -> Vec<Row> {
    let key = |act, words: Visible| {
        let chord = model.config().keys.key(Context::Idle, act).map(|chord| chord.to_string()).unwrap_or_default();
        Row::new().with(Tone::Name, Untrusted(&chord).line().padded(3)).with(Tone::Plain, words)
    };
    let Some(here) = model.here() else {
        let words =
            "`ccc-hook install --agent NAME --secrets FILE` puts the question before a coding agent's tool calls";
        return vec![Row::new().with(Tone::Dim, words)];
    };
    let mut rows = vec![
        key(Act::Install, Visible::label("the hook, before what coding agents do here: ").then(hooks(model))),
        key(Act::Container, Visible::label("how an agent's container is started")),
        key(Act::Demo, Visible::label("two requests to try it with, to approve and to deny; nothing is run")),
    ];
    if let Whose::Joined { offers: Some(name), .. } = &here.server {
        rows.push(key(Act::Volume, Visible::label("give agents this directory too, as ").then(name.clone())));
    }
    rows
}

fn hooks(model: &Model) -> Visible {
    let word = |hook: &Hook| hook.title.clone().then(if hook.in_place { " (installed)" } else { " (not yet)" });
    match model.hooks() {
        None => Visible::label("looking for agents …"),
        Some([]) => Visible::label("no agent that it knows is in PATH"),
        Some(hooks) => {
            let words = hooks.iter().map(word).reduce(|words, word| words.then(", ").then(word));
            words.unwrap_or_default()
        }
    }
}

/// How many requests there were of late, by what became of them.
fn counts(model: &Model) -> Row {
    let counts = model.counts();
    let span = match counts.cut_at {
        Some(oldest) => span::age(model.now().wall, oldest),
        None => Visible::label("24h"),
    };
    let row = Row::new().with(Tone::Title, Visible::label("IN THE LAST ").then(span));
    OUTCOMES.into_iter().fold(row, |row, outcome| {
        let number = Visible::number(counts.come_to(outcome) as u64);
        row.with(Tone::Plain, "  ").with(tone(outcome), number.then(" ").then(outcome.as_str()))
    })
}

/// What agents asked for, the newest first.
fn stream(model: &Model) -> impl Iterator<Item = Row> {
    model.history().all_newest().filter_map(|entry| Some(row(model, entry, outcome(entry)?)))
}

fn row(model: &Model, entry: &AuditEntry, outcome: Outcome) -> Row {
    let params = entry.detail.get("params").and_then(Value::as_object);
    let asked = entry.action.as_ref().zip(params).map(|(action, params)| summary::asked(action, params));
    let who = entry.about.as_ref().map_or_else(Visible::default, Visible::from);
    Row::new()
        .with(Tone::Dim, span::age(model.now().wall, entry.at).padded(5))
        .with(tone(outcome), Visible::label(outcome.as_str()).padded(9))
        .with(Tone::Dim, who.then("  "))
        .with(Tone::Agent, asked.unwrap_or_default())
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Passed | Outcome::Confined => Tone::Good,
        Outcome::Asked => Tone::Care,
        Outcome::Denied | Outcome::Refused => Tone::Bad,
    }
}
