//! Directories of one run's own at `files`, where the launcher cannot mount any.

use std::{fs, io, path::PathBuf};

use crate::random;

/// A home and a place for temporary files that nobody has yet. The launcher makes and removes them.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) home: PathBuf,
    pub(super) temporary: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        let name: String = random::bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let within = fs::canonicalize(std::env::temp_dir())?;
        let own = |what: &str| within.join(format!("ccc-run-{name}-{what}"));
        Ok(Self { home: own("home"), temporary: own("tmp") })
    }
}

/// A launcher that was killed at its time limit has removed nothing. On a thread of its own: a program may have left much
/// behind, and nobody waits for that.
impl Drop for Scratch {
    fn drop(&mut self) {
        for directory in [&self.home, &self.temporary].into_iter().filter(|directory| directory.exists()) {
            let directory = directory.clone();
            std::thread::spawn(move || {
                if let Err(error) = fs::remove_dir_all(&directory) {
                    tracing::warn!(directory = %directory.display(), %error, "what a run left behind cannot be removed");
                }
            });
        }
    }
}
