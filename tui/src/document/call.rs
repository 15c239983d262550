//! A tool call in a dozen rows: what it does first, the command or the difference it makes, then every other value of it. Each value
//! that the digest covers stands here once.

use std::ops::Range;

use ccc_protocol::bodies::{Mark, Marked, Preview, Replaced, Ticket};
use serde_json::{Map, Value};

use super::{
    Page,
    diff::{diff, whole},
};
use crate::{
    text::{Row, Tone, Untrusted, Visible},
    wording::words,
};

/// What of the parameters has a row of its own, or stands behind the key for ids.
const TOLD: &[&str] = &["tool", "native", "input", "cwd", "project", "host", "agent", "session"];

/// The call.
pub(super) fn call(page: &mut Page, preview: &Preview) {
    let ticket = &preview.ticket;
    let mut rest = ticket.params.get("input").cloned().unwrap_or(Value::Null);
    tool(page, preview);
    if let Value::Object(input) = &mut rest {
        main(page, preview, input);
        for (name, value) in in_order(input, preview).filter(|(name, value)| !is_said(name, value)) {
            page.value(&format!("input.{name}"), value);
        }
    } else {
        page.value("input", &rest);
    }
    for (name, value) in ticket.params.iter().filter(|(name, _)| !TOLD.contains(&name.as_str())) {
        if !is_said(name, value) {
            page.value(name, value);
        }
    }
    said(page, ticket);
    around(page, ticket);
}

/// What a tool of an MCP server says of itself, in the form that a person approved.
fn tool(page: &mut Page, preview: &Preview) {
    let description = preview.approved_tool.as_ref().and_then(|definition| definition.get("description"));
    if let Some(description) = description.and_then(Value::as_str) {
        page.text_of("the tool says, as approved: ", description);
    }
}

/// The arguments that the tool's schema requires, in its order, then the others.
fn in_order<'a>(input: &'a Map<String, Value>, preview: &'a Preview) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let schema = preview.approved_tool.as_ref().and_then(|definition| definition.get("inputSchema"));
    let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array).map(Vec::as_slice);
    let mut first: Vec<&str> = vec![];
    for name in required.unwrap_or_default().iter().filter_map(Value::as_str) {
        if !first.contains(&name) {
            first.push(name);
        }
    }
    let named = first.clone().into_iter().filter_map(|name| input.get_key_value(name));
    named.chain(input.iter().filter(move |(name, _)| !first.contains(&name.as_str())))
}

/// What tells most is taken out of the input and shown first: the command, or the file with what changes in it.
fn main(page: &mut Page, preview: &Preview, input: &mut Map<String, Value>) {
    if let Some(command) = take_text(input, &["command", "cmd", "script"]) {
        return command_rows(page, &preview.marks, &command);
    }
    if let Some(path) = take_text(input, &["file_path", "path", "notebook_path"]) {
        page.row(Row::new().with(Tone::Name, "file ").with(Tone::Agent, Untrusted(&path).line()));
    }
    if let Some((before, after)) = take_pair(input) {
        diff(page, &before, &after);
    }
    if let Some(Value::Array(edits)) = input.get("edits").cloned() {
        several(page, input, edits);
    }
    for name in ["patch", "diff", "input"] {
        let is_patch = input.get(name).and_then(Value::as_str).is_some_and(|text| text.contains("*** "));
        if is_patch && let Some(patch) = take_text(input, &[name]) {
            patch_rows(page, &patch);
        }
    }
    if let Some(content) = take_text(input, &["content", "file_text"]) {
        written(page, preview.replaced.as_ref(), &content);
    }
}

/// A whole file: held against the one that it takes the place of, where that could be read.
fn written(page: &mut Page, replaced: Option<&Replaced>, content: &str) {
    let head = match replaced {
        Some(Replaced::Text { text }) => return whole(page, text, content),
        Some(Replaced::Nothing) => Row::new().with(Tone::Name, "a new file"),
        Some(Replaced::Other { bytes }) => {
            let words = Visible::label("takes the place of ").then(Visible::number(*bytes));
            Row::new().with(Tone::Care, words.then(" bytes that are not compared here"))
        }
        None => Row::new().with(Tone::Name, "becomes"),
    };
    page.row(head);
    for line in content.split_inclusive('\n') {
        page.quote_row("+", Tone::Added, line);
    }
}

