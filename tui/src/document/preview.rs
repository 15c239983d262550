//! The whole of a preview, in the order a person asks: how grave is it, what would happen, with what, who wants it, and why.

use ccc_protocol::{
    actions::{PIN_TOOL, USE_TOOL},
    bodies::{FileView, Plan, Preview, Risk, Status, Ticket, UrlView},
};
use serde_json::{Map, Value};

use super::{Page, call, diff::diff, plan::plan};
use crate::text::{Row, Tone, Untrusted, Visible};

/// Whether a page names what only machines compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ids {
    /// Left out.
    #[default]
    Hidden,
    /// Ids, digests and the session.
    Shown,
}

/// Everything, wrapped to so many cells.
#[must_use]
pub fn preview(preview: &Preview, width: usize, ids: Ids) -> Vec<Row> {
    let mut page = Page::new(width);
    let ticket = &preview.ticket;
    became(&mut page, ticket);
    verdict(&mut page, ticket);
    cautions(&mut page, preview);
    if is_call(ticket) && preview.plan.is_release() {
        call::call(&mut page, preview);
        unread(&mut page, preview);
    } else if ticket.action.as_str() == PIN_TOOL {
        tool(&mut page, ticket, &preview.plan);
        call::said(&mut page, ticket);
    } else {
        urls(&mut page, &preview.urls);
        plan(&mut page, &preview.plan);
        params(&mut page, &ticket.params);
        call::said(&mut page, ticket);
    }
    tool_change(&mut page, preview);
    files(&mut page, &preview.files);
    before_edit(&mut page, preview);
    asked(&mut page, ticket);
    recent(&mut page, preview);
    if ids == Ids::Shown {
        identified(&mut page, ticket);
    }
    page.row(Row::new().with(Tone::Dim, "── end of this request ──"));
    page.into_rows()
}

/// True for a coding agent's tool call.
fn is_call(ticket: &Ticket) -> bool {
    ticket.action.as_str() == USE_TOOL
}

/// How it ended, and what was observed of it.
fn became(page: &mut Page, ticket: &Ticket) {
    if !ticket.status.has_ended() {
        return;
    }
    let tone = match ticket.status {
        Status::Failed | Status::Denied | Status::Lost => Tone::Bad,
        _ => Tone::Good,
    };
    page.row(Row::new().with(tone, Visible::label("ended: ").then(crate::wording::status(ticket.status))));
    if let Some(reason) = &ticket.reason {
        page.text_of("why ", reason);
    }
    match &ticket.result {
        Some(Value::Object(parts)) => observed(page, parts),
        Some(value) => page.value("result", value),
        None => {}
    }
    page.row(Row::new());
}

/// What was observed: how it ended, what it said last, and whatever else there is. What did not happen has no row.
fn observed(page: &mut Page, parts: &Map<String, Value>) {
    const FIRST: &[&str] = &["exit_code", "stderr", "stdout"];
    let first = FIRST.iter().filter_map(|name| parts.get_key_value(*name));
    let rest = parts.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    for (name, value) in first.chain(rest).filter(|(_, value)| !value.is_null() && **value != Value::Bool(false)) {
        page.value(name, value);
    }
}

/// The gravest thing in words, what it is about, why it is asked.
fn verdict(page: &mut Page, ticket: &Ticket) {
    if let Some(verdict) = &ticket.verdict {
        for row in crate::wording::verdict::rows(verdict) {
            page.row(row);
        }
    }
    // Nothing stands twice: the headline is above, and what the rule names below.
    let headline = ticket.verdict.as_ref().map(|verdict| verdict.headline.to_lowercase()).unwrap_or_default();
    let is_told = |reason: &str| reason.to_lowercase() == headline || ticket.rule.contains(reason);
    if let Some(row) = ticket.assessed.as_ref().and_then(|assessed| crate::wording::risk(assessed, is_told)) {
        page.row(row);
    }
    page.row(Row::new().with(Tone::Name, "why ").with(Tone::Plain, Untrusted(&ticket.rule).line()));
}

