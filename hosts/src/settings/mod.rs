//! The hosts' own settings: where they lie, what is written into them, and
//! how to write and remove it without touching anything else.

pub mod command;
mod entry;
mod json_file;
pub mod place;
mod plugin_file;
pub mod read;
mod toml_tables;

use std::path::{Path, PathBuf};

use crate::host::{Format, Host};
use crate::jsontext::SyntaxError;

pub use entry::Entry;

/// Why a settings file is left alone.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be parsed, so it cannot be changed without harm.
    #[error("`{path}` is not valid: {place}; mend it, then run this again")]
    Unparsable {
        /// The file.
        path: PathBuf,
        /// Where and why.
        place: String,
    },
    /// It is valid, but not what the host reads.
    #[error("`{path}`: `{what}` is not {wanted}; mend it, then run this again")]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// The setting.
        what: String,
        /// What the host reads there.
        wanted: &'static str,
    },
}

impl SettingsError {
    fn syntax(path: &Path, error: &SyntaxError) -> Self {
        Self::Unparsable { path: path.to_owned(), place: error.to_string() }
    }

    fn unexpected(path: &Path, what: &str, wanted: &'static str) -> Self {
        Self::Unexpected { path: path.to_owned(), what: what.to_owned(), wanted }
    }
}

/// The settings with exactly these entries of ours in them, and all else as it
/// was. `path` is named in errors only.
///
/// # Errors
/// When the text cannot be parsed or is not what the host reads.
pub fn with_entries(host: Host, path: &Path, text: &str, entries: &[Entry]) -> Result<String, SettingsError> {
    match host.profile().format {
        Format::TomlTables => toml_tables::with_entries(host, path, text, entries),
        Format::Plugin { template } => plugin_file::with_entries(template, path, text, entries),
        Format::Json { .. } => json_file::with_entries(host, path, text, entries),
    }
}

/// The settings without any entry of ours. What stood in `before`, the settings before us if they are known, stays also where
/// it is empty now.
///
/// # Errors
/// As [`with_entries`].
pub fn without_entries(host: Host, path: &Path, text: &str, before: Option<&str>) -> Result<String, SettingsError> {
    match host.profile().format {
        Format::TomlTables => toml_tables::with_entries(host, path, text, &[]),
        Format::Plugin { template } => plugin_file::with_entries(template, path, text, &[]),
        Format::Json { .. } => json_file::without_entries(host, path, text, before),
    }
}

/// Our entries as they stand in the settings: event and command line.
///
/// # Errors
/// As [`with_entries`].
pub fn found_entries(host: Host, path: &Path, text: &str) -> Result<Vec<(String, String)>, SettingsError> {
    match host.profile().format {
        Format::TomlTables => toml_tables::found_entries(host, path, text),
        Format::Plugin { .. } => plugin_file::found_entries(path, text),
        Format::Json { .. } => json_file::found_entries(host, path, text),
    }
}

/// True where the text says nothing beside what an install writes on its own.
#[must_use]
pub fn is_bare(host: Host, text: &str) -> bool {
    match host.profile().format {
        Format::TomlTables | Format::Plugin { .. } => text.trim().is_empty(),
        Format::Json { .. } => json_file::is_bare(text),
    }
}
