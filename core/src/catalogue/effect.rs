//! What an action would do.

use ccc_protocol::actions;

use ccc_protocol::bodies::Confined;

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
    /// What it reaches.
    pub reach: Wanted,
}

/// What a program is to reach, as its owner declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How it is confined; `None`: it reaches what the bridge's user does.
    pub confined: Option<Confined>,
    /// What it may read beside the volumes that its paths lie in.
    pub read: Vec<Given>,
    /// What it may also write.
    pub write: Vec<Given>,
    /// Whether it reaches the machine's network.
    pub network: bool,
    /// Whether its owner said anything about it. Not part of the declaration's digest: what is reached is the same.
    pub is_declared: bool,
}

/// A place that a declaration gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A path of the host: absolute, or beneath `~/`.
    Host(String),
    /// The directory that a path parameter names, or in which the file lies that it names.
    Param {
        /// The parameter.
        name: String,
        /// Whether it names files.
        is_file: bool,
    },
}

/// A program whose owner says nothing is confined.
impl Default for Wanted {
    fn default() -> Self {
        Self { confined: Some(Confined::Full), read: vec![], write: vec![], network: false, is_declared: false }
    }
}

impl Given {
    /// As the declaration writes it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Host(path) => path.clone(),
            Self::Param { name, .. } => format!("{{{name}}}"),
        }
    }
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
