//! Lines for the config: what they would have decided, where they go, and they themselves, whole.

use super::Page;
use crate::{
    rules::{DAYS, Draft, tried_words},
    text::{Row, Tone, Untrusted},
};

/// Wrapped to so many cells.
#[must_use]
pub fn rule(draft: &Draft, width: usize) -> Vec<Row> {
    let mut page = Page::new(width);
    if let Some(tried) = &draft.tried {
        let tone = if tried.denied_passed > 0 { Tone::Bad } else { Tone::Plain };
        page.row(Row::new().with(tone, Untrusted(&format!("in {DAYS} days it {}", tried_words(tried))).line()));
    }
    let place = match &draft.file {
        Some(file) => format!("goes to the end of {}:", file.display()),
        None => "for the config of the server, where it runs:".to_owned(),
    };
    page.row(Row::new().with(Tone::Dim, Untrusted(&place).line()));
    // Line by line: a line ends where it ends in the config.
    draft.lines.trim_end().lines().for_each(|line| page.quote(Tone::Strong, line));
    page.into_rows()
}
