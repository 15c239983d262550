//! The question in front, over the lower part of the body, so that what it is about stays in sight where there is room.

use ccc_protocol::bodies::Policy;
use ratatui::layout::Rect;

use super::{cursor_sign, details};
use crate::{
    console::{
        armed::Refusal,
        model::{
            Done, Model,
            dialog::{Change, Choice, Dialog, Kind, Outcome, Run},
            field::Field,
            scope::Scope,
        },
    },
    document,
    keys::{Act, Context},
    text::{Row, Tone, Untrusted, Visible, wrap},
    view::paint::Painter,
    wording::verdict,
};

pub(super) fn draw(model: &Model, painter: &mut Painter<'_>) {
    let Some(dialog) = model.dialog() else { return };
    let body = model.areas().body;
    let width = usize::from(body.width);
    let (mut head, content) = (head(mark(model), dialog, width), content(model, dialog, width));
    // Stopping waits for nothing.
    let settles = model.armed().settled(model.now().millis).is_some() && !matches!(dialog.kind, Kind::Panic { .. });
    if let Some(title) = head.first_mut().filter(|_| settles) {
        title.push(Tone::Dim, Visible::label("  ").then(details::bar(model)));
    }
    let wanted = u16::try_from(head.len() + content.len() + 1).unwrap_or(u16::MAX);
    let height = wanted.min(body.height);
    let area = Rect { y: body.bottom() - height, height, ..body };
    painter.clear(area);
    painter.rule(area);
    let inner = Rect { y: area.y + 1, height: height.saturating_sub(1), ..area };
    // What it is about always stays in sight; of the rest, the part that the cursor is in.
    let room = usize::from(inner.height).saturating_sub(head.len());
    let skip = (focus(dialog) + 1).saturating_sub(room).min(content.len().saturating_sub(room));
    painter.rows(inner, head.iter().chain(content.iter().skip(skip)));
}

/// Whether a deciding key would count now, in a sign that takes the same room either way; none before a dialog that decides nothing.
fn mark(model: &Model) -> Row {
    match model.armed().state(model.now().millis) {
        Ok(_) => Row::new().with(Tone::Good, "◆ "),
        Err(Refusal::Nothing) => Row::new(),
        Err(_) => Row::new().with(Tone::Dim, "◇ "),
    }
}

/// All of the dialog.
pub(super) fn rows(model: &Model, dialog: &Dialog, width: usize) -> Vec<Row> {
    let mut rows = head(Row::new(), dialog, width);
    rows.extend(content(model, dialog, width));
    rows
}

/// The row of the content that the cursor is in.
fn focus(dialog: &Dialog) -> usize {
    match &dialog.kind {
        Kind::Deny { choice, .. } => *choice,
        Kind::Edit { field, .. } => field.cursor().0,
        Kind::Scope(scope) => scope.at() + 2,
        Kind::Panic { at, .. } | Kind::Stop { at, .. } => at + 2,
        Kind::Word { .. } | Kind::Confirm { .. } | Kind::Does { .. } => usize::MAX - 1,
        _ => 0,
    }
}

fn head(mark: Row, dialog: &Dialog, width: usize) -> Vec<Row> {
    let title = match dialog.kind {
        Kind::Deny { .. } => "DENY, and say why",
        Kind::Note { .. } => "APPROVE, and say why: a note is required",
        Kind::Word { .. } => "APPROVE what deserves care",
        Kind::Confirm { .. } => "APPROVE with this note",
        Kind::Scope(_) => "APPROVE, and more of the same for a while",
        Kind::Edit { .. } => "EDIT the parameters",
        Kind::Bulk => "APPROVE each of these, once",
        Kind::Results { .. } => "WHAT BECAME OF EACH",
        Kind::Container { .. } => "START THE AGENT'S CONTAINER WITH",
        Kind::Install { .. } => "INSTALL THE HOOK",
        Kind::Volume { .. } => "GIVE AGENTS THIS DIRECTORY TOO",
        Kind::Leave => "LEAVE",
        Kind::Panic { .. } => "STOP AGENTS",
        Kind::Stop { .. } => "END WHAT RUNS",
        Kind::Undo { .. } => "UNDO what you decided before",
        Kind::Loosen(_) => "LET MORE THROUGH",
        Kind::RuleAwaited | Kind::Rule(_) => "A LASTING RULE of these answers",
        Kind::Does { .. } => "A PROGRAM THAT IS NOT KNOWN: say what it does",
        Kind::Numbers { .. } => "NUMBERS of the last 30 days",
        Kind::Help { .. } => "HELP",
        Kind::Filter(_) => "FILTER",
        Kind::Line(_) => "COMMAND",
    };
    let mut rows = vec![mark.with(Tone::Title, title)];
    if !matches!(dialog.kind, Kind::Results { .. }) {
        rows.extend(dialog.summary.iter().map(|row| row.cut(width)));
    }
    rows
}

