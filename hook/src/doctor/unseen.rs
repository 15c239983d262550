//! Calls that the host logged and no hook saw, since the hook was installed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ccc_hosts::host::{Host, Log, Logged};
use ccc_hosts::manifest::Install;
use ccc_hosts::settings::place::Places;
use ccc_protocol::{Timestamp, visible};

use crate::seen::Seen;

/// How many files of the log are read, the newest.
const FILES_MAX: usize = 200;

/// How much of one file is read, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How much of all files is read, in bytes.
const BYTES_MAX: u64 = 128 * 1024 * 1024;

/// How deep the log's directories are looked into.
const DEPTH_MAX: usize = 4;

/// How much of a tool's name is shown, in characters.
const TOOL_CHARS_MAX: usize = 60;

/// What the host's log says against what the hook noted, in words; nothing for a host without a log.
pub(super) fn in_words(host: Host, install: &Install, places: &Places) -> Option<String> {
    let log = host.profile().log.as_ref()?;
    let installed = fs::metadata(&install.config).and_then(|about| about.modified()).ok()?;
    let seen = Seen::load(&install.config);
    let since = seen.since.max(Some(timestamp(installed)?))?;
    let mut comparison = Comparison { seen, since, ..Comparison::default() };
    let mut left = BYTES_MAX;
    let files = newest(log, places, installed);
    let is_cut = files.len() > FILES_MAX;
    for file in files.iter().take(FILES_MAX) {
        comparison.read(log, file, &mut left);
    }
    Some(comparison.told(host, is_cut || left == 0))
}

#[derive(Debug, Default)]
struct Comparison {
    seen: Seen,
    since: Timestamp,
    calls: usize,
    unseen: BTreeMap<String, usize>,
    last: Option<Timestamp>,
}

impl Comparison {
    fn read(&mut self, log: &Log, path: &Path, left: &mut u64) {
        let Ok(file) = File::open(path) else { return };
        let room = FILE_BYTES_MAX.min(*left);
        let mut session = None;
        let mut lines = BufReader::new(file.take(room));
        let mut line = Vec::new();
        while let Ok(bytes @ 1..) = lines.read_until(b'\n', &mut line) {
            *left = left.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
            match serde_json::from_slice(&line).ok().and_then(|value| (log.read)(&value)) {
                Some(Logged::Session(id)) => session = Some(id),
                Some(Logged::Call { id, tool, at }) if at >= self.since => {
                    self.count(session.as_deref().unwrap_or_default(), &id, &tool, at);
                }
                Some(Logged::Call { .. }) | None => {}
            }
            line.clear();
        }
    }

    fn count(&mut self, session: &str, id: &str, tool: &str, at: Timestamp) {
        self.calls += 1;
        if self.seen.has(session, id) {
            return;
        }
        *self.unseen.entry(visible::excerpt(tool, TOOL_CHARS_MAX)).or_default() += 1;
        self.last = self.last.max(Some(at));
    }

    fn told(&self, host: Host, is_cut: bool) -> String {
        let title = host.title();
        let cut = if is_cut { "; not all of the log was read" } else { "" };
        let Some(last) = self.last else {
            return format!(
                "log: {} calls that {title} logged since the install, and the hook saw each{cut}",
                self.calls
            );
        };
        let tools: Vec<String> = self.unseen.iter().map(|(tool, count)| format!("{tool} {count}")).collect();
        format!(
            "open: no hook saw {} of {} calls that {title} logged since the install: {} (the last at {last}){cut}",
            self.unseen.values().sum::<usize>(),
            self.calls,
            tools.join(", ")
        )
    }
}

/// The files of the log that were written since then, the newest first.
fn newest(log: &Log, places: &Places, since: SystemTime) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![((log.directory)(places), 0)];
    while let Some((directory, depth)) = left.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() && depth < DEPTH_MAX {
                left.push((entry.path(), depth + 1));
            }
            let written = about.modified().ok().filter(|written| about.is_file() && *written >= since);
            if let (Some(written), true) = (written, (log.is_file)(&entry.file_name().to_string_lossy())) {
                found.push((written, entry.path()));
            }
        }
    }
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let millis = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis();
    Some(Timestamp::from_millis(i64::try_from(millis).ok()?))
}
