//! Settings of a host that turn all hooks off, wherever the host reads them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::files;
use crate::host::Host;
use crate::manifest::Install;
use crate::settings::place::Places;

/// The switches that are set against our hook.
pub(super) fn off(host: Host, install: &Install, places: &Places) -> Vec<String> {
    settings_read_by(host, install, places)
        .into_iter()
        .filter_map(|path| Some((set_in(host, &json_in(&path)?)?, path)))
        .map(|(switch, path)| format!("hooks are turned off by {switch} in {}; mend: remove it", path.display()))
        .collect()
}

fn settings_read_by(host: Host, install: &Install, places: &Places) -> Vec<PathBuf> {
    let home = places.host_home(host);
    let project = &places.project;
    let mut files = match host {
        Host::Claude => vec![
            home.join("settings.json"),
            project.join(".claude/settings.json"),
            project.join(".claude/settings.local.json"),
            PathBuf::from("/etc/claude-code/managed-settings.json"),
        ],
        Host::Gemini => vec![
            home.join("settings.json"),
            project.join(".gemini/settings.json"),
            PathBuf::from("/etc/gemini-cli/settings.json"),
        ],
        Host::Copilot => vec![home.join("settings.json"), home.join("config.json")],
        Host::Codex | Host::Kimi | Host::Cursor => Vec::new(),
    };
    files.push(install.settings.clone());
    files.sort();
    files.dedup();
    files
}

fn set_in(host: Host, settings: &Value) -> Option<&'static str> {
    let is = |pointer, value: bool| settings.pointer(pointer).and_then(Value::as_bool) == Some(value);
    let disabled = settings.pointer("/hooksConfig/disabled").and_then(Value::as_array);
    let names_ours = disabled.is_some_and(|names| names.iter().any(|name| name == "ccc-hook"));
    match host {
        Host::Claude | Host::Copilot if is("/disableAllHooks", true) => Some("`disableAllHooks`"),
        Host::Gemini if is("/hooksConfig/enabled", false) => Some("`hooksConfig.enabled`"),
        Host::Gemini if names_ours => Some("`hooksConfig.disabled`"),
        _ => None,
    }
}

/// What a file says; comments are blanked out first, as some hosts allow them.
fn json_in(path: &Path) -> Option<Value> {
    let text = files::read_if_any(path).ok()??;
    serde_json::from_str(&text).ok().or_else(|| serde_json::from_str(&crate::jsontext::plain(&text)?).ok())
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
    }
}