fn content(model: &Model, dialog: &Dialog, width: usize) -> Vec<Row> {
    match &dialog.kind {
        Kind::Deny { choice, field } => reasons(model, *choice, field),
        Kind::Note { field, .. } => vec![line("note", field, width)],
        Kind::Word { word, field, .. } => {
            let mut rows = headline(model, dialog);
            rows.push(Row::new().with(Tone::Plain, "type ").with(Tone::Strong, word).with(Tone::Plain, " to approve:"));
            rows.push(line("word", field, width));
            rows
        }
        Kind::Confirm { note, .. } => confirm(model, note.as_deref(), width),
        Kind::Scope(scope) => scope_rows(model, scope, width),
        Kind::Edit { field, fault } => edit(field, fault.as_ref(), width),
        Kind::Bulk => vec![press(model, Context::Bulk, " approves them one by one, each for itself")],
        Kind::Results { results } => {
            results.iter().zip(&dialog.summary).map(|((_, outcome), summary)| result(outcome, summary)).collect()
        }
        Kind::Container { top } => {
            let rows = model.container_page(width);
            rows.into_iter().skip(*top).collect()
        }
        Kind::Install { chosen, at, top } => install(model, chosen, *at, *top, width),
        Kind::Volume { lines } => volume(model, lines, width),
        Kind::Leave => leave(model),
        Kind::Panic { agents, at } => panic(model, agents, *at),
        Kind::Stop { runs, at } => stop(model, runs, *at),
        Kind::Undo { done, what } => undo(model, *done, what, width),
        Kind::Loosen(change) => vec![change_row(change), press(model, Context::Confirm, " does it")],
        Kind::RuleAwaited => vec![Row::new().with(Tone::Dim, "reading the log …")],
        Kind::Rule(Ok(draft)) => {
            let mut rows = document::rule(draft, width);
            rows.extend(draft.file.as_ref().map(|_| press(model, Context::Rule, " writes it; what was there is kept")));
            rows
        }
        Kind::Rule(Err(why)) => vec![Row::new().with(Tone::Care, Visible::label("no rule: ").then(why.clone()))],
        Kind::Does { draft, field } => {
            let mut rows = document::rule(draft, width);
            rows.push(line("does", field, width));
            rows
        }
        Kind::Numbers { top } => match model.numbers_page(width) {
            rows if rows.is_empty() => vec![Row::new().with(Tone::Dim, "reading the log …")],
            rows => rows.into_iter().skip(*top).collect(),
        },
        Kind::Help { top } => document::help(model.config(), width).into_iter().skip(*top).collect(),
        Kind::Filter(field) => vec![line("/", field, width)],
        Kind::Line(field) => vec![line(":", field, width)],
    }
}

/// How grave it is, once more where the word is typed.
fn headline(model: &Model, dialog: &Dialog) -> Vec<Row> {
    let ticket = dialog.targets.first().and_then(|target| model.queue().ticket(target.id));
    let verdict = ticket.and_then(|ticket| ticket.verdict.as_ref());
    verdict.map_or_else(Vec::new, |verdict| verdict::rows(verdict).into_iter().take(1).collect())
}

fn reasons(model: &Model, choice: usize, field: &Field) -> Vec<Row> {
    let listed = model.config().reasons.iter().enumerate();
    let mut rows: Vec<Row> =
        listed.map(|(at, reason)| cursor_sign(at == choice).with(Tone::Plain, Untrusted(reason).line())).collect();
    let typed = cursor_sign(choice == model.config().reasons.len())
        .with(Tone::Dim, "or type: ")
        .with(Tone::Plain, with_cursor(field));
    rows.push(typed);
    rows
}

