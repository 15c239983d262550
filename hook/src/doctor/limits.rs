//! What is known of each host: what it does when a hook fails, and the ways
//! past a hook that no installation can close.

use super::Level;
use crate::host::Host;

/// What a host makes of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The best that an installed and firing hook can be there.
    pub level: Level,
    /// What happens when the hook crashes or times out.
    pub on_failure: &'static str,
    /// The ways past it.
    pub open: Vec<&'static str>,
}

/// The first version of Claude Code that blocks when a hook fails.
const CLAUDE_BLOCKS_SINCE: [u64; 3] = [2, 1, 295];

const GUARDED: &str = "a crash or a missing binary blocks by the shell guard; a call whose hook times out RUNS, so the hook's own deadline is shorter";

/// What is known of this host in this version; without one, what is safe to say.
#[must_use]
pub fn limits(host: Host, version: Option<&str>) -> Limits {
    match host {
        Host::Claude => claude(version),
        Host::Codex => Limits {
            level: Level::Advisory,
            on_failure: GUARDED,
            open: vec![
                "write_stdin into a running session asks no hook: deny interactive programs (shells, interpreters, ssh) by rule",
                "--dangerously-bypass-hook-trust and an untrusted or changed definition decide whether hooks run at all",
            ],
        },
        Host::Gemini => Limits {
            level: Level::Advisory,
            on_failure: GUARDED,
            open: vec![
                "hooksConfig.enabled = false or hooksConfig.disabled turns the hook off",
                "project hooks do not run in a folder that is not trusted",
            ],
        },
        Host::Copilot => Limits {
            level: Level::Advisory,
            on_failure: "a crash or a missing binary blocks; a call whose hook times out RUNS, always",
            open: vec![
                "disableAllHooks turns the hook off unless it is installed as a policy",
                "project hooks do not run in a folder that is not trusted",
            ],
        },
        Host::Kimi => Limits {
            level: Level::Advisory,
            on_failure: GUARDED,
            open: vec!["one unknown key, event or time-out anywhere in [[hooks]] drops all hooks with a warning"],
        },
        Host::Cursor => Limits {
            level: Level::Advisory,
            on_failure: "failClosed blocks on a crash, a missing binary and a time-out; read in its source, not seen by running it",
            open: vec!["MCP calls are shown without their server's name", "an invalid hooks.json drops all hooks"],
        },
    }
}

fn claude(version: Option<&str>) -> Limits {
    let open = vec![
        "--bare, --safe-mode, disableAllHooks and a --setting-sources without this file turn the hook off; only managed settings survive them",
        "one invalid setting anywhere in the file drops the whole file in `claude -p`",
    ];
    match version.and_then(numbers) {
        Some(numbers) if numbers >= CLAUDE_BLOCKS_SINCE => Limits {
            level: Level::Enforced,
            on_failure: "a crash, a missing binary and a time-out block (onFailure)",
            open,
        },
        Some(_) => Limits { level: Level::Advisory, on_failure: GUARDED, open },
        None => Limits {
            level: Level::Advisory,
            on_failure: "from 2.1.295 on a crash, a missing binary and a time-out block; before, a timed-out call runs",
            open,
        },
    }
}

/// The three numbers of a version, wherever they stand in what was printed.
fn numbers(version: &str) -> Option<[u64; 3]> {
    version.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claude_enforces_from_the_version_that_blocks_on_failure() {
        let rows = [
            (Some("2.1.329 (Claude Code)"), Level::Enforced),
            (Some("2.1.295"), Level::Enforced),
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
