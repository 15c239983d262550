//! The environment of what is started: empty, but for what a desktop program needs.

use std::ffi::{OsStr, OsString};

/// Names that are handed on.
const NAMES: [&str; 14] = [
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION", "COLORTERM",
];

/// Beginnings of names that are handed on.
const PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// Where programs are looked for by what is started, if the server itself was given no `PATH`.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What programs are started with.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The part of these variables that is handed on. Secrets, sockets and settings of the server's own are not.
    pub(super) fn allowed(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut kept: Vec<_> = variables.into_iter().filter(|(name, _)| is_allowed(name)).collect();
        if !kept.iter().any(|(name, _)| name == "PATH") {
            kept.push(("PATH".into(), PATH.into()));
        }
        Self(kept)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

fn is_allowed(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}