/// Takes the only text of these names. Where several are there, each stays, and is shown by its name.
fn take_text(input: &mut Map<String, Value>, names: &[&str]) -> Option<String> {
    let mut found = names.iter().filter(|name| input.get(**name).is_some_and(Value::is_string));
    let (name, None) = (found.next()?, found.next()) else { return None };
    match input.remove(*name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn take_pair(input: &mut Map<String, Value>) -> Option<(String, String)> {
    let names = [("old_string", "new_string"), ("old_str", "new_str")];
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let (names, pair) = names.iter().find_map(|pair| Some((pair, (text(pair.0)?, text(pair.1)?))))?;
    input.remove(names.0);
    input.remove(names.1);
    Some(pair)
}

/// Several changes of one file: each as a difference, where all of them are of that form.
fn several(page: &mut Page, input: &mut Map<String, Value>, edits: Vec<Value>) {
    let mut pairs = vec![];
    for edit in edits {
        let Value::Object(mut edit) = edit else { return };
        let Some(pair) = take_pair(&mut edit) else { return };
        pairs.push((pair, edit));
    }
    input.remove("edits");
    for (at, ((before, after), rest)) in pairs.iter().enumerate() {
        let head = Visible::label("change ").then(Visible::number(at as u64 + 1));
        page.row(Row::new().with(Tone::Name, head));
        diff(page, before, after);
        for (name, value) in rest {
            page.value(&format!("edits.{name}"), value);
        }
    }
}

/// A patch as its host writes it, its lines coloured by their signs.
fn patch_rows(page: &mut Page, patch: &str) {
    for line in patch.split_inclusive('\n') {
        let tone = match line.as_bytes().first() {
            Some(b'+') => Tone::Added,
            Some(b'-') => Tone::Removed,
            Some(b'*') => Tone::Strong,
            _ => Tone::Agent,
        };
        page.quote(tone, line);
    }
}

/// So many lines of a command are taken in at a glance; before longer ones it is said what there is.
const GLANCE_LINES: usize = 8;
/// So many of the lines below are named.
const NAMED_LINES: usize = 3;

/// The command with its marks. A long one is preceded by what there is further down.
fn command_rows(page: &mut Page, marks: &[Mark], command: &str) {
    let (marks, dropped) = marks_of(command, marks);
    let lines = Untrusted(command).placed_lines();
    further_down(page, command, &lines, &marks);
    for (at, (place, line)) in lines.iter().enumerate() {
        let sign = if at == 0 { "$" } else { " " };
        let row = match place {
            Some(place) => highlighted(command, place, line, &marks),
            None => Row::new().with(Tone::Care, line.clone()),
        };
        page.quoted_row(sign, &row);
    }
    if dropped > 0 {
        page.row(Row::new().with(
            Tone::Care,
            Visible::count(dropped, "mark", "marks").then(" of the bridge do not fit this text and are left out"),
        ));
    }
}

/// The marks that fit the text, in its order, none over another; and how many do not.
fn marks_of(text: &str, marks: &[Mark]) -> (Vec<(Range<usize>, Marked)>, usize) {
    let place = |mark: &Mark| {
        let range = usize::try_from(mark.start).ok()?..usize::try_from(mark.end).ok()?;
        text.get(range.clone()).filter(|word| !word.is_empty() && !word.contains('\n'))?;
        Some((range, mark.what))
    };
    let mut fitting: Vec<(Range<usize>, Marked)> = vec![];
    let mut dropped = 0;
    for mark in marks {
        match place(mark).filter(|(range, _)| fitting.last().is_none_or(|(last, _)| last.end <= range.start)) {
            Some(placed) => fitting.push(placed),
            None => dropped += 1,
        }
    }
    (fitting, dropped)
}

type Lines = [(Option<Range<usize>>, Visible)];

/// How long it is, and which of the lines below hold what tells most. A line that is itself longer than a glance counts from where
/// that ends.
fn further_down(page: &mut Page, command: &str, lines: &Lines, marks: &[(Range<usize>, Marked)]) {
    let cells = page.width().saturating_sub(SIGN_CELLS).max(1);
    let mut telling: Vec<(u64, Visible)> = vec![];
    let (mut rows, mut number) = (0_usize, 0_u64);
    for (place, line) in lines {
        let Some(place) = place else { continue };
        number = command.get(..place.start).unwrap_or_default().bytes().filter(|b| *b == b'\n').count() as u64 + 1;
        let mut told = marks.iter().filter(|(mark, what)| *what != Marked::Program && place.contains(&mark.start));
        let begins = |mark: &Range<usize>| {
            rows + Untrusted(command.get(place.start..mark.start).unwrap_or_default()).line().width() / cells
        };
        if let Some((mark, _)) = told.find(|(mark, _)| begins(mark) >= GLANCE_LINES) {
            let is_whole = rows >= GLANCE_LINES;
            telling.push((number, if is_whole { line.clone() } else { excerpt(command, place, mark) }));
        }
        rows += line.width().div_ceil(cells).max(1);
    }
    if rows <= GLANCE_LINES {
        return;
    }
    let length = match number {
        1 => Visible::label("1 line of ").then(Visible::number(command.chars().count() as u64)).then(" characters"),
        _ => Visible::number(command.lines().count() as u64).then(" lines"),
    };
    let row = Row::new().with(Tone::Care, length);
    page.row(if telling.is_empty() { row } else { row.with(Tone::Care, ", further down among them:") });
    for (number, line) in telling.iter().take(NAMED_LINES) {
        let name = Visible::label("line ").then(Visible::number(*number)).then(" ");
        let room = page.width().saturating_sub(name.width());
        page.row(Row::new().with(Tone::Name, name).with(Tone::Agent, line.cut_middle(room)));
    }
    let more = telling.len().saturating_sub(NAMED_LINES);
    if more > 0 {
        page.row(
            Row::new().with(
                Tone::Care,
                Visible::label("and ").then(Visible::count(more, "more such line", "more such lines")),
            ),
        );
    }
}

/// Cells of a row that stand before a command's text: gutter and sign.
const SIGN_CELLS: usize = 4;
/// So many bytes before and behind a mark are told with it.
const EXCERPT_BYTES: usize = 40;

/// What stands around a mark in a long line.
fn excerpt(command: &str, line: &Range<usize>, mark: &Range<usize>) -> Visible {
    let start = command.floor_char_boundary(mark.start.saturating_sub(EXCERPT_BYTES)).max(line.start);
    let end = command.ceil_char_boundary(mark.end.saturating_add(EXCERPT_BYTES)).min(line.end);
    Visible::label("…").then(Untrusted(command.get(start..end).unwrap_or_default()).line()).then("…")
}

/// The line with its marks in weight. The text is the one that the console has itself: a mark changes the tone of a part of it, and
/// one that would cut what is drawn as one is left out.
fn highlighted(text: &str, place: &Range<usize>, line: &Visible, marks: &[(Range<usize>, Marked)]) -> Row {
    let mut row = Row::new();
    let mut drawn = 0;
    let here = marks.iter().filter(|(mark, _)| place.start <= mark.start && mark.end <= place.end);
    for (mark, what) in here {
        let shown = |range: Range<usize>| Untrusted(text.get(range).unwrap_or_default()).line();
        let start = shown(place.start..mark.start).as_str().len();
        let end = start + shown(mark.clone()).as_str().len();
        let fits = line.as_str().get(..start) == Some(shown(place.start..mark.start).as_str())
            && line.as_str().get(start..end) == Some(shown(mark.clone()).as_str());
        if fits && drawn <= start {
            row.push(Tone::Agent, line.between(drawn, start));
            row.push(tone(*what), line.between(start, end));
            drawn = end;
        }
    }
    row.with(Tone::Agent, line.between(drawn, line.as_str().len()))
}

fn tone(what: Marked) -> Tone {
    match what {
        Marked::Program => Tone::Strong,
        Marked::Danger => Tone::Danger,
        Marked::Host => Tone::Host,
        Marked::Path => Tone::Care,
    }
}

/// What the agent says about its own request: worth reading, and worth nothing as proof.
pub(super) fn said(page: &mut Page, ticket: &Ticket) {
    let input = ticket.params.get("input").and_then(Value::as_object);
    let found = input.into_iter().chain([&ticket.params]).flat_map(|object| object.iter());
    for (_, value) in found.filter(|(name, value)| is_said(name, value)) {
        let text = value.as_str().unwrap_or_default();
        page.text_of("agent says, unchecked: ", text);
    }
}

pub(super) fn is_said(name: &str, value: &Value) -> bool {
    value.is_string() && ["reason", "description", "justification", "purpose", "why"].contains(&name)
}

/// Where and by what it is made, in a row or two.
fn around(page: &mut Page, ticket: &Ticket) {
    let told = |name: &str| ticket.params.get(name).map(shown);
    let place = match (told("cwd"), told("project")) {
        (Some(cwd), Some(project)) if cwd == project => cwd + ", the project",
        (Some(cwd), Some(project)) => format!("{cwd}, project {project}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    };
    if !place.is_empty() {
        page.fact("in", Tone::Agent, Untrusted(&place).line());
    }
    let names = ["tool", "native", "host", "agent"];
    let told: Vec<String> = names.iter().filter_map(|name| Some(format!("{name} {}", told(name)?))).collect();
    page.fact("by", Tone::Agent, Untrusted(&told.join("  ")).line());
}

/// A value in a row among others: as it is where nothing can be taken for what stands around it, else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if words::is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}
