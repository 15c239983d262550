//! Where each host keeps its settings, and where ours lie.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::host::Host;

/// For whom a hook is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For all of this person's projects.
    User,
    /// For the project in the current directory.
    Project,
}

impl Scope {
    /// The word on the command line and in the manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// The directories that paths are made from.
#[derive(Debug, Clone)]
pub struct Places {
    /// The person's home directory.
    pub home: PathBuf,
    /// The project's directory.
    pub project: PathBuf,
    /// Where our config, manifest and registry lie.
    pub ours: PathBuf,
    /// Directories that hosts were told to use instead of their own default.
    pub moved: Vec<(Host, PathBuf)>,
}

/// The variables by which hosts are told to keep their settings elsewhere.
const MOVERS: [(Host, &str); 4] = [
    (Host::Claude, "CLAUDE_CONFIG_DIR"),
    (Host::Codex, "CODEX_HOME"),
    (Host::Copilot, "COPILOT_HOME"),
    (Host::Kimi, "KIMI_CODE_HOME"),
];

impl Places {
    /// From the environment of the person who installs. The hook itself never
    /// asks it.
    #[must_use]
    pub fn of_person() -> Option<Self> {
        let given = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let home = PathBuf::from(given("HOME")?);
        let config = given("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        let moved =
            MOVERS.into_iter().filter_map(|(host, variable)| Some((host, PathBuf::from(given(variable)?)))).collect();
        Some(Self { project: env::current_dir().ok()?, ours: config.join("ccc").join("hook"), home, moved })
    }

    /// The settings file to write into; `None` where the host has none for
    /// this scope.
    #[must_use]
    pub fn settings(&self, host: Host, scope: Scope) -> Option<PathBuf> {
        match scope {
            Scope::User => Some(self.host_home(host).join(user_file(host))),
            Scope::Project => project_file(host).map(|file| self.project.join(file)),
        }
    }

    /// The directory in which the host keeps what belongs to the person.
    #[must_use]
    pub fn host_home(&self, host: Host) -> PathBuf {
        let moved = self.moved.iter().find(|(moved, _)| *moved == host);
        moved.map_or_else(|| self.home.join(default_home(host)), |(_, path)| path.clone())
    }

    /// The config of one agent's hook.
    #[must_use]
    pub fn config(&self, host: Host) -> PathBuf {
        self.ours.join(format!("{host}.json"))
    }

    /// What is installed where.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.ours.join("manifest.json")
    }

    /// The agents and their stable ids.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.ours.join("agents.json")
    }
}

fn default_home(host: Host) -> &'static str {
    match host {
        Host::Claude => ".claude",
        Host::Codex => ".codex",
        Host::Gemini => ".gemini",
        Host::Copilot => ".copilot",
        Host::Kimi => ".kimi-code",
        Host::Cursor => ".cursor",
    }
}

fn user_file(host: Host) -> &'static str {
    match host {
        Host::Claude | Host::Gemini => "settings.json",
        Host::Codex | Host::Cursor => "hooks.json",
        Host::Copilot => "hooks/ccc-hook.json",
        Host::Kimi => "config.toml",
    }
}

/// Claude Code's local file, because what is written names paths of this
/// machine and does not belong into a repository.
fn project_file(host: Host) -> Option<&'static str> {
    match host {
        Host::Claude => Some(".claude/settings.local.json"),
        Host::Codex => Some(".codex/hooks.json"),
        Host::Gemini => Some(".gemini/settings.json"),
        Host::Copilot => Some(".github/hooks/ccc-hook.json"),
        Host::Cursor => Some(".cursor/hooks.json"),
        Host::Kimi => None,
    }
}
