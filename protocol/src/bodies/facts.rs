//! What a coding agent's tool call touches: programs, paths, hosts, and the kinds of thing it does.
//!
//! The bridge reads it from the call itself (crate `toolcall`); rules ask about it, approvers are shown it. Facts, not judgements: nothing
//! here is good or bad, allowed or denied. What cannot be known is in [`Facts::opaque`] with [`Class::Unknown`]: a rule that lets calls
//! pass must ask that every class of a call is one it names ([`Facts::only`]), and then no unknown passes.

use std::collections::BTreeMap;

use crate::beneath::lies_beneath;

use serde::{Deserialize, Serialize};

/// What a call touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The project's directory; none where the call is made in a home, a system's directory or the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The programs run, wrappers taken off.
    pub commands: Vec<CommandFact>,
    /// The paths named, absolute or from `~`, normalised by their text alone.
    pub paths: Vec<PathFact>,
    /// The hosts contacted, in lower case.
    pub hosts: Vec<String>,
    /// Sends data out: an upload, a push, a copy to another machine.
    pub network_upload: bool,
    /// Starts a program that takes further commands, which no hook sees.
    pub interactive: bool,
    /// Overwrites history elsewhere.
    pub force_push: bool,
    /// Larger than the limit, and so not analysed.
    pub too_large: bool,
    /// Why something about the call could not be known.
    pub opaque: Vec<String>,
    /// How many of them are about what a program on this machine does (an unknown program, option or inline code) while the text
    /// itself was read.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown_code: usize,
    /// A command of it goes by files: by paths that it names, which may be links, or by settings that lie in the project.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub led: bool,
    /// What kinds of thing the call does, each with the first reason.
    pub classes: BTreeMap<Class, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandFact {
    /// Its name, without the directory where that is one of the system's.
    pub program: String,
    /// `git push`, `npm run build`: where the first operand says what the program does.
    pub subcommand: Option<String>,
    /// Its arguments; what is known only at run time is `…`.
    pub args: Vec<String>,
    /// The arguments that begin with `-`.
    pub flags: Vec<String>,
    /// What it was run by: `sudo`, `xargs`, `sh`.
    pub via: Vec<String>,
    /// It runs on another machine.
    pub remote: bool,
}

/// A path and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PathFact {
    /// Absolute, or from `~`; may hold `*`, `?`, `[` where the shell fills in names.
    pub path: String,
    /// What is done with it.
    pub access: Access,
    /// Where it lies.
    pub place: Place,
}

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Its content or listing is read.
    Read,
    /// It is made or changed.
    Write,
    /// It is removed.
    Delete,
    /// It is run.
    Execute,
}

/// Where a path lies, seen from the project of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Beneath the project's directory.
    Project,
    /// The project's directory itself.
    ProjectRoot,
    /// Beneath `/tmp` or `/var/tmp`.
    Temporary,
    /// Anywhere else.
    Outside,
}

impl Facts {
    /// True where everything the call would do is known from its text. What is not must be asked, whoever judges.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.too_large && self.opaque.is_empty() && !self.classes.contains_key(&Class::Unknown)
    }

    /// True where something is unknown, and it is what some program on this machine does, nothing else.
    #[must_use]
    pub fn is_unknown_code_alone(&self) -> bool {
        !self.too_large && !self.opaque.is_empty() && self.unknown_code == self.opaque.len()
    }

    /// The names of the programs run.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().map(|command| command.program.as_str())
    }

    /// The programs with their subcommands: `git push`.
    pub fn subcommands(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().filter_map(|command| command.subcommand.as_deref())
    }

    /// The paths at or beneath `directory` (absolute, or from `~`).
    pub fn paths_under(&self, directory: &str) -> impl Iterator<Item = &PathFact> {
        self.paths.iter().filter(move |fact| lies_beneath(&fact.path, directory))
    }

    /// True where every path is at or beneath one of the directories, and there is one.
    #[must_use]
    pub fn all_under(&self, directories: &[String]) -> bool {
        let inside = |fact: &PathFact| directories.iter().any(|directory| lies_beneath(&fact.path, directory));
        !self.paths.is_empty() && self.opaque.is_empty() && self.paths.iter().all(inside)
    }

    /// True where the call does one of these kinds of thing.
    #[must_use]
    pub fn any(&self, classes: &[Class]) -> bool {
        classes.iter().any(|class| self.classes.contains_key(class))
    }

    /// True where the call does nothing but these kinds of thing. A call of which nothing is known is none of them.
    #[must_use]
    pub fn only(&self, classes: &[Class]) -> bool {
        !self.classes.is_empty() && self.classes.keys().all(|class| classes.contains(class))
    }
}

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
    /// The agent's own bookkeeping: to-do lists, plans, questions that its host shows the person.
    Bookkeeping,
    /// Answers in the place of the agent's own person: a question that was put to them, a plan that they should approve.
    Person,
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

impl Access {
    /// Its word on the wire, in rules and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Execute => "execute",
        }
    }
}

impl Place {
    /// Its word on the wire, in rules and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::ProjectRoot => "project-root",
            Self::Temporary => "temporary",
            Self::Outside => "outside",
        }
    }
}

impl Class {
    /// Every class, in the order of declaration.
    pub const ALL: [Self; 26] = [
        Self::Reads,
        Self::VcsQuery,
        Self::VcsChange,
        Self::Builds,
        Self::Writes,
        Self::Deletes,
        Self::Runs,
        Self::Bookkeeping,
        Self::Person,
        Self::Loopback,
        Self::Network,
        Self::Upload,
        Self::Installs,
        Self::ForcePush,
        Self::Discards,
        Self::WritesOutside,
        Self::DeletesOutside,
        Self::Credentials,
        Self::Persistence,
        Self::HookSettings,
        Self::Bridge,
        Self::Privilege,
        Self::System,
        Self::Interactive,
        Self::Server,
        Self::Unknown,
    ];

    /// Its word on the wire, in rules and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::VcsQuery => "vcs-query",
            Self::VcsChange => "vcs-change",
            Self::Builds => "builds",
            Self::Writes => "writes",
            Self::Deletes => "deletes",
            Self::Runs => "runs",
            Self::Bookkeeping => "bookkeeping",
            Self::Person => "person",
            Self::Loopback => "loopback",
            Self::Network => "network",
            Self::Upload => "upload",
            Self::Installs => "installs",
            Self::ForcePush => "force-push",
            Self::Discards => "discards",
            Self::WritesOutside => "writes-outside",
            Self::DeletesOutside => "deletes-outside",
            Self::Credentials => "credentials",
            Self::Persistence => "persistence",
            Self::HookSettings => "hook-settings",
            Self::Bridge => "bridge",
            Self::Privilege => "privilege",
            Self::System => "system",
            Self::Interactive => "interactive",
            Self::Server => "server",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_screens_is_the_word_on_the_wire() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
        for access in [Access::Read, Access::Write, Access::Delete, Access::Execute] {
            assert_eq!(serde_json::to_value(access).unwrap(), access.as_str());
        }
        for place in [Place::Project, Place::ProjectRoot, Place::Temporary, Place::Outside] {
            assert_eq!(serde_json::to_value(place).unwrap(), place.as_str());
        }
    }
}
