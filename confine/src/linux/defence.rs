//! The defences by name, so that a test can take one away and see what it was for.

/// One thing that keeps a confined program in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defence {
    /// The root that is built of what is given.
    Root,
    /// Mounts that are read-only where only reading was given.
    ReadOnlyMounts,
    /// Places that are covered or left out because they are private.
    Never,
    /// Every namespace, and so the root too.
    Namespaces,
    /// The ipc namespace.
    Ipc,
    /// The network namespace.
    Network,
    /// Rules of Landlock on files.
    LandlockFiles,
    /// Landlock's scope: signals and abstract sockets stay inside.
    LandlockScope,
    /// Landlock's rules on TCP.
    LandlockNetwork,
    /// The filter on system calls, but for sockets.
    Calls,
    /// The filter on sockets.
    Sockets,
    /// Giving up capabilities.
    Capabilities,
    /// No new privileges by starting a program.
    NoNewPrivileges,
    /// Closing what was inherited.
    Descriptors,
    /// Clearing the environment.
    Environment,
    /// Limits on processes, memory and files.
    Limits,
    /// Ending what runs when whoever started it is gone.
    Watch,
    /// Refusing to start where the launcher's own file could be written.
    LauncherFile,
    /// Taking what a hook handed over, so that nobody can take it again.
    Once,
    /// Places of a project that calls leave unwritten.
    Kept,
}

impl Defence {
    const ALL: [Self; 20] = [
        Self::Root,
        Self::ReadOnlyMounts,
        Self::Never,
        Self::Namespaces,
        Self::Ipc,
        Self::Network,
        Self::LandlockFiles,
        Self::LandlockScope,
        Self::LandlockNetwork,
        Self::Calls,
        Self::Sockets,
        Self::Capabilities,
        Self::NoNewPrivileges,
        Self::Descriptors,
        Self::Environment,
        Self::Limits,
        Self::Watch,
        Self::LauncherFile,
        Self::Once,
        Self::Kept,
    ];

    /// The variable that the launcher of the tests reads. The one that is shipped reads none.
    #[doc(hidden)]
    pub const OFF: &str = "CCC_CONFINE_TEST_WITHOUT";

    /// The defence whose variant has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|defence| format!("{defence:?}") == name)
    }
}

/// Which of them hold in this launch.
#[derive(Debug)]
pub(crate) struct Defences {
    off: Vec<Defence>,
}

impl Defences {
    pub(crate) fn all() -> Self {
        Self { off: Vec::new() }
    }

    pub(crate) fn without(off: Vec<Defence>) -> Self {
        Self { off }
    }

    /// How the process inside of a test's launcher learns what is off. Nothing where everything holds.
    pub(crate) fn carried(&self) -> Option<(&'static str, String)> {
        let names: Vec<String> = self.off.iter().map(|defence| format!("{defence:?}")).collect();
        (!names.is_empty()).then(|| (Defence::OFF, names.join(",")))
    }

    pub(crate) fn hold(&self, defence: Defence) -> bool {
        !self.off.contains(&defence)
    }
}
