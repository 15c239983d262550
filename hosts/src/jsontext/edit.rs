//! Splices into JSON text.

use std::ops::Range;

use serde_json::Value;

use super::scan::{Kind, Node};

/// The indentation of a file that shows none of its own.
const INDENT: &str = "  ";

/// The text with `item` as the last item of the list at `node`.
#[must_use]
pub fn append(text: &str, root: &Node, node: &Node, item: &Value) -> String {
    add_last(text, root, node, &pretty(item, &indent_unit(text, root)))
}

/// The text with a new last member in the object at `node`.
#[must_use]
pub fn insert_member(text: &str, root: &Node, node: &Node, key: &str, value: &Value) -> String {
    let value = pretty(value, &indent_unit(text, root));
    add_last(text, root, node, &format!("{}: {value}", Value::from(key)))
}

/// The text without the part at `index` of the object or list at `node`, and
/// without the comma that belonged to it.
#[must_use]
pub fn remove(text: &str, node: &Node, index: usize) -> String {
    let parts = node.parts();
    let Some(part) = parts.get(index) else { return text.to_owned() };
    let before = index.checked_sub(1).and_then(|before| parts.get(before));
    match (before, parts.get(index + 1)) {
        (Some(before), None) => without_comma(text, before.end, part.end),
        (_, Some(after)) => cut(text, part.start..after.start),
        (None, None) => cut(text, only_part(text, node, part)),
    }
}

/// Everything between the brackets where that is blank beside the part.
fn only_part(text: &str, node: &Node, part: &Range<usize>) -> Range<usize> {
    let inside = node.span.start + 1..node.span.end - 1;
    let blank = |range: Range<usize>| text.get(range).is_some_and(|s| s.trim().is_empty());
    if blank(inside.start..part.start) && blank(part.end..inside.end) { inside } else { part.clone() }
}

/// Removes the last part, keeping what comments stand between it and the one before.
fn without_comma(text: &str, before_end: usize, part_end: usize) -> String {
    let between_and_part = text.get(before_end..part_end).unwrap_or_default();
    let kept = match between_and_part.split_once(',') {
        Some((_, rest)) if starts_with_comment(rest) => comment_line(rest),
        _ => "",
    };
    let mut result = text.get(..before_end).unwrap_or_default().to_owned();
    result.push_str(kept);
    result.push_str(text.get(part_end..).unwrap_or_default());
    result
}

fn starts_with_comment(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\t']).starts_with("//")
}

/// The comment that stands on the line of the part before.
fn comment_line(rest: &str) -> &str {
    rest.split_once('\n').map_or("", |(line, _)| line)
}

fn cut(text: &str, range: Range<usize>) -> String {
    let mut result = text.get(..range.start).unwrap_or_default().to_owned();
    result.push_str(text.get(range.end..).unwrap_or_default());
    result
}

/// Puts `piece` before the closing bracket, laid out as its neighbours are.
fn add_last(text: &str, root: &Node, node: &Node, piece: &str) -> String {
    let close = node.span.end - 1;
    let inner = format!("{}{}", line_indent(text, node.span.start), indent_unit(text, root));
    let parts = node.parts();
    let Some(last) = parts.last() else {
        let outer = line_indent(text, node.span.start);
        let piece = format!("\n{inner}{}\n{outer}", indented(piece, &inner));
        let inside = text.get(node.span.start + 1..close).unwrap_or_default();
        let from = if inside.trim().is_empty() { node.span.start + 1 } else { close };
        return splice(text, from..close, &piece);
    };
    let tail = text.get(last.end..close).unwrap_or_default();
    let on_own_lines = text.get(node.span.start..last.start).is_some_and(|head| head.contains('\n'));
    let (comma, tail) = match tail.trim_start().strip_prefix(',') {
        Some(_) => ("", tail),
        None => (",", tail),
    };
    let kept = tail.trim_end();
    let end = tail.get(kept.len()..).unwrap_or_default();
    let added = if on_own_lines || kept.contains("//") {
        let inner = own_indent(text, last.start).unwrap_or(&inner);
        format!("{comma}{kept}\n{inner}{}{end}", indented(piece, inner))
    } else {
        format!("{comma}{kept} {}{end}", one_line(piece))
    };
    splice(text, last.end..close, &added)
}

fn splice(text: &str, range: Range<usize>, piece: &str) -> String {
    let mut result = text.get(..range.start).unwrap_or_default().to_owned();
    result.push_str(piece);
    result.push_str(text.get(range.end..).unwrap_or_default());
    result
}

