//! `suggest`: lasting rules of what was approved again and again, printed as the lines that go into the config, or written there.
//! The rules are made in `ccc_core::suggest`; the log is read as every approver reads it, and the config where it lies on this machine.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::Path,
};

use ccc_client::{Bridge, config_dir};
use ccc_core::suggest::{Suggestion, add_lines, suggest};
use ccc_protocol::exit;

use super::{ask, print};
use crate::{
    cli::{Stop, Suggest},
    rules::{
        DAYS,
        file::{is_here, put},
        log::Log,
        tried_words,
    },
    text::{Row, Tone, Untrusted, Visible},
};

pub(super) fn run(bridge: &Bridge, wanted: &Suggest) -> Result<u8, Stop> {
    let file = wanted.config.clone().or_else(|| Some(config_dir()?.join("config.toml")).filter(|path| path.exists()));
    let config = file.as_deref().map(read).transpose()?;
    if config.is_none() {
        print::words(&Row::new().with(
            Tone::Plain,
            "no config on this machine: rules are made as if it were empty; name it with `--config FILE`",
        ));
    }
    let mut log = Log::default();
    log.catch_up(bridge)?;
    let found = suggest(log.seen(), config.as_deref().unwrap_or_default()).map_err(|error| {
        let faults: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
        Stop::usage(format!("the config cannot be read: {}", faults.join("; ")))
    })?;
    match (wanted.write, &file, &config) {
        (None, ..) => tell(&found, wanted.json),
        (Some(number), Some(file), Some(config)) => write(bridge, &found, number.get(), file, config),
        (Some(_), ..) => Err(Stop::usage("no config on this machine to write to; name it with `--config FILE`")),
    }
}

fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| Stop::usage(format!("the config {}: {error}", path.display())))
}

fn tell(found: &[Suggestion], json: bool) -> Result<u8, Stop> {
    if json {
        print::json(&found)?;
        return Ok(exit::SUCCEEDED);
    }
    if found.is_empty() {
        print::words(&Row::new().with(Tone::Plain, "nothing was approved so often that a rule would save questions"));
    }
    for (number, suggestion) in (1_u64..).zip(found) {
        let mut rows = vec![Row::new().with(Tone::Title, head(number, suggestion))];
        rows.extend(suggestion.lines().lines().map(|line| Row::new().with(Tone::Plain, Untrusted(line).line())));
        rows.push(Row::new());
        print::rows(&rows)?;
    }
    Ok(exit::SUCCEEDED)
}

/// A comment of TOML, so that what is printed can stand in the config as it is.
fn head(number: u64, suggestion: &Suggestion) -> Visible {
    let text = match suggestion {
        Suggestion::Rule { approved, tried, .. } => {
            format!("# {number}: approved {approved} times; in {DAYS} days it {}", tried_words(tried))
        }
        Suggestion::Program { approved, .. } => {
            format!("# {number}: approved {approved} times, and not known; say in `does` what it does")
        }
    };
    Untrusted(&text).line()
}

fn write(bridge: &Bridge, found: &[Suggestion], number: u64, file: &Path, config: &str) -> Result<u8, Stop> {
    if !is_here(bridge.address()) {
        return Err(Stop::usage(
            "the server is not on this machine: print the lines, and add them to its config there",
        ));
    }
    let place = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let Some(suggestion) = found.get(place) else {
        return Err(Stop::usage(format!("there is no suggestion {number}; `ccc-queue suggest` shows them")));
    };
    if matches!(suggestion, Suggestion::Program { .. }) {
        return Err(Stop::usage(
            "a program's lines are yours to write: `does` says what it does, and nobody else knows",
        ));
    }
    let added = add_lines(config, suggestion.lines()).map_err(Stop::usage)?;
    if !agrees(number, suggestion, file)? {
        return Ok(exit::queue::NOT_DONE);
    }
    let backup = put(file, config, &added).map_err(|error| Stop::usage(format!("nothing was written: {error}")))?;
    let told = format!("added to {}; as it was before: {}", file.display(), backup.display());
    print::words(&Row::new().with(Tone::Good, Untrusted(&told).line()));
    Ok(exit::SUCCEEDED)
}

/// Shown whole, then asked: a rule decides for longer than any answer.
fn agrees(number: u64, suggestion: &Suggestion, file: &Path) -> Result<bool, Stop> {
    if !io::stdin().is_terminal() {
        return Err(Stop::usage("there is no terminal to ask on; add the lines to the config yourself"));
    }
    let lines = suggestion.lines().lines().map(|line| Row::new().with(Tone::Plain, Untrusted(line).line()));
    print::rows(
        &std::iter::once(Row::new().with(Tone::Title, head(number, suggestion))).chain(lines).collect::<Vec<_>>(),
    )?;
    let question = format!("add this to {}? y, or anything else for no:", file.display());
    ask::answered(&Row::new().with(Tone::Plain, Untrusted(&question).line()), "y")
}
