//! `ccc-hook install`: everything is read and checked first, then written; where that fails, all of it is taken back.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;

use ccc_client::{CallError, Identity, IdentityError, read_secrets};
use ccc_protocol::actions::USE_TOOL;

use crate::cli::Form;
use crate::codex_trust::{self, TrustError};
use crate::config::{self, Config, ConfigError, Confine};
use crate::confine;
use crate::connection::Connection;
use crate::doctor::program_version;
use crate::entries;
use crate::footing::{Footing, Unfit, footing};
use crate::registry::{self, Registry};
use ccc_hosts::files;
use ccc_hosts::host::Host;
use ccc_hosts::manifest::{Install, Manifest, ManifestError};
use ccc_hosts::settings::command::{Program, UnspeakablePath};
use ccc_hosts::settings::place::{Places, Scope};
use ccc_hosts::settings::{self, SettingsError};
use ccc_hosts::undo::Undo;
use ccc_hosts::version::Version;
use serde_json::{Value, json};

/// What a person asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// For which hosts.
    pub hosts: Vec<Host>,
    /// True where all were asked for: a host without this scope is passed over.
    pub all: bool,
    /// For the person or the project.
    pub scope: Scope,
    /// True where those were asked for whose program is found.
    pub found: bool,
    /// Only tell what would be written.
    pub dry_run: bool,
    /// In which form that is told.
    pub form: Form,
    /// The agent's secrets file; else the one of the last install.
    pub secrets: Option<PathBuf>,
    /// The agent's user, where the secrets file holds several.
    pub user: Option<String>,
    /// Where the bridge is; else where the last install said, else the default.
    pub url: Option<String>,
    /// How long a call waits for a person, in seconds; else as long as hosts allow.
    pub hold_seconds: Option<u64>,
}

