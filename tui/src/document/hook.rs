//! What the hook's install changes in a coding agent's settings.

use similar::TextDiff;

use crate::{
    console::model::here::Hook,
    text::{Row, Tone, Untrusted, Visible},
};

/// Lines around a change that are shown with it.
const AROUND: usize = 2;

/// The settings file, and what is taken away and added in it.
#[must_use]
pub fn hook(hook: &Hook, width: usize) -> Vec<Row> {
    let margin = Visible::label("  ");
    let file = Row::new().with(Tone::Dim, "in ").with(Tone::Strong, hook.settings.clone());
    let mut rows = file.wrapped(width, &margin);
    if hook.before == hook.after {
        let words = match hook.in_place {
            true => "is as it should be: nothing changes",
            false => "is as it should be; the hook's own config will name this bridge",
        };
        rows.push(Row::new().with(Tone::Good, words));
        return rows;
    }
    let diff = TextDiff::from_lines(&hook.before, &hook.after);
    let text = diff.unified_diff().context_radius(AROUND).to_string();
    for line in text.lines() {
        let tone = match line.as_bytes().first() {
            Some(b'+') => Tone::Added,
            Some(b'-') => Tone::Removed,
            _ => Tone::Dim,
        };
        rows.extend(Row::new().with(tone, Untrusted(line).line()).wrapped(width, &margin));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_and_what_stays_is_told_apart() {
        let settings = Visible::label("/home/ana/.claude/settings.json");
        let (before, after) = ("{\n  \"a\": 1\n}\n".to_owned(), "{\n  \"a\": 1,\n  \"hooks\": {}\n}\n".to_owned());
        let title = Visible::label("Claude Code");
        let mut one = Hook { agent: "claude".into(), title, settings, before, after, in_place: false };
        let rows = hook(&one, 60);
        let of = |tone: Tone| rows.iter().filter(|row| row.0.iter().any(|piece| piece.tone == tone)).count();
        assert_eq!((of(Tone::Removed), of(Tone::Added)), (1, 2), "{rows:?}");
        one.before.clone_from(&one.after);
        assert_eq!(hook(&one, 60).len(), 2);
    }
}
