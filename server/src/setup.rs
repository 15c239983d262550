//! Everything a server needs to know before it starts: flags, environment, config, secrets and keys, read and checked
//! together. What cannot be served safely is refused here, with the sentence that mends it.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ccc_core::{
    config::{self, Bind, Config, Password, Smtp},
    desk::MailPermissions,
    law::Law,
    policy::lint,
    user::{User, Users},
    volume::{Volume, Volumes},
};
use ccc_protocol::secrets::Secrets;

use crate::{
    args::Wishes,
    places::{self, Surroundings, resolved},
    programs::Programs,
    socket_file::SocketPlan,
};

/// The port where nothing else is said.
pub const PORT: u16 = 3015;

/// What a server is to do, checked.
#[derive(Debug)]
pub struct Setup {
    /// The config file, where there is one.
    pub config_file: Option<PathBuf>,
    /// The secrets file.
    pub secrets_file: PathBuf,
    /// Who may sign.
    pub secrets: Secrets,
    /// Config and secrets as decisions need them.
    pub law: Law,
    /// Where to listen for TCP.
    pub tcp: Option<SocketAddr>,
    /// Where to listen on a file.
    pub socket: Option<SocketPlan>,
    /// Names under which the server is asked for, beside loopback names.
    pub hosts: Vec<String>,
    /// Whether the seed system's headers are taken.
    pub legacy_signatures: bool,
    /// Whether effects are replaced by words.
    pub dry_run: bool,
    /// The mail server, with the password as it stands in its file.
    pub smtp: Option<Smtp>,
    /// The data directory.
    pub data: PathBuf,
    /// The key of the audit checkpoints.
    pub audit_key_file: PathBuf,
    /// Where checkpoints go.
    pub checkpoint_file: PathBuf,
    /// A program of the owner's that gets each checkpoint.
    pub checkpoint_command: Option<Vec<String>>,
    /// The mail permission file, and what it says.
    pub mail: Option<(PathBuf, MailPermissions)>,
    /// What somebody should look at, a sentence each.
    pub warnings: Vec<String>,
}

/// Why there is no setup: a sentence each, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SetupError(pub Vec<String>);

impl From<String> for SetupError {
    fn from(sentence: String) -> Self {
        Self(vec![sentence])
    }
}

impl Setup {
    /// Reads everything.
    ///
    /// # Errors
    /// What is missing, unreadable, or not safe to serve.
    pub fn read(wishes: &Wishes, around: &Surroundings) -> Result<Self, SetupError> {
        let mut warnings = vec![];
        let (config_file, mut config) = read_config(wishes, around)?;
        let base = config_file.as_deref().and_then(Path::parent).map_or_else(|| around.here.clone(), Path::to_owned);
        let at = |text: &str| around.absolute(&base, text);

        if let Some(overrides) = config.policy_overrides.clone() {
            warnings.extend(adopt_seed_overrides(&mut config, &at(&overrides))?);
        }
        let secrets_file = secrets_file(wishes, &config, around, &base)?;
        let secrets = read_secrets(&secrets_file)?;
        let volumes = volumes(wishes, &config, around, &base)?;
        let law = law(&mut config, &secrets, volumes, around)?;

        let data = wish(&wishes.data, around).or_else(|| config.data.as_deref().map(at)).or_else(|| around.data_dir());
        let data = data.ok_or_else(|| "there is no directory for data; name one with `--data DIR`".to_owned())?;
        let key_dir = config_file.as_deref().and_then(Path::parent).map(Path::to_owned).or_else(|| around.config_dir()).unwrap_or_else(|| base.clone());
        let mail_file = wish(&wishes.mail_perms, around).or_else(|| config.mail_perms.as_deref().map(at));
        let setup = Self {
            tcp: tcp(wishes, &config)?,
            socket: socket(wishes, &config, around, &base),
            hosts: config.hosts.clone(),
            legacy_signatures: config.legacy_signatures,
            dry_run: wishes.dry_run,
            smtp: config.smtp.clone().map(|smtp| with_password(smtp, &at)).transpose()?,
            audit_key_file: config.audit.key_file.as_deref().map_or_else(|| key_dir.join("audit.key"), at),
            checkpoint_file: config.audit.checkpoint_file.as_deref().map_or_else(|| data.join("checkpoints.jsonl"), at),
            checkpoint_command: config.audit.checkpoint_command.clone(),
            mail: mail_file.map(read_mail_permissions).transpose()?,
            config_file,
            secrets_file,
            secrets,
            law,
            data,
            warnings,
        };
        setup.checked()
    }