fn line(name: &'static str, field: &Field, width: usize) -> Row {
    let text = with_cursor(field);
    let room = width.saturating_sub(name.len() + 2);
    let over = text.width().saturating_sub(room);
    let tail = text.split(over).1;
    Row::new().with(Tone::Name, name).with(Tone::Plain, " ").with(Tone::Strong, tail)
}

/// The text with a bar where the cursor is: no terminal's own cursor is needed, which screen readers would follow away.
fn with_cursor(field: &Field) -> Visible {
    let (row, cells) = field.cursor();
    let text = field.rows().into_iter().nth(row).unwrap_or_default();
    let (before, after) = text.split(cells);
    before.then("▏").then(after)
}

fn confirm(model: &Model, note: Option<&str>, width: usize) -> Vec<Row> {
    let note = Row::new().with(Tone::Name, "note ").with(Tone::Plain, Untrusted(note.unwrap_or_default()).line());
    let mut rows = note.wrapped(width, &Visible::label("│ "));
    rows.push(press(model, Context::Confirm, " approves it with this note"));
    rows
}

fn press(model: &Model, context: Context, words: &'static str) -> Row {
    let key = model.config().keys.key(context, Act::Approve).map(|chord| chord.to_string()).unwrap_or_default();
    Row::new().with(Tone::Name, Untrusted(&key).line()).with(Tone::Plain, words)
}

fn scope_rows(model: &Model, scope: &Scope, width: usize) -> Vec<Row> {
    let mut rows = vec![press(model, Context::Scope, " approves this one and grants the rest"), would_have(scope)];
    rows.extend(scope.rows().into_iter().map(|row| {
        cursor_sign(row.here).with(Tone::Name, row.name.padded(10).then(" ")).with(Tone::Agent, row.choice)
    }));
    rows.extend(
        scope.beside().iter().map(|waiting| Row::new().with(Tone::Dim, "│ ").with(Tone::Agent, waiting.words.clone())),
    );
    if scope.is_of_tool() {
        rows.extend(Row::new().with(Tone::Dim, NEVER_CARRIED).wrapped(width, &Visible::label("  ")));
    }
    rows
}

/// What no widening reaches, in the order of `core/src/grant/reach.rs`.
const NEVER_CARRIED: &str = "never with it: secrets, other users' rights, what runs later, forced pushes, hook settings, the \
    bridge; another host, kind of call, session or place outside of the project; what cannot be read whole";

/// What the grant would have let through, had it stood before.
fn would_have(scope: &Scope) -> Row {
    let (fitting, all) = scope.tried();
    let words = Visible::label("would have let through ").then(Visible::number(fitting as u64)).then(" of ");
    Row::new()
        .with(Tone::Dim, words.then(Visible::number(all as u64)).then(" earlier requests like it, as far as was read"))
}

fn install(model: &Model, chosen: &[bool], at: usize, top: usize, width: usize) -> Vec<Row> {
    let mut rows = vec![press(model, Context::Install, " writes what is shown below for the chosen agents")];
    for (place, (hook, chosen)) in model.hooks().unwrap_or_default().iter().zip(chosen).enumerate() {
        let sign = if *chosen { "[x] " } else { "[ ] " };
        let state = if hook.in_place { "  installed" } else { "" };
        let row = cursor_sign(place == at).with(Tone::Strong, sign).with(Tone::Plain, hook.title.clone());
        rows.push(row.with(Tone::Good, state));
    }
    rows.extend(model.hook_page(at, width).into_iter().skip(top));
    rows
}

fn volume(model: &Model, lines: &Visible, width: usize) -> Vec<Row> {
    let mut rows = vec![press(model, Context::Volume, " adds this under [volumes] in the server's config:")];
    rows.extend(Row::new().with(Tone::Strong, lines.clone()).wrapped(width, &Visible::label("  ")));
    rows.push(Row::new().with(Tone::Care, "every agent of this server can then name files there"));
    rows
}

fn leave(model: &Model) -> Vec<Row> {
    let waiting = match model.queue().waiting() {
        0 => Visible::default(),
        1 => Visible::label("1 request waits; "),
        many => Visible::number(many as u64).then(" requests wait; "),
    };
    let key = |act| model.config().keys.key(Context::Leave, act).map(|chord| chord.to_string()).unwrap_or_default();
    let way =
        |act, words: &'static str| Row::new().with(Tone::Name, Untrusted(&key(act)).line()).with(Tone::Plain, words);
    vec![
        Row::new().with(
            Tone::Care,
            waiting.then("the server ends with this console: agents with a hook are blocked until it runs again"),
        ),
        way(Act::Quit, " stops the server and leaves"),
        way(Act::LeaveRunning, " lets it run on: what waits goes on waiting, and agents are answered by the rules"),
    ]
}

