//! Dialogs: writing into them, choosing in them, leaving them.

use ccc_protocol::TicketId;

use super::{
    bulk, command_line,
    decide::{self, Terms},
    filter, here, open, press, rules, stop,
};
use crate::{
    console::{
        message::Command,
        model::{
            Model,
            dialog::{Dialog, Kind},
            field::Field,
        },
    },
    document,
    keys::{Act, Context},
    text::{Tone, Visible},
};

/// A character was typed into a field.
pub(super) fn typed(model: &mut Model, c: char, out: &mut Vec<Command>) {
    // Letters of the word count only once the dialog has settled; any typed before are discarded.
    if model.context() == Context::Word && press::pressed(model).is_none() {
        return;
    }
    if let Some(field) = model.dialog.as_mut().and_then(Dialog::field) {
        field.insert(c.encode_utf8(&mut [0; 4]));
    }
    changed(model);
    word_complete(model, out);
}

/// Whatever follows from another text in a field.
pub(super) fn changed(model: &mut Model) {
    let reasons = model.config.reasons.len();
    match model.dialog.as_mut().map(|dialog| &mut dialog.kind) {
        Some(Kind::Deny { choice, .. }) => *choice = reasons,
        Some(Kind::Edit { fault, .. }) => *fault = None,
        Some(Kind::Filter(field)) => {
            let words = field.text().to_owned();
            filter::set(model, &words);
        }
        _ => {}
    }
}

/// The last letter of the word approves; no key after it, least of all Enter.
fn word_complete(model: &mut Model, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Word { word, field, note, grant }, .. }) = &model.dialog else { return };
    if field.text() == word.as_str() {
        let terms = Terms { note: note.clone(), grant: grant.clone(), typed: Some(word.clone()) };
        decide::send_approval(model, &terms, out);
    }
}

/// Puts this text, and nothing else, into the field in front. A word that approves is typed: it can be emptied, never filled.
pub(super) fn fill(model: &mut Model, text: &str) {
    let Some(dialog) = &mut model.dialog else { return };
    let is_word = matches!(dialog.kind, Kind::Word { .. });
    if let Some(field) = dialog.field() {
        field.set(if is_word { "" } else { text });
    }
    changed(model);
}

/// Chooses the reason of this number in the list, from 0.
pub(super) fn choose_reason(model: &mut Model, number: usize) {
    let reasons = model.config.reasons.len();
    if let Some(Dialog { kind: Kind::Deny { choice, .. }, .. }) = &mut model.dialog {
        *choice = number.min(reasons);
    }
}

/// An act while a dialog is in front; the act that a command line named is given back, to be done as any other.
pub(super) fn act(model: &mut Model, act: Act, out: &mut Vec<Command>) -> Option<Act> {
    if let Some(field) = model.dialog.as_mut().and_then(Dialog::field).filter(|_| !is_choosing(act))
        && field.act(act)
    {
        changed_by_erasing(model, act);
        return None;
    }
    match act {
        Act::Back => leave(model),
        Act::Accept => return accept(model, out),
        Act::Send => send(model, out),
        Act::Approve => yes(model, out),
        Act::CursorUp | Act::Up => choose(model, -1),
        Act::CursorDown | Act::Down => choose(model, 1),
        Act::ScrollPageUp => scroll(model, -10),
        Act::ScrollPageDown => scroll(model, 10),
        Act::Looser => widen(model, -1),
        Act::Stricter => widen(model, 1),
        Act::Toggle if model.context() == Context::Install => here::toggle(model),
        Act::Toggle => stop::toggle(model),
        Act::WriteFile => out.push(Command::WriteContainer),
        Act::Complete => command_line::complete(model),
        Act::Panic => stop::freeze(model, true, out),
        Act::Unfreeze => stop::thaw(model, out),
        Act::StopRuns => stop::runs(model, out),
        _ => {}
    }
    None
}

/// In the list of reasons, up and down choose.
fn is_choosing(act: Act) -> bool {
    matches!(act, Act::CursorUp | Act::CursorDown)
}

fn changed_by_erasing(model: &mut Model, act: Act) {
    if matches!(act, Act::EraseLeft | Act::EraseRight | Act::NewLine) {
        changed(model);
    }
}

/// Opens an edit that was refused again, with all that was written and why it was refused.
pub(super) fn edit_again(model: &mut Model, id: TicketId, why: &Visible) {
    let about = |dialog: &Dialog| dialog.targets.iter().any(|target| target.id == id);
    let Some(mut dialog) = model.edited.take_if(|dialog| about(dialog)) else { return };
    if model.dialog.is_some() {
        return;
    }
    model.dialogs += 1;
    dialog.number = model.dialogs;
    if let Kind::Edit { fault, .. } = &mut dialog.kind {
        *fault = Some(why.clone());
    }
    model.dialog = Some(dialog);
}

fn leave(model: &mut Model) {
    let dialog = model.dialog.take();
    if matches!(dialog.map(|dialog| dialog.kind), Some(Kind::Filter(_))) {
        filter::set(model, "");
    }
}

