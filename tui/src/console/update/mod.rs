//! The one place where the model changes: a message goes in, commands come out. Pure; time is an argument.

mod bulk;
mod command_line;
mod decide;
mod filter;
mod forms;
mod here;
mod keyed;
mod moving;
mod news;
mod open;
mod press;
mod rules;
mod stop;

use ccc_protocol::bodies::Status;

use crate::{
    console::{
        armed::Lack,
        message::{Command, Message},
        model::{Model, Now, Surface, connection::Connection, dialog::Kind},
    },
    keys::{Act, Context, View},
    text::Tone,
};

/// What the world is asked for before anything has happened.
#[must_use]
pub fn begin() -> Vec<Command> {
    vec![Command::ReadActions, Command::ReadPolicies]
}

/// Takes one message.
pub fn update(model: &mut Model, message: Message, now: Now) -> Vec<Command> {
    // A key says when it was pressed, which is before whatever was drawn or read since.
    if now.millis >= model.now.millis {
        model.now = now;
    }
    model.pressed = if let Message::Key(chord) = message { Some((chord, now.millis)) } else { None };
    if is_no_hands(&message) {
        keyed::discard_held(model);
    }
    let was_idle = model.is_idle();
    let mut out = Vec::new();
    match message {
        Message::Key(chord) => keyed::key(model, chord, now.millis, &mut out),
        Message::Act(act) => self::act(model, act, &mut out),
        Message::Line(line) => {
            let asked = command_line::run(model, &line, &mut out);
            asked.into_iter().for_each(|asked| act(model, asked, &mut out));
        }
        Message::Entered { together } => entered(model, together),
        Message::Fill(text) => forms::fill(model, &text),
        Message::Choose(number) => forms::choose_reason(model, number),
        Message::Local(known) => here::begin(model, *known, &mut out),
        Message::Paste(text) => paste(model, &text),
        Message::Click { column, line } => moving::click(model, column, line),
        Message::Wheel(rows) => moving::wheel(model, rows),
        Message::Resize(size) => {
            model.size = size;
            model.armed.disturb(now.millis);
        }
        Message::Focus(focused) => focus(model, focused),
        Message::Resumed => {
            model.armed.disturb(now.millis);
            out.push(Command::Redraw);
        }
        Message::Tick => {
            tick(model, &mut out);
            keyed::release(model, now.millis, &mut out);
        }
        Message::Drawn => drawn(model),
        Message::News(news) => news::news(model, news, &mut out),
    }
    if !was_idle && model.is_idle() && !out.iter().any(|command| matches!(command, Command::ReadAudit { .. })) {
        moving::read_view(model, &mut out);
    }
    settle(model, &mut out);
    out
}

/// After every message: panes fit the screen, details follow the cursor, and what is on screen is told to what arms the keys.
fn settle(model: &mut Model, out: &mut Vec<Command>) {
    let areas = model.areas();
    model.queue.resize(areas.list.height.into());
    model.history.resize(areas.list.height.into());
    model.policies.resize(areas.list.height.saturating_sub(1).into());
    model.grant_pick.resize(areas.list.height.saturating_sub(1).into());
    model.agent_pick.resize(areas.list.height.saturating_sub(1).into());
    let width = if areas.details.is_empty() { model.size.width } else { areas.details.width };
    model.details.resize(width.into(), areas.details.height.into());
    let selected = model.queue.selected().map(|ticket| ticket.id);
    if model.details.turn_to(selected) {
        out.extend(selected.map(Command::ReadPreview));
    }
    for command in out.iter() {
        if let Command::ReadAudit { after } = command {
            model.history.reading_after(*after);
        }
    }
    let subject = model.subject();
    model.armed.show(subject, model.now.millis);
    model.forget_early();
}

/// True for what no key may decide beside.
fn is_no_hands(message: &Message) -> bool {
    matches!(message, Message::Paste(_) | Message::Click { .. } | Message::Focus(_) | Message::Resize(_))
}

