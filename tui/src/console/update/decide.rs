//! Approving, denying, editing, marking and taking back.

use ccc_protocol::{
    TicketId,
    bodies::{GrantRequest, Ticket, Word},
};

use super::{
    bulk, open,
    press::{fired, pressed},
};
use crate::{
    console::{
        armed::{Leave, Target},
        message::Command,
        model::{
            Done, Model, Surface,
            dialog::{Dialog, Kind},
            field::Field,
            scope::Scope,
        },
    },
    keys::{Act, View},
    text::{Tone, Visible},
    wording::{summary, verdict},
};

/// What an approval carries beside the ticket.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    pub(super) note: Option<String>,
    pub(super) grant: Option<GrantRequest>,
    /// The word that was typed, where care is asked for.
    pub(super) typed: Option<Word>,
}

pub(super) fn act(model: &mut Model, act: Act, out: &mut Vec<Command>) {
    match act {
        Act::Mark => mark(model),
        Act::TakeBack => take_back(model, out),
        Act::Approve if !model.queue.marked().is_empty() => bulk::open(model),
        Act::Deny if !model.queue.marked().is_empty() => open_denial(model, model.queue.marked()),
        _ => on_row(model, act, out),
    }
}

fn on_row(model: &mut Model, act: Act, out: &mut Vec<Command>) {
    let Some(target) = pressed(model) else { return };
    match act {
        Act::Approve => approve(model, target, Terms::default(), out),
        Act::ApproveScope => open_scope(model, target, out),
        Act::Deny => open_denial(model, vec![target]),
        Act::Edit => open_edit(model, target),
        _ => {}
    }
}

/// The next step towards an approval: the note that is missing, the word to be typed, or the approval.
pub(super) fn approve(model: &mut Model, target: Target, terms: Terms, out: &mut Vec<Command>) {
    let Some(ticket) = model.queue.ticket(target.id).cloned() else { return };
    if ticket.approvals.iter().any(|approval| approval.by == model.me) {
        return model.say(Tone::Care, "your approval counts already: it waits for another person's");
    }
    if ticket.needs_note && terms.note.is_none() {
        let kind = Kind::Note { field: Field::default(), grant: terms.grant };
        return open::about(model, kind, vec![target]);
    }
    if let Some(word) = model.care_of(target.id) {
        let kind = Kind::Word { word, field: Field::default(), note: terms.note, grant: terms.grant };
        return open::about(model, kind, vec![target]);
    }
    send_approval(model, &terms, out);
}

/// Approves what is on screen, where the key counts.
pub(super) fn send_approval(model: &mut Model, terms: &Terms, out: &mut Vec<Command>) {
    // What was asked for when the question was opened may be more by now: without it nothing is sent.
    let targets = model.armed.subject().map(|subject| subject.targets.clone()).unwrap_or_default();
    if targets.iter().any(|target| model.care_of(target.id).is_some_and(|word| terms.typed != Some(word))) {
        model.dialog = None;
        return model.say(Tone::Care, "it has come to deserve more care than was asked for: look at it again");
    }
    let mut leaves = fired(model).unwrap_or_default().into_iter();
    let Some(leave) = leaves.next() else { return };
    let shown = model.shown_of(leave.id(), terms.typed.clone());
    model.deciding.insert(leave.id());
    if terms.grant.is_some() {
        note_done(model, Done::Granted(leave.id()), leave.id());
    }
    model.dialog = None;
    model.say(Tone::Plain, "approval sent …");
    let (note, grant) = (terms.note.clone(), terms.grant.clone());
    out.push(Command::Approve { leave, beside: leaves.collect(), note, grant, shown });
}

/// What a grant would have let through is told from the history, which is read for it.
fn open_scope(model: &mut Model, target: Target, out: &mut Vec<Command>) {
    out.push(Command::ReadAudit { after: model.history.read_after(model.seq) });
    let Some(preview) = model.details.preview() else { return };
    let declared = model.actions.get(preview.ticket.action.as_str()).map_or(&[][..], |info| &info.params);
    match Scope::new(preview, declared) {
        Some(scope) => {
            open::about(model, Kind::Scope(Box::new(scope)), vec![target]);
            hold_scope_against(model);
        }
        None => model.say(Tone::Care, "rule or minimum forbid more than this once: press the key for approving"),
    }
}

/// So many rows of the dialog are about other things than what waits.
const SCOPE_ROWS: u16 = 12;

/// What the grant in question would have let through, and what it fits that waits. Line by line nothing is approved beside it.
pub(super) fn hold_scope_against(model: &mut Model) {
    let body = model.areas().body;
    let on_screen = model.surface == Surface::Screen;
    let rows_max = if on_screen { body.height.saturating_sub(SCOPE_ROWS).into() } else { 0 };
    let width = usize::from(body.width).saturating_sub(2);
    let Some(Dialog { kind: Kind::Scope(scope), targets, .. }) = &mut model.dialog else { return };
    let Some(of) = targets.first().map(|target| target.id) else { return };
    scope.hold_against(of, model.history.entries(), model.queue.waiting_tickets(), rows_max, width);
}

