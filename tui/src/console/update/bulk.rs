//! Several marked tickets, decided one by one, each with a result of its own. Once only, never a grant.

use ccc_protocol::TicketId;

use super::{open, press::fired};
use crate::{
    console::{
        armed::Leave,
        message::Command,
        model::{
            Model,
            dialog::{Dialog, Kind, Outcome},
        },
    },
    text::Tone,
};

/// Asks about all marked tickets.
pub(super) fn open(model: &mut Model) {
    open::about(model, Kind::Bulk, model.queue.marked());
}

/// Approves each, where the key counts.
pub(super) fn send(model: &mut Model, out: &mut Vec<Command>) {
    let Some(leaves) = fired(model) else { return };
    let ids: Vec<TicketId> = leaves.iter().map(Leave::id).collect();
    for leave in leaves {
        let shown = model.shown_of(leave.id(), None);
        model.deciding.insert(leave.id());
        out.push(Command::Approve { leave, beside: vec![], note: None, grant: None, shown });
    }
    sent(model, &ids, "approval sent …");
}

/// After decisions went out: one is told in the notice, several get a list of results.
pub(super) fn sent(model: &mut Model, ids: &[TicketId], words: &'static str) {
    model.queue.unmark_all();
    if ids.len() < 2 {
        model.dialog = None;
        model.say(Tone::Plain, words);
        return;
    }
    let summary = model.dialog.take().map(|dialog| dialog.summary).unwrap_or_default();
    let results = ids.iter().map(|id| (*id, Outcome::Sent)).collect();
    open::dialog(model, Kind::Results { results });
    if let Some(dialog) = &mut model.dialog {
        dialog.summary = summary;
    }
}

/// Puts down what became of one of them.
pub(super) fn note(model: &mut Model, id: TicketId, became: Outcome) {
    if let Some(Dialog { kind: Kind::Results { results }, .. }) = &mut model.dialog
        && let Some((_, outcome)) = results.iter_mut().find(|(known, _)| *known == id)
    {
        *outcome = became;
    }
}
