//! Directories of a run's own at `files`, where nothing can be mounted: made before it starts, and removed when all of it has ended.

use std::{fs, os::unix::fs::DirBuilderExt, path::PathBuf};

use super::Answer;
use crate::{Level, Record, fault::Trying};

/// Those that were made, and no other.
pub(crate) struct Made(Vec<PathBuf>);

impl Made {
    /// What is there already is somebody's, and is neither given nor removed.
    pub(crate) fn for_run(record: &Record) -> Answer<Self> {
        let mut made = Self(Vec::new());
        for path in record.scratch.iter().filter(|_| record.level == Level::Files) {
            let what = || format!("cannot make `{}` for the program's own", path.display());
            fs::DirBuilder::new()
                .mode(0o700)
                .create(path)
                .trying(what, "name a directory that is not there yet, in one that is")?;
            made.0.push(path.clone());
        }
        Ok(made)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_dir_all(path);
        }
    }
}
