//! `ccc-hook doctor`: does the installed hook fire, and what would still get
//! past it? It runs the very command line that stands in the host's settings.

mod canary_run;
mod limits;
mod switches;
mod unseen;

use std::io::{self, Write};
use std::path::Path;

use crate::codex_trust;
use crate::config::Config;
use crate::confine;
use crate::footing::footing;
use crate::status::{self, State};
use ccc_hosts::host::{Host, Level};
use ccc_hosts::manifest::{Install, Manifest, ManifestError};
use ccc_hosts::settings::place::Places;
use ccc_hosts::version::Version;

pub use canary_run::{Outcome as Canary, run as canary, version as program_line};
pub use limits::limits;

/// The version of the host's program, where it is found and says one.
#[must_use]
pub fn program_version(host: Host) -> Option<Version> {
    Version::in_words(&program_line(host)?)
}

/// The word for it, in capitals.
#[must_use]
pub fn word(level: Level) -> &'static str {
    match level {
        Level::Blind => "BLIND",
        Level::Advisory => "ADVISORY",
        Level::Enforced => "ENFORCED",
    }
}

/// What was found for one install.
struct Finding {
    level: Level,
    /// What was seen, and what to do about it.
    lines: Vec<String>,
}

/// Examines these hosts; true when none is blind.
///
/// # Errors
/// When the record of installs cannot be read or the words not be written.
pub fn doctor(hosts: &[Host], places: &Places, out: &mut dyn Write) -> Result<bool, ManifestError> {
    let manifest = Manifest::load(&places.manifest())?;
    let mut sees = true;
    for host in hosts {
        let installs: Vec<_> = manifest.installs.iter().filter(|install| install.agent == host.name()).collect();
        if installs.is_empty() {
            let lines = vec![format!("not installed; mend: ccc-hook install --agent {host} --secrets FILE")];
            tell(*host, "", &Finding { level: Level::Blind, lines }, out)?;
        }
        for install in &installs {
            let finding = examine(*host, install, places);
            sees &= finding.level != Level::Blind;
            tell(*host, &install.settings.display().to_string(), &finding, out)?;
        }
        sees &= !installs.is_empty();
    }
    writeln!(
        out,
        "A hook binds an agent that cooperates: a program under the same user can read the agent's key and edit its settings. Only actions that the bridge itself runs are enforced against such a program."
    )?;
    Ok(sees)
}

fn tell(host: Host, place: &str, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{host:8} {:9} {place}", word(finding.level))?;
    finding.lines.iter().try_for_each(|line| writeln!(out, "         {line}"))
}

fn examine(host: Host, install: &Install, places: &Places) -> Finding {
    let mut blind = Vec::new();
    let mut seen = Vec::new();
    match status::inspect(host, install) {
        State::InPlace => {}
        State::Gone => blind.push(format!("nothing of ours is left there; mend: ccc-hook install --agent {host}")),
        State::Drifted(what) => blind.push(format!("{what}; mend: ccc-hook install --agent {host}")),
    }
    match canary(host, install, &places.project) {
        Canary::Blocked(words) => seen.push(format!("canary: {words}")),
        Canary::BlockedWithoutBridge(words) => {
            seen.push(format!("canary: blocked, but not by the bridge: {words}; mend: see that ccc-server runs"));
        }
        Canary::Passed(what) => {
            blind.push(format!("canary: NOT BLOCKED: {what}; mend: ccc-hook install --agent {host}"));
        }
    }
    blind.extend(switches::off(host, install, places));
    if let Err(unfit) = footing(&install.program, places) {
        seen.push(format!("open: {unfit}"));
    }
    blind.extend((host.profile().deaf)(places, &install.settings));
    blind.extend(checkup(host, &install.settings, &places.project));
    blind.extend(distrust(host, &install.settings, places, &mut seen));
    seen.extend(unseen::in_words(host, install, places));
    seen.extend(confinement(host, install, places, blind.is_empty()));
    judged(host, install, blind, seen)
}

