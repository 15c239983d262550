//! A bridge over a desk and a store of its own, in a directory that goes with the test.

use std::path::Path;

use ccc_core::{
    audit::AuditKey,
    config,
    law::Law,
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::secrets::Secrets;
use ccc_server::parts::{Bridge, DataLock, Effects, Hosts, Keyring, Keys, Running, Site, open_desk};

use crate::served::Settings;

/// An action that nobody but a person can let through.
const ACTIONS: &str = r#"
[actions.ask-a-person]
policy = "queue"
run = ["true"]
confined = false
"#;

/// A bridge as these settings make it, and the hold on its data.
pub fn bridge(settings: &Settings, secrets: &Secrets, dir: &Path) -> (Bridge, DataLock) {
    let site = Site {
        data: dir.join("data"),
        law: law(settings, secrets),
        users: Default::default(),
        effects: Effects::new(None, true),
        audit_key: AuditKey::new(b"the key of a test's audit log").unwrap(),
        checkpoints: dir.join("checkpoints.jsonl"),
        checkpoint_command: None,
        checkpoint_every: std::time::Duration::from_secs(60),
        mail_file: None,
    };
    let Running { front, nonces, lock, .. } = open_desk(site).unwrap();
    let bridge = Bridge {
        keys: Keys::new(Keyring::new(secrets, &Keyring::default())),
        nonces,
        hosts: Hosts::new([]),
        legacy_signatures: settings.legacy_signatures,
        front,
    };
    (bridge, lock)
}

fn law(settings: &Settings, secrets: &Secrets) -> Law {
    let users = secrets
        .users()
        .map(|(name, user)| (name.clone(), User { can_approve: user.can_approve.clone(), roles: user.roles.clone() }));
    let config = config::read(ACTIONS).unwrap();
    let law = config.law(Users::new(users), Volumes::default(), |program| Some(format!("/bin/{program}"))).unwrap();
    Law { limits: settings.limits.clone(), ..law }
}
