//! The program beside the gate, and what is said where it is not there.

use std::fs;
use std::process::Command;

use ccc_hook::setup;

use crate::support::{Home, copied_to, run, script};

const COMMANDS: [&str; 5] = ["install", "uninstall", "status", "doctor", "session"];

fn home() -> Home {
    Home::new("http://127.0.0.1:1", 0)
}

/// Exit status, stdout, stderr.
fn said(command: &mut Command) -> (i32, String, String) {
    let output = run(command, b"");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_gate_alone_says_what_it_lacks_and_never_looks_elsewhere() {
    let home = home();
    let gate = home.path().join("bin/ccc-hook");
    copied_to(&gate);
    fs::remove_file(setup::beside(&gate)).unwrap();
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    script(&elsewhere.join(setup::SETUP), "touch started");
    for command in COMMANDS {
        let (code, out, err) = said(home.command(&gate).arg(command).env("PATH", &elsewhere).current_dir(&elsewhere));
        assert_eq!((code, out.as_str()), (1, ""), "{command}: {err}");
        assert!(err.contains("bin/ccc-hook-setup` cannot be started (No such file"), "{err}");
        assert!(err.contains("put it beside ccc-hook"), "{err}");
    }
    assert!(!elsewhere.join("started").exists());
    // What it says of itself needs nothing else.
    assert!(said(home.command(&gate).arg("--version")).1.starts_with("ccc-hook "));
    assert!(said(home.command(&gate).arg("--help")).1.contains("ccc-hook install"));
}

#[test]
fn a_link_to_the_gate_finds_what_lies_beside_the_file() {
    let home = home();
    copied_to(&home.path().join("real/ccc-hook"));
    let link = home.path().join("ccc-hook");
    std::os::unix::fs::symlink("real/ccc-hook", &link).unwrap();
    script(&home.path().join(setup::SETUP), "touch started");
    let (code, out, err) = said(home.command(&link).args(["status", "--agent", "claude"]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("not installed"), "{out}");
    assert!(!home.path().join("started").exists());
}

#[test]
fn a_link_beside_the_gate_is_not_followed() {
    let home = home();
    let gate = home.path().join("bin/ccc-hook");
    copied_to(&gate);
    let beside = setup::beside(&gate);
    let other = home.path().join("other");
    fs::rename(&beside, &other).unwrap();
    std::os::unix::fs::symlink(&other, &beside).unwrap();
    let (code, _, err) = said(home.command(&gate).arg("status"));
    assert!(code == 1 && err.contains("is a link: put the file itself beside ccc-hook"), "{err}");
}

#[test]
fn two_versions_do_not_work_together_and_nobody_else_starts_it() {
    let home = home();
    let gate = home.path().join("bin/ccc-hook");
    copied_to(&gate);
    let setup = setup::beside(&gate);
    let (code, _, err) = said(home.command(&setup).args(["--of", "0.0.9", "status"]));
    assert!(code == 1 && err.contains("and ccc-hook is 0.0.9"), "{err}");
    assert!(err.contains("put ccc-hook and ccc-hook-setup of one build beside each other"), "{err}");
    for arguments in [&["status"][..], &[], &["install", "--all"], &["--of"]] {
        let (code, out, err) = said(home.command(&setup).args(arguments));
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(err.contains("write `ccc-hook install`"), "{err}");
    }
}

#[test]
fn what_people_write_reaches_it_word_by_word_and_its_status_comes_back() {
    let home = home();
    let gate = home.path().join("bin/ccc-hook");
    copied_to(&gate);
    script(&setup::beside(&gate), r#"printf '%s|' "$@"; exit 7"#);
    let (code, out, _) = said(home.command(&gate).args(["session", "start", "--", "a b", "$x", ""]));
    assert_eq!((code, out), (7, format!("--of|{}|session|start|--|a b|$x||", setup::VERSION)));
}
