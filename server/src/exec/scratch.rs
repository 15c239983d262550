//! Directories of one run's own where the launcher cannot make any: at `files`.

use std::{fs, io, os::unix::fs::DirBuilderExt as _, path::PathBuf};

use crate::random;

/// A private directory with a home and a place for temporary files, gone when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        let name: String = random::bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let scratch = Self { directory: fs::canonicalize(std::env::temp_dir())?.join(format!("ccc-run-{name}")) };
        // One that is there already is somebody else's, and refused.
        let private = |dir: &PathBuf| fs::DirBuilder::new().mode(0o700).create(dir);
        private(&scratch.directory)?;
        private(&scratch.home())?;
        private(&scratch.temporary())?;
        Ok(scratch)
    }

    pub(super) fn home(&self) -> PathBuf {
        self.directory.join("home")
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.directory.join("tmp")
    }
}

/// On a thread of its own: a program may have left much behind, and nobody waits for that.
impl Drop for Scratch {
    fn drop(&mut self) {
        let directory = self.directory.clone();
        std::thread::spawn(move || {
            if let Err(error) = fs::remove_dir_all(&directory) {
                tracing::warn!(directory = %directory.display(), %error, "what a run left behind cannot be removed");
            }
        });
    }
}
