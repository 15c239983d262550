//! The details of the ticket under the cursor: a head that says how it stands and whether a key would count, then the page.

use ccc_protocol::bodies::{Status, Ticket};
use ratatui::layout::Rect;

use super::folded::folded_rows;

use crate::{
    console::{
        armed::{Refusal, SETTLE_STEPS},
        model::{Model, details::Reading},
    },
    text::{Row, Tone, Visible},
    view::paint::Painter,
    wording::{self, span, summary},
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let areas = model.areas();
    let Some(ticket) = model.queue().selected().filter(|_| !areas.head.is_empty()) else { return };
    if let Some(rows) = folded_rows(model) {
        let pane = Rect { height: areas.head.height + areas.details.height, ..areas.head };
        return painter.rows(pane, &rows);
    }
    painter.rows(areas.head, &[name(model, ticket), standing(model, ticket)]);
    match model.details().reading() {
        Reading::Ready(_) => painter.rows(areas.details, model.details().visible()),
        Reading::Loading | Reading::Nothing => painter.row(areas.details, &Row::new().with(Tone::Dim, "reading …")),
        Reading::Inconsistent => painter.rows(areas.details, &inconsistent()),
        Reading::Failed(why) => {
            let row = Row::new().with(Tone::Bad, Visible::label("cannot be read: ").then(why.clone()));
            painter.rows(areas.details, &row.wrapped(areas.details.width.into(), &Visible::label("  ")));
        }
    }
}

fn inconsistent() -> [Row; 3] {
    [
        Row::new().with(Tone::Bad, "‼ what was sent does not fit its digest"),
        Row::new().with(Tone::Plain, "nothing of it is shown, and it cannot be decided here:"),
        Row::new().with(Tone::Plain, "what would run is not what was asked for"),
    ]
}

/// The id comes first: however long the action's name is, it is never cut off.
fn name(model: &Model, ticket: &Ticket) -> Row {
    let row = Row::new().with(Tone::Dim, summary::short(ticket.id).then(" "));
    let mut row = row.with(Tone::Strong, summary::name(ticket)).with(Tone::Plain, "  ");
    // Without a connection nobody knows.
    let waiting = wording::waiting(ticket, model.now().wall).filter(|_| !model.connection().is_lost());
    match waiting {
        Some(waiting) => row.0.extend(waiting.0),
        None => row.push(Tone::Dim, Visible::label("by ").then(&ticket.submitted_by)),
    }
    row
}

fn standing(model: &Model, ticket: &Ticket) -> Row {
    if ticket.status != Status::Queued {
        return ended(ticket);
    }
    let left = ticket.expires.map_or_else(Visible::default, |expires| {
        Visible::label("  expires in ").then(span::until(model.now().wall, expires))
    });
    let row = armed(model).with(Tone::Dim, left);
    let (rows, top) = (model.details().rows().len(), model.details().top());
    let lines =
        Visible::label("  line ").then(Visible::number(top as u64 + 1)).then("/").then(Visible::number(rows as u64));
    if rows > 0 { row.with(Tone::Dim, lines) } else { row }
}

/// How much of the wait before keys count is over: a bar that fills.
pub(super) fn bar(model: &Model) -> Visible {
    let full = model.armed().settled(model.now().millis).unwrap_or_default();
    let steps = usize::try_from(SETTLE_STEPS).unwrap_or_default();
    (0..steps).map(|step| Visible::label(if step < full { "█" } else { "░" })).collect()
}

/// Whether a key would count now, in words.
fn armed(model: &Model) -> Row {
    if model.dialog().is_some() {
        return Row::new();
    }
    match model.armed().state(model.now().millis) {
        Ok(_) => Row::new().with(Tone::Good, "◆ ready"),
        Err(Refusal::Early | Refusal::Held) => {
            Row::new().with(Tone::Dim, Visible::label("◇ ").then(bar(model)).then(" wait"))
        }
        Err(Refusal::Nothing) => Row::new(),
        Err(refusal) => Row::new().with(Tone::Care, Visible::label("◇ ").then(refusal.words())),
    }
}

fn ended(ticket: &Ticket) -> Row {
    let tone = match ticket.status {
        Status::Failed | Status::Denied | Status::Lost => Tone::Bad,
        _ => Tone::Good,
    };
    Row::new().with(tone, crate::wording::fate(ticket))
}