/// Whether calls of this host can be run confined. What was turned off because another line ran than was handed out is turned on
/// again where everything is as it should be: a person has looked.
fn confinement(host: Host, install: &Install, places: &Places, sees: bool) -> Option<String> {
    let rewrite = confine::rewrite_of(host)?;
    let Ok(Config { confine: Some(known), .. }) = Config::load(&install.config) else {
        return Some(format!(
            "calls are not confined; mend: put `ccc-confine` beside this program and run ccc-hook install --agent {host}"
        ));
    };
    let level = confine::probed(&known.launcher);
    if level.as_deref() != Some("full") {
        let level = level.as_deref().unwrap_or("nothing");
        return Some(format!(
            "calls are not confined: `{} probe` says {level}, and `full` is needed",
            known.launcher.display()
        ));
    }
    if let Some(what) = confine::against(host, &places.project) {
        return Some(format!("calls are not confined because of {what}, which would look at the launcher's line"));
    }
    if !confine::is_off(&install.config, host) {
        let only = rewrite.only.map(|only| format!(", while {only}")).unwrap_or_default();
        return Some(format!("calls can be confined where the bridge's rules say so{only}"));
    }
    Some(match sees && confine::switch_on(&install.config, host).is_ok() {
        true => "calls are confined again; they were not, because another line ran than was handed out".to_owned(),
        false => "calls are not confined: another line ran than was handed out; mend: what stands above".to_owned(),
    })
}

fn judged(host: Host, install: &Install, mut blind: Vec<String>, mut seen: Vec<String>) -> Finding {
    let version = program_line(host);
    blind.extend(newer_events(host, install, version.as_deref()));
    let known = limits(host, version.as_deref());
    seen.push(proof(install, version.as_deref()));
    seen.push(match &version {
        Some(version) => format!("{version}: {}", known.on_failure),
        None => format!("`{}` is not found here; by its contract: {}", host.program(), known.on_failure),
    });
    seen.extend(known.open.iter().map(|gap| format!("open: {gap}")));
    let level = if blind.is_empty() { known.level } else { Level::Blind };
    let lines = blind.into_iter().chain(seen).collect();
    Finding { level, lines }
}

/// Whether the host was seen to obey the hook, and in which version.
fn proof(install: &Install, printed: Option<&str>) -> String {
    let yours = printed.and_then(Version::in_words);
    match (install.proven, yours) {
        (Some(proven), Some(yours)) if proven == yours => format!("proven with {proven}, which is yours"),
        (Some(proven), Some(yours)) => {
            format!("unproven: proven with {proven} and yours is {yours}; `ccc-hook doctor --prove` runs it")
        }
        (Some(proven), None) => format!("proven with {proven}; which is yours is not known"),
        (None, _) => "unproven: no real agent was seen to obey; `ccc-hook doctor --prove` runs yours".to_owned(),
    }
}

/// Gates that the host has since it was updated and that the install does not know of.
fn newer_events(host: Host, install: &Install, printed: Option<&str>) -> Option<String> {
    let version = Version::in_words(printed?)?;
    let installed: Vec<_> = host.profile().events_of(install.version).collect();
    let missing: Vec<&str> =
        host.profile().events_of(Some(version)).filter(|event| !installed.contains(event)).copied().collect();
    if missing.is_empty() {
        return None;
    }
    let known = install.version.map_or_else(|| "another version".to_owned(), |version| version.to_string());
    Some(format!(
        "installed for {known}; {version} has {} too, which nothing of ours answers; mend: ccc-hook install --agent {host}",
        missing.join(", ")
    ))
}

/// What the host's own program says of these settings, where it is there and tells.
fn checkup(host: Host, settings: &Path, project: &Path) -> Vec<String> {
    let Some(checkup) = host.profile().checkup else { return Vec::new() };
    let printed = canary_run::printed_by(host, checkup.arguments, project);
    printed.map(|printed| (checkup.told)(&printed, settings)).unwrap_or_default()
}

/// Some hosts pass over hooks that they were not told to trust.
fn distrust(host: Host, settings: &Path, places: &Places, seen: &mut Vec<String>) -> Option<String> {
    if !host.profile().trusts_hooks_by_name {
        return None;
    }
    match codex_trust::seen(places, settings) {
        Ok(hooks) if !hooks.is_empty() && hooks.iter().all(|hook| hook.trusted) => {
            seen.push("codex trusts the installed hooks".to_owned());
            None
        }
        Ok(_) => Some("codex does not trust the installed hooks and passes over them; mend: ccc-hook install --agent codex, or /hooks inside codex".to_owned()),
        Err(error) => {
            seen.push(format!("whether codex trusts the hooks is not known: {error}"));
            None
        }
    }
}
