//! Everything a server needs to know before it starts: flags, environment, config, secrets and keys, read and checked
//! together. What cannot be served safely is refused here, with the sentence that mends it.

mod files;
mod findings;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use ccc_core::{
    catalogue::{Action, Effect},
    config::{Bind, Config, ConfigError, Password, Smtp},
    desk::MailPermissions,
    law::Law,
    limits::Limits,
    user::{User, Users},
    volume::{Volume, Volumes},
};
use ccc_protocol::{private_file::Exposure, secrets::Secrets, store::DATABASE};

use crate::{
    args::Wishes,
    confine::Confine,
    places::{Surroundings, resolved},
    programs::Programs,
    socket_file::SocketPlan,
    volumes::pinned,
};

pub(crate) use self::files::read_mail_permissions;
use self::files::{adopt_seed_overrides, read_config, read_secrets, with_password};

/// The port where nothing else is said.
pub(crate) const PORT: u16 = 3015;

/// What a server is to do, checked.
#[derive(Debug)]
pub struct Setup {
    /// Where the config was read. Without one, built-in actions alone.
    pub config_file: Option<PathBuf>,
    /// Where [`Self::secrets`] was read, and is read again.
    pub secrets_file: PathBuf,
    /// Who may sign, and who may approve for whom.
    pub secrets: Secrets,
    /// Config and secrets as decisions need them.
    pub law: Law,
    /// The TCP address, port 0 for any; none where `--bind ""` says so.
    pub tcp: Option<SocketAddr>,
    /// The Unix socket, beside TCP or alone.
    pub socket: Option<SocketPlan>,
    /// Names under which the server is asked for, beside loopback names.
    pub hosts: Vec<String>,
    /// Whether the seed system's headers are taken.
    pub legacy_signatures: bool,
    /// Whether effects are replaced by words.
    pub dry_run: bool,
    /// The mail server, with the password as it stands in its file.
    pub smtp: Option<Smtp>,
    /// That file, where the password has one.
    pub mail_password_file: Option<PathBuf>,
    /// The seed's policy overrides, where the config names them.
    pub policy_overrides_file: Option<PathBuf>,
    /// The directory of database, lock and checkpoints.
    pub data: PathBuf,
    /// The key of the audit checkpoints.
    pub audit_key_file: PathBuf,
    /// Whether a lost key may be replaced by a new one.
    pub new_audit_key: bool,
    /// The file that checkpoints are appended to.
    pub checkpoint_file: PathBuf,
    /// A program of the owner's that gets each checkpoint.
    pub checkpoint_command: Option<Vec<String>>,
    /// How long new entries may stand without a checkpoint.
    pub checkpoint_every: Duration,
    /// How far programs can be confined here.
    pub confine: Confine,
    /// The mail permission file, and what it says.
    pub mail: Option<(PathBuf, MailPermissions)>,
    /// What somebody should look at, a sentence each.
    pub warnings: Vec<String>,
}

/// How long new entries stand without a checkpoint where the config does not say.
const CHECKPOINT_SECONDS: u64 = 60;

/// Why there is no setup: a sentence each, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SetupError(pub Vec<String>);

impl From<String> for SetupError {
    fn from(sentence: String) -> Self {
        Self(vec![sentence])
    }
}

impl From<ConfigError> for SetupError {
    fn from(error: ConfigError) -> Self {
        Self(error.faults.iter().map(ToString::to_string).collect())
    }
}

/// The config that a server started with these wishes would read; an empty one where there is none.
///
/// # Errors
/// When it cannot be read or is not fit.
pub(crate) fn configured(wishes: &Wishes, around: &Surroundings) -> Result<Config, SetupError> {
    Ok(Sources::read(wishes, around)?.config)
}

/// The data directory of a server that is started with these wishes.
///
/// # Errors
/// When the config cannot be read, or there is none.
pub(crate) fn data_directory(wishes: &Wishes, around: &Surroundings) -> Result<PathBuf, SetupError> {
    Sources::read(wishes, around)?.data()
}

