//! How much is asked and how it is answered: the figures of `ccc-audit stats`, of what this approver may see; then the rules.

use ccc_core::{
    figures::{Answers, Asking, Figures},
    replay::Outcome,
};

use super::Page;
use crate::{
    rules::Numbers,
    text::{Row, Tone, Untrusted, Visible},
};

/// Wrapped to so many cells.
#[must_use]
pub fn numbers(numbers: &Numbers, width: usize) -> Vec<Row> {
    let mut page = Page::new(width);
    agents(&mut page, &numbers.figures);
    answers(&mut page, &numbers.figures.answers);
    page.section("ASKED MOST");
    for shape in &numbers.figures.most_asked {
        page.quote_row("", Tone::Plain, &format!("{:>6} × {}", shape.times, shape.shape));
    }
    rules(&mut page, numbers);
    page.into_rows()
}

const OUTCOMES: [Outcome; 4] = [Outcome::Passed, Outcome::Confined, Outcome::Asked, Outcome::Denied];

fn agents(page: &mut Page, figures: &Figures) {
    let head = OUTCOMES.iter().map(|outcome| format!("{:>9}", outcome.as_str())).collect::<String>();
    page.row(Row::new().with(Tone::Name, Untrusted(&format!("{:<14}{head}{:>14}", "", "asked an hour")).line()));
    let mut row = |name: Visible, asking: &Asking| {
        let counts = OUTCOMES.iter().map(|outcome| format!("{:>9}", asking.of(outcome.as_str()))).collect::<String>();
        let counts = Untrusted(&format!("{counts}{:>14.1}", asking.asks_per_active_hour)).line();
        page.row(Row::new().with(Tone::Plain, name.cut(13).padded(14)).with(Tone::Plain, counts));
    };
    figures.agents.iter().for_each(|(name, asking)| row(Visible::from(name), asking));
    row(Visible::label("all"), &figures.all);
}

fn answers(page: &mut Page, answers: &Answers) {
    page.section("ANSWERS");
    let median = answers.median_millis.map_or_else(|| "-".to_owned(), |millis| format!("{:.1} s", seconds(millis)));
    let fast = format!("{} of {}", answers.under_one_second, answers.decided);
    page.fact("decided", Tone::Plain, Visible::number(answers.decided));
    page.fact("median", Tone::Plain, Untrusted(&median).line());
    page.fact("under 1 s", Tone::Plain, Untrusted(&fast).line());
    page.fact("expired", Tone::Plain, Visible::number(answers.expired_unseen).then(" without anybody's word"));
}

#[expect(clippy::cast_precision_loss, reason = "a tenth of a second of a median is told")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

/// As they stand in the config, where it is on this machine; else those that decided.
fn rules(page: &mut Page, numbers: &Numbers) {
    page.section("RULES, and how many requests each decided");
    let hits = |name: &str| numbers.figures.rules.get(name).copied().unwrap_or_default();
    match &numbers.config {
        Some((path, rules)) => {
            page.row(Row::new().with(Tone::Dim, Untrusted(&path.display().to_string()).line()));
            for (name, line) in rules {
                page.quote_row("", Tone::Plain, &format!("{:>6} × {name}  (line {line})", hits(name)));
            }
            let here = |name: &&String| rules.iter().any(|(known, _)| known == *name);
            for name in numbers.figures.rules.keys().filter(|name| !here(name)) {
                page.quote_row("", Tone::Dim, &format!("{:>6} × {name}  (no longer there)", hits(name)));
            }
        }
        None => {
            for (name, times) in &numbers.figures.rules {
                page.quote_row("", Tone::Plain, &format!("{times:>6} × {name}"));
            }
        }
    }
}
