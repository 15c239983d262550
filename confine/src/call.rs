//! A tool call that a hook hands over to be run confined: the command and where it belongs, nothing of what it is given. What it
//! is given follows from that alone, in one place (`linux/call/given.rs`). It starts where the host starts the launcher.
//!
//! The encoding is that of a [`Record`](crate::Record): entries ended by NUL bytes. A hook writes it into a private file that is named by
//! an id and read once.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

use crate::{
    Limits, RecordError,
    record::{path, split},
};

/// The longest command, in bytes: what the kernel takes as one argument.
pub const COMMAND_BYTES_MAX: usize = 128 * 1024;

const FORMAT: &[u8] = b"ccc-call/2";
const END: &[u8] = b"end";

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The line, for the host's own shell.
    pub command: OsString,
    /// What it may write; it starts there or beneath.
    pub project: PathBuf,
    /// The host runs it in the background: it keeps the machine's network to be reached on, and connects to nothing.
    pub is_background: bool,
    /// The wrapper asks afterwards where the line ended.
    pub tells_directory: bool,
    /// The hook's own places, never given.
    pub never: Vec<PathBuf>,
    /// Limits other than the launcher's own; 0 is none.
    pub limits: Limits,
    /// From then on it is not run any more, in seconds since 1970.
    pub until_seconds: u64,
}

impl Call {
    /// Reads what a hook wrote. Nothing may follow its end.
    ///
    /// # Errors
    /// Another format, an unknown or unfit entry, something missing.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let parts: Vec<&[u8]> = bytes.strip_suffix(&[0]).unwrap_or_default().split(|byte| *byte == 0).collect();
        let [FORMAT, entries @ .., END] = parts.as_slice() else {
            return Err(RecordError::new("it is not a call of this version, or has no end"));
        };
        let mut draft = Draft::default();
        entries.iter().try_for_each(|entry| draft.entry(OsStr::from_bytes(entry)))?;
        draft.finish()
    }
}

#[derive(Default)]
struct Draft {
    command: Option<OsString>,
    project: Option<PathBuf>,
    is_background: bool,
    tells_directory: bool,
    never: Vec<PathBuf>,
    limits: Limits,
    until_seconds: Option<u64>,
}

impl Draft {
    fn entry(&mut self, entry: &OsStr) -> Result<(), RecordError> {
        let unfit = || RecordError::new(format!("`{}` is no entry of a call", entry.display()));
        let number = |text: &str| text.parse::<u64>().map_err(|_| unfit());
        let (key, value) = split(entry).ok_or_else(unfit)?;
        match (key.to_str(), value.to_str()) {
            (Some("command"), _) if value.len() <= COMMAND_BYTES_MAX => self.command = Some(value.to_owned()),
            (Some("project"), _) => self.project = Some(path("project", value)?),
            (Some("background"), Some("yes")) => self.is_background = true,
            (Some("tells-directory"), Some("yes")) => self.tells_directory = true,
            (Some("never"), _) => self.never.push(path("never", value)?),
            (Some("processes-max"), Some(count)) => self.limits.processes_max = Some(number(count)?),
            (Some("memory-bytes-max"), Some(bytes)) => self.limits.memory_bytes_max = Some(number(bytes)?),
            (Some("file-bytes-max"), Some(bytes)) => self.limits.file_bytes_max = Some(number(bytes)?),
            (Some("scratch-bytes-max"), Some(bytes)) => self.limits.scratch_bytes_max = Some(number(bytes)?),
            (Some("until"), Some(seconds)) => self.until_seconds = Some(number(seconds)?),
            _ => return Err(unfit()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Call, RecordError> {
        let missing = |key: &str| RecordError::new(format!("it has no `{key}`"));
        Ok(Call {
            command: self.command.ok_or_else(|| missing("command"))?,
            project: self.project.ok_or_else(|| missing("project"))?,
            is_background: self.is_background,
            tells_directory: self.tells_directory,
            never: self.never,
            limits: self.limits,
            until_seconds: self.until_seconds.ok_or_else(|| missing("until"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] =
        b"ccc-call/2\0command=a=b\n\xff\0project=/p\0background=yes\0tells-directory=yes\0never=/n\0memory-bytes-max=9\0until=7\0end\0";

    #[test]
    fn a_call_is_read_as_it_was_written() {
        let call = Call::decode(WHOLE).unwrap();
        assert_eq!(call.command.as_bytes(), b"a=b\n\xff");
        assert_eq!(call.project, PathBuf::from("/p"));
        assert!(call.is_background && call.tells_directory);
        assert_eq!(call.limits, Limits { memory_bytes_max: Some(9), ..Limits::default() });
        assert_eq!((call.never, call.until_seconds), (vec!["/n".into()], 7));
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_no_call() {
        for at in 0..WHOLE.len() {
            assert!(Call::decode(&WHOLE[..at]).is_err(), "{at}");
        }
        for (from, to) in [
            ("ccc-call/2", "ccc-call/1"),
            ("until=7", "until=-7"),
            ("memory-bytes-max=9", "memory-bytes-max=9k"),
            ("project=/p", "project=p"),
            ("project=/p", "project=/p/../q"),
            ("background=yes", "background=no"),
            ("never=/n", "network=host"),
            ("never=/n", "directory=/p"),
            ("never=/n", "end"),
        ] {
            let text = String::from_utf8_lossy(WHOLE).replacen(from, to, 1);
            assert!(Call::decode(text.as_bytes()).is_err(), "{to}");
        }
    }
}
