//! The config to decide under. Secrets, volumes' directories and programs are the server's to look for: no decision asks for them.

use std::{fs, path::Path};

use ccc_core::{
    config::{self, Config, ConfigError},
    replay::Under,
};

use crate::error::Error;

/// The law of this file: TOML, or the seed's JSON with the overrides that it names.
pub(super) fn read(path: &Path) -> Result<Under, Error> {
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let read = if is_json { config::read_seed_json(&text) } else { config::read(&text) };
    let mut config = read.map_err(faults(path))?;
    adopt_overrides(&mut config, path)?;
    Under::config(&config).map_err(faults(path))
}

fn adopt_overrides(config: &mut Config, beside: &Path) -> Result<(), Error> {
    let Some(named) = &config.policy_overrides else { return Ok(()) };
    let path = beside.parent().unwrap_or(Path::new("")).join(named);
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let overrides = config::read_seed_overrides(&text).map_err(faults(&path))?;
    config.override_as_seed(&overrides);
    Ok(())
}

fn faults(path: &Path) -> impl FnOnce(ConfigError) -> Error {
    let path = path.display().to_string();
    move |error| {
        let faults: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
        Error::Usage(format!("`{path}`: {}", faults.join("; ")))
    }
}
