//! The shell's own parser beside ours: of what is read as wholly known bash must be able to read every character.
//!
//! It needs bash. Command lines of the corpus are asked about, and the same with a quote, a bracket or another mark of the shell's left
//! out, which most often leaves something open.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use ccc_toolcall::facts::{Facts, Knowledge, derive};
use serde_json::{Value, json};

/// Of every so many command lines one is asked about whole, and of its marks every so many is left out.
const EACH: usize = 5;
/// What opens, closes or joins.
const MARKS: &str = "'\"()`{}|&;<>$\\";

fn corpus() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/tool-calls");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let lines = files.iter().flat_map(|file| {
        let text = fs::read_to_string(file).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    });
    lines.filter_map(|call| Some(call["input"]["command"].as_str()?.to_owned())).collect()
}

/// The line without one of its marks, for some of them.
fn broken(line: &str) -> Vec<String> {
    let marks = line.char_indices().filter(|(_, c)| MARKS.contains(*c)).step_by(3).take(4);
    marks.map(|(at, c)| format!("{}{}", &line[..at], &line[at + c.len_utf8()..])).collect()
}

fn facts(line: &str) -> Facts {
    derive("Bash", &json!({ "command": line }), "/home/dev/project", &Knowledge::default())
}

/// True where bash reads the line to its end. Of a here-document without an end of its own it warns, and takes the rest for it, as we do.
fn bash_reads(line: &str) -> bool {
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-O", "extglob", "-n", "-c", line]);
    let bash = bash.stdin(Stdio::null()).stderr(Stdio::null()).env_clear();
    bash.status().expect("bash, which this test needs").success()
}

#[test]
fn bash_reads_all_that_is_read_as_known() {
    let (mut known, mut refused) = (0, Vec::new());
    for line in corpus().iter().step_by(EACH) {
        for line in broken(line).into_iter().chain([line.clone()]) {
            if facts(&line).opaque.is_empty() {
                known += 1;
                if !bash_reads(&line) {
                    refused.push(line);
                }
            }
        }
    }
    assert!(known > 500, "{known} lines are few");
    assert!(refused.is_empty(), "bash refuses {} of {known}: {refused:#?}", refused.len());
}
