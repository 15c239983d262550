//! What an approver is shown: the plan in plain, beside what helps to judge it. `GET /queue/{id}/preview`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Facts, Status, Ticket};
use crate::{Digest, TicketId, Timestamp};

/// The resolved effect. Its canonical JSON is what `plan` in the ticket is the SHA-256 of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Plan {
    /// A program is started and waited for.
    Run {
        /// The digest of the action's declaration.
        declaration: Digest,
        /// Absolute path on the host.
        program: String,
        /// Its arguments, each whole.
        args: Vec<String>,
        /// The working directory on the host.
        dir: Option<String>,
        /// The time limit.
        timeout_seconds: u64,
        /// Every path parameter, resolved.
        paths: Vec<PathView>,
        /// What it reaches; all that the bridge's user does where it is not confined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confined: Option<Reach>,
    },
    /// A program is started, watched for a moment, and left to the person.
    Open {
        /// The digest of the action's declaration.
        declaration: Digest,
        /// Absolute path on the host.
        program: String,
        /// Its arguments, each whole.
        args: Vec<String>,
        /// The working directory on the host.
        dir: Option<String>,
        /// Every path parameter, resolved.
        paths: Vec<PathView>,
    },
    /// A mail is sent.
    Mail {
        /// The digest of the action's declaration.
        declaration: Digest,
        /// The mail as it will be sent.
        mail: MailView,
        /// A label that the agent chose; permissions match it.
        topic: Option<String>,
    },
    /// The bridge itself does it: lists, permissions, pins, records.
    Bridge {
        /// The digest of the action's declaration.
        declaration: Digest,
        /// Which built-in action.
        what: String,
    },
    /// The caller does it itself, once it is let.
    Release {
        /// The digest of the action's declaration.
        declaration: Digest,
    },
}

impl Plan {
    /// True where the caller does it itself.
    #[must_use]
    pub fn is_release(&self) -> bool {
        matches!(self, Self::Release { .. })
    }
}

/// What a confined program reaches beside the system's programs and libraries, and directories of its own that end with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// How it is confined: exactly so, or it is not run.
    pub level: Confined,
    /// Files and directories of the host that it may read.
    pub read: Vec<String>,
    /// Those that it may also write.
    pub write: Vec<String>,
    /// Whether it reaches the machine's network.
    pub network: bool,
}

/// How a program is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confined {
    /// Namespaces and a root of its own, Landlock and seccomp.
    Full,
    /// Landlock and seccomp.
    Files,
}

/// How the program of an action is confined, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confinement {
    /// As [`Confined::Full`].
    Full,
    /// As [`Confined::Files`].
    Files,
    /// Not at all: it reaches what the bridge's user does.
    No,
}

impl From<Option<Confined>> for Confinement {
    fn from(level: Option<Confined>) -> Self {
        match level {
            Some(Confined::Full) => Self::Full,
            Some(Confined::Files) => Self::Files,
            None => Self::No,
        }
    }
}

impl Confined {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Files => "files",
        }
    }
}

/// One path parameter, in the container and on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathView {
    /// The parameter.
    pub param: String,
    /// As the agent knows it, after links are resolved.
    pub container: String,
    /// Where it lies on the host, after links are resolved.
    pub host: String,
    /// The root of its volume on the host.
    pub volume: String,
    /// The SHA-256 of the file's content, where the declaration binds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
}

/// A mail as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailView {
    /// The sender from the server's config.
    pub from: String,
    /// The one recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The whole text.
    pub body: String,
}

/// The answer: the ticket, its plan, and what surrounds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The ticket as it stands.
    pub ticket: Ticket,
    /// What would run. The reader checks that its digest is the ticket's `plan`.
    pub plan: Plan,
    /// Each URL parameter, taken apart.
    #[serde(default)]
    pub urls: Vec<UrlView>,
    /// The head of each file that would be opened.
    #[serde(default)]
    pub files: Vec<FileView>,
    /// For `use-tool`: what the bridge derived from the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// Where in a command's text that stands which was read from it. A reader drops what does not fit the text that it has itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Warnings in words: look-alike hosts, hidden characters, a file that a build would run.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What the same user asked just before, newest first.
    #[serde(default)]
    pub recent: Vec<RecentAsk>,
    /// The parameters of the ticket this one was edited from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_edit: Option<Map<String, Value>>,
    /// For a call of an MCP server's tool: the tool's definition in the form that is approved for this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_tool: Option<Value>,
    /// For a waiting tool call that writes a whole file: what is there now, where the bridge sees that place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
    /// For an open `pin-tool`: the parameters under which another form of the tool is approved now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_before: Option<Map<String, Value>>,
}

/// What lies at the place that a tool call would write to, as far as a volume shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Replaced {
    /// Nothing yet.
    Nothing,
    /// A file of text, read whole.
    Text {
        /// All of it.
        text: String,
    },
    /// Something that is not compared: a long file, one that is no text, a directory.
    Other {
        /// Its size in bytes.
        bytes: u64,
    },
}

/// A part of a text in a tool call's input, and what was read there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The text's name in `input`.
    pub field: String,
    /// The byte of the text, as UTF-8, that it begins at.
    pub start: u64,
    /// The byte after its last one.
    pub end: u64,
    /// What was read.
    pub what: Marked,
}

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marked {
    /// The name of a program that is run.
    Program,
    /// A word by which something out of the ordinary is done.
    Danger,
    /// A host, or an address with one.
    Host,
    /// A path outside of the project.
    Path,
}

/// A URL, taken apart for a person's eye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlView {
    /// The parameter.
    pub param: String,
    /// As it will be passed on.
    pub url: String,
    /// The host in ASCII (punycode).
    pub host: String,
    /// The host as it reads in Unicode, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_unicode: Option<String>,
}

/// The head of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// The parameter.
    pub param: String,
    /// As the agent knows it.
    pub container: String,
    /// Its size.
    pub bytes: u64,
    /// Its first part as text; invalid UTF-8 is replaced.
    pub head: String,
    /// True where the head is the whole file.
    pub whole: bool,
}

/// One earlier request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentAsk {
    /// Its ticket.
    pub id: TicketId,
    /// What was asked, in one line.
    pub summary: String,
    /// When.
    pub created: Timestamp,
    /// How it stands.
    pub status: Status,
}