/// Why nothing (more) was installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No secrets file was given.
    #[error("say which key the agent signs with: --secrets FILE (`ccc-keygen --filter agent` makes one)")]
    NoSecrets,
    /// See [`IdentityError`].
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The bridge did not accept the key, or is not there.
    #[error("the bridge was asked first and nothing was touched: {0}")]
    Bridge(#[from] CallError),
    /// The bridge knows no tool calls.
    #[error("the bridge does not know the action `{USE_TOOL}`: update ccc-server or enable it; nothing was touched")]
    NoToolCalls,
    /// The host keeps no hooks in projects.
    #[error("{0} reads no hooks from projects: leave out --project")]
    NoProjectScope(&'static str),
    /// See [`ConfigError`].
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// See [`SettingsError`].
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// See [`Unfit`].
    #[error("nothing was touched: {0}")]
    Unfit(#[from] Unfit),
    /// See [`UnspeakablePath`].
    #[error(transparent)]
    Path(#[from] UnspeakablePath),
    /// See [`ManifestError`].
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// See [`TrustError`].
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A file cannot be read or written.
    #[error("`{}`: {cause}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Telling the person failed.
    #[error("cannot write to the terminal: {0}")]
    Output(#[from] io::Error),
}

impl InstallError {
    pub(crate) fn file(path: &Path, cause: io::Error) -> Self {
        Self::File { path: path.to_owned(), cause }
    }
}

/// What will be written for one host.
struct Plan {
    host: Host,
    version: Option<Version>,
    settings: PathBuf,
    before: Option<String>,
    after: String,
    /// True where the settings are as an earlier install left them: what they were before it is kept already.
    is_again: bool,
    config_path: PathBuf,
    config: Config,
}

/// Installs, or tells what it would do.
///
/// # Errors
/// When something is not as it must be; before the first write nothing has
/// been touched.
pub fn install(order: &Order, places: &Places, program: &Path, out: &mut dyn Write) -> Result<(), InstallError> {
    let footing = footing(program, places)?;
    let mut manifest = Manifest::load(&places.manifest())?;
    let plans = plans(order, places, program, &manifest)?;
    for plan in &plans {
        check_bridge(&plan.config)?;
    }
    if order.dry_run && order.form == Form::Json {
        return Ok(tell_json(&plans, out)?);
    }
    if order.dry_run {
        plans.iter().try_for_each(|plan| tell(plan, out))?;
    } else {
        let mut undo = Undo::default();
        if let Err(error) = carry_out(&plans, order.scope, program, places, &mut manifest, &mut undo, out) {
            take_back(undo, out)?;
            return Err(error);
        }
    }
    if footing == Footing::OwnUserWrites {
        writeln!(
            out,
            "warning: `{}` can be changed by your user, and so by an agent that runs as you; /usr/local/bin, owned by root, is a better place",
            program.display()
        )?;
    }
    Ok(())
}

fn carry_out(
    plans: &[Plan],
    scope: Scope,
    program: &Path,
    places: &Places,
    manifest: &mut Manifest,
    undo: &mut Undo,
    out: &mut dyn Write,
) -> Result<(), InstallError> {
    let manifests = [places.manifest(), places.agents()];
    let written = plans.iter().flat_map(|plan| [&plan.config_path, &plan.settings]).chain(&manifests);
    for path in written {
        undo.note(path).map_err(|cause| InstallError::file(path, cause))?;
    }
    for plan in plans {
        write(plan, scope, program, places, manifest, out)?;
    }
    learn_agents(plans, places)?;
    // Last, because another program is asked about what was written.
    for plan in plans.iter().filter(|plan| plan.host.profile().trusts_hooks_by_name) {
        trust_in_codex(&plan.settings, places, manifest, undo, out)?;
    }
    Ok(())
}

fn take_back(undo: Undo, out: &mut dyn Write) -> io::Result<()> {
    match undo.take_back() {
        Ok(()) => writeln!(out, "nothing is installed: what was written is taken back"),
        Err(failed) => failed
            .into_iter()
            .try_for_each(|(path, cause)| writeln!(out, "`{}` could not be put back: {cause}", path.display())),
    }
}

fn plans(order: &Order, places: &Places, program: &Path, earlier: &Manifest) -> Result<Vec<Plan>, InstallError> {
    let mut chosen = Vec::new();
    for host in order.hosts.iter().filter(|host| !order.found || is_found(**host)) {
        match places.settings(*host, order.scope) {
            Some(settings) => chosen.push((*host, settings)),
            None if order.all || order.found => {}
            None => return Err(InstallError::NoProjectScope(host.title())),
        }
    }
    let versions = versions(&chosen);
    let with_versions = chosen.into_iter().zip(versions);
    with_versions.map(|(host, version)| plan(order, places, program, earlier, host, version)).collect()
}

/// Each program takes a second or more to tell its version: all are asked at once.
fn versions(hosts: &[(Host, PathBuf)]) -> Vec<Option<Version>> {
    thread::scope(|scope| {
        let asked: Vec<_> = hosts.iter().map(|(host, _)| scope.spawn(|| program_version(*host))).collect();
        asked.into_iter().map(|asked| asked.join().ok().flatten()).collect()
    })
}

fn plan(
    order: &Order,
    places: &Places,
    program: &Path,
    earlier: &Manifest,
    (host, path): (Host, PathBuf),
    version: Option<Version>,
) -> Result<Plan, InstallError> {
    let config_path = places.config(host);
    let config = Config { confine: confine_beside(host, program, &config_path), ..config(order, &config_path)? };
    let line = Program::new(program, &config_path)?;
    let before = files::read_if_any(&path).map_err(|cause| InstallError::file(&path, cause))?;
    let wanted = entries::entries(host, version, &line, &config);
    let text = before.as_deref().unwrap_or_default();
    // What an earlier install wrote and nobody touched is written anew, so that it can be taken back to the byte.
    let own = earlier.find(&path).and_then(|install| entries::untouched(install, host, text));
    let after = settings::with_entries(host, &path, own.as_deref().unwrap_or(text), &wanted)?;
    Ok(Plan { host, version, settings: path, is_again: own.is_some(), before, after, config_path, config })
}

/// The launcher that was installed beside this program, where this host's calls can be run by it and it confines all. Limits that the
/// person wrote into the config stay.
fn confine_beside(host: Host, program: &Path, config: &Path) -> Option<Confine> {
    confine::rewrite_of(host)?;
    let launcher = program.with_file_name("ccc-confine").canonicalize().ok()?;
    (confine::probed(&launcher)? == "full").then(|| Confine {
        launcher,
        ..Config::load(config).ok().and_then(|before| before.confine).unwrap_or_default()
    })
}

/// What was asked for, over what the last install of this host said.
fn config(order: &Order, path: &Path) -> Result<Config, InstallError> {
    let last = if path.exists() { Some(Config::load(path)?) } else { None };
    let secrets = match (&order.secrets, &last) {
        (Some(given), _) => std::path::absolute(given).map_err(|cause| InstallError::file(given, cause))?,
        (None, Some(last)) => last.secrets.clone(),
        (None, None) => return Err(InstallError::NoSecrets),
    };
    let from_last = |field: fn(&Config) -> Option<String>| last.as_ref().and_then(field);
    let hold_seconds = order.hold_seconds.or(last.as_ref().map(|last| last.hold_seconds));
    let hold_seconds = hold_seconds.unwrap_or_else(config::hold_seconds_default);
    if hold_seconds > config::HOLD_SECONDS_MAX {
        return Err(ConfigError::HoldTooLong(hold_seconds).into());
    }
    let url = order.url.clone().or_else(|| from_last(|last| Some(last.url.clone())));
    let mut config = Config {
        url: url.unwrap_or_else(|| ccc_client::DEFAULT_URL.to_owned()),
        secrets,
        user: order.user.clone().or_else(|| from_last(|last| last.user.clone())),
        hold_seconds,
        confine: None,
        canary: from_last(|last| last.canary.clone()),
    };
    let agent = Identity::of_agent(&read_secrets(&config.secrets)?, config.user.as_deref())?;
    config.user = Some(agent.user.to_string());
    Ok(config)
}

fn check_bridge(config: &Config) -> Result<(), InstallError> {
    let actions = Connection::open(config)?.actions()?;
    if actions.iter().any(|action| action == USE_TOOL) { Ok(()) } else { Err(InstallError::NoToolCalls) }
}

fn tell(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: would write {}", plan.host, plan.config_path.display())?;
    if plan.before.as_deref() == Some(&plan.after) {
        return writeln!(out, "{}: {} is as it should be", plan.host, plan.settings.display());
    }
    writeln!(out, "{}: would make {} read", plan.host, plan.settings.display())?;
    writeln!(out, "{}", plan.after.trim_end())
}

/// For programs: what each agent's settings say, and would say.
fn tell_json(plans: &[Plan], out: &mut dyn Write) -> io::Result<()> {
    let told: Vec<Value> = plans
        .iter()
        .map(|plan| {
            let (before, after) = (plan.before.as_deref().unwrap_or_default(), &plan.after);
            let is_config = Config::load(&plan.config_path).is_ok_and(|config| config == plan.config);
            json!({
                "agent": plan.host.name(), "title": plan.host.title(), "settings": plan.settings.display().to_string(),
                "before": before, "after": after, "in_place": before == after && is_config,
            })
        })
        .collect();
    writeln!(out, "{}", Value::Array(told))
}

/// True where the agent's program is one that a shell would find.
fn is_found(host: Host) -> bool {
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&dirs).any(|dir| dir.join(host.profile().program).is_file())
}

fn write(
    plan: &Plan,
    scope: Scope,
    program: &Path,
    places: &Places,
    manifest: &mut Manifest,
    out: &mut dyn Write,
) -> Result<(), InstallError> {
    let config = serde_json::to_string_pretty(&plan.config).map_err(io::Error::from)?;
    files::write_private(&plan.config_path, &format!("{config}\n"))
        .map_err(|cause| InstallError::file(&plan.config_path, cause))?;
    // Recorded before the settings change: what is written can always be removed.
    let unchanged = plan.before.as_deref() == Some(&plan.after);
    manifest.put(Install {
        agent: plan.host.name().to_owned(),
        scope: scope.name().to_owned(),
        settings: plan.settings.clone(),
        config: plan.config_path.clone(),
        program: program.to_owned(),
        backup: if unchanged || plan.is_again { None } else { back_up(plan)? },
        created: Some(plan.before.is_none()),
        version: plan.version,
        proven: earlier_proof(manifest, plan, unchanged),
        trusted: Vec::new(),
    });
    manifest.save(&places.manifest())?;
    if unchanged {
        writeln!(out, "{}: already installed in {}", plan.host, plan.settings.display())?;
    } else {
        files::write_settings(&plan.settings, &plan.after)
            .map_err(|cause| InstallError::file(&plan.settings, cause))?;
        writeln!(out, "{}: installed in {}", plan.host, plan.settings.display())?;
    }
    if confine::rewrite_of(plan.host).is_some() {
        writeln!(out, "{}: {}", plan.host, can_confine(plan, places))?;
    }
    Ok(())
}

/// What was proven of these very settings.
fn earlier_proof(manifest: &Manifest, plan: &Plan, unchanged: bool) -> Option<Version> {
    manifest.find(&plan.settings).filter(|_| unchanged).and_then(|install| install.proven)
}

fn can_confine(plan: &Plan, places: &Places) -> String {
    match (&plan.config.confine, confine::against(plan.host, &places.project)) {
        (None, _) => {
            "calls cannot be confined: no `ccc-confine` beside this program that confines at level `full`".to_owned()
        }
        (Some(_), Some(what)) => format!("calls are not confined because of {what}"),
        (Some(_), None) => "calls can be confined where the bridge's rules say so".to_owned(),
    }
}

/// As far as Codex offers it; what is left is for the person to do.
fn trust_in_codex(
    settings: &Path,
    places: &Places,
    manifest: &mut Manifest,
    undo: &mut Undo,
    out: &mut dyn Write,
) -> Result<(), InstallError> {
    let config = codex_trust::config(places);
    undo.note(&config).map_err(|cause| InstallError::file(&config, cause))?;
    match codex_trust::trust(places, settings) {
        Ok(keys) => {
            writeln!(out, "codex: trusts these hooks now")?;
            manifest.note_trust(settings, keys);
            manifest.save(&places.manifest())?;
        }
        Err(error) => {
            writeln!(out, "codex: {error}")?;
            writeln!(
                out,
                "codex: NOT IN FORCE YET. Start `codex`, enter /hooks, and trust the hooks in {}",
                settings.display()
            )?;
        }
    }
    Ok(())
}

fn back_up(plan: &Plan) -> Result<Option<PathBuf>, InstallError> {
    let Some(before) = &plan.before else { return Ok(None) };
    files::back_up(&plan.settings, before).map(Some).map_err(|cause| InstallError::file(&plan.settings, cause))
}

fn learn_agents(plans: &[Plan], places: &Places) -> Result<(), InstallError> {
    let path = places.agents();
    let mut agents = Registry::load(&path);
    for plan in plans {
        agents.learn(plan.host, registry::discover(plan.host, places), random_id)?;
    }
    agents.save(&path).map_err(|cause| InstallError::file(&path, cause))
}

fn random_id() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}