/// What the verdict does not say: hidden characters, characters that look like others, what the declaration asks for.
fn cautions(page: &mut Page, preview: &Preview) {
    let ticket = &preview.ticket;
    let own = [
        (ticket.irreversible && ticket.verdict.is_none(), "cannot be undone"),
        (
            ticket.risk == Risk::High && (ticket.irreversible || ticket.verdict.is_none()),
            "high risk, by its declaration",
        ),
        (ticket.needs_note, "an approval must carry a note"),
    ];
    for (_, words) in own.into_iter().filter(|(holds, _)| *holds) {
        page.row(Row::new().with(Tone::Care, "‼ ").with(Tone::Care, words));
    }
    for warning in &preview.warnings {
        page.row(Row::new().with(Tone::Care, "‼ ").with(Tone::Care, Untrusted(warning).line()));
    }
}

/// Of more programs than these it is said in a row which they are.
const COMMANDS_AT_A_GLANCE: usize = 5;

/// Why something about the call could not be known, beyond what the verdict says.
fn unread(page: &mut Page, preview: &Preview) {
    let Some(facts) = &preview.facts else { return };
    if facts.commands.len() > COMMANDS_AT_A_GLANCE {
        super::facts::facts(page, facts);
    }
    let told = preview.ticket.verdict.as_ref().map(|verdict| verdict.objects.as_slice()).unwrap_or_default();
    for reason in facts.opaque.iter().filter(|reason| !told.contains(reason)) {
        page.text_of("unknown ", reason);
    }
}

fn urls(page: &mut Page, urls: &[UrlView]) {
    for url in urls {
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
    // What the agent says about it has rows of its own.
    for (name, value) in first.chain(rest).filter(|(name, value)| !call::is_said(name, value)) {
        page.value(name, value);
    }
}

/// What of a tool call is read first; an action of another kind that has such parameters loses nothing by it.
const TELLING: &[&str] = &["tool", "input", "cwd", "project"];

/// A tool to be approved: whose it is, how its server is reached, what it says of itself.
fn tool(page: &mut Page, ticket: &Ticket, plan: &Plan) {
    let mut rest = ticket.params.clone();
    for name in ["server", "tool", "command"] {
        if let Some(value) = rest.remove(name) {
            page.value(name, &value);
        }
    }
    let definition = rest.get_mut("definition").and_then(Value::as_object_mut);
    if let Some(Value::String(text)) = definition.and_then(|definition| definition.remove("description")) {
        page.text_of("the tool says: ", &text);
        if rest.get("definition").is_some_and(|definition| definition.as_object().is_some_and(Map::is_empty)) {
            rest.remove("definition");
        }
    }
    for (name, value) in rest.iter().filter(|(name, value)| !call::is_said(name, value)) {
        page.value(name, value);
    }
    if let Plan::Bridge { what, .. } = plan {
        page.fact("does", Tone::Plain, Visible::label("the bridge itself: ").then(Untrusted(what).line()));
    } else {
        super::plan::plan(page, plan);
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

fn asked(page: &mut Page, ticket: &Ticket) {
    page.fact("from", Tone::Strong, Visible::from(&ticket.submitted_by).then(", at ").then(&ticket.created));
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
}

fn identified(page: &mut Page, ticket: &Ticket) {
    if let Some(session) = crate::wording::summary::session(ticket) {
        page.fact("session", Tone::Agent, Untrusted(session).line());
    }
    page.fact("id", Tone::Dim, &ticket.id);
    page.fact("plan", Tone::Dim, &ticket.plan);
    page.fact("digest", Tone::Dim, Visible::from(&ticket.digest).then("  (computed here from what you read: it fits)"));
}

/// So many of what the same agent asked before are told.
const RECENT_MAX: usize = 3;

fn recent(page: &mut Page, preview: &Preview) {
    if preview.recent.is_empty() {
        return;
    }
    for ask in preview.recent.iter().take(RECENT_MAX) {
        let head = Visible::label("before  ").then(crate::wording::status(ask.status)).padded(18).then(" ");
        let room = page.width().saturating_sub(head.width());
        let told = crate::wording::summary::value(&Value::from(ask.summary.as_str()));
        page.row(Row::new().with(Tone::Dim, head).with(Tone::Agent, told.cut(room)));
    }
}
