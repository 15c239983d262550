//! The config file: read, checked whole, and made into law together with secrets, volumes and the programs that were found.
//!
//! Text in, values out: the server reads files, looks up programs and resolves volumes, and passes what it found.

mod action;
mod command;
mod error;
mod file;
mod param;
mod reach;
mod read;
mod seed;
mod starter;

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use ccc_protocol::{Digest, actions::USE_TOOL, bodies::Policy, visible};
use ccc_toolcall::programs::own::Own;
use serde::Deserialize;
use zeroize::Zeroize as _;

pub use error::{ConfigError, Fault, Position};
pub use read::read;
pub use seed::{SeedOverrides, read_seed_json, read_seed_overrides};
pub use starter::starter;

use crate::{
    catalogue::{Catalogue, Effect},
    fence::{FenceLaw, FenceSpec},
    law::{Desktop, Law},
    limits::Limits,
    plan::Place,
    policy::{RuleSpec, Rulebook, spec::OneOrMany},
    risk::{RiskLaw, RiskSpec, SequenceSpec, patterns::Patterns},
    user::Users,
    volume::Volumes,
};
use action::Declared;

/// Everything that the file says. What it does not say is `None`, so that flags, environment and defaults can be told apart.
/// Paths are as written, relative to the file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where to listen for TCP.
    pub bind: Option<Bind>,
    /// The TCP port; 0 lets the system choose one.
    pub port: Option<u16>,
    /// The Unix socket's path.
    pub socket: Option<String>,
    /// Its permission bits; 0600 by default.
    pub socket_mode: Option<u32>,
    /// The group it is given to: a name or number from `/etc/group`.
    pub socket_group: Option<String>,
    /// Hosts that requests may name, beside loopback names and the bound addresses.
    pub hosts: Vec<String>,
    /// True where binding beyond loopback is meant.
    pub allow_remote: bool,
    /// The file of users and secrets. A flag overrides it; with neither the server does not start.
    pub secrets: Option<String>,
    /// The directory of the database; in XDG's data directory by default.
    pub data: Option<String>,
    /// The seed's file of mail permissions.
    pub mail_perms: Option<String>,
    /// The seed's file of policy overrides.
    pub policy_overrides: Option<String>,
    /// True where the seed's headers are accepted.
    pub legacy_signatures: bool,
    /// Container path and host path, in the order of the file.
    pub volumes: Vec<(String, String)>,
    /// The volume that relative paths belong to.
    pub default_volume: Option<String>,
    /// The person's own programs, as written.
    pub desktop: Desktop,
    /// What `[limits]` changes of the defaults.
    pub limits: Limits,
    /// Without it `send-email` cannot be asked for.
    pub smtp: Option<Smtp>,
    /// Where the audit log's checkpoints go.
    pub audit: Audit,
    /// Programs that tool calls run, as the file teaches them.
    pub programs: Own,
    /// Patterns of attack: those that ship and the file's own.
    pub patterns: Arc<Patterns>,
    actions: Vec<Located<Declared>>,
    rules: Vec<Located<RuleSpec>>,
    risk: RiskSpec,
    sequences: Vec<SequenceSpec>,
    /// Of the file's text.
    digest: Option<Digest>,
    fence: FenceSpec,
}

/// The rule by which a bridge guards its own files; where these lie, the server says and not the file.
pub const GUARD: &str = "this bridge's own files";

/// Where to listen for TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bind {
    /// Nowhere: the Unix socket alone.
    Nowhere,
    /// At this address; one beyond loopback is refused without `allow_remote`.
    At(IpAddr),
}

/// `[smtp]`: the one server that every mail is handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// A name or an address; with TLS the certificate must be for it.
    pub host: String,
    /// Its port; the usual one of `security` where it is not given.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// The name to log in with.
    pub user: Option<String>,
    /// That user's, from a file that its owner alone can read.
    pub password: Option<Password>,
    /// The sender of every mail.
    pub from: String,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS is asked for in the clear, and required before anything else.
    StartTls,
    /// TLS from the first byte (RFC 8314 prefers it).
    #[default]
    Tls,
    /// Readable on the way.
    None,
}

/// The mail server's password. Never shown, and overwritten when it is let go of.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// The first line of this file, relative to the config.
    File(String),
    /// In the config itself, as the seed has it.
    Inline(String),
}

impl Drop for Password {
    fn drop(&mut self) {
        if let Self::Inline(password) = self {
            password.zeroize();
        }
    }
}

/// Where the audit log's checkpoints go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// The key that signs them. Beside the config, never in the data directory.
    pub key_file: Option<String>,
    /// The file they are appended to.
    pub checkpoint_file: Option<String>,
    /// A program that gets each on its standard input.
    pub checkpoint_command: Option<Vec<String>>,
    /// How often one is made where there are new entries, in seconds.
    pub checkpoint_seconds: Option<u64>,
}

/// Something of the file and where it stands.
#[derive(Debug, Clone)]
struct Located<T> {
    position: Position,
    value: T,
}

