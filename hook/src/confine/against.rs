//! What of the host's own stands against running a call as another line: its rules and hooks would look at that line.

use std::env;
use std::fs;
use std::path::Path;

use ccc_hosts::files;
use ccc_hosts::host::{CommandLine, Host, Rewrite, option_in};
use ccc_hosts::settings::place::Places;
use ccc_hosts::settings::read;
use serde_json::{Map, Value};

/// How many processes above this one are looked at: a shell, the host, and what started it.
const ABOVE_MAX: usize = 3;

/// True where something does, or where it cannot be told.
pub(super) fn anything(host: Host, rewrite: &Rewrite, project: &Path, document: &Map<String, Value>) -> bool {
    (rewrite.told_against)(document).is_some() || in_all_words(host, rewrite, project).is_some()
}

/// True where the host was started with a rule of its person's that an `allow` of ours would go past, or where that cannot be told.
pub(super) fn a_rule_is_outranked(host: Host) -> bool {
    let options = host.profile().outranked;
    !options.is_empty() && lines_above().is_none_or(|lines| option_in(&lines, options))
}

/// What stands against it in settings and variables, for a person.
pub(super) fn in_words(host: Host, rewrite: &Rewrite, project: &Path) -> Option<String> {
    if let Some(name) = rewrite.variables.iter().find(|name| env::var_os(name).is_some()) {
        return Some(format!("the variable {name}"));
    }
    let Some(places) = places(project) else { return Some("no home directory".to_owned()) };
    (rewrite.files)(&places).iter().find_map(|file| in_file(rewrite, file)).map(|what| format!("{what} ({host})"))
}

/// The same, and in how the host was started: that may bring settings which stand in no file known here.
pub(super) fn in_all_words(host: Host, rewrite: &Rewrite, project: &Path) -> Option<String> {
    in_words(host, rewrite, project).or_else(|| {
        let (Some(lines), Some(places)) = (lines_above(), places(project)) else {
            return Some("a command line that cannot be read".to_owned());
        };
        (rewrite.started)(&places, &lines).map(ToOwned::to_owned)
    })
}

fn places(project: &Path) -> Option<Places> {
    Some(Places { project: project.to_owned(), ..Places::of_person()? })
}

fn in_file(rewrite: &Rewrite, file: &Path) -> Option<String> {
    let unknown = || Some(format!("{}, which cannot be read", file.display()));
    let Ok(text) = files::read_if_any(file) else { return unknown() };
    let text = text?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return None;
    }
    let is_text = file.extension().is_some_and(|extension| extension == "rules");
    let settings = if is_text { Some(Value::String(text)) } else { read::value_in(file) };
    let Some(settings) = settings else { return unknown() };
    (rewrite.against)(file, &settings).map(|what| format!("{what} in {}", file.display()))
}

/// The command lines of the processes above this one. None where one cannot be read.
fn lines_above() -> Option<Vec<CommandLine>> {
    let mut lines = Vec::new();
    let mut process = std::os::unix::process::parent_id();
    for _ in 0..ABOVE_MAX {
        let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        lines.push(words.collect());
        match parent_of(process) {
            None | Some(0 | 1) => break,
            Some(parent) => process = parent,
        }
    }
    Some(lines)
}

fn parent_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
