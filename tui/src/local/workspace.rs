//! The directory that the agent may work in.

use std::{env, fs, path::PathBuf};

use crate::cli::Stop;

/// The current directory, which becomes `/workspace`: never a home or the root, whose files are not the agent's.
pub(super) fn here() -> Result<PathBuf, Stop> {
    let refuse = |words: &str| {
        Stop::usage(format!("{words}; go to the directory that the agent may work in, and start again there"))
    };
    let here = env::current_dir()
        .and_then(fs::canonicalize)
        .map_err(|error| refuse(&format!("there is no current directory: {error}")))?;
    let home = env::var_os("HOME").and_then(|home| fs::canonicalize(home).ok());
    let holds_home = home.as_ref().is_some_and(|home| home.starts_with(&here));
    match (here.parent(), holds_home) {
        (None, _) => Err(refuse("`/` would be given to the agent")),
        (_, true) => Err(refuse("your home directory would be given to the agent")),
        (Some(_), false) => Ok(here),
    }
}
