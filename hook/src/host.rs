//! The coding agents whose hooks are understood here, and what their events
//! are for.

use std::fmt;
use std::str::FromStr;

/// A coding agent that asks a hook before it uses a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// GitHub Copilot CLI.
    Copilot,
    /// Kimi Code.
    Kimi,
    /// Cursor.
    Cursor,
}

impl Host {
    /// Every host, in the order in which they are listed everywhere.
    pub const ALL: [Self; 6] = [Self::Claude, Self::Codex, Self::Gemini, Self::Copilot, Self::Kimi, Self::Cursor];

    /// The name used on the command line, in actions and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
            Self::Kimi => "kimi",
            Self::Cursor => "cursor",
        }
    }

    /// The name of the program that people start.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Cursor => "cursor-agent",
            other => other.name(),
        }
    }

    /// What the vendor calls the product.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex CLI",
            Self::Gemini => "Gemini CLI",
            Self::Copilot => "GitHub Copilot CLI",
            Self::Kimi => "Kimi Code",
            Self::Cursor => "Cursor",
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the six.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown agent `{0}`: write claude, codex, gemini, copilot, kimi or cursor")]
pub struct UnknownHost(pub String);

impl FromStr for Host {
    type Err = UnknownHost;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|host| host.name() == name).ok_or_else(|| UnknownHost(name.to_owned()))
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
