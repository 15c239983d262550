//! `ccc-server patterns`, by the real program.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const OURS: &str = r#"
[[pattern]]
id = "our-deploy"
asi = "ASI02"
level = "high"
reason = "deploys to production"
text = ['\bdeploy\.sh\s+prod\b']
examples = ["./deploy.sh prod", "cd /srv/app && sh deploy.sh prod"]
not = ["./deploy.sh staging"]
"#;

fn run(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-server"));
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home).args(args).output().unwrap()
}

fn says(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refuses(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_patterns_that_count_are_listed_with_those_of_the_config() {
    let home = tempfile::tempdir().unwrap();
    let shipped = says(home.path(), &["patterns"]);
    assert!(shipped.lines().count() >= 30, "{shipped}");
    assert!(shipped.lines().any(|line| line.starts_with("ASI05  critical  reverse-shell ")), "{shipped}");
    fs::write(home.path().join("config.toml"), OURS).unwrap();
    let all = says(home.path(), &["patterns", "--config", "config.toml"]);
    assert_eq!(all.lines().count(), shipped.lines().count() + 1);
    assert!(all.contains("our-deploy") && all.contains("deploys to production"), "{all}");
}

#[test]
fn a_file_is_examined_and_its_examples_tried() {
    let home = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(home.path().join("ours.toml"), text).unwrap();
    write(OURS);
    assert_eq!(says(home.path(), &["patterns", "lint", "ours.toml"]), "ours.toml: 1 pattern, fit to be used\n");
    let tried = says(home.path(), &["patterns", "test", "ours.toml"]);
    assert_eq!(tried, "ours.toml: 3 examples of 1 pattern, all as they should be\n");

    write(&OURS.replace("./deploy.sh staging", "sh deploy.sh prod"));
    let refusal = refuses(home.path(), &["patterns", "test", "ours.toml"]);
    assert!(
        refusal.contains("ours.toml: pattern `our-deploy` fits `sh deploy.sh prod`, which is a `not`"),
        "{refusal}"
    );

    write(&OURS.replace("our-deploy", "reverse-shell").replace(r"\bdeploy", "(?:.{0,999}x){9}"));
    let refusal = refuses(home.path(), &["patterns", "lint", "ours.toml"]);
    assert!(refusal.contains("another pattern has this id"), "{refusal}");
    assert!(refusal.contains("would be slow on a long text"), "{refusal}");

    write("[[patern]]\n");
    assert!(refuses(home.path(), &["patterns", "lint", "ours.toml"]).contains("ours.toml has no `[[pattern]]`"));
    assert!(refuses(home.path(), &["patterns", "lint", "nowhere.toml"]).contains("nowhere.toml cannot be read"));
}

/// A config with a pattern that is not fit is refused as a whole, with the line of the pattern.
#[test]
fn a_config_with_an_unfit_pattern_is_refused_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.toml"), OURS.replace("not = ", "nor = ")).unwrap();
    let refusal = refuses(home.path(), &["patterns", "--config", "config.toml"]);
    assert!(refusal.contains("config.toml: line 9, ") && refusal.contains("unknown key `nor`"), "{refusal}");
    fs::write(home.path().join("config.toml"), OURS.replace("deploys to production", "")).unwrap();
    let refusal = refuses(home.path(), &["patterns", "--config", "config.toml"]);
    assert!(
        refusal.contains("config.toml: line 2, ") && refusal.contains("pattern `our-deploy`: `reason` is"),
        "{refusal}"
    );
}
