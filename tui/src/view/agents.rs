//! The agents: who waits for answers, who holds grants, who is stopped.

use ccc_protocol::UserName;
use ratatui::layout::Rect;

use super::{cursor_sign, nothing};
use crate::{
    console::model::Model,
    text::{Row, Tone, Visible},
    view::paint::Painter,
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().list;
    let agents = model.agents();
    if agents.is_empty() {
        return nothing(painter, area, "nobody is known whom you may approve for");
    }
    painter.row(area, &Row::new().with(Tone::Title, TITLE));
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    for (y, (at, agent)) in (below.y..below.bottom()).zip(agents.iter().enumerate().skip(model.agent_pick().top)) {
        let line = Rect { y, height: 1, ..below };
        let here = at == model.agent_pick().at;
        painter.row(line, &row(model, agent, here));
        if here {
            painter.select(line);
        }
    }
}

/// Whether it may ask comes before the figures: on a narrow screen the rest is cut off, visibly.
const TITLE: &str = "  agent             state    waiting  grants";

/// All rows, whatever the screen's size.
pub(super) fn all(model: &Model) -> Vec<Row> {
    let agents = model.agents();
    let rows = agents.iter().enumerate().map(|(at, agent)| row(model, agent, at == model.agent_pick().at));
    super::titled(TITLE, rows)
}

fn row(model: &Model, agent: &UserName, here: bool) -> Row {
    let waiting = model.queue().waiting_by_agent().get(agent).copied().unwrap_or(0);
    let grants = model.grants().iter().filter(|grant| grant.user == *agent).count();
    let number = |count: usize, cells| Visible::number(count as u64).padded(cells);
    let row = cursor_sign(here).with(Tone::Strong, Visible::from(agent).padded(18));
    let state = |words| Visible::label(words).padded(9);
    let row = if model.is_frozen(agent) {
        row.with(Tone::Bad, state("stopped"))
    } else if model.is_held(agent) {
        row.with(Tone::Care, state("held"))
    } else {
        row.with(Tone::Good, state("may ask"))
    };
    row.with(Tone::Plain, number(waiting, 9)).with(Tone::Plain, number(grants, 8))
}
