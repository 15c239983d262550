//! The whole of a preview, in the order a person asks: is anything odd, what would happen, with what, who wants it, and why.

use ccc_protocol::bodies::{FileView, Preview, Risk, Ticket, UrlView};
use serde_json::{Map, Value};

use super::{Page, diff::diff, facts::facts, plan::plan};
use crate::text::{Row, Tone, Untrusted, Visible};

/// Everything, wrapped to so many cells.
#[must_use]
pub fn preview(preview: &Preview, width: usize) -> Vec<Row> {
    let mut page = Page::new(width);
    cautions(&mut page, preview);
    plan(&mut page, &preview.plan);
    urls(&mut page, &preview.urls);
    params(&mut page, &preview.ticket.params);
    tool_edit(&mut page, &preview.ticket);
    tool_change(&mut page, preview);
    files(&mut page, &preview.files);
    if let Some(found) = &preview.facts {
        facts(&mut page, found);
    }
    before_edit(&mut page, preview);
    said(&mut page, &preview.ticket);
    asked(&mut page, &preview.ticket);
    recent(&mut page, preview);
    page.row(Row::new());
    page.row(Row::new().with(Tone::Dim, "── end of this request ──"));
    page.into_rows()
}

fn cautions(page: &mut Page, preview: &Preview) {
    let ticket = &preview.ticket;
    let own = [
        (ticket.irreversible, "cannot be taken back"),
        (ticket.risk == Risk::High, "high risk, by its declaration"),
        (ticket.needs_note, "an approval must carry a note"),
    ];
    let own: Vec<&'static str> = own.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words).collect();
    if own.is_empty() && preview.warnings.is_empty() {
        return;
    }
    page.section("TAKE CARE");
    for words in own {
        page.row(Row::new().with(Tone::Care, "‼ ").with(Tone::Care, words));
    }
    for warning in &preview.warnings {
        page.row(Row::new().with(Tone::Care, "‼ ").with(Tone::Care, Untrusted(warning).line()));
    }
}

fn urls(page: &mut Page, urls: &[UrlView]) {
    for url in urls {
        page.section("ADDRESS");
        page.row(around_host(url));
        page.fact("host", Tone::Host, Untrusted(&url.host).line());
        if let Some(unicode) = &url.host_unicode {
            page.fact("reads as", Tone::Care, Untrusted(unicode).line().then("  (look-alike letters are possible)"));
        }
    }
}

/// The URL with its host set off.
fn around_host(url: &UrlView) -> Row {
    let parts = url.url.find("://").and_then(|scheme| {
        let from = scheme + 3;
        let at = url.url.get(from..)?.find(&url.host)? + from;
        Some((url.url.get(..at)?, url.url.get(at + url.host.len()..)?))
    });
    let Some((before, after)) = parts else { return Row::new().with(Tone::Agent, Untrusted(&url.url).line()) };
    let head = Row::new().with(Tone::Dim, Untrusted(before).line()).with(Tone::Host, Untrusted(&url.host).line());
    head.with(Tone::Agent, Untrusted(after).line())
}

fn params(page: &mut Page, params: &Map<String, Value>) {
    page.section("PARAMETERS");
    if params.is_empty() {
        page.row(Row::new().with(Tone::Dim, "none"));
    }
    let first = TELLING.iter().filter_map(|name| params.get_key_value(*name));
    let rest = params.iter().filter(|(name, _)| !TELLING.contains(&name.as_str()));
    for (name, value) in first.chain(rest) {
        page.value(name, value);
    }
}

/// What of a tool call is read first; an action of another kind that has such parameters loses nothing by it.
const TELLING: &[&str] = &["tool", "input", "cwd", "project"];

/// Where a tool replaces text in a file, what goes and what comes.
fn tool_edit(page: &mut Page, ticket: &Ticket) {
    let input = ticket.params.get("input");
    let text = |name: &str| input.and_then(|input| input.get(name)).and_then(Value::as_str);
    if let (Some(before), Some(after)) = (text("old_string"), text("new_string")) {
        page.section("CHANGE");
        diff(page, before, after);
    }
}

