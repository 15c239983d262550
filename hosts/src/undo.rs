//! Taking back what was written, where the whole does not come to its end: a failed install leaves nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files;

/// What stood where something is about to be written.
#[derive(Debug, Default)]
pub struct Undo {
    files: Vec<Noted>,
    /// Directories that were not there, the upper before the lower.
    directories: Vec<PathBuf>,
}

#[derive(Debug)]
struct Noted {
    path: PathBuf,
    text: Option<String>,
}

impl Undo {
    /// Notes a file before it is written, as it is, and which of its directories are not there. The first note of a file counts.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn note(&mut self, path: &Path) -> io::Result<()> {
        if self.files.iter().any(|noted| noted.path == path) {
            return Ok(());
        }
        let text = files::read_if_any(path)?;
        let missing: Vec<_> = path.ancestors().skip(1).take_while(|directory| !directory.exists()).collect();
        let new =
            missing.into_iter().rev().filter(|directory| !self.directories.iter().any(|known| known == directory));
        let new: Vec<_> = new.map(Path::to_owned).collect();
        self.directories.extend(new);
        self.files.push(Noted { path: path.to_owned(), text });
        Ok(())
    }

    /// Puts everything back, the last first.
    ///
    /// # Errors
    /// What could not be put back, with the system's words: the rest is.
    pub fn take_back(self) -> Result<(), Vec<(PathBuf, io::Error)>> {
        let mut failed = Vec::new();
        for Noted { path, text } in self.files.into_iter().rev() {
            if let Err(error) = put_back(&path, text.as_deref()) {
                failed.push((path, error));
            }
        }
        for directory in self.directories.into_iter().rev() {
            // One that is not empty holds something of somebody else.
            let _ = fs::remove_dir(directory);
        }
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }
}

fn put_back(path: &Path, text: Option<&str>) -> io::Result<()> {
    if files::read_if_any(path)?.as_deref() == text {
        return Ok(());
    }
    let put = match text {
        Some(text) => files::write_settings(path, text),
        None => files::remove(path),
    };
    // Copies that were made of it on the way say no more than it does now.
    put.and_then(|()| files::forget_backups(path, |_| false)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_as_it_was_and_what_was_not_there_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("old"), "old").unwrap();
        fs::write(at("same"), "same").unwrap();
        std::os::unix::fs::symlink("behind", at("link")).unwrap();
        let mut undo = Undo::default();
        for name in ["old", "same", "a/b/new", "a/other", "link", "old"] {
            undo.note(&at(name)).unwrap();
            files::back_up(&at("old"), "old").unwrap();
            if name != "same" {
                files::write_settings(&at(name), "new").unwrap();
            }
        }
        fs::write(at("a/anothers"), "").unwrap();
        undo.take_back().unwrap();
        assert_eq!(fs::read_to_string(at("old")).unwrap(), "old");
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "link", "old", "same"]);
        assert!(!at("a/b").exists() && !at("behind").exists() && at("a/anothers").exists());
    }
}
