//! Agents by name, each with an id that survives reinstalling, so that what an
//! agent did can be told together over time. A host's own ids change with
//! every subagent it starts.

use std::io;
use std::path::Path;

use ccc_protocol::json;
use serde::{Deserialize, Serialize};

use ccc_hosts::event::MAIN_AGENT;
use ccc_hosts::files;
use ccc_hosts::host::Host;
use ccc_hosts::settings::place::Places;

/// The longest agent name that is taken from a settings file, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The agents that are known.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// In the order in which they were found.
    pub agents: Vec<Agent>,
}

/// One agent of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The host's name.
    pub host: String,
    /// The agent's name: `main`, or a subagent's role.
    pub name: String,
    /// Its id, a UUID, given once.
    pub id: String,
}

impl Registry {
    /// Reads the registry; an absent or damaged one is empty, because an id is
    /// no reason to stop an agent.
    #[must_use]
    pub fn load(path: &Path) -> Self {
        let text = files::read_if_any(path).ok().flatten();
        text.and_then(|text| json::read_message(text.as_bytes()).ok()).unwrap_or_default()
    }

    /// Writes the registry.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        files::write_private(path, &format!("{text}\n"))
    }

    /// Adds the agents that are not known yet. `new_id` gives random bytes.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn learn(
        &mut self,
        host: Host,
        names: Vec<String>,
        mut new_id: impl FnMut() -> io::Result<[u8; 16]>,
    ) -> io::Result<()> {
        for name in names {
            if self.id(host, &name).is_none() {
                let id = uuid::Builder::from_random_bytes(new_id()?).into_uuid().to_string();
                self.agents.push(Agent { host: host.name().to_owned(), name, id });
            }
        }
        Ok(())
    }

    /// The stable id of an agent.
    #[must_use]
    pub fn id(&self, host: Host, name: &str) -> Option<&str> {
        let agent = self.agents.iter().find(|agent| agent.host == host.name() && agent.name == name)?;
        Some(&agent.id)
    }
}

/// The names of the agents that a host's own settings declare.
#[must_use]
pub fn discover(host: Host, places: &Places) -> Vec<String> {
    let mut names = vec![MAIN_AGENT.to_owned()];
    names.extend((host.profile().subagents)(places));
    names.retain(|name| !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX);
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn counting() -> impl FnMut() -> io::Result<[u8; 16]> {
        let mut count = 0;
        move || {
            count += 1;
            Ok([count; 16])
        }
    }

    #[test]
    fn an_id_once_given_survives_learning_again() {
        let mut registry = Registry::default();
        let mut ids = counting();
        registry.learn(Host::Claude, vec!["main".to_owned()], &mut ids).unwrap();
        let first = registry.id(Host::Claude, "main").unwrap().to_owned();
        registry.learn(Host::Claude, vec!["reviewer".to_owned(), "main".to_owned()], &mut ids).unwrap();
        registry.learn(Host::Cursor, vec!["main".to_owned()], &mut ids).unwrap();
        assert_eq!(registry.id(Host::Claude, "main"), Some(first.as_str()));
        assert_ne!(registry.id(Host::Cursor, "main"), Some(first.as_str()));
        assert_eq!(registry.agents.len(), 3);
    }

    #[test]
    fn claudes_agents_are_those_its_permissions_name() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".claude")).unwrap();
        let settings = r#"{"permissions":{"allow":["Agent(reviewer)","Bash(ls)","Agent( writer )"]}}"#;
        fs::write(home.path().join(".claude/settings.json"), settings).unwrap();
        let places = Places {
            home: home.path().to_owned(),
            project: home.path().join("none"),
            ours: home.path().join("ours"),
            moved: Vec::new(),
        };
        assert_eq!(discover(Host::Claude, &places), ["main", "reviewer", "writer"]);
    }

    #[test]
    fn a_damaged_registry_is_empty_and_not_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("agents.json");
        assert_eq!(Registry::load(&path), Registry::default());
        fs::write(&path, "nonsense").unwrap();
        assert_eq!(Registry::load(&path), Registry::default());
    }
}