impl Config {
    /// The law: this file with users, volumes and programs. `found` gives a program's absolute path; none where there is no
    /// such program, or where it lies in a volume. A name that is nowhere stays as it is, and running it fails.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn law(
        &self,
        users: Users,
        volumes: Volumes,
        found: impl Fn(&str) -> Option<String>,
    ) -> Result<Law, ConfigError> {
        let catalogue =
            action::catalogue(&self.actions, &self.limits, &found).map_err(|faults| ConfigError { faults })?;
        ConfigError::unless_none(action::check_defaults(&catalogue, &volumes))?;
        Ok(Law {
            risk: self.risk_law(&catalogue)?,
            fence: self.fence_law()?,
            rulebook: self.rulebook(&catalogue)?,
            catalogue,
            users,
            limits: self.limits.clone(),
            volumes,
            desktop: self.found_desktop(found)?,
            programs: self.programs.clone(),
            config: self.digest,
            patterns: Arc::clone(&self.patterns),
            dry_run: false,
        })
    }

    /// The program that gets checkpoints, found as those of actions are. Where it is nowhere, nobody would notice that none
    /// leaves this machine: that is a fault.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checkpoint_command(
        &self,
        found: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(words) = &self.audit.checkpoint_command else { return Ok(None) };
        let absolute = || -> Result<Vec<String>, String> {
            let (program, args) = words.split_first().ok_or("it is empty: write the program and its arguments")?;
            match command::find(program, found)? {
                program if program.starts_with('/') => Ok([vec![program], args.to_vec()].concat()),
                program => Err(format!("there is no program `{program}`, or only where an agent could replace it")),
            }
        };
        let fault = |why| Fault::anywhere(format!("`audit.checkpoint_command`: {why}"));
        absolute().map(Some).map_err(|why| ConfigError { faults: vec![fault(why)] })
    }

    /// Denies agents' own tool calls that touch these absolute paths, or what lies beneath them, whatever other rules say:
    /// the bridge's files, where this very server keeps them.
    pub fn guard(&mut self, paths: Vec<String>) {
        let under = toml::Value::Array(paths.into_iter().map(toml::Value::String).collect());
        let rule = RuleSpec {
            name: GUARD.to_owned(),
            action: OneOrMany::One(USE_TOOL.to_owned()),
            caller: None,
            conditions: [("path".to_owned(), toml::Table::from_iter([("under".to_owned(), under)]).into())].into(),
            policy: Policy::AutoDeny,
            approve: None,
            grants: None,
            reason: Some("this touches the bridge's own files, which are not the agent's".to_owned()),
        };
        self.rules.push(Located { position: Position { line: 0, column: 0 }, value: rule });
    }

    fn risk_law(&self, catalogue: &Catalogue) -> Result<RiskLaw, ConfigError> {
        RiskLaw::read(&self.risk, &self.sequences, catalogue)
            .map_err(|whys| ConfigError { faults: whys.into_iter().map(Fault::anywhere).collect() })
    }

    fn fence_law(&self) -> Result<FenceLaw, ConfigError> {
        self.fence.law().map_err(|why| ConfigError { faults: vec![Fault::anywhere(why)] })
    }

    fn rulebook(&self, catalogue: &Catalogue) -> Result<Rulebook, ConfigError> {
        let specs: Vec<RuleSpec> = self.rules.iter().map(|rule| rule.value.clone()).collect();
        Rulebook::compile(&specs, catalogue).map_err(|whys| {
            let faults = whys.into_iter().map(|why| match self.position_of_rule(&why) {
                Some(position) => Fault::at(position, why),
                None => Fault::anywhere(why),
            });
            ConfigError { faults: faults.collect() }
        })
    }

    /// Where the rule stands that this error names.
    fn position_of_rule(&self, why: &str) -> Option<Position> {
        let named = |rule: &&Located<RuleSpec>| why.starts_with(&format!("rule `{}`: ", rule.value.name));
        // Of two rules with one name, the later is the one too many.
        self.rules.iter().rfind(named).map(|rule| rule.position)
    }

    fn found_desktop(&self, found: impl Fn(&str) -> Option<String>) -> Result<Desktop, Fault> {
        let mut desktop = self.desktop.clone();
        desktop.browser = desktop.browser.or_else(|| Some(words(DEFAULT_BROWSER)));
        desktop.terminal = desktop.terminal.or_else(|| Some(words(DEFAULT_TERMINAL)));
        desktop.mail_from = self.smtp.as_ref().map(|smtp| smtp.from.clone());
        for (place, words) in [
            (Place::Editor, &mut desktop.editor),
            (Place::Browser, &mut desktop.browser),
            (Place::Terminal, &mut desktop.terminal),
        ] {
            let Some(program) = words.as_mut().and_then(|words| words.first_mut()) else { continue };
            let absolute = command::find(program, &found);
            *program = absolute.map_err(|why| Fault::anywhere(format!("`desktop.{}`: {why}", place.key())))?;
        }
        Ok(desktop)
    }
}

const DEFAULT_BROWSER: &[&str] = if cfg!(target_os = "macos") { &["open", "{url}"] } else { &["xdg-open", "{url}"] };
const DEFAULT_TERMINAL: &[&str] =
    if cfg!(target_os = "macos") { &["open", "-a", "Terminal", "{path}"] } else { &["x-terminal-emulator"] };

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The programs of this law that were not found: what they are for, and their names.
#[must_use]
pub fn missing_programs(law: &Law) -> Vec<(String, String)> {
    let of_actions = law.catalogue.iter().filter_map(|action| match &action.effect {
        Effect::Run(command) => Some((format!("action `{}`", action.name), command.program.clone())),
        _ => None,
    });
    let of_desktop = Place::ALL.into_iter().filter_map(|place| {
        let program = place.words(&law.desktop)?.first()?;
        Some((format!("`desktop.{}`", place.key()), program.clone()))
    });
    of_actions.chain(of_desktop).filter(|(_, program)| !program.starts_with('/')).collect()
}

impl FromStr for Bind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(Self::Nowhere),
            "localhost" => Ok(Self::At(IpAddr::from([127, 0, 0, 1]))),
            address => address.parse().map(Self::At).map_err(|_| {
                format!(
                    "`{}` is no address to listen at: write one such as `127.0.0.1` or `::1`, or nothing for no TCP",
                    visible::escaped(text)
                )
            }),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({path:?})"),
            Self::Inline(_) => f.write_str("Inline(…)"),
        }
    }
}

#[cfg(test)]
mod tests;
