//! A key of the screen: what it asks for, and whether it acts at once, after a moment, or not at all.

use super::forms;
use crate::{
    console::{
        burst::{Pressed, Weight},
        message::Command,
        model::{Done, Model, Surface},
    },
    keys::{Act, Chord, Context, View},
    text::{Tone, Untrusted, Visible},
};

/// Discarded keys are named up to this many; the others are counted.
const NAMED_MAX: usize = 12;

/// A key was pressed at this time, which may lie before what the model knows of by now.
pub(super) fn key(model: &mut Model, chord: Chord, at_millis: u64, out: &mut Vec<Command>) {
    // A line of the line console is no burst of keys: `entered` tells which lines came together.
    if model.surface == Surface::Plain {
        return act(model, chord, out);
    }
    release(model, at_millis, out);
    let context = model.context();
    let ignored = model.burst.ignored().len();
    let acts = model.burst.press(Pressed { chord, context, at_millis }, weight(model, context, chord));
    if acts {
        act(model, chord, out);
    }
    if acts || model.burst.ignored().len() > ignored {
        tell_ignored(model, at_millis);
    }
}

/// The keys that were held back and came alone act, as of when they were pressed.
pub(super) fn release(model: &mut Model, now_millis: u64, out: &mut Vec<Command>) {
    for key in model.burst.due(now_millis) {
        // The question in front is another than the key was meant for.
        if key.context != model.context() {
            model.burst.ignore(key.chord);
            tell_ignored(model, now_millis);
            continue;
        }
        let before = model.pressed.replace((key.chord, key.at_millis));
        act(model, key.chord, out);
        model.pressed = before;
        super::settle(model, out);
    }
}

/// A paste, a click or the like came right after a key.
pub(super) fn discard_held(model: &mut Model) {
    if model.burst.due_at().is_some() {
        model.burst.discard_held();
        tell_ignored(model, model.now.millis);
    }
}

fn act(model: &mut Model, chord: Chord, out: &mut Vec<Command>) {
    let context = model.context();
    let typed = chord.typed().filter(|_| context.takes_text());
    match (typed, model.config.keys.act(context, chord)) {
        (Some(c), _) => forms::typed(model, c, out),
        (None, Some(act)) => super::act(model, act, out),
        (None, None) => {}
    }
}

fn weight(model: &Model, context: Context, chord: Chord) -> Weight {
    if chord.typed().is_some() && context.takes_text() {
        return if context == Context::Word { Weight::Letter } else { Weight::Free };
    }
    match model.config.keys.row(context, chord) {
        Some(row) if row.decides || row.act == Act::Mark => Weight::Decides,
        // Lifting a denial lets more through; ending a grant stops, and is never delayed.
        Some(row) if row.act == Act::TakeBack => match model.done {
            Some(Done::Denied(_)) if model.view != View::Grants => Weight::Decides,
            _ => Weight::Free,
        },
        _ => Weight::Free,
    }
}

/// Says which keys were discarded, where any were. A person waits a moment after that, as after any key that came too soon.
fn tell_ignored(model: &mut Model, at_millis: u64) {
    let ignored = model.burst.ignored();
    if ignored.is_empty() {
        return;
    }
    let named: Vec<String> = ignored.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let mut words = Visible::label("keys that came too fast were ignored: ").then(Untrusted(&named.join(" ")).line());
    if let Some(more @ 1..) = ignored.len().checked_sub(NAMED_MAX) {
        words = words.then(" and ").then(Visible::number(more as u64)).then(" more");
    }
    model.armed.disturb(at_millis);
    model.answer(Tone::Care, words);
}
