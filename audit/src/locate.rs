//! Where things lie when nobody says.

use std::path::{Path, PathBuf};

/// The server's data directory.
pub(crate) fn default_data() -> PathBuf {
    under("XDG_DATA_HOME", ".local/share").join("ccc")
}

/// The checkpoint file in a data directory, where there is one.
pub(crate) fn checkpoints_of(data: &Path) -> Option<PathBuf> {
    Some(data.join("checkpoints.jsonl")).filter(|path| path.exists())
}

/// The server's audit key beside its config, where there is one.
pub(crate) fn default_key() -> Option<PathBuf> {
    Some(under("XDG_CONFIG_HOME", ".config").join("ccc/audit.key")).filter(|path| path.exists())
}

/// The directory that a variable names, else the one within the home directory. Only absolute paths count.
fn under(variable: &str, within_home: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named.unwrap_or_else(|| std::env::home_dir().unwrap_or_default().join(within_home))
}
