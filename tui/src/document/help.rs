//! Help, made from the key table: what is not in the table is in no help, and the other way round.

use crate::{
    config::Config,
    keys::{Context, TABLE, View},
    text::{Row, Tone, Untrusted, Visible},
};

const SECTIONS: [(&str, &[Context]); 5] = [
    ("IN EVERY VIEW", &[]),
    ("WHERE NOTHING WAITS", &[Context::Idle]),
    ("QUEUE AND HISTORY", &[Context::View(View::Queue), Context::View(View::History)]),
    (
        "GRANTS, POLICIES, AGENTS",
        &[Context::View(View::Grants), Context::View(View::Policies), Context::View(View::Agents)],
    ),
    (
        "IN DIALOGS",
        &[
            Context::Deny,
            Context::Note,
            Context::Word,
            Context::Confirm,
            Context::Scope,
            Context::Edit,
            Context::Bulk,
            Context::Panic,
            Context::Stop,
            Context::Rule,
            Context::Does,
            Context::Container,
            Context::Install,
            Context::Volume,
            Context::Leave,
        ],
    ),
];

const SIGNS: [&str; 6] = [
    "◆  keys count      ◇  not yet: it has just come, or something is missing",
    "‼  deserves care: read it to its last line, then type its word",
    "²  needs more than one person      +  needs a note",
    "✓  marked      ▶  the cursor      12s→58m  asked 12 s ago, expires in 58 m",
    "␛ ‹U+202E›  a character that a terminal would obey or hide",
    "│  what stands behind this line was written by somebody else",
];

/// All of it, wrapped to so many cells.
#[must_use]
pub fn help(config: &Config, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::new().with(Tone::Title, "SIGNS")];
    rows.extend(
        SIGNS
            .iter()
            .flat_map(|sign| Row::new().with(Tone::Plain, Visible::label(sign)).wrapped(width, &Visible::label("   "))),
    );
    for (at, (title, contexts)) in SECTIONS.iter().enumerate() {
        rows.push(Row::new());
        rows.push(Row::new().with(Tone::Title, Visible::label(title)));
        rows.extend(
            section(config, contexts, at == 0)
                .into_iter()
                .flat_map(|row| row.wrapped(width, &Visible::default().padded(KEY_CELLS.min(width / 2)))),
        );
    }
    rows
}

const KEY_CELLS: usize = 18;

fn section(config: &Config, contexts: &[Context], in_every_view: bool) -> Vec<Row> {
    let everywhere = |held: &[Context]| View::ALL.iter().all(|view| held.contains(&Context::View(*view)));
    let here = |held: &[Context]| {
        if in_every_view {
            everywhere(held)
        } else {
            !everywhere(held) && held.iter().any(|one| contexts.contains(one))
        }
    };
    let rows = TABLE.iter().filter(|row| here(row.contexts));
    rows.filter_map(|row| {
        let context = row.contexts.first()?;
        let chords = config.keys.rows(*context).find(|(known, _)| known.name == row.name)?.1;
        let keys = chords.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        Some(
            Row::new()
                .with(Tone::Name, Untrusted(&keys).line().padded(KEY_CELLS))
                .with(Tone::Plain, Visible::label(row.help)),
        )
    })
    .collect()
}
