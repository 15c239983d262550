//! The coding agents whose hooks are understood here, and what their events are for. A new one is a file beside this and a row below.

mod claude;
mod codex;
mod copilot;
mod cursor;
mod folder_trust;
mod gemini;
mod kimi;
mod nested;
mod opencode;
mod profile;
mod qwen;
mod rewrite;
mod shell_patch;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use profile::{
    Checkup, Feed, Format, Level, Limits, Log, Logged, Named, Profile, Switches, Trial, TrialFile, Variable,
};
pub use rewrite::{CommandLine, Manner, Rewrite, option_in};

use crate::settings::place::{Places, Scope};

macro_rules! hosts {
    ($($(#[doc = $doc:literal])* $host:ident => $file:ident,)*) => {
        /// A coding agent that asks a hook before it uses a tool.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Host {
            $($(#[doc = $doc])* $host,)*
        }

        impl Host {
            /// Every host, in the order in which they are listed everywhere.
            pub const ALL: [Self; [$(stringify!($host)),*].len()] = [$(Self::$host),*];

            /// Everything that is particular to this host.
            #[must_use]
            pub fn profile(self) -> &'static Profile {
                match self {
                    $(Self::$host => &$file::PROFILE,)*
                }
            }
        }
    };
}

hosts! {
    /// Claude Code.
    Claude => claude,
    /// Codex CLI.
    Codex => codex,
    /// Gemini CLI.
    Gemini => gemini,
    /// GitHub Copilot CLI.
    Copilot => copilot,
    /// Kimi Code.
    Kimi => kimi,
    /// Cursor.
    Cursor => cursor,
    /// OpenCode.
    OpenCode => opencode,
    /// Qwen Code.
    Qwen => qwen,
}

impl Host {
    /// The name used on the command line, in actions and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.profile().name
    }

    /// The name of the program that people start.
    #[must_use]
    pub fn program(self) -> &'static str {
        self.profile().program
    }

    /// What the vendor calls the product.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.profile().title
    }

    /// What this host's event asks for; `None` for an event that is not known.
    #[must_use]
    pub fn role(self, event: &str) -> Option<Role> {
        self.profile().events.iter().find(|(name, _)| *name == event).map(|(_, role)| *role)
    }

    /// The project in which these settings lie; nothing where they are the person's.
    #[must_use]
    pub fn project_of<'a>(self, places: &Places, settings: &'a Path) -> Option<&'a Path> {
        let file = Path::new(self.profile().project_file?);
        let is_persons = places.settings(self, Scope::User).is_some_and(|persons| persons == settings);
        let is_projects = !is_persons && settings.ends_with(file);
        settings.ancestors().nth(file.components().count()).filter(|_| is_projects)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no host has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown agent `{0}`: write one of {names}", names = names())]
pub struct UnknownHost(pub String);

fn names() -> String {
    Host::ALL.iter().map(|host| host.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Host {
    type Err = UnknownHost;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|host| host.name() == name);
        known.ok_or_else(|| UnknownHost(name.to_owned()))
    }
}

/// What an event of a host asks of the hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The host waits for leave before it goes on.
    Gate,
    /// Something happened and goes into the audit log.
    Record(Moment),
}

/// A recorded event, by what it tells rather than by a host's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A person's (or a machine's) prompt reached the agent.
    Prompt,
    /// A tool call came to its end.
    PostTool,
    /// A session began.
    SessionStart,
    /// A session ended.
    SessionEnd,
    /// A subagent began.
    SubagentStart,
    /// A subagent ended.
    SubagentStop,
    /// The agent ended its turn.
    TurnEnd,
}

impl Moment {
    /// The word for it in a `record-event` action.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::PostTool => "post-tool",
            Self::SessionStart => "session-start",
            Self::SessionEnd => "session-end",
            Self::SubagentStart => "subagent-start",
            Self::SubagentStop => "subagent-stop",
            Self::TurnEnd => "turn-end",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_hosts_share_a_name_and_each_gate_is_an_event_of_its_host() {
        for (at, host) in Host::ALL.iter().enumerate() {
            assert!(Host::ALL.iter().skip(at + 1).all(|other| other.name() != host.name()), "{host}");
            assert_eq!(host.role(host.profile().gate), Some(Role::Gate), "{host}");
            for event in host.profile().installed {
                assert!(host.role(event).is_some(), "{host} {event}");
            }
            assert_eq!(host.profile().installed.first(), Some(&host.profile().gate), "{host}: the gate comes first");
        }
    }
}
