//! Which variables a confined program may see.
//!
//! Nothing is passed by itself. A record names what is passed on from whoever starts the launcher, and names that lead to
//! keys, to somebody's sockets or into a program are never passed that way: what the owner wants a program to have, the record sets.

use std::ffi::OsStr;

/// What a program needs to speak the person's language on their terminal.
pub const USUAL: &[&str] = &[
    "PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TERM", "COLORTERM", "NO_COLOR", "TZ", "USER",
    "LOGNAME", "SHELL",
];

/// Parts of names that hold secrets.
const SECRET: &[&str] = &["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "COOKIE", "SESSION"];
/// Ways to somebody's agent, bus, daemon or display, and to this house.
const WAYS_OUT: &[&str] = &[
    "CCC_", "CONDUIT_", "DBUS_", "DOCKER_", "CONTAINER_HOST", "PODMAN_", "KUBE", "SSH_", "GPG_", "GNUPG", "XAUTHORITY",
    "DISPLAY", "WAYLAND_", "XDG_RUNTIME_DIR", "TMUX", "STY", "SUDO_", "VAULT_", "AWS_", "AZURE_", "GOOGLE_", "GITHUB_",
    "GITLAB_", "CI_",
];
/// What makes another program of one: libraries and scripts that are loaded before the first line of it.
const LOADED: &[&str] =
    &["LD_", "DYLD_", "BASH_ENV", "ENV", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "BASH_FUNC_", "IFS"];

/// Whether a variable may be passed on from the launcher's own environment.
pub fn may_pass(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let name = name.to_ascii_uppercase();
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let leads_out =
        WAYS_OUT.iter().any(|start| name.starts_with(start)) || name.ends_with("_SOCK") || name.ends_with("_SOCKET");
    let loads = LOADED.iter().any(|start| if start.ends_with('_') { name.starts_with(start) } else { name == *start });
    is_plain && !leads_out && !loads && !SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_needs_passes() {
        for name in USUAL {
            assert!(may_pass(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn keys_sockets_and_loaders_do_not() {
        for name in [
            "OPENAI_API_KEY", "GH_TOKEN", "npm_config__authToken", "DB_PASSWORD", "SSH_AUTH_SOCK",
            "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "CCC_SECRETS", "CONDUIT_URL", "LD_PRELOAD", "ld_library_path",
            "BASH_ENV", "NODE_OPTIONS", "BASH_FUNC_ls%%", "MY_AGENT_SOCK", "TMUX", "", "A=B",
        ] {
            assert!(!may_pass(OsStr::new(name)), "{name}");
        }
    }
}
