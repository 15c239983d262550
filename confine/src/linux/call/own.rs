//! The directories that the confined calls of one project share and nobody else's: caches, and what they need between them.

use std::{
    fs::{self, File},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use super::{
    Answer,
    handed::{make_private, private_content},
};
use crate::fault::Trying;

const SEE: &str = "see that the home directory can be written";
const TOLD_BYTES_MAX: u64 = 4096;

/// They lie in the home directory, outside of every project.
pub(crate) struct Own {
    directory: PathBuf,
}

impl Own {
    /// Made where they are not there yet. A directory is named by the project's whole path, each part marked, so that no two
    /// projects share one.
    pub(crate) fn of_project(state: &Path, project: &Path) -> Answer<Self> {
        let mut directory = state.join("projects");
        for part in project.components() {
            if let Component::Normal(name) = part {
                directory.push(std::ffi::OsString::from_vec([b"@", name.as_bytes()].concat()));
            }
        }
        directory.push("own");
        let own = Self { directory };
        for path in [own.caches(), own.marks()] {
            make_private(&path)?;
        }
        Ok(own)
    }

    /// What the calls find as `~/.cache`.
    pub(crate) fn caches(&self) -> PathBuf {
        self.directory.join("caches")
    }

    /// Which placeholders in the project are ours.
    pub(crate) fn marks(&self) -> PathBuf {
        self.directory.join("marks")
    }

    /// Held by each call while it runs.
    pub(crate) fn lock(&self) -> Answer<File> {
        let what = || "cannot keep others from tidying up meanwhile".to_owned();
        let file = File::options().create(true).append(true).open(self.directory.join("lock")).trying(what, SEE)?;
        flock(&file, FlockOperation::LockShared).trying(what, SEE)?;
        Ok(file)
    }

    /// The file in which the shell tells its directory, beneath [`Own::caches`].
    pub(crate) fn told_name(id: &str) -> String {
        format!(".ccc-directory-{id}")
    }

    /// What a confined line wrote: any text at all.
    pub(crate) fn take_told_directory(&self, id: &str) -> Option<PathBuf> {
        let path = self.caches().join(Self::told_name(id));
        let told = private_content(&path, TOLD_BYTES_MAX).ok();
        let _ = fs::remove_file(&path);
        let told = told?;
        let line = told.strip_suffix(b"\n").unwrap_or(&told);
        Some(PathBuf::from(std::ffi::OsString::from_vec(line.to_vec())))
    }
}
