//! The kinds of thing that a call does.

use serde::{Deserialize, Serialize};

/// A kind of thing that a call does; a call may do several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Reads files, lists or searches them, prints.
    Reads,
    /// Asks version control: `git status`, `git log`.
    VcsQuery,
    /// Records or switches in the local repository, and can be undone there: `git commit`, `git switch`.
    VcsChange,
    /// Builds, checks or tests the project, which runs the project's code.
    Builds,
    /// Makes or changes files in the project or a temporary directory.
    Writes,
    /// Removes files in the project.
    Deletes,
    /// Runs a program or script of the project.
    Runs,
    /// The agent's own bookkeeping: to-do lists, plans, questions to its user.
    Bookkeeping,
    /// Talks to a server on this machine.
    Loopback,
    /// Fetches from other machines.
    Network,
    /// Sends data to other machines.
    Upload,
    /// Adds software that the project does not name yet, or to the system.
    Installs,
    /// Overwrites history in another repository.
    ForcePush,
    /// Throws work away: `git reset --hard`, the project's directory itself.
    Discards,
    /// Makes or changes files elsewhere.
    WritesOutside,
    /// Removes files elsewhere.
    DeletesOutside,
    /// Reads or changes secrets.
    Credentials,
    /// Changes what will run later by itself: shell start-up files, hooks, CI, agents' settings, services.
    Persistence,
    /// Changes the files in which coding agents' hooks are set.
    HookSettings,
    /// Touches the bridge's own files or socket.
    Bridge,
    /// Takes another user's rights.
    Privilege,
    /// Changes the machine or what runs on it: processes, services, containers, cloud.
    System,
    /// Starts a program that takes further commands, which no hook sees.
    Interactive,
    /// Asks an MCP server, which does as it pleases with what it is given.
    Server,
    /// Something about it is not known.
    Unknown,
}
