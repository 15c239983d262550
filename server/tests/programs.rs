//! `ccc-server programs` and what `--check` says of an owner's programs, by the real program.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Output},
};

/// A home with a config and secrets of its own.
struct Home(tempfile::TempDir);

impl Home {
    fn with(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let secret = |digit: &str| digit.repeat(64);
        let secrets = format!(
            r#"{{"users":{{"user":{{"secret":"{}","canApprove":["agent"]}},"agent":{{"secret":"{}"}}}}}}"#,
            secret("1"),
            secret("2")
        );
        home.write("secrets.json", &secrets);
        home.write("config.toml", &format!("secrets = \"secrets.json\"\ndata = \"data\"\n{config}"));
        home
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-server"));
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin").current_dir(self.0.path());
        command.args(args).output().unwrap()
    }

    /// What a call prints that ends well.
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The line with which a call is refused.
    fn refuses(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

const ACME: &str = r#"
[programs.acme]
examples = [["acme lint src", "reads builds"], ["acme lint", "reads"]]
words.lint = { operands = ["read*"], does = ["builds"] }
[programs.jj.words.log]
options = { "-n" = "flag", "--frob" = "flag" }
[programs.cat]
replace = true
operands = ["read*"]
does = ["reads"]
"#;

#[test]
fn what_is_known_is_printed_with_where_it_comes_from() {
    let home = Home::with(ACME);
    let config = ["programs", "--config", "config.toml"];
    let list = home.says(&config);
    let rows = |name: &str| list.lines().filter(|line| line.split_whitespace().next() == Some(name)).count();
    assert_eq!((rows("acme"), rows("jj"), rows("cat"), rows("git")), (1, 2, 1, 1), "{list}");
    let page = home.says(&[&config[..], &["jj"]].concat());
    assert!(page.contains("jj: shipped") && page.contains("jj: from the config; beside what ships"), "{page}");
    let page = home.says(&[&config[..], &["cat"]].concat());
    assert!(!page.contains("shipped,") && page.contains("in the place of what ships"), "{page}");
    assert!(
        home.refuses(&["programs", "acme"]).contains("`ccc-server programs suggest 'acme …'`"),
        "no config was named"
    );
}

#[test]
fn suggested_lines_are_refused_until_they_say_what_the_program_does() {
    let home = Home::with("");
    let lines = home.says(&["programs", "suggest", "frob lint --fast src/a.rs"]);
    assert!(lines.contains("[programs.frob.words.lint]") && lines.contains("does = []"), "{lines}");
    home.write("suggested.toml", &lines);
    let refusal = home.refuses(&["programs", "--config", "suggested.toml"]);
    assert!(refusal.contains("suggested.toml: line 3, ") && refusal.contains("`does` is empty"), "{refusal}");
    home.write("suggested.toml", &lines.replace("does = []", "does = [\"builds\"]"));
    let known = home.says(&["programs", "--config", "suggested.toml", "suggest", "frob lint --fast src/a.rs"]);
    assert_eq!(known, "# `frob lint --fast src/a.rs` is known\n");
}

#[test]
fn check_lists_the_programs_and_what_of_them_does_not_count() {
    let home = Home::with(ACME);
    let report = home.says(&["--check", "--config", "config.toml"]);
    for line in [
        "program    acme: nothing ships of it",
        "warning: program `acme`: the example `acme lint` is `builds`, not `reads`",
        "program    cat: in the place of what ships",
        "program    jj: beside what ships",
        "warning: program `jj`: `log`: the option `-n` ships with another value, which counts",
    ] {
        assert!(report.lines().any(|said| said == line), "{line}\n{report}");
    }
}