impl Setup {
    /// Reads everything.
    ///
    /// # Errors
    /// What is missing, unreadable, or not safe to serve.
    pub fn read(wishes: &Wishes, around: &Surroundings) -> Result<Self, SetupError> {
        let mut sources = Sources::read(wishes, around)?;
        let warnings = sources.adopt_seed_overrides()?;
        let secrets_file = sources.secrets_file()?;
        let secrets = read_secrets(&secrets_file)?;
        let data = sources.data()?;
        sources.config.guard(sources.own_files(&secrets_file, &data));
        let law = sources.law(&secrets)?;
        let confine = sources.confine(&law, &secrets_file, &data, wishes.dry_run);
        let config = &sources.config;
        let audit = &config.audit;
        let setup = Self {
            tcp: sources.tcp()?,
            socket: sources.socket(),
            hosts: config.hosts.clone(),
            legacy_signatures: config.legacy_signatures,
            dry_run: wishes.dry_run,
            new_audit_key: wishes.new_audit_key,
            smtp: sources.smtp()?,
            mail_password_file: sources.mail_password_file(),
            policy_overrides_file: sources.configured(config.policy_overrides.as_ref()),
            audit_key_file: sources
                .configured(audit.key_file.as_ref())
                .unwrap_or_else(|| sources.key_dir().join("audit.key")),
            checkpoint_file: sources
                .configured(audit.checkpoint_file.as_ref())
                .unwrap_or_else(|| data.join("checkpoints.jsonl")),
            checkpoint_command: sources.checkpoint_command(&law.volumes)?,
            checkpoint_every: Duration::from_secs(audit.checkpoint_seconds.unwrap_or(CHECKPOINT_SECONDS)),
            confine,
            mail: sources.mail_file().map(read_mail_permissions).transpose()?,
            config_file: sources.file,
            secrets_file,
            secrets,
            law: Law { dry_run: wishes.dry_run, ..law },
            data,
            warnings,
        };
        setup.checked()
    }

    /// The log that the audit key has to be the key of, where there is one.
    #[must_use]
    pub(crate) fn signed_log(&self) -> Option<PathBuf> {
        self.log().filter(|_| !self.new_audit_key)
    }

    /// The log, where there is one.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        let log = self.data.join(DATABASE);
        std::fs::metadata(&log).is_ok_and(|found| found.len() > 0).then_some(log)
    }

    /// What of `other` counts only at the next start.
    #[must_use]
    pub fn needs_restart(&self, other: &Self) -> Vec<&'static str> {
        let changed = [
            ("the address", self.tcp != other.tcp),
            ("the socket", self.socket != other.socket),
            ("`hosts`", self.hosts != other.hosts),
            ("`legacy_signatures`", self.legacy_signatures != other.legacy_signatures),
            ("the data directory", self.data != other.data),
            ("the audit key", self.audit_key_file != other.audit_key_file),
            (
                "where checkpoints go",
                self.checkpoint_file != other.checkpoint_file || self.checkpoint_command != other.checkpoint_command,
            ),
            (
                "how often checkpoints are written",
                self.checkpoint_every != other.checkpoint_every
                    || self.law.limits.checkpoint_entries != other.law.limits.checkpoint_entries,
            ),
            ("`runs_max`", self.law.limits.runs_max != other.law.limits.runs_max),
            (
                "`checkpoint_command_seconds_max`",
                self.law.limits.checkpoint_command_seconds_max != other.law.limits.checkpoint_command_seconds_max,
            ),
            ("`reserve_bytes`", self.law.limits.reserve_bytes != other.law.limits.reserve_bytes),
            ("`pool_threads`", self.law.limits.pool_threads != other.law.limits.pool_threads),
            ("how much may be on its way", on_its_way(&self.law.limits) != on_its_way(&other.law.limits)),
            ("`descriptors_max`", self.law.limits.descriptors_max != other.law.limits.descriptors_max),
            ("the mail server", self.smtp != other.smtp),
            (
                "the mail permission file's place",
                self.mail.as_ref().map(|(path, _)| path) != other.mail.as_ref().map(|(path, _)| path),
            ),
            ("the secrets file's place", self.secrets_file != other.secrets_file),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(what, _)| what).collect()
    }
}

fn on_its_way(limits: &Limits) -> [u64; 3] {
    [limits.body_bytes_in_flight_max, limits.body_bytes_in_flight_per_user_max, limits.answer_bytes_unread_per_user_max]
}

/// What was asked for and what the config says, and where each stands: paths of the command line and environment are
/// relative to the current directory, those of the config to its own.
#[derive(Debug)]
struct Sources<'a> {
    wishes: &'a Wishes,
    around: &'a Surroundings,
    config: Config,
    file: Option<PathBuf>,
    /// What makes the file unfit for a secret.
    exposure: Option<Exposure>,
}

