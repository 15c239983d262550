//! The log as a table (RFC 4180) that a spreadsheet opens without running anything.

use std::io::{Result, Write};

use ccc_protocol::{bodies::AuditEntry, visible};

use crate::entry::Row;

const COLUMNS: &str = "seq,at,kind,by,about,ticket,action,status,detail,hash";

pub(super) fn write_head(out: &mut dyn Write) -> Result<()> {
    write!(out, "{COLUMNS}\r\n")
}

pub(super) fn write(entry: &AuditEntry, row: &Row, out: &mut dyn Write) -> Result<()> {
    let text = |value: Option<String>| value.unwrap_or_default();
    // A map of JSON values always has a JSON form.
    let detail = serde_json::to_string(&entry.detail).unwrap_or_default();
    let cells = [
        entry.seq.to_string(),
        entry.at.to_string(),
        entry.kind.to_string(),
        text(entry.by.as_ref().map(ToString::to_string)),
        text(entry.about.as_ref().map(ToString::to_string)),
        text(entry.ticket.as_ref().map(ToString::to_string)),
        text(entry.action.as_ref().map(ToString::to_string)),
        text(entry.status.map(|status| status.to_string())),
        if entry.detail.is_empty() { String::new() } else { visible::json(&detail) },
        row.hash.to_string(),
    ];
    write!(out, "{}\r\n", cells.map(|value| cell(&value)).join(","))
}

/// Always in quotes. What a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises.
fn cell(value: &str) -> String {
    let shown = visible::marked(value).replace('"', "\"\"");
    let guard = if shown.trim_start().starts_with(is_formula_start) { "'" } else { "" };
    format!("\"{guard}{shown}\"")
}

fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (value, expected) in [
            ("=1+1", "\"'=1+1\""),
            (" @SUM(A1)", "\"' @SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("＝1", "\"'＝1\""),
            ("\t=1", "\"␉=1\""),
            ("a\",\"=b", "\"a\"\",\"\"=b\""),
            ("a\r\nb", "\"a␍␊b\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(value), expected);
        }
    }
}
