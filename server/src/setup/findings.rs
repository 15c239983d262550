//! What speaks against serving a setup, and what only deserves a look.

use std::path::Path;

use ccc_protocol::visible;

use ccc_core::{
    catalogue::{Action, Effect},
    config,
    desk::MailPermission,
    params::email,
    policy::lint,
    volume::Volume,
};

use super::{Setup, SetupError};
use crate::places::{self, resolved};

impl Setup {
    /// The same, with warnings.
    ///
    /// # Errors
    /// What must not be served.
    pub(super) fn checked(mut self) -> Result<Self, SetupError> {
        let mut faults = vec![];
        if self.tcp.is_none() && self.socket.is_none() {
            faults.push("there is nothing to listen on; give an address as `bind` or a file as `socket`".to_owned());
        }
        if resolved(&self.audit_key_file).starts_with(resolved(&self.data)) {
            let key = self.audit_key_file.display();
            faults.push(format!("the audit key {key} lies in the data directory it is to watch over; name a file elsewhere as `audit.key_file`"));
        }
        faults.extend(self.exposed());
        faults.extend(self.nested());
        faults.extend(self.unconfinable());
        if !faults.is_empty() {
            return Err(SetupError(faults));
        }
        self.warnings.extend(self.findings());
        Ok(self)
    }

    /// A volume that holds what the agent must never reach, or a link on the way to it.
    fn exposed(&self) -> Vec<String> {
        let mut faults = vec![];
        for volume in self.law.volumes.iter() {
            let root = resolved(Path::new(&volume.host));
            for (what, path) in self.private_places() {
                if places::way(path).iter().any(|place| place.starts_with(&root)) {
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

    /// A volume whose directory an agent could replace, because it or a link on the way to it lies in another volume.
    fn nested(&self) -> Vec<String> {
        let is_within = |inner: &Volume, outer: &Volume| {
            let root = resolved(Path::new(&outer.host));
            let way = places::way(Path::new(&inner.host));
            way.iter().any(|place| place.starts_with(&root) && *place != root)
        };
        let volumes = || self.law.volumes.iter();
        let pairs = volumes().flat_map(|inner| volumes().map(move |outer| (inner, outer)));
        let nested = pairs.filter(|(inner, outer)| inner != outer && is_within(inner, outer));
        nested
            .map(|(inner, outer)| {
                format!(
                    "the volume {}={} lies in the volume {}={}, where an agent could put another directory in its place; \
                     mount a directory beside it, or leave one of the two out",
                    inner.container(),
                    inner.host,
                    outer.container(),
                    outer.host
                )
            })
            .collect()
    }

    /// Actions whose program cannot be confined as they want it.
    fn unconfinable(&self) -> Vec<String> {
        if self.dry_run {
            return vec![];
        }
        let refused = |action: &std::sync::Arc<Action>| {
            let Effect::Run(command) = &action.effect else { return None };
            let why = self.confine.refusal(command.reach.confined?)?;
            Some(format!("action `{}`: {why}", action.name))
        };
        self.law.catalogue.iter().filter_map(refused).collect()
    }

    /// Actions that ran unconfined before there was a launcher, and whose owner has said nothing since.
    fn newly_confined(&self) -> impl Iterator<Item = String> + '_ {
        let is_silent = |action: &&std::sync::Arc<Action>| matches!(&action.effect, Effect::Run(command) if command.reach.confined.is_some() && !command.reach.is_declared);
        self.law.catalogue.iter().filter(is_silent).map(|action| {
            format!(
                "action `{}` runs confined: it reads the volumes of its paths and the system, writes nothing outside directories of its own, \
                 and has no network; say with `allow_read`, `allow_write`, `network` what it needs, or `confined = true` to be silent about it",
                action.name
            )
        })
    }

    fn private_places(&self) -> Vec<(&'static str, &Path)> {
        let optional = [
            ("the config", self.config_file.as_deref()),
            ("the mail password", self.mail_password_file.as_deref()),
            ("the policy overrides", self.policy_overrides_file.as_deref()),
            ("the mail permissions", self.mail.as_ref().map(|(path, _)| path.as_path())),
            ("the checkpoints", Some(self.checkpoint_file.as_path()).filter(|file| !file.starts_with(&self.data))),
            ("the socket", self.socket.as_ref().map(|socket| socket.path.as_path())),
        ];
        let always: [(&str, &Path); 3] =
            [("the secrets", &self.secrets_file), ("the data", &self.data), ("the audit key", &self.audit_key_file)];
        let given = optional.into_iter().filter_map(|(what, path)| Some((what, path?)));
        always.into_iter().chain(given).collect()
    }

    /// What is allowed and still deserves a look.
    fn findings(&self) -> Vec<String> {
        let missing_volumes = self.law.volumes.iter().filter(|volume| volume.root.is_none());
        let missing_volumes = missing_volumes.map(|volume| {
            let (container, host) = (volume.container(), &volume.host);
            format!("the volume {container} is {host}, which is no directory that can be opened: nothing is found there until a reload finds one")
        });
        let missing_programs = config::missing_programs(&self.law)
            .into_iter()
            .map(|(place, program)| format!("{place}: there is no program `{program}`"));
        let mut found: Vec<String> = missing_volumes.chain(missing_programs).collect();
        found.extend(lint(&self.law.rulebook, &self.law.catalogue, &self.law.users));
        found.extend(self.law.risk.lint(&self.law.users));
        if self.legacy_signatures {
            found.push(
                "legacy_signatures is on: the seed's headers are taken, which sign neither method, path nor nonce"
                    .to_owned(),
            );
        }
        if let Some(addr) = self.tcp.filter(|addr| !addr.ip().is_loopback()) {
            found.push(format!("requests to {addr} are authentic, but readable for everybody on that network"));
        }
        found.extend(self.newly_confined());
        found.extend(self.loose_modes());
        found.extend(self.mail_to_nobody());
        found
    }

    /// Entries of the owner's mail permission file that can fit no mail.
    fn mail_to_nobody(&self) -> Vec<String> {
        let Some((path, permissions)) = &self.mail else { return vec![] };
        let fault = |entry: &MailPermission| {
            let to = visible::escaped(&entry.to);
            let no_user = self.law.users.named(&entry.user).is_none();
            let no_user = no_user.then(|| format!("`{}` is no user: its mails to `{to}` are not sent", entry.user));
            no_user.or_else(|| email::fault_of(&entry.to).map(|why| format!("`{to}` is no mail address: {why}")))
        };
        permissions.allowed.iter().filter_map(fault).map(|fault| format!("{}: {fault}", path.display())).collect()
    }

    fn loose_modes(&self) -> Vec<String> {
        let files = [Some(self.data.as_path()), self.mail.as_ref().map(|(path, _)| path.as_path())];
        let loose = files.into_iter().flatten().filter(|path| places::is_open_to_others(path).unwrap_or(false));
        loose.map(|path| format!("others can read {0}; run `chmod go= {0}`", path.display())).collect()
    }
}
