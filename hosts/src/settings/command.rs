//! The command lines that hosts are given.

use std::path::{Path, PathBuf};

use crate::host::{Host, Role};

/// The program and the config that command lines name.
#[derive(Debug, Clone)]
pub struct Program {
    path: String,
    config: String,
}

/// A path that no command line can name safely.
#[derive(Debug, thiserror::Error)]
#[error("`{}` holds characters that cannot stand in a hook's command line: move it", .0.display())]
pub struct UnspeakablePath(pub PathBuf);

impl Program {
    /// Checks that both paths can be written down.
    ///
    /// # Errors
    /// When a path is not UTF-8 or holds control characters or backslashes.
    pub fn new(path: &Path, config: &Path) -> Result<Self, UnspeakablePath> {
        Ok(Self { path: quoted(path)?, config: quoted(config)? })
    }

    /// The command line for one event of one host.
    #[must_use]
    pub fn command(&self, host: Host, event: &str) -> String {
        let Self { path, config } = self;
        let guard = match host.role(event) {
            Some(Role::Gate) => host.profile().guard,
            // Recorded events need no guard: nothing runs by them.
            Some(Role::Record(_)) | None => "",
        };
        format!("{path} --agent {host} --event {event} --config {config}{guard}")
    }
}

/// True for a command line that starts this program for this host.
#[must_use]
pub fn is_ours(host: Host, command: &str) -> bool {
    let agent = format!(" --agent {host} ");
    let Some((program, _)) = command.split_once(&agent) else { return false };
    let program = program.trim_matches('\'');
    program.rsplit('/').next() == Some("ccc-hook")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a path is any script's; a control would end the command line it stands in"
)]
fn quoted(path: &Path) -> Result<String, UnspeakablePath> {
    let refuse = || UnspeakablePath(path.to_owned());
    let text = path.to_str().ok_or_else(refuse)?;
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(refuse());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%=:,".contains(c);
    if text.chars().all(plain) { Ok(text.to_owned()) } else { Ok(format!("'{}'", text.replace('\'', r"'\''"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program::new(Path::new("/opt/ccc-hook"), Path::new("/home/a b/c.json")).unwrap()
    }

    #[test]
    fn a_gate_started_by_a_shell_is_guarded_and_cursors_is_one_simple_command() {
        assert_eq!(
            program().command(Host::Claude, "PreToolUse"),
            "/opt/ccc-hook --agent claude --event PreToolUse --config '/home/a b/c.json' \
             || { echo 'ccc-hook failed: call blocked' >&2; exit 2; }"
        );
        assert_eq!(
            program().command(Host::Cursor, "preToolUse"),
            "/opt/ccc-hook --agent cursor --event preToolUse --config '/home/a b/c.json'"
        );
        assert!(!program().command(Host::Gemini, "AfterTool").contains("||"));
    }

    #[test]
    fn only_our_own_command_lines_are_ours() {
        let ours = program().command(Host::Claude, "PreToolUse");
        assert!(is_ours(Host::Claude, &ours));
        assert!(!is_ours(Host::Codex, &ours));
        for other in [
            "/opt/ccc-hook", "echo --agent claude ccc-hook", "my-ccc-hook --agent claude x",
            "wrap ccc-hook --agent claude x",
        ] {
            assert!(!is_ours(Host::Claude, other), "{other}");
        }
    }

    #[test]
    fn a_path_that_a_shell_could_misread_is_quoted_or_refused() {
        let odd = Program::new(Path::new("/o'x/ccc-hook"), Path::new("/c")).unwrap();
        assert!(odd.command(Host::Cursor, "preToolUse").starts_with(r"'/o'\''x/ccc-hook' "));
        assert!(Program::new(Path::new("/a\nb"), Path::new("/c")).is_err());
    }
}
