//! What agents may do without a question for now: for whom, how far, how long still, how often still.

use ccc_protocol::bodies::Grant;
use ratatui::layout::Rect;

use super::{cursor_sign, nothing, part};
use crate::{
    console::model::Model,
    document,
    text::{Row, Tone, Untrusted, Visible},
    view::paint::Painter,
    wording::{self, span},
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let areas = model.areas();
    part(painter, areas.list, areas.head);
    if model.grants().is_empty() {
        return nothing(painter, areas.list, "no grant stands: every request is asked about, or decided by a rule");
    }
    painter.row(areas.list, &Row::new().with(Tone::Title, TITLE));
    let below = Rect { y: areas.list.y + 1, height: areas.list.height.saturating_sub(1), ..areas.list };
    let shown = model.grants().iter().enumerate().skip(model.grant_pick().top);
    for (y, (at, grant)) in (below.y..below.bottom()).zip(shown) {
        let line = Rect { y, height: 1, ..below };
        let here = at == model.grant_pick().at;
        painter.row(line, &row(model, grant, here));
        if here {
            painter.select(line);
        }
    }
    painter.row(areas.head, &Row::new().with(Tone::Dim, Visible::count(model.grants().len(), "grant", "grants")));
    painter.rows(areas.details, model.grant_page().iter().skip(model.pane_scroll()));
}

const TITLE: &str = "  ends in  uses left  agent · action · what may differ";

/// All rows, whatever the screen's size.
pub(super) fn all(model: &Model) -> Vec<Row> {
    let rows = model.grants().iter().enumerate().map(|(at, grant)| row(model, grant, at == model.grant_pick().at));
    super::titled(TITLE, rows)
}

fn row(model: &Model, grant: &Grant, here: bool) -> Row {
    let left = span::until(model.now().wall, grant.until).padded(9);
    let row = cursor_sign(here).with(Tone::Strong, left).with(Tone::Plain, document::uses(grant).padded(11));
    let row = row.with(Tone::Plain, Visible::from(&grant.user).then(" · ")).with(Tone::Strong, &grant.action);
    differences(grant).into_iter().fold(row, |row, words| row.with(Tone::Dim, " · ").with(Tone::Agent, words))
}

/// What may differ comes first, and what must be equal after it.
fn differences(grant: &Grant) -> Vec<Visible> {
    let differ = grant.differ.iter().map(|(name, difference)| (name, wording::difference(difference)));
    let equal = grant.params.iter().filter(|(name, _)| !grant.differ.contains_key(*name));
    let equal = equal.map(|(name, value)| (name, crate::wording::summary::value(value)));
    differ.chain(equal).map(|(name, words)| Untrusted(name).line().then("=").then(words)).collect()
}
