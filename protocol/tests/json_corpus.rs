//! The corpus of bodies: each file under `json/accept` has one reading, each
//! under `json/refuse` has none or two.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use std::fs;
use std::path::PathBuf;

use ccc_protocol::{jcs, json};

fn corpus(kind: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/json").join(kind);
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "the corpus is there");
    files
}

/// A file's first line is the text, its second the canonical form of it.
#[test]
fn what_has_one_reading_is_read_as_that() {
    for (path, bytes) in corpus("accept") {
        let text = String::from_utf8(bytes).unwrap();
        let (given, canonical) = text.trim_end().split_once('\n').unwrap();
        let read = json::read_object(given.as_bytes(), json::Limits::default());
        let read = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(jcs::to_string(&read.into()), canonical, "{}", path.display());
    }
}

#[test]
fn what_has_none_or_two_is_refused() {
    for (path, bytes) in corpus("refuse") {
        let read = json::read_object(&bytes, json::Limits::default());
        assert!(read.is_err(), "{}: {read:?}", path.display());
    }
}
