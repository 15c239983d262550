//! Who may mail whom about what: exact entries, as in the seed system; a topic of null fits any.

use std::collections::BTreeSet;

use ccc_protocol::UserName;
use serde::{Deserialize, Serialize};

/// Leave for one user to mail one recipient.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailPermission {
    /// The caller who asks for the mail, not its sender: that is the owner's `from`.
    pub user: UserName,
    /// To whom, exactly.
    pub to: String,
    /// About what, exactly; null fits any.
    #[serde(default)]
    pub topic: Option<String>,
}

/// All permissions, in the form of the seed's file: `{"allowed":[{"user","to","topic"}]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailPermissions {
    /// In order, each once.
    pub allowed: BTreeSet<MailPermission>,
}

impl MailPermissions {
    /// True where an entry fits.
    #[must_use]
    pub fn allow(&self, user: &UserName, to: &str, topic: Option<&str>) -> bool {
        let fits = |entry: &MailPermission| {
            entry.user == *user && entry.to == to && (entry.topic.is_none() || entry.topic.as_deref() == topic)
        };
        self.allowed.iter().any(fits)
    }

    /// The entries about users that `readable` lets through.
    pub fn about<'a>(&'a self, readable: impl Fn(&UserName) -> bool + 'a) -> impl Iterator<Item = &'a MailPermission> {
        self.allowed.iter().filter(move |entry| readable(&entry.user))
    }

    /// The same permissions with this entry added, or taken away.
    #[must_use]
    pub fn with(&self, entry: MailPermission, allow: bool) -> Self {
        let mut changed = self.clone();
        if allow {
            changed.allowed.insert(entry);
        } else {
            changed.allowed.remove(&entry);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_of_null_fits_any_and_all_else_is_exact() {
        let entry = |topic: Option<&str>| MailPermission {
            user: "agent".parse().unwrap(),
            to: "a@example.com".to_owned(),
            topic: topic.map(str::to_owned),
        };
        let agent = "agent".parse().unwrap();
        let any = MailPermissions::default().with(entry(None), true);
        assert!(any.allow(&agent, "a@example.com", Some("builds")));
        assert!(!any.allow(&agent, "A@example.com", Some("builds")));
        let one = MailPermissions::default().with(entry(Some("builds")), true);
        assert!(one.allow(&agent, "a@example.com", Some("builds")));
        assert!(!one.allow(&agent, "a@example.com", Some("build")));
        assert!(!one.allow(&agent, "a@example.com", None));
        assert!(!one.with(entry(Some("builds")), false).allow(&agent, "a@example.com", Some("builds")));
    }
}