    fn checked(mut self) -> Result<Self, SetupError> {
        let mut faults = vec![];
        if self.tcp.is_none() && self.socket.is_none() {
            faults.push("there is nothing to listen on; give an address as `bind` or a file as `socket`".to_owned());
        }
        if resolved(&self.audit_key_file).starts_with(resolved(&self.data)) {
            let key = self.audit_key_file.display();
            faults.push(format!("the audit key {key} lies in the data directory it is to watch over; name a file elsewhere as `audit.key_file`"));
        }
        faults.extend(self.exposed());
        if !faults.is_empty() {
            return Err(SetupError(faults));
        }
        self.warnings.extend(self.findings());
        Ok(self)
    }

    /// A volume that holds what the agent must never reach.
    fn exposed(&self) -> Vec<String> {
        let mut faults = vec![];
        for volume in self.law.volumes.iter() {
            let root = resolved(Path::new(&volume.host));
            for (what, path) in self.private_places() {
                if resolved(path).starts_with(&root) {
                    faults.push(format!(
                        "the volume {}={} holds {what} {}, which an agent could then read or replace; mount a directory without it, or move it",
                        volume.container(),
                        volume.host,
                        path.display()
                    ));
                }
            }
        }
        faults
    }

    fn private_places(&self) -> Vec<(&'static str, &Path)> {
        let optional = [
            ("the config", self.config_file.as_deref()),
            ("the mail permissions", self.mail.as_ref().map(|(path, _)| path.as_path())),
            ("the socket", self.socket.as_ref().map(|socket| socket.path.as_path())),
        ];
        let always: [(&str, &Path); 4] = [
            ("the secrets", &self.secrets_file),
            ("the data", &self.data),
            ("the audit key", &self.audit_key_file),
            ("the checkpoints", &self.checkpoint_file),
        ];
        let given = optional.into_iter().filter_map(|(what, path)| Some((what, path?)));
        always.into_iter().chain(given).collect()
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
            ("where checkpoints go", self.checkpoint_file != other.checkpoint_file || self.checkpoint_command != other.checkpoint_command),
            ("the mail server", self.smtp != other.smtp),
            ("the secrets file's place", self.secrets_file != other.secrets_file),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(what, _)| what).collect()
    }

    /// What is allowed and still deserves a look.
    fn findings(&self) -> Vec<String> {
        let missing_volumes = self.law.volumes.iter().filter(|volume| !Path::new(&volume.host).is_dir());
        let missing_volumes = missing_volumes.map(|volume| format!("the volume {} is {}, which is no directory", volume.container(), volume.host));
        let missing_programs = config::missing_programs(&self.law).into_iter().map(|(place, program)| format!("{place}: there is no program `{program}`"));
        let mut found: Vec<String> = missing_volumes.chain(missing_programs).collect();
        found.extend(lint(&self.law.rulebook, &self.law.catalogue, &self.law.users));
        if self.legacy_signatures {
            found.push("legacy_signatures is on: the seed's headers are taken, which sign neither method, path nor nonce".to_owned());
        }
        if let Some(addr) = self.tcp.filter(|addr| !addr.ip().is_loopback()) {
            found.push(format!("requests to {addr} are authentic, but readable for everybody on that network"));
        }
        found.extend(self.loose_modes());
        found
    }

    fn loose_modes(&self) -> Vec<String> {
        let files = [Some(self.data.as_path()), self.mail.as_ref().map(|(path, _)| path.as_path())];
        let loose = files.into_iter().flatten().filter(|path| places::is_open_to_others(path).unwrap_or(false));
        loose.map(|path| format!("others can read {0}; run `chmod go= {0}`", path.display())).collect()
    }
}

