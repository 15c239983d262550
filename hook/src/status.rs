//! `ccc-hook status`: what is installed where, and what changed since.

use std::io::{self, Write};
use std::path::Path;

use ccc_hosts::files;
use ccc_hosts::host::Host;
use ccc_hosts::manifest::{Install, Manifest, ManifestError};
use ccc_hosts::settings;
use ccc_hosts::settings::place::Places;
use ccc_hosts::version::Version;
use serde_json::{Value, json};

use crate::{doctor, entries};

/// How an install stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Exactly as it was written.
    InPlace,
    /// Something is not as it was written: what, for a person.
    Drifted(String),
    /// Nothing of ours is left in the settings.
    Gone,
}

/// Compares an install with what would be written today.
#[must_use]
pub fn inspect(host: Host, install: &Install) -> State {
    match try_inspect(host, install) {
        Ok(state) => state,
        Err(what) => State::Drifted(what),
    }
}

fn try_inspect(host: Host, install: &Install) -> Result<State, String> {
    let text =
        files::read_if_any(&install.settings).map_err(|error| format!("the settings cannot be read: {error}"))?;
    let text = text.unwrap_or_default();
    let found = settings::found_entries(host, &install.settings, &text).map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Ok(State::Gone);
    }
    if !install.program.exists() {
        return Err(format!("the program `{}` is gone", install.program.display()));
    }
    let wanted = entries::of_install(install, host)?;
    let right = settings::with_entries(host, &install.settings, &text, &wanted).map_err(|error| error.to_string())?;
    if right == text {
        return Ok(State::InPlace);
    }
    Err(if found.iter().any(|(event, _)| event == host.profile().gate) {
        "our entries were changed by somebody".to_owned()
    } else {
        "the gate's entry is gone".to_owned()
    })
}

/// Tells how every install of these hosts stands; true when all are in place.
///
/// # Errors
/// When the record of installs cannot be read or the words not be written.
pub fn status(hosts: &[Host], places: &Places, out: &mut dyn Write) -> Result<bool, ManifestError> {
    let manifest = Manifest::load(&places.manifest())?;
    let mut all_in_place = true;
    for host in hosts {
        let installs: Vec<_> = manifest.installs.iter().filter(|install| install.agent == host.name()).collect();
        if installs.is_empty() {
            writeln!(out, "{host:8} not installed")?;
        }
        for install in installs {
            let state = inspect(*host, install);
            all_in_place &= state == State::InPlace;
            tell(*host, install, &state, out)?;
        }
    }
    Ok(all_in_place)
}

/// The same for programs, with what is known of each host: `[{"agent", "title", "level", "on_failure", "open", "installs": […]}]`.
///
/// # Errors
/// As [`status`].
pub fn status_json(hosts: &[Host], places: &Places, out: &mut dyn Write) -> Result<bool, ManifestError> {
    let manifest = Manifest::load(&places.manifest())?;
    let mut all_in_place = true;
    let mut row = |host: Host| {
        let installs: Vec<_> = manifest.installs.iter().filter(|install| install.agent == host.name()).collect();
        let limits = (host.profile().limits)(installs.iter().find_map(|install| install.version));
        let installs: Vec<Value> =
            installs.iter().map(|install| shown_as_json(host, install, &mut all_in_place)).collect();
        json!({
            "agent": host.name(),
            "title": host.title(),
            "level": doctor::word(limits.level),
            "on_failure": limits.on_failure,
            "open": limits.open,
            "installs": installs,
        })
    };
    let rows: Vec<Value> = hosts.iter().map(|host| row(*host)).collect();
    writeln!(out, "{:#}", Value::Array(rows))?;
    Ok(all_in_place)
}

fn shown_as_json(host: Host, install: &Install, all_in_place: &mut bool) -> Value {
    let state = inspect(host, install);
    *all_in_place &= state == State::InPlace;
    let (word, what) = match state {
        State::InPlace => ("installed", None),
        State::Drifted(what) => ("drifted", Some(what)),
        State::Gone => ("gone", None),
    };
    let written = |version: Option<Version>| version.map(|version| version.to_string());
    json!({
        "scope": install.scope,
        "settings": shown(&install.settings),
        "state": word,
        "drift": what,
        "version": written(install.version),
        "proven": written(install.proven),
    })
}

fn tell(host: Host, install: &Install, state: &State, out: &mut dyn Write) -> io::Result<()> {
    let words = match state {
        State::InPlace => "installed".to_owned(),
        State::Drifted(what) => format!("DRIFTED: {what}; run `ccc-hook install --agent {host}` again"),
        State::Gone => format!("GONE: nothing of ours is left there; run `ccc-hook install --agent {host}` again"),
    };
    writeln!(out, "{host:8} {words} ({}, {})", install.scope, shown(&install.settings))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
