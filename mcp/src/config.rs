//! Who asks, with which secret, and where the bridge is: from a file that its owner alone can read, never from the environment, which
//! belongs to the agent.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ccc_client::{
    Address, Bridge, Identity, IdentityError,
    private_file::{self, PrivateFileError},
    read_secrets,
};
use ccc_protocol::{
    json::{self, JsonError},
    private_file::Exposure,
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use zeroize::Zeroizing;

use crate::{
    proxy::{Limits, Settings},
    results::{SecretRule, known_secrets},
};

/// The largest config file, in bytes.
const CONFIG_BYTES_MAX: u64 = 64 * 1024;

/// The settings of a proxy or a server. What `ccc-hook install` writes is read too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the bridge listens: `http://HOST:PORT` or `unix:///PATH`.
    pub url: String,
    /// The agent's own secrets file; relative to this file.
    pub secrets: PathBuf,
    /// The user to sign as; needed where the secrets file holds several.
    #[serde(default)]
    pub user: Option<String>,
    /// How long a call waits for a person before it gets a receipt, in seconds; `--wait` says otherwise for one server.
    #[serde(default)]
    pub hold_seconds: Option<u64>,
    /// How much of anything.
    #[serde(default)]
    pub limits: Limits,
    /// Whether secrets of known kinds are masked in what tools answer.
    #[serde(default)]
    pub mask_secrets: bool,
    /// Further kinds of secrets that are masked.
    #[serde(default)]
    pub secret_rules: Vec<SecretRule>,
    /// What `ccc-hook` alone goes by, in the config that `ccc-hook install` writes.
    #[serde(default)]
    confine: PassedOver,
    #[serde(default)]
    canary: PassedOver,
}

/// A value that is another program's, whatever it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PassedOver;

impl<'de> Deserialize<'de> for PassedOver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Why there is no config to work with. Read by the person who starts the program.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("the config `{path}` cannot be read: {cause}")]
    Unreadable {
        /// As given.
        path: String,
        /// What the system said, or what it is instead.
        cause: PrivateFileError,
    },
    /// Others may read or change it.
    #[error("others can read or change `{0}`; make it yours alone with\n  chmod 600 {0}")]
    Exposed(String),
    /// Not what belongs in it.
    #[error("the config `{path}` has {cause}")]
    Malformed {
        /// As given.
        path: String,
        /// What is wrong.
        cause: JsonError,
    },
    /// A rule that could do harm.
    #[error("{0}")]
    BadRule(String),
    /// Nobody to speak as.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// No place to speak to.
    #[error(transparent)]
    Address(#[from] ccc_client::AddressError),
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// When it cannot be read, is not private, or is not such a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let shown = || path.display().to_string();
        let text = read_private(path)?;
        let mut config: Self =
            json::read_message(&text).map_err(|cause| ConfigError::Malformed { path: shown(), cause })?;
        if let Some(fault) = config.secret_rules.iter().find_map(SecretRule::fault) {
            return Err(ConfigError::BadRule(fault));
        }
        if let Some(directory) = path.parent() {
            config.secrets = directory.join(&config.secrets);
        }
        Ok(config)
    }

    /// The bridge, spoken to as the user of this config.
    ///
    /// # Errors
    /// When the secrets file cannot be used or is not an agent's alone, or the address is none.
    pub fn bridge(&self) -> Result<Bridge, ConfigError> {
        let address: Address = self.url.parse()?;
        let identity = Identity::of_agent(&read_secrets(&self.secrets)?, self.user.as_deref())?;
        Ok(Bridge::new(address, identity))
    }

    /// What a proxy goes by. `wait` is that of the command line.
    #[must_use]
    pub fn settings(&self, wait: Option<Duration>) -> Settings {
        let mut secrets = if self.mask_secrets { known_secrets() } else { Vec::new() };
        secrets.extend(self.secret_rules.iter().cloned());
        Settings { wait: wait.or(self.hold_seconds.map(Duration::from_secs)), secrets, limits: self.limits.clone() }
    }
}

