//! The command as people call it, in an empty directory.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

fn keygen(dir: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ccc-keygen")).args(line.split_whitespace()).current_dir(dir).output().unwrap()
}

fn fails(dir: &Path, line: &str, code: i32) -> String {
    let output = keygen(dir, line);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {words}");
    assert!(output.stdout.is_empty());
    words
}

fn works(dir: &Path, line: &str) -> Output {
    let output = keygen(dir, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_seeds_lines_make_both_files() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path(), "--create user,agent");
    works(dir.path(), "--filter agent --output agent-secrets.json");
    assert_eq!(names(dir.path()), ["agent-secrets.json", "secrets.json"]);
    for name in names(dir.path()) {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let filtered: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("agent-secrets.json")).unwrap()).unwrap();
    let all: serde_json::Value = serde_json::from_slice(&fs::read(dir.path().join("secrets.json")).unwrap()).unwrap();
    assert_eq!(filtered["users"].as_object().unwrap().len(), 1);
    assert_eq!(filtered["users"]["agent"]["secret"], all["users"]["agent"]["secret"]);
}

#[test]
fn a_rotated_secret_is_gone_also_from_behind_a_link() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    works(dir.path(), "--create user,agent --output real/secrets.json");
    symlink("real/secrets.json", dir.path().join("secrets.json")).unwrap();
    let read = || fs::read_to_string(dir.path().join("real/secrets.json")).unwrap();
    let before = read();
    works(dir.path(), "--rotate agent");
    assert_ne!(read(), before);
    assert!(fs::symlink_metadata(dir.path().join("secrets.json")).unwrap().is_symlink());
}

#[test]
fn a_filtered_file_is_never_written_over_the_one_it_is_made_from() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path(), "--create user,agent");
    symlink("secrets.json", dir.path().join("link.json")).unwrap();
    let before = fs::read(dir.path().join("secrets.json")).unwrap();
    for output in ["secrets.json --force", "./secrets.json --force", "link.json --force", "secrets.json"] {
        let words = fails(dir.path(), &format!("--filter agent --output {output}"), 2);
        assert!(words.lines().count() == 1 && words.contains("is the file that is read"), "{words}");
        assert_eq!(fs::read(dir.path().join("secrets.json")).unwrap(), before);
    }
}

#[test]
fn what_is_no_regular_file_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    fs::create_dir(dir.path().join("dir")).unwrap();
    for line in
        ["--list --input pipe", "--filter agent --input pipe", "--rotate agent --input pipe", "--list --input dir"]
    {
        assert!(fails(dir.path(), line, 1).contains("is no regular file"), "{line}");
    }
}

#[test]
fn no_file_is_written_over_unless_forced() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path(), "--create user,agent");
    let before = fs::read(dir.path().join("secrets.json")).unwrap();
    assert!(fails(dir.path(), "--create user,agent", 1).contains("--force"));
    assert_eq!(fs::read(dir.path().join("secrets.json")).unwrap(), before);
    works(dir.path(), "--create user,agent --force");
    assert_ne!(fs::read(dir.path().join("secrets.json")).unwrap(), before);
}

#[test]
fn an_unknown_name_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(fails(dir.path(), "--create user --can-approve user=agent", 1).contains("no user `agent`"));
    assert!(names(dir.path()).is_empty());
    works(dir.path(), "--create user,agent");
    let before = fs::read(dir.path().join("secrets.json")).unwrap();
    assert!(fails(dir.path(), "--filter nobody", 1).contains("no user `nobody`"));
    assert!(fails(dir.path(), "--rotate nobody", 1).contains("no user `nobody`"));
    assert_eq!(names(dir.path()), ["secrets.json"]);
    assert_eq!(fs::read(dir.path().join("secrets.json")).unwrap(), before);
}

#[test]
fn a_list_shows_rights_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path(), "--create user,agent --can-approve user=agent --role user=dba");
    let list = String::from_utf8(works(dir.path(), "--list").stdout).unwrap();
    assert_eq!(list, "agent\nuser\tcan approve: agent\troles: dba\n");
}

#[test]
fn help_has_examples_and_wrong_usage_is_2() {
    let dir = tempfile::tempdir().unwrap();
    let help = String::from_utf8(works(dir.path(), "--help").stdout).unwrap();
    assert!(help.contains("Examples:"));
    assert!(String::from_utf8(works(dir.path(), "--version").stdout).unwrap().starts_with("ccc-keygen "));
    assert!(fails(dir.path(), "--bogus", 2).contains("--help"));
}
