//! Opening what stands in front of the views.

use crate::{
    console::{
        armed::Target,
        model::{
            Model, Surface,
            dialog::{Dialog, Kind},
        },
    },
    text::{Row, Tone, Visible},
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

/// How the agent's container is started: on a screen in a dialog, else in a line that the terminal wraps.
pub(super) fn container(model: &mut Model) {
    match (&model.container, model.surface) {
        (None, _) => model.say(Tone::Care, "this console was not started with `--local`"),
        (Some(_), Surface::Screen) => dialog(model, Kind::Container { top: 0 }),
        (Some(container), Surface::Plain) => {
            let options = container.options.clone();
            model.say(Tone::Strong, Visible::label("start the agent's container with: ").then(options));
        }
    }
}
