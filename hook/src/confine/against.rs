//! What of the host's own stands against running a call as another line: its rules and hooks would look at that line.

use std::env;
use std::fs;
use std::path::Path;

use ccc_hosts::files;
use ccc_hosts::host::{Host, Rewrite};
use ccc_hosts::settings::place::Places;
use serde_json::Value;

/// How many processes above this one are looked at: a shell, the host, and what started it.
const ABOVE_MAX: usize = 3;

/// True where something does, or where it cannot be told.
pub(super) fn anything(host: Host, rewrite: &Rewrite, project: &Path) -> bool {
    in_words(host, rewrite, project).is_some() || in_command_lines(rewrite)
}

/// What stands against it in settings and variables, for a person.
pub(super) fn in_words(host: Host, rewrite: &Rewrite, project: &Path) -> Option<String> {
    if let Some(name) = rewrite.variables.iter().find(|name| env::var_os(name).is_some()) {
        return Some(format!("the variable {name}"));
    }
    let Some(places) = Places::of_person() else { return Some("no home directory".to_owned()) };
    let places = Places { project: project.to_owned(), ..places };
    (rewrite.files)(&places).iter().find_map(|file| in_file(rewrite, file)).map(|what| format!("{what} ({host})"))
}

fn in_file(rewrite: &Rewrite, file: &Path) -> Option<String> {
    let unknown = || Some(format!("{}, which cannot be read", file.display()));
    let Ok(text) = files::read_if_any(file) else { return unknown() };
    let text = text?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return None;
    }
    let Ok(settings) = serde_json::from_str::<Value>(text) else { return unknown() };
    (rewrite.against)(&settings).map(|what| format!("{what} in {}", file.display()))
}

/// An option of the host's command line may bring settings that stand in no file known here.
fn in_command_lines(rewrite: &Rewrite) -> bool {
    let mut process = std::os::unix::process::parent_id();
    for _ in 0..ABOVE_MAX {
        let Ok(line) = fs::read(format!("/proc/{process}/cmdline")) else { return true };
        let is_against = |word: &[u8]| {
            let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
            rewrite.options.iter().any(|option| option.as_bytes() == name)
        };
        if line.split(|byte| *byte == 0).any(is_against) {
            return true;
        }
        match parent_of(process) {
            None | Some(0 | 1) => return false,
            Some(parent) => process = parent,
        }
    }
    false
}

fn parent_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
