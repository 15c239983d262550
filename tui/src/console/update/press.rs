//! A key that may decide: whether it counts now, and on what.
//!
//! INVARIANT: a decision leaves with a [`Leave`] only, and only `Armed::fire` makes one.

use crate::{
    console::{
        armed::{Leave, Target},
        model::Model,
    },
    keys::Chord,
    text::Tone,
};

/// The one ticket on screen, where the key counts; else says why not.
pub(super) fn pressed(model: &mut Model) -> Option<Target> {
    let (key, at_millis) = when(model);
    match model.armed.press(key, at_millis) {
        Ok(targets) => targets.first().copied(),
        Err(refusal) => {
            model.answer(Tone::Care, refusal.words());
            None
        }
    }
}

/// A person's leave for what is on screen, where the key counts; else says why not.
pub(super) fn fired(model: &mut Model) -> Option<Vec<Leave>> {
    let (key, at_millis) = when(model);
    match model.armed.fire(key, at_millis) {
        Ok(leaves) => Some(leaves),
        Err(refusal) => {
            model.answer(Tone::Care, refusal.words());
            None
        }
    }
}

/// Which key asks, and when it was pressed; what is no key asks now.
fn when(model: &Model) -> (Option<Chord>, u64) {
    model.pressed.map_or((None, model.now.millis), |(chord, at_millis)| (Some(chord), at_millis))
}
