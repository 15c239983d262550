//! The threat register says what shows that an attack does not bite: what it names is there.

use std::{collections::BTreeSet, fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn register() -> String {
    fs::read_to_string(root().join("docs/security.md")).unwrap()
}

/// Everything in backticks that names a test, as file and function.
fn named_tests(text: &str) -> BTreeSet<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|word| word.split_once(".rs::"))
        .map(|(file, test)| (format!("{file}.rs"), test.to_owned()))
        .collect()
}

/// Whether the function stands in this source directly behind an attribute that makes it a test.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = |line: &str| line.contains(&format!("fn {name}("));
    let marked = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    lines.iter().enumerate().any(|(at, line)| {
        declared(line)
            && lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//")).any(marked)
    })
}

#[test]
fn every_test_that_the_register_names_is_in_the_tree() {
    let missing: Vec<String> = named_tests(&register())
        .into_iter()
        .filter(|(file, test)| !fs::read_to_string(root().join(file)).is_ok_and(|source| is_test(&source, test)))
        .map(|(file, test)| format!("{file}::{test}"))
        .collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:#?}");
}

#[test]
fn every_row_about_an_attack_or_requirement_names_a_test_or_says_that_there_is_none() {
    let text = register();
    let mut with_tests = false;
    let mut rows = 0;
    for line in text.lines() {
        if !line.starts_with('|') {
            with_tests = false;
        } else if line.ends_with("| test |") {
            with_tests = true;
        } else if with_tests && !line.starts_with("|---") {
            rows += 1;
            assert!(line.contains(".rs::") || line.ends_with("| — |"), "a row without a test: {line}");
        }
    }
    assert!(rows > 100, "{rows} rows");
}

#[test]
fn a_name_in_a_comment_or_helper_is_no_test() {
    assert!(is_test("#[test]\nfn a() {}", "a"));
    assert!(is_test("#[tokio::test(flavor = \"x\")]\nasync fn a() {}", "a"));
    assert!(!is_test("#[test]\nfn b() {}\nfn a() {}", "a"));
    assert!(!is_test("// fn a()", "a"));
}
