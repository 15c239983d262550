//! The table: a row a promise, with the figure, the goal and whether it is met.

use std::fmt::Write as _;

use crate::sample::Ratio;

/// What was found, goal by goal.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    goal: &'static str,
    what: String,
    measured: String,
    wanted: String,
    met: Option<bool>,
    figures: String,
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// It should be this or more.
    AtLeast(f64),
    /// It should be this or less.
    AtMost(f64),
    /// It is shown and not judged.
    Shown,
}

impl Goal {
    fn met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
            Self::Shown => None,
        }
    }

    fn words(self, unit: &str) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least}{unit}"),
            Self::AtMost(most) => format!("≤ {most}{unit}"),
            Self::Shown => "—".to_owned(),
        }
    }
}

impl Report {
    /// A ratio against its goal. `figures` are the medians behind it.
    pub fn ratio(
        &mut self,
        goal: &'static str,
        what: impl Into<String>,
        ratio: Ratio,
        wanted: Goal,
        figures: impl Into<String>,
    ) {
        self.push(
            goal,
            what.into(),
            format!("{ratio} ×"),
            wanted.words(" ×"),
            wanted.met(ratio.of_medians),
            figures.into(),
        );
    }

    /// An absolute figure against its goal.
    pub fn figure(
        &mut self,
        goal: &'static str,
        what: impl Into<String>,
        value: f64,
        unit: &str,
        wanted: Goal,
        figures: impl Into<String>,
    ) {
        let digits = if value.abs() >= 100.0 { 0 } else { 2 };
        let measured = format!("{value:.digits$}{unit}");
        self.push(goal, what.into(), measured, wanted.words(unit), wanted.met(value), figures.into());
    }

    /// Something that could not be measured, with the reason.
    pub fn left_out(&mut self, goal: &'static str, what: impl Into<String>, why: impl Into<String>) {
        self.push(goal, what.into(), "left out".to_owned(), "—".to_owned(), None, why.into());
    }

    /// Something a reader of the table has to know.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        eprintln!("  note: {note}");
        self.notes.push(note);
    }

    fn push(
        &mut self,
        goal: &'static str,
        what: String,
        measured: String,
        wanted: String,
        met: Option<bool>,
        figures: String,
    ) {
        let row = Row { goal, what, measured, wanted, met, figures };
        eprintln!("  {}", row.line());
        self.rows.push(row);
    }

    /// The whole as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text =
            "| # | what | measured | goal | met | medians behind it |\n|---|---|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            let _ = writeln!(text, "{}", row.line());
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }
        text
    }
}

impl Row {
    fn line(&self) -> String {
        let Self { goal, what, measured, wanted, met, figures } = self;
        let met = met.map_or("", |met| if met { "yes" } else { "**no**" });
        format!("| {goal} | {what} | {measured} | {wanted} | {met} | {figures} |")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_goal_is_met() {
        let mut report = Report::default();
        report.ratio("1", "a", Ratio::of(&[3.0], &[4.0]), Goal::AtLeast(0.7), "");
        report.figure("11", "b", 13.0, " MB", Goal::AtMost(12.0), "");
        let text = report.markdown();
        assert!(text.contains("| 1 | a | 0.75 (0.75–0.75) × | ≥ 0.7 × | yes |"), "{text}");
        assert!(text.contains("| 11 | b | 13.00 MB | ≤ 12 MB | **no** |"), "{text}");
    }
}
