//! Where things lie when nobody says.

use std::{
    env,
    path::{Path, PathBuf},
};

use ccc_protocol::base_dir::BaseDir;

/// The server's data directory.
pub(crate) fn default_data() -> PathBuf {
    ours(BaseDir::Data)
}

/// The checkpoint file in a data directory, where there is one.
pub(crate) fn checkpoints_of(data: &Path) -> Option<PathBuf> {
    Some(data.join("checkpoints.jsonl")).filter(|path| path.exists())
}

/// The server's audit key beside its config, where there is one.
pub(crate) fn default_key() -> Option<PathBuf> {
    Some(ours(BaseDir::Config).join("audit.key")).filter(|path| path.exists())
}

/// As the server finds it; without `HOME`, by what the system knows of the user.
fn ours(dir: BaseDir) -> PathBuf {
    let home = |name: &str| (name == "HOME").then(env::home_dir).flatten();
    dir.ours(|name| home(name).map(Into::into).or_else(|| env::var_os(name))).unwrap_or_default()
}
