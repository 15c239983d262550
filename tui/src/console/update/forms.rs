//! Dialogs: opening them, writing into them, leaving them.

use ccc_protocol::TicketId;

use super::{
    bulk, command_line,
    decide::{self, Terms},
    moving, stop,
};
use crate::{
    console::armed::Target,
    console::message::Command,
    console::model::{
        Model,
        dialog::{Dialog, Kind},
        field::Field,
    },
    keys::{Act, Context},
    text::{Row, Tone, Visible},
    view,
    wording::summary,
};

/// Opens a dialog that is about no ticket.
pub(super) fn open(model: &mut Model, kind: Kind) {
    open_about(model, kind, Vec::new());
}

/// Opens a dialog about tickets as they are on screen.
pub(super) fn open_about(model: &mut Model, kind: Kind, targets: Vec<Target>) {
    model.dialogs += 1;
    let summary = targets.iter().filter_map(|target| model.queue.ticket(target.id)).map(|ticket| {
        let head = Row::new()
            .with(Tone::Dim, summary::short(ticket.id))
            .with(Tone::Plain, " ")
            .with(Tone::Strong, &ticket.action);
        head.with(Tone::Plain, " ").with(Tone::Agent, summary::summary(ticket))
    });
    model.dialog = Some(Dialog { number: model.dialogs, kind, summary: summary.collect(), targets });
}

/// Opens the filter with the words in force.
pub(super) fn open_filter(model: &mut Model) {
    match model.filter() {
        Some(filter) => {
            let field = Field::line(filter.words());
            open(model, Kind::Filter(field));
        }
        None => model.say(Tone::Care, NOT_FILTERED),
    }
}

const NOT_FILTERED: &str = "grants and agents are not filtered; queue, history and policies are";

/// A character was typed into a field.
pub(super) fn typed(model: &mut Model, c: char, out: &mut Vec<Command>) {
    // Letters of the word count only once the dialog has settled; any typed before are discarded.
    if model.context() == Context::Word && decide::pressed(model).is_none() {
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
            set_filter(model, &words);
        }
        _ => {}
    }
}

/// Filters the view on screen.
pub(super) fn set_filter(model: &mut Model, words: &str) {
    match model.view {
        Context::Queue => model.queue.set_filter(words),
        Context::History => model.history.set_filter(words),
        Context::Policies => model.policies.set_filter(words),
        _ => model.say(Tone::Care, NOT_FILTERED),
    }
}

/// The last letter of the word approves; no key after it, least of all Enter.
fn word_complete(model: &mut Model, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Word { word, field, note, grant }, .. }) = &model.dialog else { return };
    if field.text() == word.as_str() {
        let terms = Terms { note: note.clone(), grant: grant.clone() };
        decide::send_approval(model, &terms, out);
    }
}

/// An act while a dialog is in front.
pub(super) fn act(model: &mut Model, act: Act, out: &mut Vec<Command>) {
    if let Some(field) = model.dialog.as_mut().and_then(Dialog::field).filter(|_| !is_choosing(act))
        && field.act(act)
    {
        return changed_by_erasing(model, act);
    }
    match act {
        Act::Back => leave(model),
        Act::Accept => accept(model, out),
        Act::Send => send(model, out),
        Act::Approve => yes(model, out),
        Act::CursorUp | Act::Up => choose(model, -1),
        Act::CursorDown | Act::Down => choose(model, 1),
        Act::ScrollPageUp => choose(model, -10),
        Act::ScrollPageDown => choose(model, 10),
        Act::Looser => widen(model, -1),
        Act::Stricter => widen(model, 1),
        Act::Toggle => stop::toggle(model),
        Act::Panic => stop::freeze(model, true, out),
        Act::Unfreeze => stop::thaw(model, out),
        _ => {}
    }
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
        set_filter(model, "");
    }
}

fn accept(model: &mut Model, out: &mut Vec<Command>) {
    let Some(dialog) = model.dialog.take() else { return };
    match dialog.kind {
        Kind::Line(field) => command_line::run(model, field.text(), out),
        Kind::Note { ref field, ref grant } => match field.text().trim() {
            "" => {
                model.dialog = Some(dialog);
                model.say(Tone::Care, "a note is required here: say why");
            }
            note => {
                let (note, grant) = (Some(note.to_owned()), grant.clone());
                after_note(model, &dialog, Terms { note, grant });
            }
        },
        _ => {}
    }
}

fn after_note(model: &mut Model, dialog: &Dialog, terms: Terms) {
    let Terms { note, grant } = terms;
    let ticket = dialog.targets.first().and_then(|target| model.queue.ticket(target.id));
    let Some(ticket) = ticket else { return };
    let kind = if summary::deserves_care(ticket) {
        Kind::Word { word: ticket.action.clone(), field: Field::default(), note, grant }
    } else {
        Kind::Confirm { note, grant }
    };
    open_about(model, kind, dialog.targets.clone());
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
            let terms = Terms { note: note.clone(), grant: grant.clone() };
            decide::send_approval(model, &terms, out);
        }
        Some(Kind::Scope(scope)) => {
            let terms = Terms { note: None, grant: Some(scope.request()) };
            if let Some(target) = decide::pressed(model) {
                decide::approve(model, target, terms, out);
            }
        }
        Some(Kind::Bulk) => bulk::send(model, out),
        Some(Kind::Loosen(change)) => {
            let change = change.clone();
            if decide::fired(model).is_some() {
                model.dialog = None;
                stop::send(change, out);
            }
        }
        _ => {}
    }
}

fn choose(model: &mut Model, by: isize) {
    let container_last = container_last(model);
    let reasons = model.config.reasons.len();
    match model.dialog.as_mut().map(|dialog| &mut dialog.kind) {
        Some(Kind::Deny { choice, .. }) => *choice = choice.saturating_add_signed(by).min(reasons),
        Some(Kind::Edit { field, .. }) => {
            field.act(if by < 0 { Act::CursorUp } else { Act::CursorDown });
        }
        Some(Kind::Scope(scope)) => scope.step(by),
        Some(Kind::Panic { agents, at }) => *at = at.saturating_add_signed(by).min(agents.len().saturating_sub(1)),
        Some(Kind::Container { top }) => *top = top.saturating_add_signed(by).min(container_last),
        Some(Kind::Help { top }) => *top = moving::help_top(&model.config, model.size, top.saturating_add_signed(by)),
        _ => {}
    }
}

/// The last row that how to start the container can begin with: below it there is no more to see.
fn container_last(model: &Model) -> usize {
    // One row of the body is the dialog's edge, one its title.
    let room = usize::from(model.areas().body.height).saturating_sub(2);
    model
        .container
        .as_ref()
        .map_or(0, |container| view::container_rows(container, model.size.width.into()).len())
        .saturating_sub(room)
}

fn widen(model: &mut Model, by: isize) {
    if let Some(Dialog { kind: Kind::Scope(scope), .. }) = &mut model.dialog {
        scope.widen(by);
    }
}
