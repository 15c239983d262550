//! A watch on the contracts of coding agents: which versions are out, and which hook events they have that nobody has looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ccc_hosts::host::Host;
use serde_json::Value;

use crate::events::{self, Form};

/// A coding agent, its npm package, beneath which directory of `node_modules` it lies with what it brings along, and how that has its
/// events; `None` where they cannot be read from there.
type Watched = (Host, &'static str, &'static str, Option<Form>);

const WATCHED: [Watched; 7] = [
    (Host::Claude, "@anthropic-ai/claude-code", "@anthropic-ai", Some(Form::Listed)),
    (Host::Codex, "@openai/codex", "@openai", Some(Form::Suffixed("CommandOutputWire"))),
    (Host::Gemini, "@google/gemini-cli", "@google/gemini-cli", Some(Form::Assigned)),
    (Host::Copilot, "@github/copilot", "@github", None),
    (Host::Kimi, "@moonshot-ai/kimi-code", "@moonshot-ai/kimi-code", Some(Form::Listed)),
    (Host::OpenCode, "opencode-ai", "opencode-ai", None),
    (Host::Qwen, "@qwen-code/qwen-code", "@qwen-code/qwen-code", Some(Form::Assigned)),
];

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// A file of this repository, or of a package, cannot be read, or npm not be started.
    #[error("`{0}`: {1}")]
    File(String, io::Error),
    /// A file of this repository does not say what it should.
    #[error("`{0}` has no {1}")]
    Unnoted(&'static str, String),
    /// npm did not do what it was asked.
    #[error("npm {0}: {1}")]
    Npm(String, String),
    /// The words cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

const VERSIONS: &str = "hook/tests/agents/package.json";
const EVENTS: &str = "hook/tests/agents/events.json";

/// Compares with what npm has; true where anything is new.
///
/// # Errors
/// See [`WatchError`].
pub(crate) fn newest(out: &mut dyn Write) -> Result<bool, WatchError> {
    let (versions, noted) = (versions()?, noted()?);
    let mut is_new = false;
    for (host, package, directory, form) in WATCHED {
        let verified = versions.get(package).ok_or_else(|| WatchError::Unnoted(VERSIONS, package.to_owned()))?;
        let newest = npm(&["view", package, "version"], Path::new("."))?;
        if newest == *verified {
            writeln!(out, "{host:9}{verified}, the newest, is verified")?;
            continue;
        }
        is_new = true;
        writeln!(out, "{host:9}{newest} is out, {verified} is verified")?;
        let Some(form) = form else { continue };
        let place = tempfile::tempdir()?;
        fs::write(place.path().join("package.json"), "{}")?;
        let wanted = format!("{package}@{newest}");
        npm(&["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", &wanted], place.path())?;
        compare(host, &place.path().join("node_modules").join(directory), form, &noted, out)?;
    }
    Ok(is_new)
}

/// Compares with the packages beneath `DIR/node_modules`; true where their events are others than those noted.
///
/// # Errors
/// See [`WatchError`].
pub(crate) fn installed(directory: &Path, out: &mut dyn Write) -> Result<bool, WatchError> {
    let noted = noted()?;
    let mut differs = false;
    for (host, _, package, form) in WATCHED {
        let place = directory.join("node_modules").join(package);
        match form.filter(|_| place.exists()) {
            Some(form) => differs |= compare(host, &place, form, &noted, out)?,
            None => writeln!(out, "{host:9}not looked at")?,
        }
    }
    Ok(differs)
}

/// True where the events are not those noted.
fn compare(
    host: Host,
    package: &Path,
    form: Form,
    noted: &BTreeMap<String, BTreeSet<String>>,
    out: &mut dyn Write,
) -> Result<bool, WatchError> {
    let known = noted.get(host.name()).ok_or_else(|| WatchError::Unnoted(EVENTS, host.name().to_owned()))?;
    let found = events::beneath(package, form, host.profile().gate)
        .map_err(|error| WatchError::File(package.display().to_string(), error))?;
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
        these.difference(those).map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let (new, gone) = (only(&found, known), only(known, &found));
    match (new.is_empty(), gone.is_empty()) {
        (true, true) => writeln!(out, "{host:9}the same {} events", known.len())?,
        (false, _) => writeln!(out, "{host:9}NEW EVENTS: {new}")?,
        (true, false) => {}
    }
    if !gone.is_empty() {
        writeln!(out, "{host:9}EVENTS GONE: {gone}")?;
    }
    Ok(!new.is_empty() || !gone.is_empty())
}

/// Package and version.
fn versions() -> Result<BTreeMap<String, String>, WatchError> {
    let value = read(VERSIONS)?;
    let packages = value.get("dependencies").and_then(Value::as_object);
    let packages = packages.ok_or_else(|| WatchError::Unnoted(VERSIONS, "dependencies".to_owned()))?;
    Ok(packages.iter().filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned()))).collect())
}

/// Host and events.
fn noted() -> Result<BTreeMap<String, BTreeSet<String>>, WatchError> {
    let value = read(EVENTS)?;
    serde_json::from_value(value).map_err(|error| WatchError::Unnoted(EVENTS, format!("lists of events: {error}")))
}

fn read(path: &'static str) -> Result<Value, WatchError> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = fs::read_to_string(root).map_err(|error| WatchError::File(path.to_owned(), error))?;
    serde_json::from_str(&text).map_err(|error| WatchError::Unnoted(path, format!("JSON: {error}")))
}

/// What npm says, asked where its own config says.
fn npm(arguments: &[&str], directory: &Path) -> Result<String, WatchError> {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| WatchError::File("npm".to_owned(), error))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !output.status.success() {
        return Err(WatchError::Npm(arguments.join(" "), text(&output.stderr)));
    }
    Ok(text(&output.stdout))
}
