//! Where each host keeps its settings, and where ours lie.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use ccc_client::config_dir;

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

impl Places {
    /// From the environment of the person who installs. The hook itself never
    /// asks it. None where it names no home directory.
    #[must_use]
    pub fn of_person() -> Option<Self> {
        let given = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let home = PathBuf::from(given("HOME")?);
        let moved = |host: Host| Some((host, PathBuf::from(given(host.profile().home_variable?)?)));
        let moved = Host::ALL.into_iter().filter_map(moved).collect();
        Some(Self { project: env::current_dir().ok()?, ours: config_dir()?.join("hook"), home, moved })
    }

    /// The settings file to write into; `None` where the host has none for
    /// this scope.
    #[must_use]
    pub fn settings(&self, host: Host, scope: Scope) -> Option<PathBuf> {
        match scope {
            Scope::User => Some(self.host_home(host).join(host.profile().user_file)),
            Scope::Project => host.profile().project_file.map(|file| self.project.join(file)),
        }
    }

    /// The directory in which the host keeps what belongs to the person.
    #[must_use]
    pub fn host_home(&self, host: Host) -> PathBuf {
        let moved = self.moved.iter().find(|(moved, _)| *moved == host);
        moved.map_or_else(|| self.home.join(host.profile().home), |(_, path)| path.clone())
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
