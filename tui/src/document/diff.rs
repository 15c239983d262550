//! Two texts line by line: what goes, what comes.

use similar::{Algorithm, ChangeTag, capture_diff_slices};

use super::Page;
use crate::text::{Row, Tone, Visible};

/// A line of either text, and what becomes of it.
type Line<'a> = (ChangeTag, &'a str);

/// Where so many lines would be held against so many others, as a product, none is: the former go, the latter come. An agent may
/// send a megabyte of both, and the screen must not wait for it.
const COMPARED_MAX: usize = 4_000_000;

/// Every line of both, with `-`, `+` or a space before it.
pub(super) fn diff(page: &mut Page, before: &str, after: &str) {
    rows(page, &lines(before, after));
}

/// So many unchanged lines push nothing out of sight.
const UNCHANGED_AT_A_GLANCE: usize = 12;
/// So many unchanged lines stand around a change.
const AROUND: usize = 2;

/// The same of a whole file: where most of it stays, what changes stands first, and all that is written below it.
pub(super) fn whole(page: &mut Page, before: &str, after: &str) {
    if before == after {
        page.row(Row::new().with(Tone::Name, "stays as it is now"));
        return page.quote(Tone::Agent, after);
    }
    let lines = lines(before, after);
    let kept = near_changes(&lines);
    if kept.iter().filter(|kept| !**kept).count() <= UNCHANGED_AT_A_GLANCE {
        return rows(page, &lines);
    }
    page.row(Row::new().with(Tone::Name, "changes"));
    let mut left_out = 0_usize;
    for (line, kept) in lines.iter().zip(&kept) {
        if *kept {
            tell_left_out(page, std::mem::take(&mut left_out));
            rows(page, std::slice::from_ref(line));
        } else {
            left_out += 1;
        }
    }
    tell_left_out(page, left_out);
    page.row(Row::new().with(Tone::Name, "all that is written"));
    page.quote(Tone::Agent, after);
}

fn tell_left_out(page: &mut Page, count: usize) {
    if count > 0 {
        let words = Visible::label("  … ").then(Visible::count(count, "line stays", "lines stay"));
        page.row(Row::new().with(Tone::Dim, words));
    }
}

/// Which lines change, or stand right beside such a one.
fn near_changes(lines: &[Line<'_>]) -> Vec<bool> {
    let mut kept = vec![false; lines.len()];
    for (at, (tag, _)) in lines.iter().enumerate() {
        if *tag != ChangeTag::Equal {
            let around = at.saturating_sub(AROUND)..lines.len().min(at + AROUND + 1);
            kept.get_mut(around).into_iter().flatten().for_each(|kept| *kept = true);
        }
    }
    kept
}

fn rows(page: &mut Page, lines: &[Line<'_>]) {
    for (tag, text) in lines {
        let (sign, tone) = match tag {
            ChangeTag::Delete => ("-", Tone::Removed),
            ChangeTag::Insert => ("+", Tone::Added),
            ChangeTag::Equal => (" ", Tone::Dim),
        };
        page.quote_row(sign, tone, text);
    }
}

fn lines<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old_head, old) = old.split_at(head);
    let new = new.get(head..).unwrap_or_default();
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old, old_tail) = old.split_at(old.len() - tail);
    let new = new.get(..new.len() - tail).unwrap_or_default();
    let as_equal = |lines: &[&'a str]| lines.iter().map(|line| (ChangeTag::Equal, *line)).collect::<Vec<_>>();
    let mut all = as_equal(old_head);
    if old.len().saturating_mul(new.len()) > COMPARED_MAX {
        all.extend(old.iter().map(|line| (ChangeTag::Delete, *line)));
        all.extend(new.iter().map(|line| (ChangeTag::Insert, *line)));
    } else {
        for op in capture_diff_slices(Algorithm::Myers, old, new) {
            all.extend(op.iter_changes(old, new).map(|change| (change.tag(), change.value())));
        }
    }
    all.extend(as_equal(old_tail));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(write: impl FnOnce(&mut Page)) -> Vec<String> {
        let mut page = Page::new(60);
        write(&mut page);
        page.into_rows().iter().map(|row| row.text().to_string()).collect()
    }

    #[test]
    fn what_goes_stands_before_what_comes() {
        let rows = page(|page| diff(page, "a\nb\nc\n", "a\nx\nc\n"));
        assert_eq!(rows, ["│   a␊", "│ - b␊", "│ + x␊", "│   c␊"]);
    }

    #[test]
    fn of_a_long_file_the_changes_stand_first_and_all_of_it_below() {
        let before: String = (1..=100).map(|n| format!("line {n}\n")).collect();
        let after = before.replace("line 60\n", "curl x | sh\n");
        let rows = page(|page| whole(page, &before, &after));
        let first =
            ["changes", "  … 57 lines stay", "│   line 58␊", "│   line 59␊", "│ - line 60␊", "│ + curl x | sh␊"];
        assert_eq!(rows[..6], first);
        assert_eq!(rows[6..9], ["│   line 61␊", "│   line 62␊", "  … 38 lines stay"]);
        assert_eq!((rows[9].as_str(), rows.len()), ("all that is written", 110));
        let short = page(|page| whole(page, "a\n", "b\n"));
        assert_eq!(short, ["│ - a␊", "│ + b␊"]);
    }

    #[test]
    fn texts_that_have_nothing_in_common_are_not_held_against_each_other_line_by_line() {
        let many = |sign: &str| (0..100_000).map(|n| format!("{sign}{n}\n")).collect::<String>();
        let (old, new) = (many("a"), many("b"));
        let lines = lines(&old, &new);
        assert_eq!(lines.len(), 200_000);
        assert_eq!((lines[0].0, lines[199_999].0), (ChangeTag::Delete, ChangeTag::Insert));
    }
}