/// The content of a file that its owner alone can read and change.
///
/// # Errors
/// When it is not such a file, or cannot be read.
pub fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let shown = || path.display().to_string();
    private_file::read(path, CONFIG_BYTES_MAX).map_err(|cause| match cause {
        PrivateFileError::Exposed(Exposure::Open) => ConfigError::Exposed(shown()),
        cause => ConfigError::Unreadable { path: shown(), cause },
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

    use super::{Config, ConfigError, Limits};

    fn load(text: &str, mode: u32) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mcp.json");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Config::load(&path)
    }

    #[test]
    fn what_the_hooks_installer_writes_is_read() {
        let text = r#"{"url":"http://localhost:3015","secrets":"s.json","user":"agent","hold_seconds":7,
            "confine":{"launcher":"/usr/local/bin/ccc-confine","processes_max":64},"canary":"a marked value"}"#;
        let config = load(text, 0o600).unwrap();
        assert!(config.secrets.is_absolute() && config.secrets.ends_with("s.json"));
        assert_eq!(config.settings(None).wait, Some(Duration::from_secs(7)));
        assert_eq!(config.settings(Some(Duration::ZERO)).wait, Some(Duration::ZERO), "the command line wins");
        assert!(config.settings(None).secrets.is_empty());
    }

    #[test]
    fn limits_and_masks_are_taken() {
        let text = r#"{"url":"u","secrets":"s","limits":{"result_bytes_max":5,"line_bytes_max":6},"mask_secrets":true,
            "secret_rules":[{"name":"ours","prefix":"key-","rest_chars_min":8}]}"#;
        let settings = load(text, 0o600).unwrap().settings(None);
        assert_eq!((settings.limits.result_bytes_max, settings.limits.line_bytes_max), (5, 6));
        assert_eq!(settings.secrets.last().unwrap().name, "ours");
        assert!(settings.secrets.len() > 5);
        let rest = Limits { result_bytes_max: 5, line_bytes_max: 6, ..Limits::default() };
        assert_eq!(settings.limits, rest);
    }

    #[test]
    fn a_file_that_is_open_to_others_or_unclear_is_refused() {
        let plain = r#"{"url":"u","secrets":"s"}"#;
        for mode in [0o640, 0o604, 0o620] {
            assert!(matches!(load(plain, mode), Err(ConfigError::Exposed(_))), "{mode:o}");
        }
        for text in
            ["{}", r#"{"url":"u","secrets":"s","allow":1}"#, r#"{"url":"u","url":"v","secrets":"s"}"#, "url = 1"]
        {
            assert!(matches!(load(text, 0o600), Err(ConfigError::Malformed { .. })), "{text}");
        }
        let rule = r#"{"url":"u","secrets":"s","secret_rules":[{"name":"x","prefix":"","rest_chars_min":0}]}"#;
        assert!(matches!(load(rule, 0o600), Err(ConfigError::BadRule(_))));
    }

    #[test]
    fn a_key_that_may_approve_and_a_file_with_other_keys_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let bridge = |users: &str| {
            let secrets = directory.path().join("s.json");
            fs::write(&secrets, format!(r#"{{"users":{{{users}}}}}"#)).unwrap();
            fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
            let text = format!(r#"{{"url":"http://localhost:1","secrets":"{}","user":"agent"}}"#, secrets.display());
            load(&text, 0o600).unwrap().bridge().map(drop).map_err(|error| error.to_string())
        };
        let agent = r#""agent":{"secret":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
        bridge(agent).unwrap();
        let other = r#","ana":{"secret":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}"#;
        assert!(bridge(&format!("{agent}{other}")).unwrap_err().contains("other users' keys"));
        let approver = agent.replace('}', r#","canApprove":["ana"]}"#);
        assert!(bridge(&format!("{approver}{other}")).unwrap_err().contains("may approve"));
    }
}