fn open_denial(model: &mut Model, targets: Vec<Target>) {
    open::about(model, Kind::Deny { choice: 0, field: Field::default() }, targets);
}

/// Denies what is on screen, where the key counts.
pub(super) fn send_denial(model: &mut Model, reason: Option<&str>, out: &mut Vec<Command>) {
    let Some(leaves) = fired(model) else { return };
    let ids: Vec<TicketId> = leaves.iter().map(Leave::id).collect();
    if let [id] = ids[..] {
        note_done(model, Done::Denied(id), id);
    }
    for leave in leaves {
        let shown = model.shown_of(leave.id(), None);
        model.deciding.insert(leave.id());
        out.push(Command::Deny { leave, reason: reason.map(str::to_owned), shown });
    }
    bulk::sent(model, &ids, "denial sent …");
}

fn open_edit(model: &mut Model, target: Target) {
    // The list has long parameters cut: what is edited is what the details show.
    let shown = model.details.preview().filter(|preview| preview.ticket.digest == target.digest);
    let Some(ticket) = shown.map(|preview| &preview.ticket) else { return };
    // What the bridge derived is derived again, and refused where it is sent.
    let declared = model.actions.get(ticket.action.as_str());
    let is_given = |name: &str| declared.is_none_or(|info| info.params.iter().any(|param| param.name == name));
    let given = ticket.params.iter().filter(|(name, _)| is_given(name));
    let text = crate::text::json::to_text(&given.map(|(name, value)| (name.clone(), value.clone())).collect());
    open::about(model, Kind::Edit { field: Field::area(&text), fault: None }, vec![target]);
}

/// Sends the edited parameters, where they can be read and the key counts.
pub(super) fn send_edit(model: &mut Model, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Edit { field, fault }, .. }) = &mut model.dialog else { return };
    let params = match crate::text::json::from_text(field.text()) {
        Ok(params) => params,
        Err(error) => {
            *fault = Some(error);
            return;
        }
    };
    for leave in fired(model).unwrap_or_default() {
        model.deciding.insert(leave.id());
        model.edited = model.dialog.take();
        model.say(Tone::Plain, "edit sent …");
        out.push(Command::Edit { leave, params: params.clone() });
    }
}

/// Marks the ticket as it stands on screen. What needs more than a key cannot be decided with others.
fn mark(model: &mut Model) {
    let marked = model.queue.selected().map(|ticket| ticket.id).filter(|&id| model.queue.is_marked(id));
    if let Some(id) = marked {
        let digest = model.queue.ticket(id).map(|ticket| ticket.digest);
        digest.into_iter().for_each(|digest| model.queue.mark(Target { id, digest }));
        return;
    }
    let Some(target) = pressed(model) else { return };
    match model.queue.ticket(target.id).and_then(why_not_with_others) {
        Some(why) => model.say(Tone::Care, why),
        None => {
            model.queue.mark(target);
            model.queue.step(1);
        }
    }
}

fn why_not_with_others(ticket: &Ticket) -> Option<&'static str> {
    if !verdict::may_be_marked(ticket) {
        return Some("this deserves care and is decided on its own");
    }
    ticket.needs_note.then_some("this needs a note and is decided on its own")
}

fn take_back(model: &mut Model, out: &mut Vec<Command>) {
    if model.view == View::Grants {
        return revoke_selected(model, out);
    }
    let Some(done) = model.done else {
        return model.say(Tone::Care, "nothing of yours to undo: no grant and no denial was made here");
    };
    let (Done::Denied(id) | Done::Granted(id)) = done;
    let on_screen = model.view == View::Queue && model.queue.selected().is_some_and(|ticket| ticket.id == id);
    if on_screen {
        undo(model, done, out);
    } else {
        let what = model.done_what.clone();
        open::dialog(model, Kind::Undo { done, what });
    }
}

/// Takes back what this person decided last.
pub(super) fn undo(model: &mut Model, done: Done, out: &mut Vec<Command>) {
    model.done = model.done.filter(|last| *last != done);
    let (words, command) = match done {
        Done::Denied(id) => ("lifting the denial of ", Command::Lift(id)),
        Done::Granted(id) => ("ending what was granted with ", Command::RevokeFrom(id)),
    };
    model.answer(Tone::Plain, Visible::label(words).then(model.done_what.clone()));
    out.push(command);
}

fn note_done(model: &mut Model, done: Done, id: TicketId) {
    let what = model.queue.ticket(id).map_or_else(Visible::default, summary::in_row);
    model.done = Some(done);
    model.done_what = summary::short(id).then(" ").then(what);
}

fn revoke_selected(model: &mut Model, out: &mut Vec<Command>) {
    match model.grants.get(model.grant_pick.at) {
        Some(grant) => out.push(Command::Revoke(grant.id)),
        None => model.say(Tone::Care, "no grant is selected"),
    }
}
