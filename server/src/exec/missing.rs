//! A guess at what a confined program was not given.
//!
//! Neither Landlock nor a namespace tells what it kept back, so all there is to go by is what the program says: a path that was not
//! given, in a line that speaks of a missing file or a refused one. Nothing of the host is looked at for it: whether the file is there
//! is not the agent's to know.

use std::path::{Path, PathBuf};

use ccc_confine::Record;

/// What programs say where something is kept back.
const REFUSALS: [&str; 6] = [
    "Permission denied", "permission denied", "No such file or directory", "no such file or directory", "EACCES",
    "ENOENT",
];
const READ_ONLY: [&str; 3] = ["Read-only file system", "read-only file system", "EROFS"];
/// Places that every program has in its own way.
const USUAL: [&str; 3] = ["/proc", "/dev", "/sys"];
/// Lines that are looked at, so that a long output costs no more than a short one.
const LINES_MAX: usize = 2000;

/// The sentence for the first path that may have been kept back; none where nothing looks like it.
pub(super) fn hint<'a>(record: &Record, outputs: impl IntoIterator<Item = &'a str>) -> Option<String> {
    outputs.into_iter().find_map(|output| output.lines().rev().take(LINES_MAX).find_map(|line| of_line(record, line)))
}

fn of_line(record: &Record, line: &str) -> Option<String> {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| line.contains(phrase));
    let key = match (says(&REFUSALS), says(&READ_ONLY)) {
        (true, _) => "allow_read",
        (_, true) => "allow_write",
        _ => return None,
    };
    let path = paths(line).find(|path| !is_given(record, path, key == "allow_write"))?;
    Some(format!("confined: {} may be missing: add it to {key}", path.display()))
}

/// Absolute paths, as programs put them into sentences.
fn paths(line: &str) -> impl Iterator<Item = PathBuf> + '_ {
    let is_edge = |c: char| c.is_whitespace() || "'\"`‘’“”()[]<>,;:=".contains(c);
    let words = line.split(is_edge).map(|word| word.trim_end_matches(['.', '!', '?']));
    words.filter(|word| word.len() > 1 && word.starts_with('/') && !word.starts_with("//")).map(PathBuf::from)
}

fn is_given(record: &Record, path: &Path, to_write: bool) -> bool {
    let within = |places: &[PathBuf]| places.iter().any(|place| path.starts_with(place));
    let is_read = !to_write && within(&record.read);
    let is_own = record.scratch.iter().any(|own| path == own) || path.starts_with("/tmp");
    is_read || is_own || within(&record.write) || USUAL.iter().any(|usual| path.starts_with(usual))
}

#[cfg(test)]
mod tests {
    use ccc_confine::Level;

    use super::*;

    fn record() -> Record {
        Record {
            read: vec!["/usr".into(), "/srv/volume".into()],
            write: vec!["/srv/volume/out".into()],
            scratch: vec!["/home/user".into(), "/tmp".into()],
            ..Record::new(Level::Full, "/usr/bin/make")
        }
    }

    #[test]
    fn a_path_that_was_not_given_is_named_with_the_key_that_gives_it() {
        for (line, path, key) in [
            (
                "error: could not read `/home/user/.cargo/config.toml`: No such file or directory (os error 2)",
                "/home/user/.cargo/config.toml",
                "allow_read",
            ),
            ("cat: /srv/other: Permission denied", "/srv/other", "allow_read"),
            ("Error: ENOENT: no such file or directory, open '/var/lib/x'", "/var/lib/x", "allow_read"),
            ("touch: cannot touch '/srv/volume/new': Read-only file system", "/srv/volume/new", "allow_write"),
        ] {
            let said = format!("confined: {path} may be missing: add it to {key}");
            assert_eq!(hint(&record(), ["", line]), Some(said), "{line}");
        }
    }

    #[test]
    fn nothing_is_claimed_of_what_was_given_or_of_other_failures() {
        for line in [
            "make: /srv/volume/nothing: No such file or directory",
            "/usr/lib/x: Permission denied",
            "/srv/volume/out/x: Read-only file system",
            "/dev/kvm: Permission denied",
            "/tmp/x: No such file or directory",
            "assertion failed at /home/user/project/src/main.rs:3",
            "https://example.com/a: No such file or directory",
            "permission denied",
        ] {
            assert_eq!(hint(&record(), [line]), None, "{line}");
        }
    }
}
