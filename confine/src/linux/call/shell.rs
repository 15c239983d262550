//! The host's own shell, and the line for it: as the host would have run it.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use super::{handed::Id, own::Own};
use crate::Call;

const SHELLS: [&str; 6] = ["bash", "zsh", "sh", "dash", "ksh", "ash"];
const FALLBACK: [&str; 2] = ["/bin/bash", "/bin/sh"];
/// Beneath this directory Claude Code keeps the functions and aliases of the person's shell, and has each line begin with them.
const SNAPSHOTS: &[u8] = b"/shell-snapshots/";

/// What is started.
pub(crate) struct Shell {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// Functions and aliases of the person's, which it reads first.
    pub(crate) snapshot: Option<PathBuf>,
}

/// The shell that started this program, or another that is there.
pub(crate) fn of_host(call: &Call, id: &Id, home: &Path) -> Shell {
    let parent = std::os::unix::process::parent_id();
    let program = fs::read_link(format!("/proc/{parent}/exe")).ok().filter(|program| is_shell(program));
    let program = program.or_else(|| FALLBACK.iter().map(PathBuf::from).find(|path| path.exists()));
    let snapshot = fs::read(format!("/proc/{parent}/cmdline")).ok().and_then(|line| snapshot(&line, home));
    let mut script = Vec::new();
    if let Some(snapshot) = &snapshot {
        script.extend([b". ", quoted(snapshot.as_os_str()).as_slice(), b" 2>/dev/null || true\n"].concat());
    }
    script.extend([b"eval ", quoted(&call.command).as_slice()].concat());
    if call.tells_directory {
        let told = home.join(".cache").join(Own::told_name(&id.to_string()));
        let told = quoted(told.as_os_str());
        script.extend([b" && (umask 077 && pwd -P >| ", told.as_slice(), b")"].concat());
    }
    Shell {
        program: program.unwrap_or_else(|| PathBuf::from("/bin/sh")),
        args: vec!["-c".into(), OsString::from_vec(script)],
        snapshot,
    }
}

fn is_shell(program: &Path) -> bool {
    program.file_name().and_then(OsStr::to_str).is_some_and(|name| SHELLS.contains(&name))
}

/// The file that the host's line reads first, where it lies in the home directory.
fn snapshot(line: &[u8], home: &Path) -> Option<PathBuf> {
    let at = line.windows(SNAPSHOTS.len()).position(|part| part == SNAPSHOTS)?;
    let (before, after) = line.split_at(at);
    let is_edge = |byte: &u8| matches!(byte, b' ' | b'\'' | b'"' | b';' | 0);
    let begins = before.iter().rposition(is_edge).map_or(0, |edge| edge + 1);
    let ends = after.iter().position(is_edge).unwrap_or(after.len());
    let path = [before.get(begins..)?, after.get(..ends)?].concat();
    let path = PathBuf::from(OsString::from_vec(path));
    let is_plain = path.starts_with(home) && path.extension() == Some(OsStr::new("sh"));
    let is_file = fs::symlink_metadata(&path).is_ok_and(|about| about.is_file());
    (is_plain && is_file && fs::canonicalize(&path).is_ok_and(|real| real == path)).then_some(path)
}

/// One word of any shell.
fn quoted(text: &OsStr) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => word.extend(b"'\\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_whatever_it_holds() {
        assert_eq!(quoted(OsStr::new("a'b $x\n\\")), b"'a'\\''b $x\n\\'");
    }

    #[test]
    fn a_snapshot_is_a_file_of_the_home_directory() {
        let home = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(home.path()).unwrap();
        let dir = home.join(".claude/shell-snapshots");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("snapshot-bash-1.sh"), "").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.join("link.sh")).unwrap();
        let line = |path: &Path| {
            [b"/bin/bash\0-c\0source ", path.as_os_str().as_bytes(), b" 2>/dev/null && eval 'x'"].concat()
        };
        let found = |name: &str| snapshot(&line(&dir.join(name)), &home);
        assert_eq!(found("snapshot-bash-1.sh"), Some(dir.join("snapshot-bash-1.sh")));
        assert_eq!((found("link.sh"), found("none.sh")), (None, None));
        assert_eq!(snapshot(b"source /etc/shell-snapshots/x.sh", &home), None);
    }
}
