//! Folders that a person trusts, as Gemini CLI keeps them and its descendants do: a map from paths to how far each is trusted. A
//! project's own settings count in a trusted folder alone.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Host;
use crate::settings::{place::Places, read};

/// Why the hooks in `settings` do not run, where they lie in a project whose folder is not trusted. Whether trust counts at all is
/// said in the host's settings for the machine, `system`, then in the person's; where nobody says, it does.
pub(super) fn distrust(host: Host, places: &Places, settings: &Path, system: &str) -> Option<String> {
    let project = host.project_of(places, settings)?;
    let home = places.host_home(host);
    let told = [PathBuf::from(system), home.join("settings.json")];
    let said = told.iter().find_map(|file| read::value_in(file)?.pointer("/security/folderTrust/enabled")?.as_bool());
    let is_asked = said.unwrap_or(true);
    let rules = read::value_in(&home.join("trustedFolders.json")).unwrap_or_else(|| json!({}));
    (is_asked && !is_trusted(&rules, project)).then(|| {
        format!(
            "{} does not trust the folder {} and passes over its hooks; mend: start `{}` there and trust it, or install for the person",
            host.title(),
            project.display(),
            host.program()
        )
    })
}

/// The longest path that holds the folder decides.
fn is_trusted(rules: &Value, folder: &Path) -> bool {
    let folder = real(folder);
    let holds = |(path, trust): &(&String, &Value)| {
        let path = Path::new(path.as_str());
        let path = if *trust == "TRUST_PARENT" { path.parent().unwrap_or(path) } else { path };
        folder.starts_with(real(path))
    };
    let nearest = rules.as_object().into_iter().flatten().filter(holds).max_by_key(|(path, _)| path.len());
    nearest.is_some_and(|(_, trust)| *trust == "TRUST_FOLDER" || *trust == "TRUST_PARENT")
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_decides() {
        let rows = [
            (json!({}), false),
            (json!({"/a/b": "TRUST_FOLDER"}), true),
            (json!({"/a": "TRUST_FOLDER"}), true),
            (json!({"/a": "TRUST_FOLDER", "/a/b": "DO_NOT_TRUST"}), false),
            (json!({"/a/x": "TRUST_PARENT"}), true),
            (json!({"/a/b/c": "TRUST_FOLDER"}), false),
            (json!({"/a/bc": "TRUST_FOLDER"}), false),
        ];
        for (rules, trusted) in rows {
            assert_eq!(is_trusted(&rules, Path::new("/a/b")), trusted, "{rules}");
        }
    }
}
