//! A key that may decide: whether it counts now, and on what.
//!
//! INVARIANT: a decision leaves with a [`Leave`] only, and only `Armed::fire` makes one.

use crate::{
    console::{
        armed::{Leave, Target},
        model::Model,
    },
    text::Tone,
};

/// The one ticket on screen, where the key counts; else says why not.
pub(super) fn pressed(model: &mut Model) -> Option<Target> {
    match model.armed.press(model.key, model.now.millis) {
        Ok(targets) => targets.first().copied(),
        Err(refusal) => {
            model.say(Tone::Care, refusal.words());
            None
        }
    }
}

/// A person's leave for what is on screen, where the key counts; else says why not.
pub(super) fn fired(model: &mut Model) -> Option<Vec<Leave>> {
    match model.armed.fire(model.key, model.now.millis) {
        Ok(leaves) => Some(leaves),
        Err(refusal) => {
            model.say(Tone::Care, refusal.words());
            None
        }
    }
}
