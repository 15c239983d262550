//! One line of the history, whole.

use ccc_protocol::bodies::AuditEntry;

use super::Page;
use crate::text::{Row, Tone, Untrusted, Visible};

/// Everything the audit log holds of it, wrapped to so many cells.
#[must_use]
pub fn entry(entry: &AuditEntry, width: usize) -> Vec<Row> {
    let mut page = Page::new(width);
    page.section("ENTRY OF THE AUDIT LOG");
    page.fact("number", Tone::Plain, Visible::number(entry.seq));
    page.fact("at", Tone::Plain, &entry.at);
    page.fact("what", Tone::Strong, Untrusted(entry.kind.as_str()).line());
    let by = entry.by.as_ref().map_or(Visible::label("the server itself"), Visible::from);
    page.fact("by", Tone::Plain, by);
    if let Some(about) = &entry.about {
        page.fact("about", Tone::Plain, about);
    }
    if let Some(action) = &entry.action {
        page.fact("action", Tone::Plain, action);
    }
    if let Some(ticket) = &entry.ticket {
        page.fact("ticket", Tone::Plain, ticket);
    }
    if let Some(status) = entry.status {
        page.fact("then", Tone::Plain, Visible::label(status.as_str()));
    }
    if !entry.detail.is_empty() {
        page.section("MORE");
        for (name, value) in &entry.detail {
            page.value(name, value);
        }
    }
    page.row(Row::new());
    page.row(Row::new().with(Tone::Dim, "── end of this entry ──"));
    page.into_rows()
}
