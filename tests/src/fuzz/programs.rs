//! A program's table, as a shipped file or an owner's config has it, bent: it is refused with what is wrong, or it holds what it may not change.

use std::{fs, path::Path};

use ccc_toolcall::{
    facts::{Class, Facts, Knowledge, derive, suggest},
    programs::{
        own::{Own, Taught},
        show,
        spec::ProgramSpec,
    },
};
use serde_json::json;

/// A table is taken or refused with its faults. One that is taken changes nothing that ships knows, and hides no place of secrets; and no
/// suggestion is taken before a person says what the program does.
///
/// # Panics
/// Where one of that is not so, or where knowledge panics.
pub fn programs(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    suggested(text);
    let Ok(spec) = toml::from_str::<ProgramSpec>(text) else { return };
    // What is for shipped files alone: an owner's table with it is refused.
    let spec = ProgramSpec { names: vec![], handler: None, ..spec };
    let names = ["acme", "cat", "jj"];
    let name = names[text.len() % names.len()];
    match Taught::read(name, &spec) {
        Ok(taught) => held(name, &taught),
        Err(faults) => {
            let told = faults.iter().all(|fault| harmless(fault) && !fault.is_empty());
            assert!(!faults.is_empty() && told, "{faults:?}");
        }
    }
}

fn held(name: &str, taught: &Taught) {
    let own: Own = [taught.clone()].into_iter().collect();
    let page = show::page(name, &own).expect("what is taught has a page");
    assert!(page.lines().chain(taught.idle().iter().map(String::as_str)).all(harmless), "{page:?}");
    let knowledge = Knowledge { programs: own, ..Knowledge::default() };
    let secret = bash(&format!("{name} ~/.ssh/id_rsa"), &knowledge);
    assert!(secret.any(&[Class::Credentials, Class::Unknown]), "{secret:?}");
    if !taught.replaces {
        for call in ["cat README.md", "cat -n ~/.netrc", "jj log -r @", "jj git push", "jj frobnicate --help"] {
            let known = bash(call, &Knowledge::default());
            if !known.any(&[Class::Unknown]) {
                assert_eq!(bash(call, &knowledge), known, "{call}");
            }
        }
    }
}

/// Lines that would make `call` known hold an empty `does`, or comments alone.
fn suggested(call: &str) {
    let lines = suggest(call, &Knowledge::default());
    assert!(lines.lines().all(harmless), "{lines:?}");
    let comments = lines.lines().all(|line| line.is_empty() || line.starts_with('#'));
    match ccc_core::config::read(&lines) {
        Ok(config) => assert!(comments && config.programs.is_empty(), "taught without a person: {lines}"),
        Err(_) => assert!(!comments, "{lines}"),
    }
}

/// Nothing that a terminal obeys.
fn harmless(text: &str) -> bool {
    text.chars().all(ccc_protocol::visible::is_visible)
}

fn bash(command: &str, knowledge: &Knowledge) -> Facts {
    derive("Bash", &json!({ "command": command }), "/home/dev/project", knowledge)
}

/// The shipped files, and some calls.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../toolcall/programs");
    let mut files: Vec<_> = fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let calls = ["acme lint --fast -o out.txt src/a.rs", "jj frob -r @ && acme \"$x\" 'a b' --url=https://x.example/"];
    files.iter().map(|file| fs::read(file).unwrap()).chain(calls.map(|call| call.as_bytes().to_vec())).collect()
}
