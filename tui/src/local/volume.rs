//! Another directory for agents of a server that runs already: a line under `[volumes]` in its config, which it takes up by itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use crate::rules::file::put;

/// The name under which agents could see this directory; none where they see it already, or it cannot be a volume.
pub(super) fn offered(config: &Path, directory: &Path, given: Option<&Path>) -> Option<String> {
    let lies_in = |one: &Path, other: &Path| one.starts_with(other) || other.starts_with(one);
    if given.is_some_and(|given| lies_in(directory, given)) {
        return None;
    }
    let text = fs::read_to_string(config).ok()?;
    let volumes = volumes(&text)?;
    let beside = config.parent().unwrap_or(Path::new("/"));
    if volumes.values().filter_map(Value::as_str).any(|host| lies_in(directory, &resolved(beside, host))) {
        return None;
    }
    let name = format!("/{}", plain_name(directory)?);
    (!volumes.contains_key(&name) && name != "/workspace").then_some(name)
}

/// The directory's own name, where it needs no quoting anywhere.
pub(super) fn plain_name(directory: &Path) -> Option<String> {
    let name = directory.file_name()?.to_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (name.chars().all(is_plain) && !name.starts_with('.')).then(|| name.to_owned())
}

/// Adds it to the config, of which nothing else changes; where the config as it was before stands.
pub(super) fn add(config: &Path, name: &str, directory: &Path) -> Result<String, String> {
    let failed = |error: io::Error| format!("nothing was written: {error}");
    let before = fs::read_to_string(config).map_err(failed)?;
    let directory = directory.to_str().ok_or("nothing was written: the directory's name is no UTF-8 text")?;
    let after = with_volume(&before, name, directory)?;
    let backup = put(config, &before, &after).map_err(failed)?;
    Ok(backup.display().to_string())
}

/// The text with this volume, its other lines as they were.
fn with_volume(text: &str, name: &str, directory: &str) -> Result<String, String> {
    let line = format!("{} = {}\n", Value::from(name), Value::from(directory));
    let added = match text.split_inclusive('\n').position(|line| line.trim() == "[volumes]") {
        Some(place) => {
            let (above, below): (Vec<_>, Vec<_>) =
                text.split_inclusive('\n').enumerate().partition(|(at, _)| *at <= place);
            let join = |lines: Vec<(usize, &str)>| lines.into_iter().map(|(_, line)| line).collect::<String>();
            format!("{}\n{line}{}", join(above).trim_end_matches('\n'), join(below))
        }
        None => format!("{}\n\n[volumes]\n{line}", text.trim_end_matches('\n')),
    };
    let mut wanted: Table = toml::from_str(text).map_err(|_| "the config does not parse: mend it first".to_owned())?;
    let volumes = wanted.entry("volumes").or_insert_with(|| Value::Table(Table::new())).as_table_mut();
    volumes.map(|volumes| volumes.insert(name.to_owned(), directory.into()));
    // Whatever the file looks like: nothing is written that says anything else.
    match toml::from_str::<Table>(&added) {
        Ok(read) if read == wanted => Ok(added),
        _ => Err(format!("add this under [volumes] in the config yourself: {}", line.trim_end())),
    }
}

fn volumes(text: &str) -> Option<Table> {
    let config: Table = toml::from_str(text).ok()?;
    Some(config.get("volumes").and_then(Value::as_table).cloned().unwrap_or_default())
}

fn resolved(beside: &Path, host: &str) -> PathBuf {
    let home = host.strip_prefix("~/").zip(std::env::var_os("HOME"));
    let path = home.map_or_else(|| beside.join(host), |(rest, home)| Path::new(&home).join(rest));
    fs::canonicalize(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_and_no_other_changes() {
        for text in [
            "secrets = \"s\"\n",
            "secrets = \"s\"\n\n[volumes]\n# \"/workspace\" = \"~/project\"\n\n[desktop]\neditor = [\"vi\"]\n",
            "[volumes]\n\"/a\" = \"/srv/a\"",
            "[volumes]",
        ] {
            let added = with_volume(text, "/b", "/srv/it's \"b\"").unwrap();
            for line in text.lines() {
                assert!(added.lines().any(|kept| kept == line), "{line} in {added}");
            }
            assert_eq!(volumes(&added).unwrap()["/b"].as_str(), Some("/srv/it's \"b\""), "{added}");
        }
    }

    #[test]
    fn where_a_line_would_say_something_else_it_is_told_and_not_written() {
        for text in ["volumes = { \"/a\" = \"/srv/a\" }\n", "text = '''\n[volumes]\n'''\n"] {
            let told = with_volume(text, "/b", "/srv/b");
            assert!(told.as_ref().is_err_and(|told| told.contains("yourself")), "{told:?}");
        }
        assert!(with_volume("[volumes\n", "/b", "/srv/b").unwrap_err().contains("mend it first"));
    }

    #[test]
    fn a_directory_that_agents_have_or_could_not_have_is_not_offered() {
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path()).unwrap();
        let config = dir.join("config.toml");
        for name in ["a", "b", "c d"] {
            fs::create_dir(dir.join(name)).unwrap();
        }
        fs::write(&config, format!("[volumes]\n\"/a\" = \"{}\"\n", dir.join("a").display())).unwrap();
        let offer = |name: &str, given: Option<&str>| {
            offered(&config, &dir.join(name), given.map(|given| dir.join(given)).as_deref())
        };
        assert_eq!(offer("b", None).as_deref(), Some("/b"));
        assert_eq!(offer("b", Some("c d")).as_deref(), Some("/b"));
        assert_eq!(offer("a", None), None, "in the config");
        assert_eq!(offer("b", Some("b")), None, "given already");
        assert_eq!(offer("b/deep", Some("b")), None, "beneath what is given");
        assert_eq!(offer("", Some("b")), None, "above what is given");
        assert_eq!(offer("c d", None), None, "a name that needs quoting");
    }
}
