//! Filtering the view on screen.

use super::open;
use crate::{
    console::model::{Model, dialog::Kind, field::Field},
    keys::View,
    text::Tone,
};

/// Opens the filter with the words in force.
pub(super) fn open(model: &mut Model) {
    match model.filter() {
        Some(filter) => {
            let field = Field::line(filter.words());
            open::dialog(model, Kind::Filter(field));
        }
        None => model.say(Tone::Care, NOT_FILTERED),
    }
}

const NOT_FILTERED: &str = "grants and agents are not filtered; queue, history and policies are";

/// Filters the view on screen.
pub(super) fn set(model: &mut Model, words: &str) {
    match model.view {
        View::Queue => model.queue.set_filter(words),
        View::History => model.history.set_filter(words),
        View::Policies => model.policies.set_filter(words),
        View::Grants | View::Agents => model.say(Tone::Care, NOT_FILTERED),
    }
}