fn accept(model: &mut Model, out: &mut Vec<Command>) -> Option<Act> {
    let dialog = model.dialog.take()?;
    match dialog.kind {
        Kind::Line(field) => return command_line::run(model, field.text(), out),
        Kind::Does { ref draft, ref field } => rules::said(model, draft, field.text(), out),
        Kind::Note { ref field, ref grant } => match field.text().trim() {
            "" => {
                model.dialog = Some(dialog);
                model.say(Tone::Care, "a note is required here: say why");
            }
            note => {
                let (note, grant) = (Some(note.to_owned()), grant.clone());
                after_note(model, &dialog, Terms { note, grant, typed: None });
            }
        },
        _ => {}
    }
    None
}

fn after_note(model: &mut Model, dialog: &Dialog, terms: Terms) {
    let Terms { note, grant, .. } = terms;
    let Some(id) = dialog.targets.first().map(|target| target.id) else { return };
    let kind = match model.care_of(id) {
        Some(word) => Kind::Word { word, field: Field::default(), note, grant },
        None => Kind::Confirm { note, grant },
    };
    open::about(model, kind, dialog.targets.clone());
}

fn send(model: &mut Model, out: &mut Vec<Command>) {
    match model.dialog.as_ref().map(|dialog| &dialog.kind) {
        Some(Kind::Deny { choice, field }) => {
            let typed = field.text().trim();
            let listed = model.config.reasons.get(*choice).cloned();
            let reason = listed.or_else(|| (!typed.is_empty()).then(|| typed.to_owned()));
            decide::send_denial(model, reason.as_deref(), out);
        }
        Some(Kind::Edit { .. }) => decide::send_edit(model, out),
        _ => {}
    }
}

fn yes(model: &mut Model, out: &mut Vec<Command>) {
    match model.dialog.as_ref().map(|dialog| &dialog.kind) {
        Some(Kind::Confirm { note, grant }) => {
            let terms = Terms { note: note.clone(), grant: grant.clone(), typed: None };
            decide::send_approval(model, &terms, out);
        }
        Some(Kind::Scope(scope)) => {
            let terms = Terms { note: None, grant: Some(scope.request()), typed: None };
            if let Some(target) = press::pressed(model) {
                decide::approve(model, target, terms, out);
            }
        }
        Some(Kind::Bulk) => bulk::send(model, out),
        Some(Kind::Install { .. } | Kind::Volume { .. }) => here::yes(model, out),
        Some(Kind::Undo { done, .. }) => {
            let done = *done;
            if press::fired(model).is_some() {
                model.dialog = None;
                decide::undo(model, done, out);
            }
        }
        Some(Kind::Rule(_)) => rules::write(model, out),
        Some(Kind::Loosen(change)) => {
            let change = change.clone();
            if press::fired(model).is_some() {
                model.dialog = None;
                stop::send(change, out);
            }
        }
        _ => {}
    }
}

/// A page up or down: of a change that is shown, its rows; elsewhere as so many steps.
fn scroll(model: &mut Model, by: isize) {
    let last = last_top(model);
    match model.dialog.as_mut().map(|dialog| &mut dialog.kind) {
        Some(Kind::Install { top, .. }) => *top = top.saturating_add_signed(by).min(last),
        _ => choose(model, by),
    }
}

fn choose(model: &mut Model, by: isize) {
    let last = last_top(model);
    let reasons = model.config.reasons.len();
    match model.dialog.as_mut().map(|dialog| &mut dialog.kind) {
        Some(Kind::Deny { choice, .. }) => *choice = choice.saturating_add_signed(by).min(reasons),
        Some(Kind::Edit { field, .. }) => {
            field.act(if by < 0 { Act::CursorUp } else { Act::CursorDown });
        }
        Some(Kind::Scope(scope)) => scope.step(by),
        Some(Kind::Install { chosen, at, top }) => {
            *at = at.saturating_add_signed(by).min(chosen.len().saturating_sub(1));
            *top = 0;
        }
        Some(Kind::Stop { runs, at }) => *at = at.saturating_add_signed(by).min(runs.len().saturating_sub(1)),
        Some(Kind::Panic { agents, at }) => *at = at.saturating_add_signed(by).min(agents.len().saturating_sub(1)),
        Some(Kind::Container { top } | Kind::Help { top } | Kind::Numbers { top }) => {
            *top = top.saturating_add_signed(by).min(last);
        }
        _ => {}
    }
}

/// The last row that the page in front can begin with: below it there is no more to see.
fn last_top(model: &Model) -> usize {
    let width = model.size.width.into();
    let (rows, room) = match model.dialog.as_ref().map(|dialog| &dialog.kind) {
        // One row of the body is the dialog's edge, one its title.
        Some(Kind::Container { .. }) => (model.container_page(width), model.areas().body.height.saturating_sub(2)),
        Some(Kind::Install { at, .. }) => (model.hook_page(*at, width), 1),
        Some(Kind::Numbers { .. }) => (model.numbers_page(width), model.areas().body.height.saturating_sub(2)),
        Some(Kind::Help { .. }) => (document::help(&model.config, width), model.size.height.saturating_sub(6)),
        _ => return 0,
    };
    rows.len().saturating_sub(room.into())
}

fn widen(model: &mut Model, by: isize) {
    if let Some(Dialog { kind: Kind::Scope(scope), .. }) = &mut model.dialog {
        scope.widen(by);
        decide::hold_scope_against(model);
    }
}
