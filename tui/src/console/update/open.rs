//! Opening what stands in front of the views.

use crate::{
    console::{
        armed::Target,
        model::{
            Model,
            dialog::{Dialog, Kind},
        },
    },
    text::{Row, Tone},
    wording::summary,
};

/// Opens a dialog that is about no ticket.
pub(super) fn dialog(model: &mut Model, kind: Kind) {
    about(model, kind, Vec::new());
}

/// Opens a dialog about tickets as they are on screen.
pub(super) fn about(model: &mut Model, kind: Kind, targets: Vec<Target>) {
    model.dialogs += 1;
    let summary = targets.iter().filter_map(|target| model.queue.ticket(target.id)).map(|ticket| {
        let head = Row::new().with(Tone::Dim, summary::short(ticket.id)).with(Tone::Plain, " ");
        head.with(Tone::Agent, summary::in_row(ticket))
    });
    model.dialog = Some(Dialog { number: model.dialogs, kind, summary: summary.collect(), targets });
}
