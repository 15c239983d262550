//! What is written after `:`. Any act that decides nothing, by its name; and a few commands with a word of their own.

use super::{act, forms, moving};
use crate::{
    console::message::Command,
    console::model::{Model, Surface, order::Grouping},
    keys::{Context, TABLE},
    text::{Tone, Untrusted, Visible},
};

/// The views by the names a person writes.
const VIEW_NAMES: [(&str, Context); 5] = [
    ("queue", Context::Queue),
    ("history", Context::History),
    ("grants", Context::Grants),
    ("policies", Context::Policies),
    ("agents", Context::Agents),
];

pub(super) fn run(model: &mut Model, line: &str, out: &mut Vec<Command>) {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    match word {
        "" => {}
        "view" => to_view(model, rest, out),
        "group" => group(model, rest),
        "find" => {
            moving::to_view(model, Context::Queue, out);
            find(model, rest);
        }
        "filter" => forms::set_filter(model, rest),
        "container" => container(model),
        name => by_name(model, name, out),
    }
}

/// How the agent's container is started: on a screen in a dialog, else in a line that the terminal wraps.
fn container(model: &mut Model) {
    match (&model.container, model.surface) {
        (None, _) => model.say(Tone::Care, "this console was not started with `--local`"),
        (Some(_), Surface::Screen) => super::show_container(model),
        (Some(container), Surface::Plain) => {
            let options = container.options.clone();
            model.say(Tone::Strong, Visible::label("start the agent's container with: ").then(options));
        }
    }
}

fn to_view(model: &mut Model, name: &str, out: &mut Vec<Command>) {
    match VIEW_NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, view)) => moving::to_view(model, *view, out),
        None => model.say(Tone::Bad, "views are: queue, history, grants, policies, agents"),
    }
}

fn group(model: &mut Model, how: &str) {
    match Grouping::from_word(how) {
        Some(grouping) => model.queue.regroup(grouping),
        None => model.say(Tone::Bad, "group by: session, agent, none"),
    }
}

/// Moves the cursor to the one ticket whose id begins or ends so.
fn find(model: &mut Model, part: &str) {
    let found: Vec<_> = if part.is_empty() { Vec::new() } else { model.queue.find(part).collect() };
    match found.as_slice() {
        [id] if model.queue.to_ticket(*id) => {}
        [] => model.say(Tone::Bad, "no ticket that waits has such an id"),
        [_] => model.say(Tone::Bad, "the filter hides it"),
        _ => model.say(Tone::Bad, "several ids fit: write more of it"),
    }
}

/// INVARIANT: a row that decides cannot be reached from here, as Enter ends the line.
fn by_name(model: &mut Model, name: &str, out: &mut Vec<Command>) {
    let view = model.view;
    let named = TABLE.iter().find(|row| row.name == name && row.contexts.contains(&view));
    match named {
        Some(row) if row.decides => model.say(Tone::Care, "what decides has a key of its own and no command"),
        Some(row) => act(model, row.act, out),
        None => model.say(Tone::Bad, Visible::label("no such command here: ").then(Untrusted(name).line())),
    }
}
