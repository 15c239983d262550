//! The rows that are always there: who and where, what was just said, and the keys.

use ratatui::layout::Rect;

use crate::{
    console::model::{Model, QueueState, connection::Connection, filter::Filter},
    keys::{Act, Context, View},
    text::{Row, Tone, Untrusted, Visible},
    view::paint::Painter,
    wording::span,
};

pub(super) fn title(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().title;
    let one_row = area.height == 1;
    let first = status(model);
    if one_row {
        // The views stay in sight; what is cut off is the end of the server's name.
        let tabs = tabs(model);
        let room = usize::from(area.width).saturating_sub(tabs.width() + GAP.len());
        let mut row = first.cut(room).with(Tone::Dim, GAP);
        row.0.extend(tabs.0);
        painter.row(area, &row);
    } else {
        painter.rows(area, &[first, tabs(model)]);
    }
    painter.bar(area);
}

/// Between what is so and the views.
const GAP: &str = "   ";

fn status(model: &Model) -> Row {
    let mut row = connection(model);
    let waiting = match (model.queue().waiting(), model.queue_read()) {
        // Nobody takes a queue that could not be read for an empty one.
        (0, QueueState::Failed) => Visible::label("?"),
        (waiting, _) => Visible::number(waiting as u64),
    };
    row.push(Tone::Strong, Visible::label("  ").then(waiting).then(" waiting"));
    if model.queue().snoozed() > 0 {
        row.push(
            Tone::Plain,
            Visible::label(", ").then(Visible::number(model.queue().snoozed() as u64)).then(" snoozed"),
        );
    }
    let list_is_shown = model.view() == View::Queue && model.areas().list.height > 0;
    let (above, below) = if list_is_shown { model.queue().off_screen() } else { (0, 0) };
    for (rows, words) in [(above, " above"), (below, " below")].into_iter().filter(|(rows, _)| *rows > 0) {
        row.push(Tone::Care, Visible::label(", ").then(Visible::number(rows as u64)).then(words));
    }
    let marked = model.queue().marked().len();
    if marked > 0 {
        row.push(Tone::Strong, Visible::label(", ").then(Visible::number(marked as u64)).then(" marked"));
    }
    let stopped = model.policies().list().map_or(0, |list| list.frozen.len());
    if stopped > 0 {
        row.push(Tone::Bad, Visible::label(", ").then(Visible::count(stopped, "agent stopped", "agents stopped")));
    }
    if model.disk_full() {
        row.push(Tone::Bad, ", disk full");
    }
    if let Some(clock) = model.clock() {
        row.push(Tone::Bad, if clock.held { ", clock behind: approvals held" } else { ", clock set back" });
    }
    let who = Visible::label("  ").then(model.me()).then("@").then(model.server().clone());
    row.with(Tone::Dim, who)
}

fn connection(model: &Model) -> Row {
    match model.connection() {
        Connection::Connecting => Row::new().with(Tone::Care, "… connecting"),
        Connection::Live => match model.quiet_seconds() {
            None => Row::new().with(Tone::Good, "● live"),
            Some(quiet) => Row::new().with(Tone::Care, Visible::label("● quiet ").then(span::seconds(quiet))),
        },
        Connection::Lost { retry_at_millis, refused, .. } => {
            let left = span::seconds(retry_at_millis.saturating_sub(model.now().millis).div_ceil(1000));
            let what = if *refused { "✗ refused, again in " } else { "✗ no connection, again in " };
            Row::new().with(Tone::Bad, Visible::label(what).then(left))
        }
    }
}

fn tabs(model: &Model) -> Row {
    let mut row = Row::new();
    for view in View::ALL {
        let (tone, left, right) = if view == model.view() { (Tone::Strong, "[", "]") } else { (Tone::Dim, " ", " ") };
        row.push(tone, Visible::label(left).then(view.name()).then(right));
    }
    row
}

/// What is wrong with the server's config, until it is mended.
pub(super) fn alarm(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().alarm;
    if let Some(fault) = model.config_fault().filter(|_| !area.is_empty()) {
        painter.clear(area);
        painter.row(area, &Row::new().with(Tone::Bad, Visible::label("✗ config not taken: ").then(fault.clone())));
    }
}

/// What was just said; else why the connection is lost.
pub(super) fn notice(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().notice;
    painter.clear(area);
    let row = match (model.notice(), model.connection()) {
        (Some(notice), _) => Row::new().with(notice.tone, notice.text.clone()),
        (None, Connection::Lost { why, .. }) => Row::new().with(Tone::Bad, Untrusted(why).line()),
        (None, _) => filter(model),
    };
    painter.row(area, &row);
}

fn filter(model: &Model) -> Row {
    let words = model.filter().map(Filter::words).unwrap_or_default();
    if words.is_empty() {
        return Row::new();
    }
    Row::new()
        .with(Tone::Care, "filtered by ")
        .with(Tone::Plain, Untrusted(words).line())
        .with(Tone::Dim, "  (esc shows all)")
}

/// The keys that hold here, as far as the row goes; help and quit stay in sight.
pub(super) fn keys(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().keys;
    painter.clear(area);
    painter.row(area, &bar(model, area));
    painter.bar(area);
}

fn bar(model: &Model, area: Rect) -> Row {
    let context = model.context();
    let stands_for_many = context == Context::View(View::Queue) && model.queue().folded().is_some();
    let held: Vec<(Act, Row)> = model
        .config()
        .keys
        .rows(context)
        .filter(|(row, _)| row.act != Act::Filter || model.filter().is_some())
        .filter(|(row, _)| model.here().is_some() || !matches!(row.act, Act::Install | Act::Demo | Act::Container))
        .filter(|(row, _)| !stands_for_many || !row.decides && !matches!(row.act, Act::Mark | Act::Snooze))
        .filter_map(|(row, chords)| Some((row.act, item(&chords.first()?.to_string(), row.bar?))))
        .collect();
    // Where only the list fits, nothing can be decided before the details were opened.
    let opens = stands_for_many || model.areas().details.is_empty() && model.queue().selected().is_some();
    let pinned = |act: &Act| matches!(act, Act::Help | Act::Quit | Act::Back) || opens && *act == Act::Open;
    let mut room = usize::from(area.width);
    room = room.saturating_sub(held.iter().filter(|(act, _)| pinned(act)).map(|(_, item)| item.width()).sum());
    let mut bar = Row::new();
    for (act, item) in held {
        if pinned(&act) || item.width() <= room {
            room = if pinned(&act) { room } else { room - item.width() };
            bar.0.extend(item.0);
        }
    }
    bar
}

fn item(key: &str, word: &'static str) -> Row {
    Row::new().with(Tone::Name, Untrusted(key).line()).with(Tone::Plain, Visible::label(" ").then(word).then("  "))
}
