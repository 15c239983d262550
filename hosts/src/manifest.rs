//! The record of what was installed where, by which uninstalling removes just
//! that and `status` notices what changed since.

use std::io;
use std::path::{Path, PathBuf};

use ccc_protocol::json::{self, JsonError};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::host::Host;
use crate::settings;
use crate::settings::Entry;
use crate::version::Version;

/// All installs of this person.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// In the order in which they were made.
    pub installs: Vec<Install>,
}

/// One settings file with entries of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The host's name.
    pub agent: String,
    /// `user` or `project`.
    pub scope: String,
    /// The host's settings file.
    pub settings: PathBuf,
    /// The config that the command lines name.
    pub config: PathBuf,
    /// The program that the command lines name.
    pub program: PathBuf,
    /// The settings as they were before, where there were any.
    pub backup: Option<PathBuf>,
    /// True where the settings file was not there before us. Records of an older version do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<bool>,
    /// The host's version, where its program told it. Records of an older version do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The host's version with which a denied call was last seen not to run, by this install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<Version>,
    /// The keys under which Codex was told to trust our hooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted: Vec<String>,
}

impl Install {
    /// True where the settings file was not there before us, as far as that is known: only such a file is removed. Where the record
    /// does not say, nothing was backed up at first; a backup that a later install made holds entries of ours.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.created.unwrap_or_else(|| match self.backed_up() {
            Some(backup) => self.holds_ours(&backup),
            None => self.backup.is_none(),
        })
    }

    /// The settings as they were before us, where that is still known; empty where there were none.
    #[must_use]
    pub fn before(&self) -> Option<String> {
        if self.is_ours() {
            return Some(String::new());
        }
        // A backup with entries of ours in it, made where the record had been lost, is not from before us.
        self.backed_up().filter(|backup| !self.holds_ours(backup))
    }

    fn backed_up(&self) -> Option<String> {
        files::read_if_any(self.backup.as_deref()?).ok().flatten()
    }

    fn holds_ours(&self, text: &str) -> bool {
        let found = self.agent.parse().ok().map(|host| settings::found_entries(host, &self.settings, text));
        found.is_some_and(|found| found.is_ok_and(|entries| !entries.is_empty()))
    }

    /// The same where `text`, the settings now, is what an install of these entries made of them: nobody has changed anything since.
    #[must_use]
    pub fn untouched(&self, host: Host, entries: &[Entry], text: &str) -> Option<String> {
        let before = self.before()?;
        let installed = settings::with_entries(host, &self.settings, &before, entries).ok()?;
        (installed == text).then_some(before)
    }
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is there and cannot be read or written.
    #[error("the record of installs cannot be used: {0}")]
    Io(#[from] io::Error),
    /// It was changed by hand.
    #[error("the record of installs is damaged ({0}): remove `manifest.json` and install again")]
    Malformed(#[from] JsonError),
}

impl Manifest {
    /// Reads it; an absent one is empty.
    ///
    /// # Errors
    /// When it is there and is none.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        match files::read_if_any(path)? {
            Some(text) => Ok(json::read_message(text.as_bytes())?),
            None => Ok(Self::default()),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, path: &Path) -> Result<(), ManifestError> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        Ok(files::write_private(path, &format!("{text}\n"))?)
    }

    /// The install in this settings file.
    #[must_use]
    pub fn find(&self, settings: &Path) -> Option<&Install> {
        self.installs.iter().find(|install| install.settings == settings)
    }

    /// Records an install, in the place of an earlier one in the same file. The
    /// earlier one's backup is from before us, so it is the one to keep.
    pub fn put(&mut self, mut install: Install) {
        match self.installs.iter_mut().find(|known| known.settings == install.settings) {
            Some(known) => {
                // Asked before the backup goes: a record that does not say tells it by that.
                let made = known.is_ours();
                if !install.is_ours() {
                    install.backup = known.backup.take().or(install.backup);
                }
                install.created = Some(made || install.is_ours());
                if install.trusted.is_empty() {
                    install.trusted = std::mem::take(&mut known.trusted);
                }
                *known = install;
            }
            None => self.installs.push(install),
        }
    }

    /// Records what Codex was told to trust.
    pub fn note_trust(&mut self, settings: &Path, keys: Vec<String>) {
        if let Some(install) = self.installs.iter_mut().find(|install| install.settings == settings) {
            install.trusted = keys;
        }
    }

    /// Records with which version of the host the install was proven, or that it was not.
    pub fn note_proof(&mut self, settings: &Path, proven: Option<Version>) {
        if let Some(install) = self.installs.iter_mut().find(|install| install.settings == settings) {
            install.proven = proven;
        }
    }

    /// Forgets the install in this settings file.
    pub fn forget(&mut self, settings: &Path) {
        self.installs.retain(|install| install.settings != settings);
    }

    /// True where no install of this host is left.
    #[must_use]
    pub fn is_free_of(&self, host: Host) -> bool {
        self.installs.iter().all(|install| install.agent != host.name())
    }
}
