//! A row that stands for many: the tools of a server that wait to be approved, by their names. None of them is decided by it.

use ccc_protocol::bodies::Ticket;
use serde_json::Value;

use crate::{
    console::model::Model,
    keys::{Act, Context, View},
    text::{Row, Tone, Untrusted, Visible},
    wording::summary,
};

/// So many names are told in the pane.
const NAMED_MAX: usize = 200;

/// What the row under the cursor stands for, where it stands for many.
#[must_use]
pub fn folded_rows(model: &Model) -> Option<Vec<Row>> {
    let (group, count) = model.queue().folded()?;
    let key = model.config().keys.key(Context::View(View::Queue), Act::Open);
    let key = key.map(|chord| chord.to_string()).unwrap_or_default();
    let mut rows = vec![
        Row::new().with(Tone::Strong, told(group.tools_of.as_deref().unwrap_or_default(), count)),
        Row::new()
            .with(Tone::Name, Untrusted(&key).line())
            .with(Tone::Plain, " opens them: each is decided for itself"),
    ];
    let names = model.queue().order().members(group).filter_map(|id| model.queue().ticket(id)).take(NAMED_MAX);
    rows.extend(names.map(|ticket| Row::new().with(Tone::Dim, "│ ").with(Tone::Agent, name(ticket))));
    let more = count.saturating_sub(NAMED_MAX);
    if more > 0 {
        rows.push(Row::new().with(Tone::Dim, Visible::label("and ").then(Visible::count(more, "more", "more"))));
    }
    Some(rows)
}

/// How many of whose tools wait.
pub(super) fn told(server: &str, count: usize) -> Visible {
    Visible::count(count, "tool", "tools")
        .then(" of ")
        .then(Untrusted(server).line().cut(SERVER_CELLS))
        .then(" to approve")
}

/// Of a server's name so much is told: how many tools it has must stay in sight.
const SERVER_CELLS: usize = 40;

/// The tool that a ticket is about.
pub(super) fn name(ticket: &Ticket) -> Visible {
    ticket.params.get("tool").map_or_else(|| summary::short(ticket.id), |tool: &Value| summary::value(tool))
}
