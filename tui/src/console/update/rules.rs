//! A lasting rule made of answers: asked for, looked at, written. Writing decides for longer than any answer, and settles like one.

use ccc_core::replay::{Call, shape};
use ccc_protocol::{
    TicketId, actions,
    bodies::{Status, Ticket},
};

use super::{open, press};
use crate::{
    console::{
        armed::Target,
        message::Command,
        model::{
            Model,
            dialog::{Dialog, Kind},
            field::Field,
        },
    },
    keys::View,
    rules::{Draft, Numbers, Wanted, tried_words},
    text::{Tone, Untrusted},
    wording::verdict,
};

/// Asks for a rule: of the marked requests, of the grant under the cursor, of what was approved again and again and offered, or of
/// the request under the cursor.
pub(super) fn ask(model: &mut Model, out: &mut Vec<Command>) {
    let tickets = chosen(model);
    if tickets.is_empty() {
        return model.say(Tone::Care, "nothing is selected that a rule could be made of");
    }
    if let Some(why) = tickets.iter().filter_map(|id| model.queue.ticket(*id)).find_map(why_not) {
        return model.say(Tone::Care, why);
    }
    await_lines(model, Wanted { tickets, program: None }, out);
}

fn chosen(model: &Model) -> Vec<TicketId> {
    if model.view == View::Grants {
        return model.grants.get(model.grant_pick.at).map(|grant| grant.from).into_iter().collect();
    }
    let marked: Vec<TicketId> = model.queue.marked().iter().map(|target| target.id).collect();
    if !marked.is_empty() {
        return marked;
    }
    let selected = model.queue.selected().map(|ticket| ticket.id);
    match &model.alike.offered {
        Some(offered) if selected.is_none_or(|id| offered.contains(&id)) => offered.clone(),
        _ => selected.into_iter().collect(),
    }
}

/// Said at once where it can be; whatever else forbids a rule is found where it is made.
fn why_not(ticket: &Ticket) -> Option<&'static str> {
    if ticket.status == Status::Denied {
        return Some("it was denied: no rule lets it pass");
    }
    (!verdict::may_be_marked(ticket)).then_some("this deserves care: it is asked each time, and no rule is made of it")
}

fn await_lines(model: &mut Model, wanted: Wanted, out: &mut Vec<Command>) {
    open_about(model, Kind::RuleAwaited, &wanted);
    out.push(Command::MakeRule { dialog: model.dialogs, wanted });
}

fn open_about(model: &mut Model, kind: Kind, wanted: &Wanted) {
    let known = wanted.tickets.iter().filter_map(|id| model.queue.ticket(*id));
    let targets = known.map(|ticket| Target { id: ticket.id, digest: ticket.digest }).collect();
    open::about(model, kind, targets);
}

/// What became of the lines that the dialog in front waits for. It is another dialog: it stands for itself before a key counts.
pub(super) fn made(model: &mut Model, number: u64, answer: Result<Box<Draft>, String>) {
    let awaited = model.dialog.take_if(|dialog| dialog.number == number && matches!(dialog.kind, Kind::RuleAwaited));
    let Some(Dialog { targets, .. }) = awaited else { return };
    let kind = match answer {
        Ok(draft) if draft.tried.is_none() => Kind::Does { draft, field: Field::default() },
        other => Kind::Rule(other.map_err(|why| Untrusted(&why).line())),
    };
    open::about(model, kind, targets);
}

/// What a program does was written.
pub(super) fn said(model: &mut Model, draft: &Draft, does: &str, out: &mut Vec<Command>) {
    let program = Some((draft.lines.clone(), does.to_owned()));
    await_lines(model, Wanted { program, ..draft.wanted.clone() }, out);
}

/// Writes the lines on screen, where this console may and the key counts.
pub(super) fn write(model: &mut Model, out: &mut Vec<Command>) {
    let Some(Dialog { kind: Kind::Rule(Ok(draft)), .. }) = &model.dialog else { return };
    let draft = draft.clone();
    if press::fired(model).is_some() {
        model.dialog = None;
        model.queue.unmark_all();
        model.say(Tone::Plain, "writing it …");
        out.push(Command::WriteRule(draft));
    }
}

/// An approval of this person's was taken: of the third of one shape, a rule may be offered.
pub(super) fn approved(model: &mut Model, ticket: &Ticket, out: &mut Vec<Command>) {
    if ticket.status == Status::Queued || why_not(ticket).is_some() {
        return;
    }
    let preview = model.details.preview().filter(|preview| preview.ticket.id == ticket.id);
    let facts = preview.and_then(|preview| preview.facts.as_ref());
    // What a tool call does is read from its facts: without them it is like no other.
    if facts.is_none() && ticket.action.as_str() == actions::USE_TOOL {
        return;
    }
    let call =
        Call { caller: ticket.submitted_by.clone(), action: ticket.action.clone(), params: ticket.params.clone() };
    let place = call.text("project").or_else(|| call.text("cwd")).unwrap_or_default();
    let shape = format!("{} {place} {}", call.caller, shape(&call, facts));
    if let Some(tickets) = model.alike.approved(&shape, ticket.id) {
        out.push(Command::OfferRule(Wanted { tickets, program: None }));
    }
}

/// The figures came. Line by line they are printed as a page of their own.
pub(super) fn counted(model: &mut Model, answer: Result<Box<Numbers>, String>) {
    match answer {
        Ok(numbers) => {
            model.numbers = Some(numbers);
            if let Some(dialog) = model.dialog.take_if(|dialog| matches!(dialog.kind, Kind::Numbers { .. })) {
                open::dialog(model, dialog.kind);
            }
        }
        Err(why) => model.say(Tone::Bad, Untrusted(&why).line()),
    }
}

/// A rule of them can be made: told once.
pub(super) fn offer(model: &mut Model, draft: Draft) {
    let words = match &draft.tried {
        Some(tried) => format!(" makes a lasting rule of three approvals alike; in 30 days it {}", tried_words(tried)),
        None => " makes the program known that you approved three times".to_owned(),
    };
    model.alike.offered = Some(draft.wanted.tickets);
    let key = model.config.keys.key(View::Queue.into(), crate::keys::Act::Rule);
    let key = key.map_or_else(|| "`:rule`".to_owned(), |key| format!("`{key}`"));
    model.say(Tone::Good, Untrusted(&key).line().then(Untrusted(&words).line()));
}