/// How a tool's definition, and the way to its server, differ from what is approved.
fn tool_change(page: &mut Page, preview: &Preview) {
    let Some(before) = &preview.approved_before else { return };
    page.section("CHANGED SINCE IT WAS APPROVED");
    for name in ["command", "definition"] {
        diff(page, &shown(before.get(name)), &shown(preview.ticket.params.get(name)));
    }
}

/// A value as text of lines: a text as it is, all else as indented JSON.
fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    text + "\n"
}

fn files(page: &mut Page, files: &[FileView]) {
    for file in files {
        page.section(if file.whole { "FILE, WHOLE" } else { "FILE, ITS FIRST PART" });
        page.fact("path", Tone::Agent, Untrusted(&file.container).line());
        page.fact("size", Tone::Plain, Visible::number(file.bytes).then(" bytes"));
        page.quote(Tone::Agent, &file.head);
        if !file.whole {
            page.row(Row::new().with(Tone::Dim, "the file goes on; it is opened, not run, and is yours to read"));
        }
    }
}

fn before_edit(page: &mut Page, preview: &Preview) {
    let Some(before) = &preview.before_edit else { return };
    page.section("EDITED FROM");
    let pretty = |params: &Map<String, Value>| serde_json::to_string_pretty(params).unwrap_or_default() + "\n";
    diff(page, &pretty(before), &pretty(&preview.ticket.params));
}

/// What the agent says about its own request: worth reading, and worth nothing as proof.
fn said(page: &mut Page, ticket: &Ticket) {
    let reasons = ["reason", "description", "justification", "purpose", "why"];
    let input = ticket.params.get("input");
    let found = reasons.iter().filter_map(|name| {
        let value = ticket.params.get(*name).or_else(|| input.and_then(|input| input.get(*name)))?;
        value.as_str()
    });
    let mut begun = false;
    for text in found {
        if !begun {
            page.section("THE AGENT SAYS (untrusted, nobody checked it)");
            begun = true;
        }
        page.quote(Tone::Agent, text);
    }
}

fn asked(page: &mut Page, ticket: &Ticket) {
    page.section("WHO ASKS");
    page.fact("agent", Tone::Strong, &ticket.submitted_by);
    if let Some(session) = crate::wording::summary::session(ticket) {
        page.fact("session", Tone::Agent, Untrusted(session).line());
    }
    page.fact("when", Tone::Plain, &ticket.created);
    page.fact("rule", Tone::Plain, Untrusted(&ticket.rule).line());
    for role in &ticket.needs_roles {
        page.fact("role", Tone::Plain, Untrusted(role).line().then(" is needed to approve it"));
    }
    if ticket.needed > 1 {
        page.fact("needs", Tone::Care, Visible::number(ticket.needed).then(" people"));
    }
    for approval in &ticket.approvals {
        let by = Visible::label("by ").then(&approval.by).then(" at ").then(&approval.at);
        let note = approval
            .note
            .as_deref()
            .map_or_else(Visible::default, |note| Visible::label(": ").then(Untrusted(note).line()));
        page.fact("approved", Tone::Good, by.then(note));
    }
    if ticket.repeats > 0 {
        page.fact(
            "repeats",
            Tone::Plain,
            Visible::number(ticket.repeats).then(" more of the same were answered with this one"),
        );
    }
    if let Some(before) = &ticket.replaces {
        page.fact("edited", Tone::Plain, Visible::label("from ").then(before));
    }
    page.fact("id", Tone::Dim, &ticket.id);
    page.fact("plan", Tone::Dim, &ticket.plan);
    page.fact("digest", Tone::Dim, Visible::from(&ticket.digest).then("  (computed here from what you read: it fits)"));
}

fn recent(page: &mut Page, preview: &Preview) {
    if preview.recent.is_empty() {
        return;
    }
    page.section("THE SAME AGENT ASKED JUST BEFORE");
    for ask in &preview.recent {
        let head =
            Visible::from(&ask.created).then("  ").then(Visible::label(ask.status.as_str())).padded(32).then("  ");
        page.row(Row::new().with(Tone::Dim, head).with(Tone::Agent, Untrusted(&ask.summary).line()));
    }
}
