//! `ccc-server import` as it is called: what goes to stdout, stderr and files, and how it ends.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

const POLICY: &str = "version: 1\nrules:\n  - { match: \"*delete*\", action: block }\n  - { match: \"read_*\", action: allow }\nbudgets:\n  default: { max_usd: 1.0 }\n";

fn import(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-server"));
    command.env_clear().env("HOME", home).env("ROLE", "dba").current_dir(home).stdin(Stdio::null());
    command.arg("import").args(args).output().unwrap()
}

fn said(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn rules_go_to_stdout_and_what_stays_behind_to_stderr() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("policy.yaml"), POLICY).unwrap();
    let output = import(home.path(), &["jamjet", "policy.yaml", "--server", "fs"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let rules = said(&output.stdout);
    assert!(rules.contains("where.tool = [\"read_*\", \"mcp:fs/read_*\"]"), "{rules}");
    assert!(said(&output.stderr).contains("`budgets` has no equivalent"));
    assert!(rules.contains("# `budgets` has no equivalent"));
    ccc_core::config::read(rules).unwrap();
}

#[test]
fn an_output_file_is_new_and_its_owners_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("policy.yaml"), POLICY).unwrap();
    let args = ["jamjet", "policy.yaml", "--output", "rules.toml"];
    let output = import(home.path(), &args);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let rules = home.path().join("rules.toml");
    assert_eq!(fs::metadata(&rules).unwrap().permissions().mode() & 0o777, 0o600);
    let written = fs::read_to_string(&rules).unwrap();
    ccc_core::config::read(&written).unwrap();

    fs::write(home.path().join("policy.yaml"), "version: 1\nrules: []\n").unwrap();
    assert_eq!(import(home.path(), &args).status.code(), Some(1), "a file that is there is not overwritten");
    assert_eq!(fs::read_to_string(&rules).unwrap(), written);
}

#[test]
fn what_a_format_forbids_ends_with_2_and_a_line_for_each_fault() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    write("role.json", r#"{"backend":"none","tools":{"a":{"role":"${ROLE}"},"b":{"role":""}}}"#);
    write("version.yaml", "version: 2\nrules: []\n");
    write("twice.yaml", "version: 1\nversion: 1\nrules: []\n");
    write("large.yaml", &format!("# {}\nversion: 1\nrules: []\n", "x".repeat(1024 * 1024)));
    for (args, said_lines) in [
        (["sentinel", "role.json"], vec!["`${ROLE}` is not expanded here", "`role` is empty"]),
        (["jamjet", "version.yaml"], vec!["`version` is 2"]),
        (["jamjet", "twice.yaml"], vec!["version"]),
        (["jamjet", "large.yaml"], vec!["larger than 1048576 bytes"]),
        (["jamjet", "missing.yaml"], vec!["cannot be read"]),
        (["cedar", "role.json"], vec!["invalid value 'cedar'"]),
    ] {
        let output = import(home.path(), &args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        let lines: Vec<&str> = said(&output.stderr).lines().collect();
        assert_eq!(lines.len(), said_lines.len(), "{lines:?}");
        for (line, expected) in lines.iter().zip(said_lines) {
            assert!(line.contains(expected), "{line}");
        }
    }
}
