//! The seed system's own files: its `config.json`, and its run-time policy overrides.

use std::collections::BTreeMap;

use ccc_protocol::bodies::Policy;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Config, Fault, Located, Password, Position, Security, Smtp, action::Declared, error::ConfigError, file::ActionSpec,
};
use crate::catalogue::Catalogue;

/// Reads a `config.json` with the seed's keys.
///
/// # Errors
/// Where the fault stands, and what to write instead.
pub fn read_seed_json(text: &str) -> Result<Config, ConfigError> {
    let file: SeedFile = json(text)?;
    Ok(Config {
        bind: file
            .bind
            .map(|bind| bind.parse())
            .transpose()
            .map_err(|why: String| Fault::anywhere(format!("`bind`: {why}")))?,
        port: file.port,
        secrets: file.secrets,
        mail_perms: file.mail_perms,
        policy_overrides: file.policy_overrides,
        smtp: file.smtp.map(SeedSmtp::into_smtp),
        ..Config::default()
    })
}

/// The seed's policy overrides, which hold for everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedOverrides {
    groups: BTreeMap<String, Switch>,
    actions: BTreeMap<String, Policy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Switch {
    Enabled,
    Disabled,
}

/// Reads the seed's file of policy overrides.
///
/// # Errors
/// Where the fault stands.
pub fn read_seed_overrides(text: &str) -> Result<SeedOverrides, ConfigError> {
    json(text)
}

impl Config {
    /// The same config with the seed's overrides as the actions' own policies. A disabled group denies all its actions.
    /// Gives the names that mean nothing here: actions and groups that the seed had and this bridge has not.
    pub fn override_as_seed(&mut self, overrides: &SeedOverrides) -> Vec<String> {
        let built_in = Catalogue::built_in();
        let disabled = |group: &str| overrides.groups.get(group) == Some(&Switch::Disabled);
        for action in built_in.iter() {
            let own = overrides.actions.get(action.name.as_str()).copied();
            let policy = if disabled(&action.group) { Some(Policy::AutoDeny) } else { own };
            let Some(policy) = policy else { continue };
            let spec = ActionSpec { policy: Some(policy), ..ActionSpec::default() };
            let value = Declared { name: action.name.to_string(), spec, params: vec![] };
            self.actions.push(Located { position: Position { line: 1, column: 1 }, value });
        }
        let no_action = overrides.actions.keys().filter(|name| built_in.named(name).is_none());
        let no_group = overrides.groups.keys().filter(|group| !built_in.iter().any(|action| action.group == **group));
        no_action.chain(no_group).cloned().collect()
    }
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string().replace("unknown field", "unknown key").replace("missing field", "missing key");
        // The position stands in front here, as for every fault.
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Fault::at(Position { line: error.line().max(1), column: error.column().max(1) }, message).into()
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SeedFile {
    bind: Option<String>,
    port: Option<u16>,
    secrets: Option<String>,
    mail_perms: Option<String>,
    policy_overrides: Option<String>,
    smtp: Option<SeedSmtp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedSmtp {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    secure: bool,
    auth: Option<SeedLogin>,
    from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedLogin {
    user: String,
    pass: String,
}

impl SeedSmtp {
    /// Without `secure`, a login is sent after STARTTLS alone; where there is no login, the local mail server's plain port is meant.
    fn into_smtp(self) -> Smtp {
        let security = match (self.secure, &self.auth) {
            (true, _) => Security::Tls,
            (false, Some(_)) => Security::StartTls,
            (false, None) => Security::None,
        };
        let (user, pass) = self.auth.map(|login| (login.user, login.pass)).unzip();
        Smtp { host: self.host, port: self.port, security, user, password: pass.map(Password::Inline), from: self.from }
    }
}

impl std::fmt::Debug for SeedLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeedLogin").field("user", &self.user).finish_non_exhaustive()
    }
}