/// The config that is named, or the one that lies where configs lie, or none.
fn read_config(wishes: &Wishes, around: &Surroundings) -> Result<(Option<PathBuf>, Config), SetupError> {
    let named = wish(&wishes.config, around);
    let usual = around.config_dir().map(|dir| dir.join("config.toml")).filter(|path| path.is_file());
    let Some(path) = named.or(usual) else {
        return Ok((None, Config::default()));
    };
    let text = read_text("the config", &path)?;
    let is_seeds = path.extension().is_some_and(|extension| extension == "json");
    let config = if is_seeds { config::read_seed_json(&text) } else { config::read(&text) };
    match config {
        Ok(config) => Ok((Some(path), config)),
        Err(error) => Err(SetupError(error.faults.iter().map(|fault| format!("{}: {fault}", path.display())).collect())),
    }
}

fn adopt_seed_overrides(config: &mut Config, path: &Path) -> Result<Vec<String>, SetupError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(format!("the policy overrides {} cannot be read: {error}", path.display()).into()),
    };
    let overrides = config::read_seed_overrides(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let unknown = config.override_as_seed(&overrides);
    Ok(unknown.into_iter().map(|name| format!("{}: `{}` is no action or group here", path.display(), name.escape_debug())).collect())
}

fn secrets_file(wishes: &Wishes, config: &Config, around: &Surroundings, base: &Path) -> Result<PathBuf, SetupError> {
    let configured = || config.secrets.as_deref().map(|text| around.absolute(base, text));
    let found = wish(&wishes.secrets, around).or_else(configured);
    found.ok_or_else(|| {
        "there is no secrets file; make one with `ccc-keygen --create user,agent --can-approve user=agent` and name it with `--secrets secrets.json`".to_owned().into()
    })
}

fn read_secrets(path: &Path) -> Result<Secrets, SetupError> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no secrets file {shown}; make one with `ccc-keygen --create user,agent --can-approve user=agent --output {shown}`"),
        _ => format!("the secrets file {shown} cannot be read: {error}"),
    })?;
    if places::is_open_to_others(path).unwrap_or(true) {
        return Err(format!("others can read the secrets file; run `chmod 600 {shown}`").into());
    }
    Secrets::parse(&text).map_err(|error| SetupError(error.to_string().lines().map(|line| format!("{shown}: {line}")).collect()))
}

/// Volumes of flags first, in their order, then those of the file that no flag gives otherwise.
fn volumes(wishes: &Wishes, config: &Config, around: &Surroundings, base: &Path) -> Result<Volumes, SetupError> {
    let flagged = wishes.volumes.iter().map(|(container, host)| (container.as_str(), around.absolute(&around.here, host)));
    let is_flagged = |container: &str| wishes.volumes.iter().any(|(flagged, _)| same_directory(flagged, container));
    let filed = config.volumes.iter().filter(|(container, _)| !is_flagged(container));
    let filed = filed.map(|(container, host)| (container.as_str(), around.absolute(base, host)));
    let volume = |(container, host): (&str, PathBuf)| match host.into_os_string().into_string() {
        Ok(host) => Volume::new(container, host).map_err(|error| error.to_string()),
        Err(host) => Err(format!("the volume {container} is `{}`, which is no UTF-8 text", host.display())),
    };
    let list = flagged.chain(filed).map(volume).collect::<Result<Vec<_>, _>>()?;
    Ok(Volumes::new(list, config.default_volume.as_deref()).map_err(|error| error.to_string())?)
}

