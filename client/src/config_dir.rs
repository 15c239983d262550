//! Where the person's own config lies. Asked by what a person starts; the hook's own calls are told by arguments.

use std::{env, path::PathBuf};

use ccc_protocol::base_dir::BaseDir;

/// `$XDG_CONFIG_HOME/ccc`, or `~/.config/ccc`; none where the environment names neither by an absolute path.
#[must_use]
pub fn config_dir() -> Option<PathBuf> {
    BaseDir::Config.ours(|name| env::var_os(name))
}
