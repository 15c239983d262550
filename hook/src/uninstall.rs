//! `ccc-hook uninstall`: takes out what `install` put in, wherever it put it,
//! and leaves everything else as it is.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::codex_trust;
use crate::entries;
use crate::install::InstallError;
use crate::seen;
use ccc_hosts::files;
use ccc_hosts::host::Host;
use ccc_hosts::manifest::{Install, Manifest};
use ccc_hosts::settings::place::{Places, Scope};
use ccc_hosts::settings::{self};

/// What a person asked for.
#[derive(Debug, Clone)]
pub struct Removal {
    /// For which hosts.
    pub hosts: Vec<Host>,
    /// From the person's or the project's settings; both where not said.
    pub scope: Option<Scope>,
    /// Only tell what would be removed.
    pub dry_run: bool,
}

/// Uninstalls, or tells what it would do.
///
/// # Errors
/// When a settings file cannot be parsed or written; those before it are done.
pub fn uninstall(removal: &Removal, places: &Places, out: &mut dyn Write) -> Result<(), InstallError> {
    let mut manifest = Manifest::load(&places.manifest())?;
    for host in &removal.hosts {
        for settings in settings_of(*host, removal.scope, places, &manifest) {
            remove_from(*host, &settings, manifest.find(&settings), removal.dry_run, out)?;
            if !removal.dry_run {
                forget_backups(*host, &settings, out)?;
                let trusted = manifest.find(&settings).map(|install| install.trusted.clone());
                codex_trust::forget(places, &trusted.unwrap_or_default())?;
                manifest.forget(&settings);
                manifest.save(&places.manifest())?;
            }
        }
        if !removal.dry_run && manifest.is_free_of(*host) {
            forget_config(&places.config(*host))?;
        }
    }
    Ok(())
}

/// The recorded files, and those an install would write to now: a lost record
/// must not leave a hook behind.
fn settings_of(host: Host, scope: Option<Scope>, places: &Places, manifest: &Manifest) -> Vec<PathBuf> {
    let fits = |name: &str| scope.is_none_or(|scope| scope.name() == name);
    let recorded = manifest.installs.iter().filter(|install| install.agent == host.name() && fits(&install.scope));
    let mut files: Vec<PathBuf> = recorded.map(|install| install.settings.clone()).collect();
    let scopes = [Scope::User, Scope::Project].into_iter().filter(|scope| fits(scope.name()));
    files.extend(scopes.filter_map(|scope| places.settings(host, scope)));
    files.sort();
    files.dedup();
    files
}

fn remove_from(
    host: Host,
    path: &Path,
    install: Option<&Install>,
    dry_run: bool,
    out: &mut dyn Write,
) -> Result<(), InstallError> {
    let shown = path.display();
    let Some(text) = files::read_if_any(path).map_err(|cause| InstallError::file(path, cause))? else {
        return Ok(());
    };
    if settings::found_entries(host, path, &text)?.is_empty() {
        return Ok(());
    }
    let without = without_ours(host, path, &text, install)?;
    if dry_run {
        writeln!(out, "{host}: would remove our entries from {shown}")?;
        return Ok(());
    }
    let was_ours = install.is_some_and(Install::is_ours) && settings::is_bare(host, &without);
    let written = if was_ours { files::remove(path) } else { files::write_settings(path, &without) };
    written.map_err(|cause| InstallError::file(path, cause))?;
    writeln!(out, "{host}: removed from {shown}")?;
    Ok(())
}

/// The file as it was before, to the byte, where nobody has changed it since; else as it is, without what the install put in.
fn without_ours(host: Host, path: &Path, text: &str, install: Option<&Install>) -> Result<String, InstallError> {
    if let Some(before) = install.and_then(|install| entries::untouched(install, host, text)) {
        return Ok(before);
    }
    let before = install.and_then(Install::before);
    Ok(settings::without_entries(host, path, text, before.as_deref())?)
}

/// The backups of what is there again to the byte, and those with entries of ours, which nothing answers any more. One from before
/// us stays where the settings were changed since, and is told.
fn forget_backups(host: Host, settings: &Path, out: &mut dyn Write) -> Result<(), InstallError> {
    let holds_ours =
        |text: &str| settings::found_entries(host, settings, text).is_ok_and(|entries| !entries.is_empty());
    let kept = files::forget_backups(settings, holds_ours).map_err(|cause| InstallError::file(settings, cause))?;
    for backup in kept {
        writeln!(out, "{host}: kept {}, the settings as they were before us", backup.display())?;
    }
    Ok(())
}

/// The config and what was noted beside it go with the last install that names it; the agents' ids stay.
fn forget_config(path: &Path) -> Result<(), InstallError> {
    let [notes, earlier] = seen::files(path);
    for file in [path, &notes, &earlier] {
        match fs::remove_file(file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(InstallError::file(file, cause)),
            _ => {}
        }
    }
    Ok(())
}
