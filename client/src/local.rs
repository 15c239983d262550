//! What `ccc-queue --local` leaves in the config directory, so that this user's other programs find its bridge unasked.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    config_dir,
    private_file::{self, Existing},
};

/// A bridge that was started by `ccc-queue --local`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalBridge {
    /// Where it listens.
    pub url: String,
    /// The directory that it gives to agents.
    pub directory: PathBuf,
    /// Its process.
    pub process: u32,
}

const FILE: &str = "local.json";
/// A larger file is none of ours.
const FILE_BYTES_MAX: u64 = 64 * 1024;

impl LocalBridge {
    /// As it was left in this directory; none where there is none, or it cannot be read.
    #[must_use]
    pub fn left_in(dir: &Path) -> Option<Self> {
        let bytes = private_file::read(&dir.join(FILE), FILE_BYTES_MAX).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Leaves it in this directory.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn leave_in(&self, dir: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        private_file::write(&dir.join(FILE), &format!("{text}\n"), Existing::Replaced)
    }

    /// Takes it away again, where it still tells of this process.
    pub fn take_away(dir: &Path, process: u32) {
        if Self::left_in(dir).is_some_and(|left| left.process == process) {
            // Where it stays, it names an address at which nobody answers.
            let _ = fs::remove_file(dir.join(FILE));
        }
    }
}

/// A secrets file that `ccc-queue --local` made, and where its bridge was last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unasked {
    /// The file.
    pub secrets: PathBuf,
    /// The address, where one was left.
    pub url: Option<String>,
}

/// The file of this name in this user's config directory, where nobody says which one is meant.
#[must_use]
pub fn unasked(name: &str) -> Option<Unasked> {
    let dir = config_dir()?;
    let secrets = dir.join(name);
    let url = || LocalBridge::left_in(&dir).map(|left| left.url);
    secrets.is_file().then(|| Unasked { url: url(), secrets })
}

/// The secrets file of whoever decides, in the config directory.
pub const SECRETS: &str = "secrets.json";
/// The agent's own.
pub const AGENT_SECRETS: &str = "agent-secrets.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_found_and_taken_away_by_its_own_process_alone() {
        let dir = tempfile::tempdir().unwrap();
        let bridge = LocalBridge { url: "http://localhost:3015".into(), directory: "/srv/a".into(), process: 7 };
        assert_eq!(LocalBridge::left_in(dir.path()), None);
        bridge.leave_in(dir.path()).unwrap();
        LocalBridge::take_away(dir.path(), 8);
        assert_eq!(LocalBridge::left_in(dir.path()), Some(bridge));
        LocalBridge::take_away(dir.path(), 7);
        assert_eq!(LocalBridge::left_in(dir.path()), None);
    }

    #[test]
    fn what_others_may_have_written_is_not_believed() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let bridge = LocalBridge { url: "http://localhost:3015".into(), directory: "/srv/a".into(), process: 7 };
        bridge.leave_in(dir.path()).unwrap();
        fs::set_permissions(dir.path().join(FILE), fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(LocalBridge::left_in(dir.path()), None);
    }
}
