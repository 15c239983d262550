//! Codex CLI passes over a hook in silence until its exact definition is
//! trusted. Codex itself tells the key and the hash by which it is; they are
//! written where Codex keeps them, by the person who runs `install`.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toml_edit::{DocumentMut, Item, Table, value};

use ccc_hosts::files;
use ccc_hosts::host::Host;
use ccc_hosts::settings::command::is_ours;
use ccc_hosts::settings::place::Places;

/// How long Codex may take to list its hooks, in seconds.
const ANSWER_SECONDS_MAX: u64 = 20;

/// A hook of ours as Codex sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// By what Codex keeps its trust.
    pub key: String,
    /// Of its exact definition.
    pub hash: String,
    /// True where Codex would run it.
    pub trusted: bool,
}

/// Why Codex's trust could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// There is no Codex to ask, or it does not answer.
    #[error("codex could not be asked about its hooks: {0}")]
    NotAsked(#[from] io::Error),
    /// Codex's config cannot be changed without harm.
    #[error("`{}` cannot be changed: {what}", .path.display())]
    Config {
        /// The config file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Codex does not see the hooks that were written.
    #[error("codex does not list the installed hooks{0}")]
    NotListed(String),
}

/// Trusts our hooks in this settings file and returns their keys.
///
/// # Errors
/// When Codex cannot be asked or its config cannot be changed; then a person
/// has to trust them inside Codex.
pub fn trust(places: &Places, settings: &Path) -> Result<Vec<String>, TrustError> {
    let listed = list_hooks(places)?;
    let seen = ours_in(&listed, settings);
    if seen.is_empty() {
        return Err(TrustError::NotListed(complaints(&listed)));
    }
    change_config(places, |state| {
        for hook in &seen {
            let mut trust = Table::new();
            trust.insert("trusted_hash", value(hook.hash.as_str()));
            state.insert(&hook.key, Item::Table(trust));
        }
    })?;
    Ok(seen.into_iter().map(|hook| hook.key).collect())
}

/// Takes back the trust in these hooks, and the copies of Codex's config that were made for it, as far as they say no more than it.
///
/// # Errors
/// When Codex's config cannot be changed.
pub fn forget(places: &Places, keys: &[String]) -> Result<(), TrustError> {
    if keys.is_empty() {
        return Ok(());
    }
    change_config(places, |state| {
        for key in keys {
            state.remove(key);
        }
    })?;
    // A copy with our keys in it says no more than the config did until now.
    files::forget_backups(&config(places), |text| keys.iter().any(|key| text.contains(key)))?;
    Ok(())
}

/// Where Codex keeps its trust.
#[must_use]
pub fn config(places: &Places) -> PathBuf {
    places.host_home(Host::Codex).join("config.toml")
}

/// Our hooks in this settings file, as Codex sees them.
///
/// # Errors
/// When Codex cannot be asked.
pub fn seen(places: &Places, settings: &Path) -> Result<Vec<Seen>, TrustError> {
    Ok(ours_in(&list_hooks(places)?, settings))
}

fn ours_in(listed: &Value, settings: &Path) -> Vec<Seen> {
    let real = settings.canonicalize().unwrap_or_else(|_| settings.to_owned());
    let is_here =
        |hook: &Value| text(hook, "sourcePath").map(Path::new).is_some_and(|path| path == settings || path == real);
    let is_one_of_ours = |hook: &Value| text(hook, "command").is_some_and(|command| is_ours(Host::Codex, command));
    let hooks = list(listed, "data").iter().flat_map(|set| list(set, "hooks"));
    hooks.filter(|hook| is_here(hook) && is_one_of_ours(hook)).filter_map(seen_hook).collect()
}

/// What Codex has to say about files that it could not use.
fn complaints(listed: &Value) -> String {
    let sets = list(listed, "data").iter();
    let said = sets.flat_map(|set| list(set, "warnings").iter().chain(list(set, "errors")));
    said.map(|complaint| format!("; it says: {}", complaint.as_str().unwrap_or("(see codex)"))).collect()
}

fn seen_hook(hook: &Value) -> Option<Seen> {
    Some(Seen {
        key: text(hook, "key")?.to_owned(),
        hash: text(hook, "currentHash")?.to_owned(),
        trusted: text(hook, "trustStatus") == Some("trusted"),
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn list_hooks(places: &Places) -> io::Result<Value> {
    let mut server = Command::new(Host::Codex.program())
        .arg("app-server")
        .env("CODEX_HOME", places.host_home(Host::Codex))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let answer = ask(&mut server, &places.project);
    let _ = server.kill();
    let _ = server.wait();
    answer
}

fn ask(server: &mut Child, project: &Path) -> io::Result<Value> {
    let mut input = server.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let answers = lines(server)?;
    let deadline = Instant::now() + Duration::from_secs(ANSWER_SECONDS_MAX);
    let client = json!({ "name": "ccc-hook", "version": env!("CARGO_PKG_VERSION") });
    send(&mut input, &json!({ "id": 1, "method": "initialize", "params": { "clientInfo": client } }))?;
    result_of(1, &answers, deadline)?;
    send(&mut input, &json!({ "method": "initialized" }))?;
    send(&mut input, &json!({ "id": 2, "method": "hooks/list", "params": { "cwds": [project] } }))?;
    result_of(2, &answers, deadline)
}

fn send(input: &mut impl Write, message: &Value) -> io::Result<()> {
    input.write_all(format!("{message}\n").as_bytes())
}

fn lines(server: &mut Child) -> io::Result<mpsc::Receiver<String>> {
    let output = server.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// The result of the request `id`; notifications in between are passed over.
fn result_of(id: u64, answers: &mpsc::Receiver<String>, deadline: Instant) -> io::Result<Value> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = answers.recv_timeout(left).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        if message.get("id").and_then(Value::as_u64) == Some(id) {
            let result = message.get("result").cloned();
            return result.ok_or_else(|| io::Error::other("it refused the request"));
        }
    }
}

/// Changes `[hooks.state]` in Codex's config and nothing else.
fn change_config(places: &Places, change: impl FnOnce(&mut Table)) -> Result<(), TrustError> {
    let path = config(places);
    let fault = |what: String| TrustError::Config { path: path.clone(), what };
    let before = files::read_if_any(&path)?;
    let text = before.clone().unwrap_or_default();
    let after = changed(&text, change).map_err(fault)?;
    if after == text {
        return Ok(());
    }
    if let Some(before) = before {
        files::back_up(&path, &before)?;
    }
    Ok(files::write_settings(&path, &after)?)
}

fn changed(text: &str, change: impl FnOnce(&mut Table)) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let hooks = table_in(document.as_table_mut(), "hooks")?;
    let state = table_in(hooks, "state")?;
    let names = |table: &Table| table.iter().map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>();
    let known = names(state);
    change(state);
    let is_bare = state.is_empty() && !known.is_empty();
    if is_bare {
        hooks.remove("state");
        if hooks.is_empty() {
            document.remove("hooks");
        }
    }
    Ok(in_line_breaks_of(text, &document.to_string()))
}

/// The parser knows one kind of line break.
fn in_line_breaks_of(text: &str, changed: &str) -> String {
    let changed = changed.replace("\r\n", "\n");
    if text.contains("\r\n") { changed.replace('\n', "\r\n") } else { changed }
}

fn table_in<'a>(table: &'a mut Table, name: &str) -> Result<&'a mut Table, String> {
    let mut implicit = Table::new();
    implicit.set_implicit(true);
    let item = table.entry(name).or_insert(Item::Table(implicit));
    item.as_table_mut().ok_or_else(|| format!("`{name}` is not a table"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_added_and_taken_back_and_the_rest_of_the_config_stays() {
        let before = "model = \"x\" # mine\n\n[projects.\"/a\"]\ntrust_level = \"trusted\"\n";
        let key = "/home/dev/.codex/hooks.json:pre_tool_use:0:0";
        let with = changed(before, |state| {
            let mut trust = Table::new();
            trust.insert("trusted_hash", value("sha256:00"));
            state.insert(key, Item::Table(trust));
        })
        .unwrap();
        assert_eq!(with, format!("{before}\n[hooks.state.\"{key}\"]\ntrusted_hash = \"sha256:00\"\n"));
        let without = changed(&with, |state| {
            state.remove(key);
        })
        .unwrap();
        assert_eq!(without, before);
        let other_breaks = before.replace('\n', "\r\n");
        assert_eq!(changed(&other_breaks, |_| ()).unwrap(), other_breaks);
    }

    #[test]
    fn the_copies_made_for_trust_go_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let moved = vec![(Host::Codex, directory.path().to_owned())];
        let places = Places { home: at("home"), project: at("project"), ours: at("ours"), moved };
        let keys = ["/a/hooks.json:pre_tool_use:0:0".to_owned()];
        std::fs::write(at("config.toml"), "model = \"x\"\n").unwrap();
        for hash in ["sha256:00", "sha256:11"] {
            change_config(&places, |state| {
                let mut trust = Table::new();
                trust.insert("trusted_hash", value(hash));
                state.insert(&keys[0], Item::Table(trust));
            })
            .unwrap();
        }
        assert!(at("config.toml.before-ccc-hook.2").exists());
        forget(&places, &keys).unwrap();
        assert_eq!(std::fs::read_to_string(at("config.toml")).unwrap(), "model = \"x\"\n");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_config_of_another_shape_is_left_alone() {
        for text in ["hooks = 1\n", "[hooks]\nstate = []\n", "a = = 1\n"] {
            assert!(changed(text, |_| ()).is_err(), "{text}");
        }
    }
}
