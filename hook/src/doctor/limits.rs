//! What is known of each host: what it does when a hook fails, and the ways past a hook that no installation can close.

use ccc_hosts::host::{Host, Limits};
use ccc_hosts::version::Version;

/// What is known of this host in the version that it printed; without one, what is safe to say.
#[must_use]
pub fn limits(host: Host, version: Option<&str>) -> Limits {
    match version {
        // A version that cannot be read may be an old one.
        Some(version) => (host.profile().limits)(Some(Version::in_words(version).unwrap_or(Version([0; 3])))),
        None => (host.profile().limits)(None),
    }
}

#[cfg(test)]
mod tests {
    use ccc_hosts::host::Level;

    use super::*;

    #[test]
    fn claude_enforces_from_the_version_that_asks_about_skills_too() {
        let rows = [
            (Some("2.1.332 (Claude Code)"), Level::Enforced),
            (Some("2.1.331 (Claude Code)"), Level::Advisory),
            (Some("2.1.295"), Level::Advisory),
            (Some("2.1.197 (Claude Code)"), Level::Advisory),
            (Some("10.0.0"), Level::Enforced),
            (Some("unknown"), Level::Advisory),
            (None, Level::Advisory),
        ];
        for (version, level) in rows {
            assert_eq!(limits(Host::Claude, version).level, level, "{version:?}");
        }
    }

    #[test]
    fn no_host_is_said_to_enforce_that_lets_a_timed_out_call_run() {
        for host in Host::ALL {
            let limits = limits(host, Some("99.0.0"));
            assert!(!(limits.level == Level::Enforced && limits.on_failure.contains("RUNS")), "{host}");
            assert!(!limits.open.is_empty(), "{host}");
        }
    }
}
