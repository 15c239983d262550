//! The same views as rows without a screen, for the line console.

use super::{agents, dialogs, grants, history, idle, list, policies};
use crate::{
    console::model::Model,
    keys::View,
    text::{Row, Tone, Visible},
};

/// More rows than this are counted instead of printed; `find` and `filter` lead to them.
const ROWS_MAX: usize = 200;

/// The rows of the view on screen.
#[must_use]
pub fn view_rows(model: &Model) -> Vec<Row> {
    let mut rows: Vec<Row> = match model.view() {
        View::History => {
            let mut rows: Vec<Row> =
                model.history().newest().take(ROWS_MAX).map(|entries| history::row(model, &entries, false)).collect();
            rows.reverse();
            rows
        }
        View::Grants => grants::all(model),
        View::Policies => policies::all(model),
        View::Agents => agents::all(model),
        View::Queue if model.is_idle() => idle::all(model, ROWS_MAX),
        View::Queue => list::all(model, ROWS_MAX),
    };
    if rows.is_empty() {
        let words = if model.view() == View::Queue { list::why_empty(model) } else { "nothing here" };
        rows.push(Row::new().with(Tone::Plain, words));
    }
    let more = model.queue().order().len().saturating_sub(ROWS_MAX);
    if model.view() == View::Queue && more > 0 {
        rows.push(
            Row::new().with(Tone::Dim, Visible::label("and ").then(Visible::number(more as u64)).then(" rows more")),
        );
    }
    rows
}

/// The question in front.
#[must_use]
pub fn dialog_rows(model: &Model, width: usize) -> Vec<Row> {
    model.dialog().as_ref().map_or_else(Vec::new, |dialog| dialogs::rows(model, dialog, width))
}
