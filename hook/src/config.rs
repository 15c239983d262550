//! What `install` wrote for one agent's hook. The environment belongs to the
//! agent and has no say here: where the bridge is, who asks and with which
//! secret come from this file alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ccc_client::private_file::{self, PrivateFileError};
use ccc_protocol::json::{self, JsonError};
use ccc_protocol::private_file::Exposure;
use serde::{Deserialize, Serialize};

/// The longest hold, in seconds: with [`HOST_MARGIN_SECONDS`] it is the
/// longest time-out that every host takes.
pub const HOLD_SECONDS_MAX: u64 = 570;

/// How much longer than the hold the hook itself may take, in seconds.
pub const OWN_MARGIN_SECONDS: u64 = 15;

/// How much longer than the hold the host is told to wait, in seconds. More
/// than the hook's own margin, because most hosts let a call run when their
/// time-out passes.
pub const HOST_MARGIN_SECONDS: u64 = 30;

/// The largest config file, in bytes.
const CONFIG_BYTES_MAX: u64 = 64 * 1024;

/// The settings of one agent's hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the bridge listens.
    pub url: String,
    /// The agent's own secrets file; relative to this file.
    pub secrets: PathBuf,
    /// The user to sign as; needed where the secrets file holds several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How long a call waits for a person before it is denied with a receipt,
    /// in seconds; 0 denies at once.
    #[serde(default = "hold_seconds_default")]
    pub hold_seconds: u64,
    /// How calls are run confined, where `install` found that they can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confine: Option<Confine>,
    /// A marked value that the agent is told at the start of its sessions, where `ccc-hook canary` made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
}

/// How calls are run confined. A limit that is left out is the launcher's own; 0 is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confine {
    /// `ccc-confine`, by its whole path.
    pub launcher: PathBuf,
    /// Processes and threads of one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_max: Option<u64>,
    /// Memory that one process of a call may write, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes_max: Option<u64>,
    /// The longest file that a call may write, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes_max: Option<u64>,
    /// Each directory in memory that a call has for its own, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch_bytes_max: Option<u64>,
}

impl Confine {
    /// The limits that are set, by the names of a record's entries.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let named = [
            ("processes-max", self.processes_max),
            ("memory-bytes-max", self.memory_bytes_max),
            ("file-bytes-max", self.file_bytes_max),
            ("scratch-bytes-max", self.scratch_bytes_max),
        ];
        named.into_iter().filter_map(|(name, limit)| Some((name, limit?)))
    }
}

/// As long as every host allows.
#[must_use]
pub fn hold_seconds_default() -> u64 {
    HOLD_SECONDS_MAX
}

/// Why a config cannot be used. The texts name no path: they reach the agent.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It could not be opened or read.
    #[error("ccc-hook's config cannot be read ({0}): run `ccc-hook install` again")]
    Unreadable(PrivateFileError),
    /// Others may read or change it.
    #[error("others can read ccc-hook's config or secrets: a person must run chmod 600 on them")]
    Loose,
    /// Not the JSON that `install` writes.
    #[error("ccc-hook's config is not what `ccc-hook install` writes: {0}")]
    Malformed(#[from] JsonError),
    /// The secrets file holds no key for the user.
    #[error("ccc-hook has no key to sign with: run `ccc-hook install` again")]
    NoKey,
    /// The address is none.
    #[error("`url` in ccc-hook's config: {0}")]
    NoAddress(String),
    /// The hold is longer than the hosts wait.
    #[error("`hold_seconds` in ccc-hook's config is {0}: write at most {HOLD_SECONDS_MAX}")]
    HoldTooLong(u64),
}

impl Config {
    /// Reads the file and checks that it and the secrets it names are private.
    ///
    /// # Errors
    /// When it cannot be read, is not private or is not such a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = json::read_message(&private_file::read(path, CONFIG_BYTES_MAX)?)?;
        if config.hold_seconds > HOLD_SECONDS_MAX {
            return Err(ConfigError::HoldTooLong(config.hold_seconds));
        }
        if let Some(directory) = path.parent() {
            config.secrets = directory.join(&config.secrets);
        }
        Ok(config)
    }

    /// How long a person has.
    #[must_use]
    pub fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds)
    }

    /// How long the hook may take in all.
    #[must_use]
    pub fn own_limit(&self) -> Duration {
        Duration::from_secs(self.hold_seconds + OWN_MARGIN_SECONDS)
    }

    /// What the host is told to wait, in seconds.
    #[must_use]
    pub fn host_timeout_seconds(&self) -> u64 {
        self.hold_seconds + HOST_MARGIN_SECONDS
    }
}

impl From<PrivateFileError> for ConfigError {
    fn from(error: PrivateFileError) -> Self {
        match error {
            PrivateFileError::Exposed(Exposure::Open) => Self::Loose,
            error => Self::Unreadable(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn written(text: &str, mode: u32) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("claude.json");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let mut config = Config::load(&path)?;
        config.secrets = config.secrets.strip_prefix(directory.path()).unwrap().to_owned();
        Ok(config)
    }

    #[test]
    fn secrets_lie_beside_the_config_unless_said_otherwise() {
        let config = written(r#"{"url":"http://localhost:3015","secrets":"s.json"}"#, 0o600).unwrap();
        assert_eq!(config.secrets, Path::new("s.json"));
        assert_eq!(config.hold_seconds, 570);
    }

    #[test]
    fn a_config_that_others_can_read_is_refused() {
        let text = r#"{"url":"u","secrets":"s"}"#;
        for mode in [0o640, 0o604, 0o666] {
            assert!(matches!(written(text, mode), Err(ConfigError::Loose)), "{mode:o}");
        }
    }

    #[test]
    fn a_hold_beyond_the_hosts_patience_or_an_unknown_key_is_refused() {
        let long = r#"{"url":"u","secrets":"s","hold_seconds":571}"#;
        assert!(matches!(written(long, 0o600), Err(ConfigError::HoldTooLong(571))));
        assert!(written(r#"{"url":"u","secrets":"s","allow":true}"#, 0o600).is_err());
    }

    #[test]
    fn the_hook_ends_before_the_host_gives_up() {
        for hold_seconds in [0, 1, HOLD_SECONDS_MAX] {
            let config = Config {
                url: String::new(),
                secrets: PathBuf::new(),
                user: None,
                hold_seconds,
                confine: None,
                canary: None,
            };
            assert!(config.hold() < config.own_limit());
            assert!(config.own_limit().as_secs() + 10 < config.host_timeout_seconds());
            assert!(config.host_timeout_seconds() <= 600);
        }
    }
}
