//! Groups and actions: what is declared, what was overridden, what holds for whom, and how far it may be loosened.

use ccc_protocol::bodies::{ActionPolicy, GroupPolicies, Policy};
use ratatui::layout::Rect;

use super::{cursor_sign, nothing};
use crate::{
    console::model::{Model, policies::PolicyRow},
    text::{Row, Tone, Untrusted, Visible},
    view::paint::Painter,
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let area = model.areas().list;
    if model.policies().list().is_none() {
        return nothing(painter, area, "reading …");
    }
    painter.row(area, &Row::new().with(Tone::Title, TITLE));
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    for (y, (policy, here)) in (below.y..below.bottom()).zip(model.policies().visible()) {
        let line = Rect { y, height: 1, ..below };
        painter.row(line, &row(policy, here));
        if here {
            painter.select(line);
        }
    }
}

const TITLE: &str = "  action                    now          override     default      minimum";

/// All rows, whatever the screen's size.
pub(super) fn all(model: &Model) -> Vec<Row> {
    let selected = model.policies().selected();
    super::titled(TITLE, model.policies().rows().map(|policy| row(policy, Some(policy) == selected)))
}

fn row(policy: PolicyRow<'_>, here: bool) -> Row {
    match policy {
        PolicyRow::Group(group) => group_row(group, here),
        PolicyRow::Action(group, action) => action_row(group, action, here),
    }
}

fn group_row(group: &GroupPolicies, here: bool) -> Row {
    let row = cursor_sign(here).with(Tone::Title, Untrusted(&group.group).line());
    if group.enabled {
        row.with(Tone::Good, "  on")
    } else {
        row.with(Tone::Bad, "  off: every action of it is denied")
    }
}

/// What holds comes first: on a narrow screen the rest is cut off, visibly.
fn action_row(group: &GroupPolicies, action: &ActionPolicy, here: bool) -> Row {
    let word = |policy: Option<Policy>| Visible::label(policy.map_or("–", Policy::as_str)).padded(13);
    let row = cursor_sign(here).with(Tone::Plain, Visible::label("  ").then(&action.action).padded(26));
    let row = if group.enabled {
        row.with(Tone::Strong, effective(action).padded(13))
    } else {
        row.with(Tone::Bad, Visible::label("denied").padded(13))
    };
    row.with(Tone::Plain, word(action.overridden))
        .with(Tone::Dim, word(Some(action.own)))
        .with(Tone::Dim, word(action.floor))
}

/// One word where all users agree, else each with theirs.
fn effective(action: &ActionPolicy) -> Visible {
    let mut policies = action.effective.values();
    let first = policies.next().copied();
    match first {
        Some(policy) if policies.all(|other| *other == policy) => Visible::label(policy.as_str()),
        _ => {
            let each = action
                .effective
                .iter()
                .map(|(user, policy)| Visible::from(user).then(": ").then(policy.as_str()).then("  "));
            each.collect()
        }
    }
}
