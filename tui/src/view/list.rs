//! The list of what waits: only the rows on screen are built, so ten and a hundred thousand cost the same.

use ccc_protocol::{
    TicketId,
    bodies::{Status, Ticket},
};
use ratatui::layout::Rect;

use super::{cursor_sign, folded, nothing, part};
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
    let mut lines = model.queue().visible().peekable();
    for y in areas.list.y..areas.list.bottom() {
        let Some(line) = lines.next() else { break };
        let area = Rect { y, height: 1, ..areas.list };
        // A head is worded by the first request below it.
        let first = lines.peek().and_then(|next| next.ticket);
        painter.row(area, &row(model, line, first));
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
        (_, QueueState::Read) => "nothing fits the filter, or all is snoozed",
    }
}

/// The first rows of the list, whatever the screen's size, each request with the id that `find` takes.
pub(super) fn all(model: &Model, rows_max: usize) -> Vec<Row> {
    let named = |line: &Line| match line.ticket {
        Some(id) => Row(Row::new()
            .with(Tone::Dim, summary::short(id).then(" "))
            .0
            .into_iter()
            .chain(row(model, line, None).0)
            .collect()),
        None => row(model, line, None),
    };
    model.queue().order().from(0).take(rows_max).map(named).collect()
}

fn row(model: &Model, line: &Line, first: Option<TicketId>) -> Row {
    match line.ticket.and_then(|id| model.queue().ticket(id)) {
        Some(ticket) => ticket_row(model, line, ticket),
        None => head(model, &line.group, first.and_then(|id| model.queue().ticket(id))),
    }
}

/// Whose they are, and of which project; a session has a name only for machines, of which the end is enough to tell two apart.
fn head(model: &Model, group: &Group, first: Option<&Ticket>) -> Row {
    let agent = group.agent.as_ref().map_or_else(Visible::default, Visible::from);
    let mut row = Row::new().with(Tone::Title, agent);
    if let Some(server) = &group.tools_of {
        row.push(Tone::Plain, Visible::label(" · tools of ").then(Untrusted(server).line().cut(SERVER_CELLS)));
    }
    if let Some(session) = &group.session {
        if let Some(project) = first.and_then(summary::project) {
            row.push(Tone::Plain, Visible::label(" · ").then(project));
        }
        if let Some(subagent) = first.and_then(summary::subagent) {
            row.push(Tone::Plain, Visible::label(" · ").then(subagent));
        }
        let line = Untrusted(session).line();
        let cells = line.width();
        let name = match cells > 2 * SESSION_CELLS {
            true => Visible::label("…").then(line.split(cells - SESSION_CELLS).1),
            false => line,
        };
        row.push(Tone::Dim, Visible::label(" · session ").then(name));
    }
    let count = model.queue().order().count(group);
    row.with(Tone::Dim, Visible::label(" (").then(Visible::number(count as u64)).then(")"))
}

/// Of a server's name so much is shown.
const SERVER_CELLS: usize = 24;
/// Of a session's name so much is shown.
const SESSION_CELLS: usize = 6;

fn ticket_row(model: &Model, line: &Line, ticket: &Ticket) -> Row {
    let mark = if model.queue().is_marked(ticket.id) { "✓" } else { " " };
    let mut row = cursor_sign(model.queue().is_cursor(line)).with(Tone::Strong, mark);
    let (tone, sign) = verdict::sign(ticket);
    row.push(tone, Visible::label(sign).then(" "));
    let standing = standing(model, ticket);
    if !standing.is_empty() {
        row.push(Tone::Dim, standing.padded(4).then(" "));
    }
    if let Some((tone, short)) = verdict::short(ticket) {
        row.push(tone, short.then("  "));
    }
    if let Some(count) = model.queue().order().folded(&line.group) {
        row.push(Tone::Agent, folded::told(line.group.tools_of.as_deref().unwrap_or_default(), count));
        return row;
    }
    // What a row ends with tells as much as its beginning: what is left out stands in the middle.
    let room = usize::from(model.areas().list.width).saturating_sub(row.width());
    row.with(Tone::Agent, summary::in_row(ticket).cut_middle(room))
}

/// Seconds left that are few enough to be told in the list.
const SHORT_SECONDS: u64 = 300;

/// Lists of fewer cells tell no age.
const AGE_MIN: u16 = 44;

/// Age while it waits, and time left where that is short; how it stands once it does not.
fn standing(model: &Model, ticket: &Ticket) -> Visible {
    if model.is_deciding(ticket.id) {
        return Visible::label("sent …");
    }
    if ticket.status != Status::Queued {
        return crate::wording::status(ticket.status);
    }
    let now = model.now().wall;
    // On the smallest screens there is room for what is asked alone.
    let age = match model.areas().list.width < AGE_MIN {
        true => Visible::default(),
        false => span::age(now, ticket.created).padded(4),
    };
    match ticket.expires.filter(|expires| expires.millis_since(now) / 1000 < SHORT_SECONDS) {
        Some(expires) => age.then("→").then(span::until(now, expires)),
        None => age,
    }
}