impl<'a> Sources<'a> {
    fn read(wishes: &'a Wishes, around: &'a Surroundings) -> Result<Self, SetupError> {
        let named = wishes.config.as_ref().map(|path| around.here.join(path));
        let usual = || around.config_dir().map(|dir| dir.join("config.toml")).filter(|path| path.is_file());
        let file = named.or_else(usual);
        let (config, exposure) = file.as_deref().map(read_config).transpose()?.unwrap_or_default();
        Ok(Self { wishes, around, config, file, exposure })
    }

    /// What the seed's overrides hold that means nothing here.
    fn adopt_seed_overrides(&mut self) -> Result<Vec<String>, SetupError> {
        match self.configured(self.config.policy_overrides.as_ref()) {
            Some(path) => adopt_seed_overrides(&mut self.config, &path),
            None => Ok(vec![]),
        }
    }

    fn secrets_file(&self) -> Result<PathBuf, SetupError> {
        let found = self.either(self.wishes.secrets.as_ref(), self.config.secrets.as_ref());
        found.ok_or_else(|| {
            let make = "ccc-keygen --create user,agent --can-approve user=agent";
            format!("there is no secrets file; make one with `{make}` and name it with `--secrets secrets.json`").into()
        })
    }

    fn law(&mut self, secrets: &Secrets) -> Result<Law, SetupError> {
        let volumes = self.volumes()?;
        if self.config.desktop.editor.is_none() {
            self.config.desktop.editor = default_editor(self.around);
        }
        let programs = self.programs(&volumes);
        Ok(self.config.law(users(secrets), volumes, |program| programs.find(program))?)
    }

    /// Tries what can be had, where an action is to be confined and something is to run.
    fn confine(&self, law: &Law, secrets: &Path, data: &Path, dry_run: bool) -> Confine {
        let wants =
            |action: &Action| matches!(&action.effect, Effect::Run(command) if command.reach.confined.is_some());
        match !dry_run && law.catalogue.iter().any(|action| wants(action)) {
            true => Confine::probe(self.around, &self.programs(&law.volumes), self.never(secrets, data)),
            false => Confine::unneeded(),
        }
    }

    /// What no program is given: the bridge's own, and where the hooks of agents keep theirs.
    fn never(&self, secrets: &Path, data: &Path) -> Vec<PathBuf> {
        let own = self.own_files(secrets, data).into_iter().map(PathBuf::from);
        let usual = [self.around.config_dir(), self.around.data_dir()].into_iter().flatten().map(|dir| resolved(&dir));
        own.chain(usual).collect()
    }

    fn checkpoint_command(&self, volumes: &Volumes) -> Result<Option<Vec<String>>, SetupError> {
        let programs = self.programs(volumes);
        Ok(self.config.checkpoint_command(|program| programs.find(program))?)
    }

