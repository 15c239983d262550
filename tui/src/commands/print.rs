//! To stdout, and to stderr. A reader that went away ends the program quietly.

use std::io::{self, Write as _};

use ccc_protocol::exit;
use serde::Serialize;

use crate::{cli::Stop, text::Row, text::json::visible_json};

/// Rows to stdout.
pub(crate) fn rows(rows: &[Row]) -> Result<(), Stop> {
    let text: String = rows.iter().map(|row| row.text().to_string() + "\n").collect();
    write(&text)
}

/// One row to stdout.
pub(crate) fn row(row: &Row) -> Result<(), Stop> {
    rows(std::slice::from_ref(row))
}

/// JSON to stdout, with what cannot be seen escaped.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Stop> {
    write(&(visible_json(value) + "\n"))
}

/// Words to stderr.
pub(crate) fn words(row: &Row) {
    eprintln!("{}", row.text());
}

fn write(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop { words: String::new(), code: exit::SUCCEEDED },
        _ => Stop { words: format!("stdout cannot be written: {error}"), code: exit::FAILED },
    })
}
