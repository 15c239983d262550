//! What agents may do without a question for now: for whom, how far, how long still, how often still.

use ccc_protocol::bodies::Grant;
use ratatui::layout::Rect;

use super::{cursor_sign, nothing};
use crate::{
    model::Model,
    paint::Painter,
    scope, span,
    text::{Row, Tone, Untrusted, Visible},
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().list;
    if model.grants.is_empty() {
        return nothing(painter, area, "no grant stands: every request is asked about, or decided by a rule");
    }
    painter.row(area, &Row::new().with(Tone::Title, "  ends in  uses left  agent · action · what may differ"));
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let shown = model.grants.iter().enumerate().skip(model.grant_pick.top);
    for (y, (at, grant)) in (below.y..below.bottom()).zip(shown) {
        let line = Rect { y, height: 1, ..below };
        let here = at == model.grant_pick.at;
        painter.row(line, &row(model, grant, here));
        if here {
            painter.select(line);
        }
    }
}

/// All rows, whatever the screen's size.
pub(super) fn all(model: &Model) -> Vec<Row> {
    model.grants.iter().enumerate().map(|(at, grant)| row(model, grant, at == model.grant_pick.at)).collect()
}

fn row(model: &Model, grant: &Grant, here: bool) -> Row {
    let left = span::until(model.now.wall, grant.until).padded(9);
    let uses = match (grant.uses_left, grant.uses) {
        (Some(left), Some(uses)) => Visible::number(left).then(" of ").then(Visible::number(uses)),
        _ => Visible::label("any"),
    };
    let row = cursor_sign(here).with(Tone::Strong, left).with(Tone::Plain, uses.padded(11));
    let row = row.with(Tone::Plain, Visible::from(&grant.user).then(" · ")).with(Tone::Strong, &grant.action);
    differences(grant).into_iter().fold(row, |row, words| row.with(Tone::Dim, " · ").with(Tone::Agent, words))
}

fn differences(grant: &Grant) -> Vec<Visible> {
    let held = |(name, value): (&String, &serde_json::Value)| {
        let words = grant.differ.get(name).map_or_else(|| crate::summary::value(value), scope::words);
        Untrusted(name).line().then("=").then(words)
    };
    grant.params.iter().map(held).collect()
}
