//! What an action would do.

use ccc_protocol::actions;

use super::template::Template;

/// What an action would do: everything that a server can be brought to do is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start a program and wait for it.
    Run(Command),
    /// Start a program, watch it for a moment, leave it to the person.
    Open(Opener),
    /// Send a mail by the configured server.
    Mail,
    /// Something the bridge itself knows or keeps.
    Bridge(Service),
    /// Nothing here: the caller does it, once it is let.
    Release,
}

/// A program with its argument templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Absolute path, found when the config was read; a bare name where nothing was found, so that running it fails and says so.
    pub program: String,
    /// Each becomes no, one or (a list alone) several whole arguments.
    pub args: Vec<Template>,
    /// The path parameter whose directory is the working directory.
    pub dir_param: Option<String>,
    /// How long it may run, in seconds.
    pub timeout_seconds: u64,
}

/// Which of the person's own programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opener {
    /// The editor on the file of this parameter.
    Editor {
        /// The path parameter; its file need not be there yet.
        param: String,
    },
    /// The browser on the URL of this parameter.
    Browser {
        /// The URL parameter, whose schemes the declaration bounds.
        param: String,
    },
    /// A terminal in the directory of this parameter.
    Terminal {
        /// The path parameter; its directory becomes the working directory.
        param: String,
    },
}

/// What the bridge does by itself, within the ticket's own commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Say what may be asked for.
    ListActions,
    /// Say which mails which users may send.
    GetMailPermissions,
    /// Allow or forbid mails.
    SetMailPermission,
    /// Tell what policy would do with a request, without doing it.
    Explain,
    /// Write down what an agent's host told (prompts, tool results, sessions).
    RecordEvent,
    /// Let a session of an agent begin.
    StartSession,
    /// Keep the approved form of an MCP server's tool.
    PinTool,
}

impl Service {
    /// The name of the built-in action, as plans carry it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ListActions => actions::LIST_ACTIONS,
            Self::GetMailPermissions => actions::GET_MAIL_PERMISSIONS,
            Self::SetMailPermission => actions::SET_MAIL_PERMISSION,
            Self::Explain => actions::EXPLAIN,
            Self::RecordEvent => actions::RECORD_EVENT,
            Self::StartSession => actions::START_SESSION,
            Self::PinTool => actions::PIN_TOOL,
        }
    }

    /// True where nothing but the audit log changes.
    #[must_use]
    pub fn only_reads(self) -> bool {
        matches!(self, Self::ListActions | Self::GetMailPermissions | Self::Explain)
    }
}