fn edit(field: &Field, fault: Option<&Visible>, width: usize) -> Vec<Row> {
    let cursor = field.cursor().0;
    let text = field.rows().into_iter().enumerate().flat_map(|(at, row)| {
        let shown = if at == cursor { with_cursor(field) } else { row };
        wrap(&shown, width).into_iter().map(|part| Row::new().with(Tone::Plain, part))
    });
    let mut rows: Vec<Row> = text.collect();
    if let Some(fault) = fault {
        rows.push(Row::new().with(Tone::Bad, fault.clone()));
    }
    rows
}

fn result(outcome: &Outcome, summary: &Row) -> Row {
    let (tone, words) = match outcome {
        Outcome::Sent => (Tone::Dim, Visible::label("sent …")),
        Outcome::Taken(words) => (Tone::Good, Visible::label("✓ ").then(words.clone())),
        Outcome::Refused(words) => (Tone::Bad, Visible::label("✗ ").then(words.clone())),
    };
    let mut row = Row::new().with(tone, words).with(Tone::Dim, "  ← ");
    row.0.extend(summary.0.iter().cloned());
    row
}

fn panic(model: &Model, agents: &[Choice], at: usize) -> Vec<Row> {
    let key = |act| model.config().keys.key(Context::Panic, act).map(|chord| chord.to_string()).unwrap_or_default();
    let row =
        Row::new().with(Tone::Name, Untrusted(&key(Act::Panic)).line()).with(Tone::Plain, " stops the chosen now   ");
    let row = row.with(Tone::Name, Untrusted(&key(Act::Unfreeze)).line()).with(Tone::Plain, " lets them ask again");
    let mut rows = vec![row, Row::new().with(Tone::Care, "ends their grants, denies what waits, refuses what comes")];
    rows.extend(agents.iter().enumerate().map(|(place, choice)| {
        let sign = if choice.chosen { "[x] " } else { "[ ] " };
        let frozen = if choice.frozen { "  (stopped)" } else { "" };
        cursor_sign(place == at).with(Tone::Strong, sign).with(Tone::Plain, &choice.agent).with(Tone::Bad, frozen)
    }));
    rows
}

fn stop(model: &Model, runs: &[Run], at: usize) -> Vec<Row> {
    let key = model.config().keys.key(Context::Stop, Act::StopRuns).map(|chord| chord.to_string()).unwrap_or_default();
    let row = Row::new().with(Tone::Name, Untrusted(&key).line()).with(Tone::Plain, " ends the chosen runs");
    let mut rows = vec![row, Row::new().with(Tone::Care, "what they have done stays done")];
    rows.extend(runs.iter().enumerate().map(|(place, run)| {
        let sign = match (run.kept, run.chosen) {
            (Some(_), _) => "    ",
            (None, true) => "[x] ",
            (None, false) => "[ ] ",
        };
        let row = cursor_sign(place == at).with(Tone::Strong, sign).with(Tone::Plain, run.summary.clone());
        match run.kept {
            Some(why) => row.with(Tone::Dim, Visible::label("  ").then(why)),
            None => row,
        }
    }));
    rows
}

/// What would be taken back: it is not on screen, so it is named.
fn undo(model: &Model, done: Done, what: &Visible, width: usize) -> Vec<Row> {
    let words = match done {
        Done::Denied(_) => "lifts your denial of ",
        Done::Granted(_) => "ends what you granted with ",
    };
    let row = Row::new().with(Tone::Plain, words).with(Tone::Agent, what.cut_middle(width.saturating_sub(words.len())));
    vec![row, press(model, Context::Confirm, " does it")]
}

fn change_row(change: &Change) -> Row {
    match change {
        Change::Group { group, .. } => {
            Row::new().with(Tone::Plain, "switches on the group ").with(Tone::Strong, Untrusted(group).line())
        }
        Change::Action { action, policy } => {
            let policy = policy.map_or("as declared", Policy::as_str);
            Row::new().with(Tone::Strong, action).with(Tone::Plain, Visible::label(" becomes ").then(policy))
        }
    }
}
