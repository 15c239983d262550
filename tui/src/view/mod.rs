//! Drawing. Everything comes from the model; nothing here changes it. Only rows on screen are built.

mod agents;
mod bars;
mod details;
mod dialogs;
mod folded;
mod grants;
mod history;
mod idle;
mod list;
pub mod paint;
mod plain;
mod policies;
pub mod theme;

pub use folded::folded_rows;
pub use plain::{dialog_rows, view_rows};
use ratatui::{Frame, layout::Rect};

use crate::{
    console::model::{HEIGHT_MIN, Model, WIDTH_MIN},
    keys::View,
    text::{Row, Tone, Visible},
    view::paint::Painter,
    view::theme::Theme,
};

/// Draws one frame.
pub fn view(model: &Model, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut painter = Painter::new(frame.buffer_mut(), theme);
    if model.size().is_enough() && area.width >= model.size().width && area.height >= model.size().height {
        draw(model, &mut painter);
    } else {
        too_small(model, area, &mut painter);
    }
}

fn draw(model: &Model, painter: &mut Painter<'_>) {
    bars::title(model, painter);
    bars::alarm(model, painter);
    match model.view() {
        View::History => history::draw(model, painter),
        View::Grants => grants::draw(model, painter),
        View::Policies => policies::draw(model, painter),
        View::Agents => agents::draw(model, painter),
        View::Queue if model.is_idle() => idle::draw(model, painter),
        View::Queue => {
            list::draw(model, painter);
            details::draw(model, painter);
        }
    }
    dialogs::draw(model, painter);
    bars::notice(model, painter);
    bars::keys(model, painter);
}

/// Below the smallest size nothing is shown that could be half of something.
fn too_small(model: &Model, area: Rect, painter: &mut Painter<'_>) {
    let wanted = Visible::label("needs ").then(Visible::number(WIDTH_MIN)).then("×").then(Visible::number(HEIGHT_MIN));
    let rows = [
        Row::new().with(Tone::Strong, wanted),
        Row::new().with(
            Tone::Plain,
            Visible::label("has ")
                .then(Visible::number(model.size().width))
                .then("×")
                .then(Visible::number(model.size().height)),
        ),
        Row::new().with(Tone::Plain, Visible::number(model.queue().waiting() as u64).then(" waiting")),
        Row::new().with(Tone::Dim, "nothing can be decided here"),
    ];
    painter.rows(area, &rows);
}

/// Lists and details side by side are parted by a line.
pub(super) fn part(painter: &mut Painter<'_>, list: Rect, head: Rect) {
    if list.is_empty() || head.is_empty() {
        return;
    }
    if head.x > list.x {
        painter.edge(Rect { x: head.x - 2, width: 1, ..list });
    } else {
        painter.rule(Rect { y: list.bottom(), height: 1, ..list });
    }
}

/// A row of a list: a sign under the cursor, so that no colour is needed to find it.
pub(super) fn cursor_sign(here: bool) -> Row {
    Row::new().with(Tone::Strong, if here { "▶ " } else { "  " })
}

/// Rows under their heads, for the line console; nothing where there are none.
pub(super) fn titled(title: &'static str, rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows = rows.peekable();
    let head = rows.peek().map(|_| Row::new().with(Tone::Title, title));
    head.into_iter().chain(rows).collect()
}

/// What a list says that has no rows.
pub(super) fn nothing(painter: &mut Painter<'_>, area: Rect, words: &'static str) {
    painter.row(area, &Row::new().with(Tone::Dim, words));
}
