//! What an install writes for each host: which events, the command line, and how long the host waits.

use ccc_hosts::host::{Host, Role};
use ccc_hosts::manifest::Install;
use ccc_hosts::settings::Entry;
use ccc_hosts::settings::command::Program;
use ccc_hosts::version::Version;

use crate::config::Config;

/// How long a host waits for the hook to record an event, in seconds.
pub const RECORD_TIMEOUT_SECONDS: u64 = 10;

/// All entries for one host in this version.
#[must_use]
pub fn entries(host: Host, version: Option<Version>, program: &Program, config: &Config) -> Vec<Entry> {
    Entry::of_install(host, version, program, |role| match role {
        Some(Role::Gate) => config.host_timeout_seconds(),
        Some(Role::Record(_)) | None => RECORD_TIMEOUT_SECONDS,
    })
}

/// The entries that an install put into the settings.
///
/// # Errors
/// When its config or program is no longer what it was, in words.
pub fn of_install(install: &Install, host: Host) -> Result<Vec<Entry>, String> {
    let config = Config::load(&install.config).map_err(|error| error.to_string())?;
    let program = Program::new(&install.program, &install.config).map_err(|error| error.to_string())?;
    Ok(entries(host, install.version, &program, &config))
}

/// The settings as they were before us, where `text`, the settings now, is what the install made of them.
#[must_use]
pub fn untouched(install: &Install, host: Host, text: &str) -> Option<String> {
    install.untouched(host, &of_install(install, host).ok()?, text)
}
