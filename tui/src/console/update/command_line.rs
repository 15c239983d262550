//! What is written after `:`. Any act that decides nothing, by its name; and a few commands with a word of their own.

use super::{filter, here, moving};
use crate::{
    config::Grouping,
    console::{
        message::Command,
        model::{
            Model,
            dialog::{Dialog, Kind},
        },
    },
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
        "container" => here::container(model),
        "q" => return Some(Act::Quit),
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

/// The words with something of their own behind them, beside the names of acts.
const WORDS: [&str; 6] = ["container", "filter", "find", "group", "q", "view"];

/// The words that a command line may begin with here and that begin so.
pub(in crate::console) fn candidates(behind: Context, begun: &str) -> Vec<&'static str> {
    let acts = TABLE.iter().filter(|row| !row.decides && row.contexts.contains(&behind)).map(|row| row.name);
    let mut words: Vec<&str> = acts.chain(WORDS).filter(|word| word.starts_with(begun)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Goes on with the word as far as it can only go on so; says what there is to choose from.
pub(super) fn complete(model: &mut Model) {
    let behind = model.behind();
    let Some(Dialog { kind: Kind::Line(field), .. }) = &mut model.dialog else { return };
    let found = candidates(behind, field.text());
    let Some((first, rest)) = found.split_first() else { return model.say(Tone::Care, "no command begins so") };
    let common = |word: &str| first.bytes().zip(word.bytes()).take_while(|(one, other)| one == other).count();
    let length = rest.iter().map(|word| common(word)).min().unwrap_or(first.len());
    field.set(first.get(..length).unwrap_or(first));
    if rest.is_empty() {
        model.notice = None;
    } else {
        let words = found.iter().copied().map(Visible::label).reduce(|words, word| words.then("  ").then(word));
        model.say(Tone::Plain, words.unwrap_or_default());
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
    let context = model.behind();
    match TABLE.iter().find(|row| row.name == name && row.contexts.contains(&context)) {
        Some(row) if row.decides => model.say(Tone::Care, "what decides has a key of its own and no command"),
        Some(row) => return Some(row.act),
        None => model.say(Tone::Bad, Visible::label("no such command here: ").then(Untrusted(name).line())),
    }
    None
}
