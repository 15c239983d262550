//! Reads what `export --format jsonl` wrote: `{"entry":…,"hash":"sha-256:…"}`, a line each. The file may come from anybody.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::Path,
};

use ccc_protocol::Digest;

use crate::{
    entry::{ENTRY_BYTES_MAX, Filed, Found, Place, Row},
    error::Error,
};

/// What stands before the entry.
pub const HEAD: &str = r#"{"entry":"#;
/// What stands between the entry and its hash.
pub const MIDDLE: &str = r#","hash":""#;
/// What stands behind the hash.
pub const TAIL: &str = r#""}"#;
/// `sha-256:` and 64 hex characters.
const HASH_BYTES: usize = 72;
const LINE_BYTES_MAX: usize = HEAD.len() + ENTRY_BYTES_MAX + MIDDLE.len() + HASH_BYTES + TAIL.len();

/// Calls `each` with every line.
///
/// # Errors
/// Where the file cannot be read or its first line is no line of an export; or what `each` says.
pub fn each_line(path: &Path, each: &mut dyn FnMut(Found) -> Result<(), Error>) -> Result<(), Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut line = vec![];
    let mut number: u64 = 0;
    while let Some(whole) = bounded_line(&mut input, &mut line, LINE_BYTES_MAX).map_err(Error::file(path))? {
        number += 1;
        let found = read_line(&line, whole, Place::Line(number));
        if let (1, Found::Unreadable(_, why)) = (number, &found) {
            let path = path.display();
            return Err(Error::Usage(format!(
                "`{path}` line 1: {why}: name a file that `ccc-audit export --format jsonl` wrote"
            )));
        }
        each(found)?;
    }
    Ok(())
}

/// Reads one line.
#[must_use]
pub fn read_line(line: &[u8], whole: bool, place: Place) -> Found {
    if !whole {
        return Found::Unreadable(place, format!("it is longer than {LINE_BYTES_MAX} bytes"));
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return Found::Unreadable(place, "it is not UTF-8".to_owned());
    };
    match split(text) {
        Some((json, hash)) => Found::Row(Row { place, json: json.to_owned(), hash, filed: Filed::Nowhere }),
        None => Found::Unreadable(place, r#"it is not `{"entry":…,"hash":"sha-256:…"}`"#.to_owned()),
    }
}

/// INVARIANT: the text that is hashed is the text that is read: nothing is parsed and written again in between.
fn split(text: &str) -> Option<(&str, Digest)> {
    let inner = text.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let (json, hash) = inner.split_at_checked(inner.len().checked_sub(HASH_BYTES)?)?;
    Some((json.strip_suffix(MIDDLE)?, hash.parse().ok()?))
}

/// Reads a line without its end into `line`. None at the end of the input; false where the line was longer than this many
/// bytes: the rest of it is skipped.
pub(crate) fn bounded_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    bytes_max: usize,
) -> std::io::Result<Option<bool>> {
    line.clear();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(2);
    if input.by_ref().take(limit).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    let ended = line.last() == Some(&b'\n');
    if ended {
        line.pop();
    }
    if line.len() <= bytes_max {
        return Ok(Some(true));
    }
    line.clear();
    if !ended {
        input.skip_until(b'\n')?;
    }
    Ok(Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_skipped_and_the_next_one_read() {
        let mut input = b"123456789\n1234\n\nlast".as_slice();
        let mut line = vec![];
        let mut lines = vec![];
        while let Some(whole) = bounded_line(&mut input, &mut line, 4).unwrap() {
            lines.push((whole, String::from_utf8(line.clone()).unwrap()));
        }
        let expected = [(false, ""), (true, "1234"), (true, ""), (true, "last")];
        assert_eq!(lines, expected.map(|(whole, text)| (whole, text.to_owned())));
    }

    #[test]
    fn a_line_is_taken_apart_as_it_stands() {
        let hash = Digest::of(b"x");
        let entry = r#"{"detail":{"a":",\"hash\":\""},"seq":1}"#;
        let line = format!("{HEAD}{entry}{MIDDLE}{hash}{TAIL}");
        let found = read_line(line.as_bytes(), true, Place::Line(3));
        assert_eq!(
            found,
            Found::Row(Row { place: Place::Line(3), json: entry.to_owned(), hash, filed: Filed::Nowhere })
        );
    }

    #[test]
    fn what_is_no_line_of_an_export_is_said_to_be_none() {
        for line in [&b"{}"[..], b"", b"\xff", b"{\"entry\":{},\"hash\":\"sha-256:00\"}", "ä".repeat(60).as_bytes()] {
            assert!(matches!(read_line(line, true, Place::Line(2)), Found::Unreadable(Place::Line(2), _)));
        }
    }
}
