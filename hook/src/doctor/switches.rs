//! Settings of a host that turn all hooks off, wherever the host reads them.

use std::path::PathBuf;

use serde_json::Value;

use ccc_hosts::host::Host;
use ccc_hosts::manifest::Install;
use ccc_hosts::settings::place::Places;
use ccc_hosts::settings::read;

/// The switches that are set against our hook.
pub(super) fn off(host: Host, install: &Install, places: &Places) -> Vec<String> {
    settings_read_by(host, install, places)
        .into_iter()
        .filter_map(|path| Some((set_in(host, &read::value_in(&path)?)?, path)))
        .map(|(switch, path)| format!("hooks are turned off by {switch} in {}; mend: remove it", path.display()))
        .collect()
}

fn settings_read_by(host: Host, install: &Install, places: &Places) -> Vec<PathBuf> {
    let mut files = (host.profile().switches.files)(places);
    files.push(install.settings.clone());
    files.sort();
    files.dedup();
    files
}

fn set_in(host: Host, settings: &Value) -> Option<&'static str> {
    (host.profile().switches.set_in)(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_hosts_switch_is_seen() {
        assert!(set_in(Host::Claude, &json!({"disableAllHooks": true})).is_some());
        assert!(set_in(Host::Claude, &json!({"disableAllHooks": false})).is_none());
        assert!(set_in(Host::Gemini, &json!({"hooksConfig": {"enabled": false}})).is_some());
        assert!(set_in(Host::Gemini, &json!({"hooksConfig": {"disabled": ["ccc-hook"]}})).is_some());
        assert!(set_in(Host::Gemini, &json!({"disableAllHooks": true})).is_none());
        assert!(set_in(Host::Codex, &json!({"features": {"hooks": false}})).is_some());
        assert!(set_in(Host::Codex, &json!({"features": {"codex_hooks": false}})).is_some());
        assert!(set_in(Host::Codex, &json!({"features": {"hooks": true}})).is_none());
    }
}
