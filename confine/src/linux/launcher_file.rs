//! The launcher's own file must be out of reach of what it confines: who can write it decides what the next run may do.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::Answer;
use crate::{Fault, Level, Record, fault::Trying};

const MOVE_IT: &str = "install it where only you or root can write, outside of every volume";
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Refuses where the launcher's file or a directory on its path may be written by what is run, or by other users.
pub(crate) fn check(record: &Record) -> Answer<()> {
    let file: PathBuf =
        fs::read_link("/proc/self/exe").trying(|| "cannot find the launcher's own file".to_owned(), MOVE_IT)?;
    // At `full` a directory of the program's own is a new one, whatever lies under its name outside.
    let own = record.scratch.iter().filter(|_| record.level == Level::Files);
    let mapped = record.mapped.iter().map(|(_, source)| source);
    let given = record.write.iter().chain(mapped).chain(own).find(|given| file.starts_with(real(given)));
    if let Some(given) = given {
        return Err(refused(&file, format!("`{}` is given for writing", given.display())));
    }
    for part in file.ancestors() {
        // What is not there under this name any more cannot be written under it either.
        let Ok(about) = fs::metadata(part) else { continue };
        let keeps_entries = about.is_dir() && about.mode() & STICKY != 0;
        if about.mode() & OTHERS_WRITE != 0 && !keeps_entries && !is_own_group(about.gid(), about.mode()) {
            return Err(refused(&file, format!("other users may write `{}`", part.display())));
        }
    }
    Ok(())
}

/// Many systems give each user a group of their own, and let it write.
fn is_own_group(group: u32, mode: u32) -> bool {
    mode & 0o002 == 0 && group == rustix::process::getegid().as_raw()
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn refused(file: &Path, why: String) -> Fault {
    Fault::new(format!("will not run from `{}`", file.display()), why, MOVE_IT)
}
