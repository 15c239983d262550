//! `ccc-audit stats`: how much is asked and how it is answered. `ccc_core::figures` counts.

use std::{fmt::Write as _, io::Write};

use ccc_core::figures::{Asking, Counting, Figures};
use ccc_core::replay::Outcome;
use ccc_protocol::{Timestamp, visible};

use crate::{args::Stats, entry::Found, error::Error, source::Source};

/// Counts and tells.
///
/// # Errors
/// Where the log cannot be read or the output not be written.
pub fn run(args: &Stats, now: Timestamp, out: &mut dyn Write) -> Result<(), Error> {
    let mut counting = Counting::since(args.since.at(now));
    Source::open(&args.from)?.each(0, &mut |found| {
        match found {
            Found::Row(row) => counting.take(&row.json),
            Found::Unreadable(..) => counting.skip(),
        }
        Ok(())
    })?;
    let figures = counting.finish(&ccc_core::figures::shipped());
    if args.json {
        // Figures always have a JSON form: their keys are names and words.
        writeln!(out, "{}", visible::json(&serde_json::to_string(&figures).unwrap_or_default()))?;
    } else {
        write!(out, "{}", text(&figures))?;
    }
    Ok(())
}

fn text(figures: &Figures) -> String {
    let mut text = format!("{} requests since {}\n\n{}", figures.all.requests, figures.since, agents(figures));
    let answers = &figures.answers;
    let median = answers.median_millis.map_or_else(|| "-".to_owned(), seconds);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\ndecided by a person  {}\nmedian time          {median}\nin under one second  {} ({:.0} %)\nexpired unanswered   {}\n",
        answers.decided,
        answers.under_one_second,
        answers.share_under_one_second * 100.0,
        answers.expired_unseen,
    );
    if !figures.most_asked.is_empty() {
        text.push_str("\nasked most\n");
    }
    for shape in &figures.most_asked {
        let _ = writeln!(text, "{:>7} × {}", shape.times, visible::marked(&shape.shape));
    }
    if !figures.rules.is_empty() {
        text.push_str("\ndecided by rule\n");
    }
    for (rule, times) in &figures.rules {
        let _ = writeln!(text, "{times:>7} × {}", visible::marked(rule));
    }
    if figures.unreadable > 0 {
        let _ = writeln!(text, "\nnot counted: {} entries that do not read", figures.unreadable);
    }
    text
}

fn agents(figures: &Figures) -> String {
    let known = [Outcome::Passed, Outcome::Confined, Outcome::Asked, Outcome::Denied].map(Outcome::as_str);
    let others: Vec<&str> =
        figures.all.outcomes.keys().map(String::as_str).filter(|word| !known.contains(word)).collect();
    let words: Vec<&str> = known.into_iter().chain(others).collect();
    let head: String = words.iter().map(|word| format!("{:>10}", visible::marked(word))).collect();
    let mut text = format!("{:<20}{head}{:>14}{:>15}\n", "agent", "active hours", "asked an hour");
    let mut row = |name: &str, asking: &Asking| {
        let counts: String = words.iter().map(|word| format!("{:>10}", asking.of(word))).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<20}{counts}{:>14}{:>15.1}", asking.active_hours, asking.asks_per_active_hour);
    };
    figures.agents.iter().for_each(|(name, asking)| row(name.as_str(), asking));
    row("all", &figures.all);
    text
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}