/// The blank beginning of the line that `at` stands in.
fn line_indent(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(start..).unwrap_or_default();
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..blank).unwrap_or_default()
}

/// The blank before `at`, where nothing else stands before it on its line.
fn own_indent(text: &str, at: usize) -> Option<&str> {
    let indent = line_indent(text, at);
    let before = text.get(..at)?;
    let line = before.rfind('\n').map_or(before, |newline| before.get(newline + 1..).unwrap_or_default());
    (line == indent).then_some(indent)
}

/// One step of indentation, as the file's first member shows it.
fn indent_unit(text: &str, root: &Node) -> String {
    let Kind::Object(members) = &root.kind else { return INDENT.to_owned() };
    members
        .first()
        .and_then(|member| own_indent(text, member.span.start))
        .filter(|indent| !indent.is_empty())
        .unwrap_or(INDENT)
        .to_owned()
}

/// JSON over several lines with this indentation.
fn pretty(value: &Value, unit: &str) -> String {
    let plain = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    let lines: Vec<String> = plain
        .lines()
        .map(|line| {
            let rest = line.trim_start_matches(' ');
            format!("{}{rest}", unit.repeat((line.len() - rest.len()) / 2))
        })
        .collect();
    lines.join("\n")
}

fn indented(piece: &str, indent: &str) -> String {
    piece.replace('\n', &format!("\n{indent}"))
}

/// A pretty piece on one line. Line breaks stand only between tokens, as JSON
/// texts carry theirs as escapes.
fn one_line(piece: &str) -> String {
    piece.lines().map(str::trim_start).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scan::{Style, scan};
    use super::*;

    fn appended(text: &str, key: &str, item: &Value) -> String {
        let root = scan(text, Style::Comments).unwrap();
        append(text, &root, root.member(key).unwrap(), item)
    }

    fn removed(text: &str, key: &str, index: usize) -> String {
        let root = scan(text, Style::Comments).unwrap();
        remove(text, root.member(key).unwrap(), index)
    }

    #[test]
    fn what_was_there_stays_as_it_was_laid_out() {
        let rows = [
            ("{\"a\": []}", "{\"a\": [\n  {\n    \"x\": 1\n  }\n]}"),
            ("{\"a\": [1, 2]}", "{\"a\": [1, 2, { \"x\": 1 }]}"),
            (
                "{\n    \"a\": [\n        1 // one\n    ]\n}",
                "{\n    \"a\": [\n        1, // one\n        {\n            \"x\": 1\n        }\n    ]\n}",
            ),
            ("{\n\t\"a\": [\n\t\t1,\n\t]\n}", "{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"x\": 1\n\t\t}\n\t]\n}"),
        ];
        for (before, after) in rows {
            assert_eq!(appended(before, "a", &json!({"x": 1})), after);
        }
    }

    #[test]
    fn what_was_appended_can_be_removed_again_to_the_byte() {
        for text in [
            "{\"a\": [1, 2]}",
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": 2\n}\n",
            "{\n  \"a\": [\n    1 // one\n  ]\n}",
            "{\"a\": []}",
        ] {
            let with = appended(text, "a", &json!({"x": [1, "a, b"]}));
            let root = scan(&with, Style::Comments).unwrap();
            let last = root.member("a").unwrap().parts().len() - 1;
            assert_eq!(removed(&with, "a", last), text);
        }
    }

    #[test]
    fn a_part_in_the_middle_or_at_the_start_takes_its_comma_along() {
        assert_eq!(removed("{\"a\": [1, 2, 3]}", "a", 0), "{\"a\": [2, 3]}");
        assert_eq!(removed("{\"a\": [1, 2, 3]}", "a", 1), "{\"a\": [1, 3]}");
    }

    #[test]
    fn a_member_goes_in_last() {
        let text = "{\n  \"a\": 1\n}\n";
        let root = scan(text, Style::Strict).unwrap();
        let with = insert_member(text, &root, &root, "hooks", &json!({"b": []}));
        assert_eq!(with, "{\n  \"a\": 1,\n  \"hooks\": {\n    \"b\": []\n  }\n}\n");
        let empty = scan("{}", Style::Strict).unwrap();
        assert_eq!(insert_member("{}", &empty, &empty, "k", &json!(1)), "{\n  \"k\": 1\n}");
    }
}
