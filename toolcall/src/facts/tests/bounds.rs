//! That no input makes the analysis panic or slow.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CWD, bash};
use crate::facts::{ANALYSE_BYTES_MAX, At, Class, Knowledge, derive};

/// Inputs at the size limit whose reading would be slow if it were not linear.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is promised here is a time")]
fn the_largest_input_takes_no_noticeable_time() {
    let most = ANALYSE_BYTES_MAX - 100;
    let filled = |unit: &str| unit.repeat(most / unit.len());
    let variables = format!("x={}; echo {}", "y".repeat(4_000), "$x".repeat(20_000));
    let texts = [
        filled("("),
        filled("$("),
        filled("`"),
        filled("\""),
        filled("a "),
        filled("a;"),
        filled("{a,b}"),
        filled("x=1 "),
        filled("<<E "),
        filled("sudo "),
        filled("ls */"),
        filled("cat ../"),
        filled("| xargs "),
        filled("-a"),
        format!("cat {}", filled("a/")),
        format!("cat /{}", filled("*")),
        format!("find {}", filled("-exec a {} ; ")),
        format!("echo {}", filled("{a,b}")),
        format!("sed {}", filled("s/a/b/;")),
        variables,
        format!("xargs -I a echo {}", filled("a")),
        filled("for x in a b; do "),
        filled("cd a && "),
        filled("cd a;"),
        filled("cd a;ls;"),
        filled("(cd a;);"),
        filled("pushd a;"),
        filled("cd a || "),
        filled("cd a;cat b;cd ..;"),
        format!("cd {};{}", "a/".repeat(2_000), filled("cd a;ls b;")),
        filled("cat <<E\nx\nE\n"),
        filled("eval "),
        filled("sh -c '"),
        filled("[["),
        filled("$'\\x41'"),
        filled("x=$x$x;"),
        filled("case x in "),
        filled("x=$x; echo $((x)); "),
        filled("${a[${b[x"),
        filled("\"$x[$y\" "),
        format!("{}a {{}} ;", filled("find a b c d e f g h -exec ")),
    ];
    let start = std::time::Instant::now();
    for text in &texts {
        let _ = bash(text.get(..most.min(text.len())).unwrap_or(text));
    }
    // A debug build on a loaded machine; a quadratic reading takes minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// Each `cd` that may fail doubles where the next command may run.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is promised here is a time")]
fn no_number_of_directories_takes_noticeable_time() {
    let start = std::time::Instant::now();
    for unit in ["cd a;", "cd a;ls;", "(cd a;);", "pushd a;", "cd a;(cd b;ls c);"] {
        let facts = bash(&unit.repeat(400));
        assert!(unit.starts_with('(') || facts.any(&[Class::Unknown]), "{unit}");
    }
    let named =
        json!({ "command": "ls x; ".repeat(400), "cwd": "a", "workdir": "b", "directory": "c", "dir_path": "d" });
    let facts = derive("Bash", &named, CWD, &Knowledge::default());
    assert!(facts.any(&[Class::Unknown]) && facts.paths.len() <= 2, "{:?}", facts.paths);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn a_few_directories_are_followed_as_before() {
    for command in
        ["cd a; ls; cd b; ls", "cd a && ls && cd ../b && ls", "cd a; cd ..; ls", "(cd a && ls); (cd b && ls)"]
    {
        assert!(bash(command).only(&[Class::Reads]), "{command}: {:?}", bash(command).classes);
    }
    // The last of too many is followed all the same, for the rules that forbid.
    assert!(bash(&format!("{} cd /; rm -rf etc", "cd a; ".repeat(9))).any(&[Class::DeletesOutside]));
}

proptest! {
    #[test]
    fn no_command_makes_it_panic(text in "[a-z$(){}|&;<>'\"`\\\\ /~.*=\\-\n]{0,120}") {
        let _ = bash(&text);
    }

    #[test]
    fn no_arguments_of_known_programs_make_it_panic(program in proptest::sample::select(vec!["git", "tar", "curl", "sed", "awk", "find", "xargs", "cargo", "npm", "ssh", "rsync", "cp", "dd", "chmod", "python", "sudo", "env", "go", "gcc", "ln", "gh"]), args in "[a-z@:=+/~.*\\-0-9 ]{0,60}") {
        let _ = bash(&format!("{program} {args}"));
    }

    #[test]
    fn no_input_makes_it_panic(tool in "[A-Za-z_:/]{0,12}", path in "\\PC{0,40}", cwd in "\\PC{0,20}", up in 0_usize..20) {
        let project: String = cwd.chars().take(up).collect();
        let at = At { cwd: &cwd, project: Some(&project) };
        for name in ["file_path", "command", "pattern", "url", "path"] {
            let _ = derive(&tool, &json!({ name: path.clone() }), at, &Knowledge::default());
            let _ = derive("Glob", &json!({ name: path.clone() }), cwd.as_str(), &Knowledge::default());
        }
        let _ = derive(&tool, &Value::String(path), cwd.as_str(), &Knowledge::default());
    }

    #[test]
    fn quoting_a_program_changes_nothing(at in 0_usize..3) {
        let mut name = "rm".to_owned();
        name.insert_str(at.min(name.len()), "''");
        prop_assert_eq!(bash(&format!("{name} -rf /")).classes, bash("rm -rf /").classes);
    }
}
