//! Which calls the hook was asked about, for `doctor`, who holds that against the host's own log. Kept for hosts alone that keep one.
//!
//! It decides nothing: a call whose note cannot be written is judged all the same.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ccc_hosts::host::Host;
use ccc_protocol::Timestamp;
use serde_json::{Map, Value};

/// How many bytes are noted before what was noted earlier is put aside, and what lay there forgotten.
const BYTES_MAX: u64 = 256 * 1024;

/// The longest id that is noted, in bytes.
const ID_BYTES_MAX: usize = 128;

/// Notes the call of this document, beside the config that the hook was started with.
pub fn note(host: Host, document: &Map<String, Value>, config: &Path) {
    let Some(log) = &host.profile().log else { return };
    let named = |field: &str| document.get(field).and_then(Value::as_str).filter(|id| is_id(id));
    if let (Some(session), Some(id)) = (named("session_id"), named(log.use_id)) {
        // See above.
        let _ = write(config, &format!("{} {session} {id}\n", now().millis()));
    }
}

fn write(config: &Path, line: &str) -> io::Result<()> {
    let path = notes(config);
    if fs::metadata(&path).is_ok_and(|about| about.len() > BYTES_MAX) {
        fs::rename(&path, earlier(config))?;
    }
    // One write of a short line: those of other hooks stand before or behind it.
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?.write_all(line.as_bytes())
}

/// The calls that were noted.
#[derive(Debug, Default)]
pub struct Seen {
    /// `SESSION ID`.
    calls: BTreeSet<String>,
    /// Since when they are known, where earlier ones were forgotten.
    pub since: Option<Timestamp>,
}

impl Seen {
    /// What was noted beside this config; nothing where there is no note that can be read.
    #[must_use]
    pub fn load(config: &Path) -> Self {
        let before = read(&earlier(config));
        let first = before.lines().find_map(|line| line.split_once(' ')?.0.parse().ok());
        let text = before + &read(&notes(config));
        let calls = text.lines().filter_map(|line| Some(line.split_once(' ')?.1.to_owned())).collect();
        Self { calls, since: first.map(Timestamp::from_millis) }
    }

    /// True where the hook was asked about this call.
    #[must_use]
    pub fn has(&self, session: &str, id: &str) -> bool {
        self.calls.contains(&format!("{session} {id}"))
    }
}

/// The files that hold the notes.
#[must_use]
pub fn files(config: &Path) -> [PathBuf; 2] {
    [notes(config), earlier(config)]
}

fn notes(config: &Path) -> PathBuf {
    config.with_extension("seen")
}

fn earlier(config: &Path) -> PathBuf {
    let mut name: OsString = notes(config).into_os_string();
    name.push(".1");
    name.into()
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or_default())
}

fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read(path: &Path) -> String {
    let mut text = String::new();
    // What cannot be read tells of nothing.
    let _ = File::open(path).and_then(|file| file.take(2 * BYTES_MAX).read_to_string(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(session: &str, id: &str) -> Map<String, Value> {
        json!({"session_id": session, "tool_use_id": id}).as_object().unwrap().clone()
    }

    #[test]
    fn a_call_is_noted_by_its_session_and_id_and_only_for_a_host_with_a_log() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("codex.json");
        note(Host::Codex, &document("s1", "call_1"), &config);
        note(Host::Claude, &document("s1", "call_2"), &config);
        note(Host::Codex, &document("s1", "call 3\ns1 call_4"), &config);
        let seen = Seen::load(&config);
        assert!(seen.has("s1", "call_1") && !seen.has("s2", "call_1"));
        assert!(!seen.has("s1", "call_2") && !seen.has("s1", "call_4"));
    }

    #[test]
    fn notes_stay_bounded_and_tell_where_they_begin() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("codex.json");
        let id = |number: usize| format!("{number:0100}");
        for number in 0..6_000 {
            note(Host::Codex, &document("s", &id(number)), &config);
        }
        let seen = Seen::load(&config);
        assert!(seen.has("s", &id(5_999)) && !seen.has("s", &id(0)));
        assert!(seen.since.is_some_and(|since| since <= now()));
        let bytes: u64 = files(&config).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
        assert!(bytes <= 2 * (BYTES_MAX + 200), "{bytes}");
    }
}
