//! `ccc-confine call ID`: runs what a hook handed over under that id, once, in the host's own shell. `ccc-confine left ID` says
//! afterwards where it ended.
//!
//! An id is all that a command line brings. Everything else is in a private file of the hook's, which is taken by renaming it: of two
//! that take the same, one finds nothing.

mod given;
mod handed;
mod kept;
mod outer;
mod own;
mod shell;

use std::{ffi::OsString, path::PathBuf};

use super::{
    ASK_PROBE, Answer,
    channel::Ending,
    defence::{Defence, Defences},
};
use crate::{Call, Fault, fault::Trying};

use handed::{Handed, Id};
use kept::Kept;
use own::Own;

/// Where the hook puts what it hands over, and what calls keep between them, beneath the home directory.
const STATE: &str = ".local/state/ccc";

/// Runs a call to its end.
pub(crate) fn run(defences: &Defences, args: &[OsString]) -> Answer<Ending> {
    let (home, id) = (home()?, Id::read(args)?);
    let state = home.join(STATE);
    let handed = Handed::take(&state, &id, defences)?;
    let Call { project, .. } = &handed.call;
    let directory = &std::env::current_dir().trying(|| "cannot tell the directory".to_owned(), ASK_PROBE)?;
    if !given::is_project(project, &home, &state) || !directory.starts_with(project) {
        return Err(Fault::new(
            format!("cannot confine a call in `{}`", project.display()),
            format!("that is no project, or a link leads there, or it starts elsewhere: in `{}`", directory.display()),
            "a person can approve the call as it is: ask for it again",
        ));
    }
    let own = Own::of_project(&state, &handed.call.project)?;
    let on_path = given::directories_of_programs(directory);
    let kept = defences.hold(Defence::Kept).then(|| kept::keep(project, &on_path, &own)).transpose()?;
    let places = kept.as_ref().map(Kept::places).unwrap_or_default();
    let shell = shell::of_host(&handed.call, &id, &home);
    let record = given::record(&handed.call, directory, &home, &state, &own, places, shell);
    let ended = outer::run(&record);
    if handed.call.tells_directory {
        handed.keep_directory(&own, &id);
    }
    drop(kept);
    ended
}

/// The directory where a call ended, if it lies in its project; else the one of whoever asks.
pub(crate) fn left(args: &[OsString]) -> Answer<PathBuf> {
    let (home, id) = (home()?, Id::read(args)?);
    handed::directory(&home.join(STATE), &id)
}

/// The home directory, as the host's shell has it. What lies there must be private, whatever it says.
fn home() -> Answer<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).and_then(|home| home.canonicalize().ok());
    let is_one = |home: &PathBuf| home.is_absolute() && home.parent().is_some();
    home.filter(is_one).ok_or_else(|| Fault::new("cannot find the home directory", "`HOME` names none", ASK_PROBE))
}
