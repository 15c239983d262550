//! Hosts that tool calls were let contact: a person is told beside a host's name whether it was seen before. Nothing is decided by it.

use std::collections::BTreeMap;

use ccc_protocol::UserName;
use serde::{Deserialize, Serialize};

/// By whose calls which hosts were contacted, the one that was seen first first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHosts(BTreeMap<UserName, Vec<String>>);

impl KnownHosts {
    /// Those of these hosts that calls of this user were let contact before.
    #[must_use]
    pub fn among(&self, user: &UserName, hosts: &[String]) -> Vec<String> {
        let known = self.0.get(user).map(Vec::as_slice).unwrap_or_default();
        hosts.iter().filter(|host| known.contains(host)).cloned().collect()
    }

    /// Takes these in; true where one of them is new. Of more than so many the ones seen first are forgotten: whoever is
    /// forgotten counts as never seen, and is looked at again.
    pub fn note(&mut self, user: &UserName, hosts: &[String], most: u64) -> bool {
        let new: Vec<&String> = match self.0.get(user) {
            Some(known) => hosts.iter().filter(|host| !known.contains(host)).collect(),
            None => hosts.iter().collect(),
        };
        if new.is_empty() || most == 0 {
            return false;
        }
        let known = self.0.entry(user.clone()).or_default();
        known.extend(new.into_iter().cloned());
        let over = known.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
        known.drain(..over);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_host_is_known_to_the_user_whose_call_contacted_it() {
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        let mut known = KnownHosts::default();
        assert!(known.note(&one, &hosts(&["docs.rs", "crates.io"]), 10));
        assert!(!known.note(&one, &hosts(&["docs.rs"]), 10), "nothing is new");
        assert_eq!(known.among(&one, &hosts(&["paste.example", "docs.rs"])), ["docs.rs"]);
        assert_eq!(known.among(&other, &hosts(&["docs.rs"])), [] as [&str; 0]);
    }

    #[test]
    fn the_ones_seen_first_are_forgotten_first() {
        let user = "agent".parse().unwrap();
        let mut known = KnownHosts::default();
        for n in 0..20 {
            known.note(&user, &[format!("h{n}.example")], 3);
        }
        let all: Vec<String> = (0..20).map(|n| format!("h{n}.example")).collect();
        assert_eq!(known.among(&user, &all), ["h17.example", "h18.example", "h19.example"]);
        assert!(!known.note(&user, &hosts(&["more.example"]), 0), "0 remembers none");
    }
}
