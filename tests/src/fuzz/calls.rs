//! Command lines of agents, bent: what is read of them stays bounded, is read alike each time, and hides nothing that stands behind.

use std::{fs, path::Path};

use ccc_toolcall::{
    facts::{Class, Facts, Knowledge, derive},
    programs::{own::Taught, spec::ProgramSpec},
};
use serde_json::{Value, json};

/// The most of one kind that facts list.
const KEPT_MAX: usize = 512;

/// The facts of a call are bounded and always the same, a table for another program changes none of them, and a command behind it counts.
///
/// # Panics
/// Where one of that is not so, or where knowledge panics.
pub fn calls(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let plain = Knowledge::default();
    let facts = bash(&text, &plain);
    let lists = [facts.paths.len(), facts.hosts.len(), facts.opaque.len()];
    assert!(lists.iter().all(|kept| *kept <= KEPT_MAX), "{lists:?}");
    assert_eq!(facts.classes.contains_key(&Class::Unknown), !facts.opaque.is_empty(), "{facts:?}");
    let json = serde_json::to_value(&facts).expect("facts are JSON");
    assert_eq!(serde_json::from_value::<Facts>(json).expect("facts read back"), facts);
    let other = ProgramSpec { does: Some(vec!["system".to_owned()]), ..ProgramSpec::default() };
    let taught = Taught::read("no-call-names-this", &other).expect("a table that is right");
    let programs = [taught].into_iter().collect();
    assert_eq!(bash(&text, &Knowledge { programs, ..plain.clone() }), facts);
    // The text of a here-document has its end behind it; a continued line has the first of the two ends.
    if !text.contains("<<") {
        let behind = bash(&format!("{text}\n\nrm -rf /"), &plain);
        assert!(
            behind.any(&[Class::DeletesOutside, Class::Unknown]),
            "what stands behind `{text}` is lost: {behind:?}"
        );
    }
}

fn bash(command: &str, knowledge: &Knowledge) -> Facts {
    derive("Bash", &json!({ "command": command }), "/home/dev/project", knowledge)
}

/// The command lines of the labelled calls.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/tool-calls");
    let mut files: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let lines = files.iter().flat_map(|file| {
        let text = fs::read_to_string(file).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    });
    lines.filter_map(|call| Some(call["input"]["command"].as_str()?.as_bytes().to_vec())).collect()
}