fn same_directory(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn law(config: &mut Config, secrets: &Secrets, volumes: Volumes, around: &Surroundings) -> Result<Law, SetupError> {
    if config.desktop.editor.is_none() {
        config.desktop.editor = default_editor(around);
    }
    let hosts: Vec<PathBuf> = volumes.iter().map(|volume| PathBuf::from(&volume.host)).collect();
    let programs = Programs::outside(hosts, around);
    let law = config.law(users(secrets), volumes, |program| programs.find(program));
    law.map_err(|error| SetupError(error.faults.iter().map(ToString::to_string).collect()))
}

/// `$VISUAL`, word by word and never through a shell; macOS has an opener for text.
fn default_editor(around: &Surroundings) -> Option<Vec<String>> {
    let visual = around.visual.as_ref().map(|visual| visual.split_whitespace().map(str::to_owned).collect());
    visual.or_else(|| cfg!(target_os = "macos").then(|| vec!["open".to_owned(), "-t".to_owned()]))
}

fn users(secrets: &Secrets) -> Users {
    Users::new(secrets.users().map(|(name, user)| (name.clone(), User { can_approve: user.can_approve.clone(), roles: user.roles.clone() })))
}

fn tcp(wishes: &Wishes, config: &Config) -> Result<Option<SocketAddr>, SetupError> {
    let wished = wishes.bind.as_deref().map(str::parse::<Bind>).transpose().map_err(|why| format!("`bind`: {why}"))?;
    let ip = match wished.or(config.bind).unwrap_or(Bind::At(IpAddr::from([127, 0, 0, 1]))) {
        Bind::Nowhere => return Ok(None),
        Bind::At(ip) => ip,
    };
    if !ip.is_loopback() && !wishes.allow_remote && !config.allow_remote {
        return Err(format!(
            "{ip} is no loopback address: requests would be authentic, but readable on that network; say `--allow-remote` or `allow_remote = true` if that is meant, or use a Unix socket"
        )
        .into());
    }
    Ok(Some(SocketAddr::new(ip, wishes.port.or(config.port).unwrap_or(PORT))))
}

fn socket(wishes: &Wishes, config: &Config, around: &Surroundings, base: &Path) -> Option<SocketPlan> {
    let configured = || config.socket.as_deref().map(|text| around.absolute(base, text));
    let path = wish(&wishes.socket, around).or_else(configured)?;
    Some(SocketPlan { path, mode: config.socket_mode.unwrap_or(0o600), group: config.socket_group.clone() })
}

/// The mail server with its password read, so that a missing file shows now and not at the first mail.
fn with_password(smtp: Smtp, at: &impl Fn(&str) -> PathBuf) -> Result<Smtp, SetupError> {
    let Some(Password::File(file)) = &smtp.password else {
        return Ok(smtp);
    };
    let path = at(file);
    let text = read_text("the mail password", &path)?;
    if places::is_open_to_others(&path).unwrap_or(true) {
        return Err(format!("others can read the mail password; run `chmod 600 {}`", path.display()).into());
    }
    let password = text.lines().next().unwrap_or_default().to_owned();
    Ok(Smtp { password: Some(Password::Inline(password)), ..smtp })
}

/// The file wins over what is stored; one that is not there yet permits nothing.
fn read_mail_permissions(path: PathBuf) -> Result<(PathBuf, MailPermissions), SetupError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, MailPermissions::default())),
        Err(error) => return Err(format!("the mail permissions {} cannot be read: {error}", path.display()).into()),
    };
    match serde_json::from_str(&text) {
        Ok(permissions) => Ok((path, permissions)),
        Err(error) => Err(format!("{}: {error}; write `{{\"allowed\":[{{\"user\":NAME,\"to\":ADDRESS,\"topic\":TEXT or null}}]}}`", path.display()).into()),
    }
}

fn read_text(what: &str, path: &Path) -> Result<String, SetupError> {
    fs::read_to_string(path).map_err(|error| format!("{what} {} cannot be read: {error}", path.display()).into())
}

/// A path from the command line or environment.
fn wish(path: &Option<PathBuf>, around: &Surroundings) -> Option<PathBuf> {
    path.as_ref().map(|path| around.here.join(path))
}
