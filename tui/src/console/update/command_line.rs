//! What is written after `:`. Any act that decides nothing, by its name; and a few commands with a word of their own.

use super::{filter, moving, open};
use crate::{
    config::Grouping,
    console::{message::Command, model::Model},
    keys::{Act, Context, TABLE, View},
    text::{Tone, Untrusted, Visible},
};

/// Does what a command line says; an act that it names is given back, to be done as any other.
pub(super) fn run(model: &mut Model, line: &str, out: &mut Vec<Command>) -> Option<Act> {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    match word {
        "" => {}
        "view" => to_view(model, rest, out),
        "group" => group(model, rest),
        "find" => {
            moving::to_view(model, View::Queue, out);
            find(model, rest);
        }
        "filter" => filter::set(model, rest),
        "container" => open::container(model),
        name => return by_name(model, name),
    }
    None
}

fn to_view(model: &mut Model, name: &str, out: &mut Vec<Command>) {
    match View::from_name(name) {
        Some(view) => moving::to_view(model, view, out),
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
fn by_name(model: &mut Model, name: &str) -> Option<Act> {
    let context = Context::from(model.view);
    match TABLE.iter().find(|row| row.name == name && row.contexts.contains(&context)) {
        Some(row) if row.decides => model.say(Tone::Care, "what decides has a key of its own and no command"),
        Some(row) => return Some(row.act),
        None => model.say(Tone::Bad, Visible::label("no such command here: ").then(Untrusted(name).line())),
    }
    None
}
