//! Who may sign: each user of the secrets file with the key prepared once. Replaced as a whole when the file changes.

use std::{collections::HashMap, sync::Arc};

use ccc_core::{audit::AuditKey, desk::KnownUsers};
use ccc_protocol::{
    UserName,
    secrets::{Secrets, User},
    signing::Key,
};
use tokio::sync::watch;

use crate::shares::Share;

/// All users of one reading of the secrets file.
#[derive(Debug, Default)]
pub struct Keyring {
    users: HashMap<UserName, Arc<Known>>,
}

/// A user who may sign.
#[derive(Debug)]
pub struct Known {
    name: UserName,
    key: Key,
    entry: User,
    share: Arc<Share>,
}

impl Keyring {
    /// The users of this file. Who is unchanged since `before` stays the very same [`Known`].
    #[must_use]
    pub fn new(secrets: &Secrets, before: &Self) -> Self {
        let known = |(name, entry): (&UserName, &User)| (name.clone(), before.keep_or_make(name, entry));
        Self { users: secrets.users().map(known).collect() }
    }

    fn keep_or_make(&self, name: &UserName, entry: &User) -> Arc<Known> {
        match self.users.get(name) {
            Some(known) if known.entry == *entry => Arc::clone(known),
            other => Arc::new(Known {
                name: name.clone(),
                key: entry.secret.key(),
                entry: entry.clone(),
                share: other.map_or_else(Arc::default, |known| Arc::clone(&known.share)),
            }),
        }
    }

    /// What each user's secret is known by after a restart.
    #[must_use]
    pub fn fingerprints(&self, key: &AuditKey) -> KnownUsers {
        let fingerprint = |known: &Arc<Known>| {
            let mac = known.key.mac(known.name.as_str().as_bytes());
            (known.name.clone(), key.fingerprint(&mac))
        };
        self.users.values().map(fingerprint).collect()
    }

    /// Looked for by the name as a request spells it.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&Arc<Known>> {
        self.users.get(name)
    }

    /// True where this very user still stands here unchanged.
    #[must_use]
    pub fn holds(&self, user: &Arc<Known>) -> bool {
        self.user(user.name.as_str()).is_some_and(|known| Arc::ptr_eq(known, user))
    }
}

impl Known {
    /// The name that signs, and that policy goes by.
    #[must_use]
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// What the user signs with, and what is signed for the user.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// True where the user may approve for anybody.
    #[must_use]
    pub fn approves(&self) -> bool {
        !self.entry.can_approve.is_empty()
    }

    /// What the user has taken of waits, streams and requests. A reload keeps it for the name, whatever else changes.
    #[must_use]
    pub fn share(&self) -> &Arc<Share> {
        &self.share
    }
}

/// Who may sign now, replaced as a whole on reload.
#[derive(Debug)]
pub struct Keys(watch::Sender<Arc<Keyring>>);

impl Keys {
    /// In force from the start.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        Self(watch::Sender::new(Arc::new(keyring)))
    }

    /// What is in force now. Held on to, it stays what it was.
    #[must_use]
    pub fn current(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.borrow())
    }

    /// Puts another in force, and has event streams look whether their users are in it.
    pub fn replace(&self, keyring: Keyring) {
        self.0.send_replace(Arc::new(keyring));
    }

    /// Tells of every other keyring that comes into force.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Keyring>> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &str) -> Secrets {
        Secrets::parse(text.as_bytes()).unwrap()
    }

    fn file(secret_of_agent: char, rights_of_user: &str) -> String {
        let (one, two) = ("1".repeat(64), secret_of_agent.to_string().repeat(64));
        format!(
            r#"{{"users":{{"user":{{"secret":"{one}","canApprove":{rights_of_user}}},"agent":{{"secret":"{two}"}}}}}}"#
        )
    }

    #[test]
    fn an_unchanged_user_stays_the_same_and_a_changed_one_does_not() {
        let before = Keyring::new(&secrets(&file('2', r#"["agent"]"#)), &Keyring::default());
        let after = Keyring::new(&secrets(&file('2', "[]")), &before);
        assert!(after.holds(before.user("agent").unwrap()));
        assert!(!after.holds(before.user("user").unwrap()), "lost a right");
        let key = AuditKey::new(&[7; 32]).unwrap();
        assert_eq!(after.fingerprints(&key), before.fingerprints(&key), "a right is not a secret");
    }

    #[test]
    fn another_secret_has_another_fingerprint_and_one_secret_has_another_under_another_key() {
        let (one, other) = (AuditKey::new(&[7; 32]).unwrap(), AuditKey::new(&[8; 32]).unwrap());
        let before = Keyring::new(&secrets(&file('2', "[]")), &Keyring::default());
        let rotated = Keyring::new(&secrets(&file('3', "[]")), &before);
        let (then, now) = (before.fingerprints(&one), rotated.fingerprints(&one));
        assert_eq!(then.get("user"), now.get("user"));
        assert_ne!(then.get("agent"), now.get("agent"));
        assert_ne!(then.get("user"), before.fingerprints(&other).get("user"));
    }
}
