//! Two texts line by line: what goes, what comes.

use similar::{ChangeTag, TextDiff};

use super::Page;
use crate::text::Tone;

/// Every line of both, with `-`, `+` or a space before it.
pub(super) fn diff(page: &mut Page, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    for change in diff.iter_all_changes() {
        let (sign, tone) = match change.tag() {
            ChangeTag::Delete => ("-", Tone::Removed),
            ChangeTag::Insert => ("+", Tone::Added),
            ChangeTag::Equal => (" ", Tone::Dim),
        };
        page.quote_row(sign, tone, change.value());
    }
}
