//! Moving about: cursor, scrolling, views, mouse.

use super::filter;
use crate::{
    console::{message::Command, model::Model},
    keys::{Act, View},
    text::{Tone, Visible},
};

pub(super) fn act(model: &mut Model, act: Act, out: &mut Vec<Command>) {
    match act {
        Act::Up => step(model, -1, out),
        Act::Down => step(model, 1, out),
        Act::PageUp => step(model, -page(model), out),
        Act::PageDown => step(model, page(model), out),
        Act::First => to_end(model, false, out),
        Act::Last => to_end(model, true, out),
        Act::ScrollUp => scroll(model, -1),
        Act::ScrollDown => scroll(model, 1),
        Act::ScrollPageUp => scroll_page(model, -1),
        Act::ScrollPageDown => scroll_page(model, 1),
        Act::ScrollFirst => scroll(model, isize::MIN + 1),
        Act::ScrollLast => scroll(model, isize::MAX),
        Act::Open => open(model),
        Act::Back => back(model),
        Act::NextView => to_view(model, model.view.next(), out),
        Act::PreviousView => to_view(model, model.view.previous(), out),
        Act::View(view) => to_view(model, view, out),
        Act::NextWaiting => next_waiting(model, out),
        Act::Regroup => regroup(model),
        _ => {}
    }
}

/// A row that stands for many opens first; then its details do.
fn open(model: &mut Model) {
    if model.view != View::Queue || !model.queue.unfold() {
        model.open = true;
    }
}

fn page(model: &Model) -> isize {
    (model.areas().list.height.max(2) - 1).try_into().unwrap_or(isize::MAX)
}

fn step(model: &mut Model, rows: isize, out: &mut Vec<Command>) {
    match model.view {
        View::Queue => model.queue.step(rows),
        View::History => {
            model.pane_scroll = 0;
            if model.history.step(rows) {
                out.extend(model.history.older().map(|after| Command::ReadAudit { after }));
            }
        }
        View::Grants => {
            model.pane_scroll = 0;
            model.grant_pick.step(rows, model.grants.len());
        }
        View::Policies => model.policies.step(rows),
        View::Agents => model.agent_pick.step(rows, model.agents().len()),
    }
}

fn to_end(model: &mut Model, last: bool, out: &mut Vec<Command>) {
    match (model.view, last) {
        (View::Queue, true) => model.queue.to_last(),
        (View::Queue, false) => model.queue.to_first(),
        (_, true) => step(model, isize::MAX, out),
        (_, false) => step(model, isize::MIN + 1, out),
    }
}

fn scroll(model: &mut Model, rows: isize) {
    match pane_rows(model) {
        Some(count) => {
            let last = count.saturating_sub(model.areas().details.height.into());
            model.pane_scroll = model.pane_scroll.saturating_add_signed(rows).min(last);
        }
        None => model.details.scroll(rows),
    }
}

/// How many rows the details on screen have, where they are no ticket's.
fn pane_rows(model: &Model) -> Option<usize> {
    match model.view {
        View::History => Some(model.entry_page().len()),
        View::Grants => Some(model.grant_page().len()),
        View::Queue | View::Policies | View::Agents => None,
    }
}

fn scroll_page(model: &mut Model, pages: isize) {
    if pane_rows(model).is_some() {
        scroll(model, pages * page(model));
    } else {
        model.details.scroll_pages(pages);
    }
}

/// One step back in the view on screen: from the whole screen to the list, then the marks, what was opened, and the filter.
fn back(model: &mut Model) {
    if model.open {
        model.open = false;
    } else if model.view == View::Queue && !model.queue.marked().is_empty() {
        model.queue.unmark_all();
    } else if model.view == View::Queue && model.queue.fold() {
        model.say(Tone::Plain, "one row again");
    } else if model.filter().is_some_and(|filter| !filter.is_empty()) {
        filter::set(model, "");
    } else if model.view == View::Queue {
        model.queue.leave_ended();
    }
}

/// Turns to a view and reads what it shows.
pub(super) fn to_view(model: &mut Model, view: View, out: &mut Vec<Command>) {
    model.view = view;
    model.open = false;
    model.pane_scroll = 0;
    read_view(model, out);
}

/// Reads what the view on screen shows.
pub(super) fn read_view(model: &Model, out: &mut Vec<Command>) {
    match model.view {
        View::History => out.push(Command::ReadAudit { after: model.history.read_after(model.seq) }),
        View::Grants => out.push(Command::ReadGrants),
        View::Policies => out.push(Command::ReadPolicies),
        View::Agents => out.extend([Command::ReadPolicies, Command::ReadGrants]),
        // The page that stands there while nothing waits tells what agents do.
        View::Queue if model.is_idle() => {
            out.push(Command::ReadAudit { after: model.history.read_after(model.seq) });
        }
        View::Queue => {}
    }
}

/// To the next request that waits below the cursor, and from the end to the first. What is under the cursor decides nothing by it: it
/// settles like any other.
fn next_waiting(model: &mut Model, out: &mut Vec<Command>) {
    if model.view != View::Queue {
        to_view(model, View::Queue, out);
    }
    if !model.queue.to_next_waiting() {
        model.say(Tone::Plain, "nothing else waits");
    }
}

fn regroup(model: &mut Model) {
    let grouping = model.queue.order().grouping().next();
    model.queue.regroup(grouping);
    model.say(Tone::Plain, Visible::label("grouped by: ").then(grouping.word()));
}

/// A click selects, and nothing else; the one that brings the window to the front does not even that.
pub(super) fn click(model: &mut Model, column: u16, line: u16) {
    model.armed.disturb(model.now.millis);
    if std::mem::take(&mut model.click_is_focus) {
        return;
    }
    let list = model.areas().list;
    let inside = list.contains(ratatui::layout::Position { x: column, y: line });
    if inside && model.dialog.is_none() && model.view == View::Queue {
        model.queue.to_line(usize::from(line - list.y));
    }
}

pub(super) fn wheel(model: &mut Model, rows: isize) {
    if model.dialog.is_none() {
        scroll(model, rows);
    }
}
