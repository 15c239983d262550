//! The page for whoever runs a bridge names every limit with the default that it has.

use std::fmt::Write as _;

use ccc_core::limits::Limits;

fn table() -> String {
    let mut table = String::from("| limit | default | what |\n|---|---|---|\n");
    for ((name, value), meaning) in Limits::default().entries().into_iter().zip(Limits::meanings()) {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{name}` | {value} | {meaning} |");
    }
    table
}

#[test]
fn the_page_about_operations_has_the_limits_as_they_are() {
    let page = include_str!("../../docs/operations.md");
    let table = table();
    assert!(page.contains(&format!("\n\n{table}\n")), "docs/operations.md should hold:\n\n{table}");
}