    fn programs(&self, volumes: &Volumes) -> Programs<'a> {
        Programs::outside(volumes.iter().map(|volume| PathBuf::from(&volume.host)), self.around)
    }

    /// Volumes of flags first, in their order, then those of the file that no flag gives otherwise.
    fn volumes(&self) -> Result<Volumes, SetupError> {
        let flags = &self.wishes.volumes;
        let flagged = flags.iter().map(|(container, host)| (container, self.around.absolute(&self.around.here, host)));
        let is_flagged = |container: &str| flags.iter().any(|(flagged, _)| same_directory(flagged, container));
        let filed = self.config.volumes.iter().filter(|(container, _)| !is_flagged(container));
        let filed = filed.map(|(container, host)| (container, self.beside(host)));
        let list =
            flagged.chain(filed).map(|(container, host)| volume(container, host)).collect::<Result<Vec<_>, _>>()?;
        Ok(Volumes::new(list, self.config.default_volume.as_deref()).map_err(|error| error.to_string())?)
    }

    fn data(&self) -> Result<PathBuf, SetupError> {
        let found =
            self.either(self.wishes.data.as_ref(), self.config.data.as_ref()).or_else(|| self.around.data_dir());
        found.ok_or_else(|| "there is no directory for data; name one with `--data DIR`".to_owned().into())
    }

    fn mail_file(&self) -> Option<PathBuf> {
        self.either(self.wishes.mail_perms.as_ref(), self.config.mail_perms.as_ref())
    }

    fn smtp(&self) -> Result<Option<Smtp>, SetupError> {
        let password_file = self.mail_password_file();
        let config = self.file.as_deref().map(|file| (file, self.exposure));
        let read = |smtp| with_password(smtp, password_file.as_deref(), config);
        self.config.smtp.clone().map(read).transpose()
    }

    fn mail_password_file(&self) -> Option<PathBuf> {
        match &self.config.smtp.as_ref()?.password {
            Some(Password::File(file)) => Some(self.beside(file)),
            _ => None,
        }
    }

    fn socket(&self) -> Option<SocketPlan> {
        let path = self.either(self.wishes.socket.as_ref(), self.config.socket.as_ref())?;
        let mode = self.config.socket_mode.unwrap_or(0o600);
        Some(SocketPlan { path, mode, group: self.config.socket_group.clone() })
    }

    /// Where this server keeps what agents' tools must leave alone.
    fn own_files(&self, secrets: &Path, data: &Path) -> Vec<String> {
        let key =
            self.configured(self.config.audit.key_file.as_ref()).unwrap_or_else(|| self.key_dir().join("audit.key"));
        let socket = self.socket().map(|socket| socket.path);
        let files = [
            Some(secrets.to_owned()),
            Some(data.to_owned()),
            Some(key),
            socket,
            self.file.clone(),
            self.mail_file(),
            self.mail_password_file(),
        ];
        files.into_iter().flatten().map(|path| resolved(&path).display().to_string()).collect()
    }

    fn tcp(&self) -> Result<Option<SocketAddr>, SetupError> {
        let wished = self.wishes.bind.as_deref().map(str::parse::<Bind>).transpose();
        let wished = wished.map_err(|why| format!("`bind`: {why}"))?;
        let ip = match wished.or(self.config.bind).unwrap_or(Bind::At(IpAddr::from([127, 0, 0, 1]))) {
            Bind::Nowhere => return Ok(None),
            Bind::At(ip) => ip,
        };
        if !ip.is_loopback() && !self.wishes.allow_remote && !self.config.allow_remote {
            return Err(format!(
                "{ip} is no loopback address: requests would be authentic, but readable on that network; \
                 say `--allow-remote` or `allow_remote = true` if that is meant, or use a Unix socket"
            )
            .into());
        }
        Ok(Some(SocketAddr::new(ip, self.wishes.port.or(self.config.port).unwrap_or(PORT))))
    }

    /// Beside the config, or where configs lie.
    fn key_dir(&self) -> PathBuf {
        let beside_config = self.file.as_deref().and_then(Path::parent).map(Path::to_owned);
        beside_config.or_else(|| self.around.config_dir()).unwrap_or_else(|| self.around.here.clone())
    }

    fn either(&self, wished: Option<&PathBuf>, configured: Option<&String>) -> Option<PathBuf> {
        wished.map(|path| self.around.here.join(path)).or_else(|| self.configured(configured))
    }

    fn configured(&self, text: Option<&String>) -> Option<PathBuf> {
        text.map(|text| self.beside(text))
    }

    /// What the config calls `text`.
    fn beside(&self, text: &str) -> PathBuf {
        let base = self.file.as_deref().and_then(Path::parent).unwrap_or(&self.around.here);
        self.around.absolute(base, text)
    }
}

fn volume(container: &str, host: PathBuf) -> Result<Volume, String> {
    match host.into_os_string().into_string() {
        Ok(host) => Volume::new(container, host).map(pinned).map_err(|error| error.to_string()),
        Err(host) => Err(format!("the volume {container} is `{}`, which is no UTF-8 text", host.display())),
    }
}

fn same_directory(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// `$VISUAL`, word by word and never through a shell; macOS has an opener for text.
fn default_editor(around: &Surroundings) -> Option<Vec<String>> {
    let visual = around.visual.as_ref().map(|visual| visual.split_whitespace().map(str::to_owned).collect());
    visual.or_else(|| cfg!(target_os = "macos").then(|| vec!["open".to_owned(), "-t".to_owned()]))
}

fn users(secrets: &Secrets) -> Users {
    let without_secret =
        |user: &ccc_protocol::secrets::User| User { can_approve: user.can_approve.clone(), roles: user.roles.clone() };
    Users::new(secrets.users().map(|(name, user)| (name.clone(), without_secret(user))))
}
