//! The history: a request a row with what became of it, newest first, and what the log has of it whole.

use ccc_protocol::{actions::OTHER_RAN, bodies::AuditEntry};
use ratatui::layout::Rect;
use serde_json::Value;

use super::{cursor_sign, nothing, part};
use crate::{
    console::model::Model,
    text::{Row, Tone, Visible},
    view::paint::Painter,
    wording::{self, span},
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let areas = model.areas();
    part(painter, areas.list, areas.head);
    if model.history().selected().is_empty() {
        let words = if model.history().is_read() { "nothing in the history fits" } else { "reading …" };
        return nothing(painter, areas.list, words);
    }
    for (y, (entries, here)) in (areas.list.y..areas.list.bottom()).zip(model.history().visible()) {
        let line = Rect { y, height: 1, ..areas.list };
        painter.row(line, &row(model, &entries, here));
        if here {
            painter.select(line);
        }
    }
    let (fitting, all) = model.history().counts();
    let older = if model.history().older().is_some() {
        " read so far; older ones are read at the end of the list"
    } else {
        " in all"
    };
    let head = Visible::number(fitting as u64).then(" of ").then(Visible::number(all as u64)).then(older);
    painter.row(areas.head, &Row::new().with(Tone::Dim, head));
    painter.rows(areas.details, model.entry_page().iter().skip(model.pane_scroll()));
}

/// How long ago, what became of it, who said so, what it was, and by which rule it was asked or passed.
pub(super) fn row(model: &Model, entries: &[&AuditEntry], here: bool) -> Row {
    let age = entries.first().map_or_else(Visible::default, |entry| span::age(model.now().wall, entry.at));
    let told = wording::happened(entries);
    let row = cursor_sign(here).with(Tone::Dim, age.padded(4).then(" "));
    let mut row = row.with(
        told.sign.0,
        Visible::label(told.sign.1).then(" ").then(Visible::label(told.outcome).padded(OUTCOME_CELLS)),
    );
    if let Some(by) = &told.by {
        let by = if by == model.me() { Visible::label("you") } else { Visible::from(by) };
        row.push(Tone::Plain, by.then("  "));
    }
    row.push(Tone::Plain, told.what);
    if entries.iter().any(|entry| is_alarm(entry)) {
        row.push(Tone::Bad, "; RAN AS ANOTHER LINE THAN WAS HANDED OUT");
    }
    if entries.iter().any(|entry| is_without_confinement(entry)) {
        row.push(Tone::Plain, "; its calls are not confined");
    }
    row.with(Tone::Dim, Visible::label("  ").then(told.rule))
}

/// As wide as the longest word, `withdrawn`, and a gap.
const OUTCOME_CELLS: usize = 10;

/// True where a hook found that a call which was to run confined ran as another line.
fn is_alarm(entry: &AuditEntry) -> bool {
    told_in(entry, "/detail/confined").and_then(Value::as_str) == Some(OTHER_RAN)
}

/// True where a session began whose hook says why none of its calls is confined; the details have the words.
fn is_without_confinement(entry: &AuditEntry) -> bool {
    told_in(entry, "/detail/not_confined").is_some()
}

fn told_in<'a>(entry: &'a AuditEntry, what: &str) -> Option<&'a Value> {
    entry.detail.get("params")?.pointer(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(word: &str) -> AuditEntry {
        with(&serde_json::json!({ "confined": word }))
    }

    fn with(detail: &Value) -> AuditEntry {
        let entry = serde_json::json!({
            "seq": 1, "at": "2026-03-07T12:00:00Z", "kind": "submitted", "by": "agent", "about": "agent", "action": "record-event",
            "detail": { "params": { "event": "post-tool", "detail": detail } },
        });
        serde_json::from_value(entry).unwrap()
    }

    #[test]
    fn another_line_than_was_handed_out_is_red_and_a_call_that_was_kept_from_something_is_not() {
        assert!(is_alarm(&told(OTHER_RAN)));
        assert!(!is_alarm(&told("looks as if it was kept from something")));
        let without = with(&serde_json::json!({ "not_confined": "because of its own sandbox" }));
        assert!(is_without_confinement(&without) && !is_alarm(&without) && !is_without_confinement(&told(OTHER_RAN)));
    }
}