fn act(model: &mut Model, act: Act, out: &mut Vec<Command>) {
    model.notice = None;
    match act {
        Act::Quit => here::quit(model, out),
        Act::LeaveRunning => out.push(Command::QuitAlone),
        Act::Copy => here::copy(model, out),
        Act::Suspend => out.push(Command::Suspend),
        Act::Redraw => out.push(Command::Redraw),
        _ if model.dialog.is_some() => {
            let asked = forms::act(model, act, out);
            asked.into_iter().for_each(|asked| self::act(model, asked, out));
        }
        Act::Approve | Act::ApproveScope | Act::Deny | Act::Edit | Act::Mark | Act::TakeBack => {
            decide::act(model, act, out);
        }
        Act::Rule => rules::ask(model, out),
        Act::Numbers => {
            open::dialog(model, Kind::Numbers { top: 0 });
            out.push(Command::ReadNumbers);
        }
        Act::Snooze => snooze(model),
        Act::Wake => wake(model),
        Act::Panic => stop::open(model),
        Act::StopRuns => stop::open_runs(model),
        Act::Help => open::dialog(model, Kind::Help { top: 0 }),
        Act::Filter => filter::open(model),
        Act::CommandLine => open::dialog(model, Kind::Line(crate::console::model::field::Field::default())),
        Act::Install => here::hooks(model, out),
        Act::Demo => here::demo(model, out),
        Act::Container => here::container(model),
        Act::Volume => here::volume(model),
        Act::Refresh => refresh(model, out),
        Act::Ids => model.details.toggle_ids(),
        Act::Toggle | Act::SwitchGroup | Act::Looser | Act::Stricter => stop::policy(model, act, out),
        other => moving::act(model, other, out),
    }
}

/// A person has read what was said before. A line that came with others is a paste's, and arms nothing.
fn entered(model: &mut Model, together: bool) {
    model.notice = None;
    if together {
        model.armed.disturb(model.now.millis);
    }
}

/// Pasted text is text: in a field it is written, anywhere else it is dropped. It decides nothing, wherever it lands.
fn paste(model: &mut Model, text: &str) {
    model.armed.disturb(model.now.millis);
    let takes_paste = matches!(
        model.context(),
        Context::Deny | Context::Note | Context::Edit | Context::Does | Context::Filter | Context::CommandLine
    );
    if !takes_paste {
        model.say(Tone::Care, "pasted text decides nothing and was dropped");
        return;
    }
    if let Some(field) = model.dialog.as_mut().and_then(crate::console::model::dialog::Dialog::field) {
        field.insert(text);
    }
    forms::changed(model);
}

fn focus(model: &mut Model, focused: bool) {
    model.armed.disturb(model.now.millis);
    model.click_is_focus = focused && !model.focused;
    model.focused = focused;
}

fn tick(model: &mut Model, out: &mut Vec<Command>) {
    let woken = model.queue.wake(Some(model.now.wall));
    if woken > 0 {
        out.push(Command::Tell { waiting: model.queue.waiting(), arrived: woken });
    }
    ask_who_waits(model, out);
}

/// That an agent has gone is no change of its ticket: of the one on screen it is asked again and again.
fn ask_who_waits(model: &mut Model, out: &mut Vec<Command>) {
    let due = model.waiting_asked_millis.saturating_add(WAITING_READ_MILLIS) <= model.now.millis;
    let selected = model.queue.selected().filter(|ticket| ticket.waiting.is_some());
    let is_due = due && model.view == View::Queue && model.connection == Connection::Live;
    if let Some(id) = selected.filter(|_| is_due).map(|ticket| ticket.id) {
        model.waiting_asked_millis = model.now.millis;
        out.push(Command::ReadWaiting(id));
    }
}

/// Whether the agent of the request on screen waits is read so often.
const WAITING_READ_MILLIS: u64 = 5000;

fn drawn(model: &mut Model) {
    match model.surface {
        Surface::Plain => {
            let preview = model.details.preview();
            model.printed = preview
                .map(|preview| crate::console::armed::Target { id: preview.ticket.id, digest: preview.ticket.digest });
        }
        Surface::Screen => {
            let in_sight = model.view == View::Queue && model.dialog.is_none() && model.size.is_enough();
            // A row that stands for many shows none of them.
            if in_sight && !model.areas().details.is_empty() && model.queue.folded().is_none() {
                model.details.shown();
            }
        }
    }
}

fn snooze(model: &mut Model) {
    let minutes = model.config.snooze_minutes;
    if model.queue.folded().is_some() {
        model.say(Tone::Care, Lack::Folded.words());
    } else if model.queue.selected().is_some_and(|ticket| ticket.status == Status::Queued) {
        model.queue.snooze(model.now.wall.plus_seconds(minutes * 60));
        let span = crate::wording::span::exactly(minutes * 60);
        model.say(Tone::Plain, crate::text::Visible::label("snoozed for ").then(span));
    } else if model.queue.selected().is_some() {
        model.say(Tone::Care, Lack::Decided.words());
    }
}

fn wake(model: &mut Model) {
    let woken = model.queue.wake(None);
    model.say(Tone::Plain, crate::text::Visible::count(woken, "ticket came back", "tickets came back"));
}

fn refresh(model: &mut Model, out: &mut Vec<Command>) {
    out.extend([Command::ReadQueue, Command::ReadPolicies, Command::ReadGrants]);
    out.extend(model.queue.selected().map(|ticket| Command::ReadPreview(ticket.id)));
}
