//! The list of what waits: only the rows on screen are built, so ten and a hundred thousand cost the same.

use ccc_protocol::bodies::{Status, Ticket};
use ratatui::layout::Rect;

use super::{cursor_sign, nothing, part};
use crate::{
    console::model::{
        Model, QueueState,
        order::{Group, Line},
    },
    text::{Row, Tone, Untrusted, Visible},
    view::paint::Painter,
    wording::{span, summary, verdict},
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let areas = model.areas();
    part(painter, areas.list, areas.head);
    if model.queue().order().is_empty() {
        return nothing(painter, areas.list, why_empty(model));
    }
    for (y, line) in (areas.list.y..areas.list.bottom()).zip(model.queue().visible()) {
        let area = Rect { y, height: 1, ..areas.list };
        painter.row(area, &row(model, line));
        if model.queue().is_cursor(line) {
            painter.select(area);
        }
    }
}

/// Why there is no row. That nothing waits is said only of a queue that was read, and is true as far as anybody knows.
pub(super) fn why_empty(model: &Model) -> &'static str {
    match (model.queue().waiting(), model.queue_read()) {
        (_, QueueState::Unread) => "what waits is not read yet",
        (_, QueueState::Failed) => "what waits could not be read: there may be requests that are not shown",
        (0, QueueState::Read) => "nothing waits",
        (_, QueueState::Read) => "nothing fits the filter, or all is put aside",
    }
}

/// The first rows of the list, whatever the screen's size, each request with the id that `find` takes.
pub(super) fn all(model: &Model, rows_max: usize) -> Vec<Row> {
    let named = |line: &Line| match line.ticket {
        Some(id) => Row(Row::new()
            .with(Tone::Dim, summary::short(id).then(" "))
            .0
            .into_iter()
            .chain(row(model, line).0)
            .collect()),
        None => row(model, line),
    };
    model.queue().order().from(0).take(rows_max).map(named).collect()
}

fn row(model: &Model, line: &Line) -> Row {
    match line.ticket.and_then(|id| model.queue().ticket(id)) {
        Some(ticket) => ticket_row(model, line, ticket),
        None => head(model, &line.group),
    }
}

fn head(model: &Model, group: &Group) -> Row {
    let agent = group.agent.as_ref().map_or_else(Visible::default, Visible::from);
    let mut row = Row::new().with(Tone::Title, agent);
    if let Some(session) = &group.session {
        row.push(Tone::Dim, Visible::label(" · session ").then(Untrusted(session).line()));
    }
    let count = model.queue().order().count(group);
    row.with(Tone::Dim, Visible::label(" (").then(Visible::number(count as u64)).then(")"))
}

fn ticket_row(model: &Model, line: &Line, ticket: &Ticket) -> Row {
    let mark = if model.queue().is_marked(ticket.id) { "✓" } else { " " };
    let mut row = cursor_sign(model.queue().is_cursor(line)).with(Tone::Strong, mark);
    let (tone, sign) = verdict::sign(ticket);
    row.push(tone, Visible::label(sign).then(" "));
    row.push(Tone::Dim, standing(model, ticket).padded(4).then(" "));
    if let Some((tone, short)) = verdict::short(ticket) {
        row.push(tone, short.then("  "));
    }
    // What a row ends with tells as much as its beginning: what is left out stands in the middle.
    let room = usize::from(model.areas().list.width).saturating_sub(row.width());
    row.with(Tone::Agent, summary::in_row(ticket).cut_middle(room))
}

/// Seconds left that are few enough to be told in the list.
const SHORT_SECONDS: u64 = 300;

/// Age while it waits, and time left where that is short; how it stands once it does not.
fn standing(model: &Model, ticket: &Ticket) -> Visible {
    if model.is_deciding(ticket.id) {
        return Visible::label("sent …");
    }
    if ticket.status != Status::Queued {
        return Visible::label(ticket.status.as_str());
    }
    let age = span::age(model.now().wall, ticket.created).padded(4);
    let now = model.now().wall;
    match ticket.expires.filter(|expires| expires.millis_since(now) / 1000 < SHORT_SECONDS) {
        Some(expires) => age.then("→").then(span::until(now, expires)),
        None => age,
    }
}
