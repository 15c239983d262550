//! What is asked for, once the command line and the environment are read.

use std::{ffi::OsString, num::NonZero, path::PathBuf};

use ccc_client::local::Unasked;
use ccc_protocol::Digest;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Print this text: the help, or the version.
    Print(String),
    /// Print the key table.
    Keys,
    /// Set up what is missing, start a server if none answers, and open the console.
    Local {
        /// Line by line.
        plain: bool,
        /// Where, whatever its config says.
        url: Option<String>,
    },
    /// Speak to a server.
    Task(Connect, Task),
}

/// Where and as whom.
#[derive(Debug, PartialEq, Eq)]
pub struct Connect {
    /// The secrets file.
    pub secrets: PathBuf,
    /// The user; the file's only one, or its only approver, where none is given.
    pub user: Option<String>,
    /// The server.
    pub url: String,
}

/// What to do there.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the command of the same name")]
pub enum Task {
    Screen,
    Plain,
    List { json: bool },
    Show { id: String, json: bool },
    Approve { id: String, terms: Terms, asked: Asked },
    Deny { id: String, reason: Option<String>, asked: Asked },
    Stop { id: String },
    Grants { json: bool },
    Revoke { id: String },
    Resume { user: String },
    Policies { json: bool },
    Watch { json: bool },
    Suggest(Suggest),
}

/// Which rules are suggested, and where to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Suggest {
    /// As JSON.
    pub json: bool,
    /// The server's config; the usual one where it is not named.
    pub config: Option<PathBuf>,
    /// The one to write there, by its number.
    pub write: Option<NonZero<u64>>,
}

/// What an approval carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What is written beside it.
    pub note: Option<String>,
    /// More of the same for so many seconds.
    pub seconds: Option<u64>,
    /// More of the same so many times.
    pub uses: Option<u32>,
    /// The word of a verdict, where it was read before and nobody is asked.
    pub word: Option<String>,
}

/// Whether the person is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// On the terminal.
    OnTerminal,
    /// Not again: they named what they had seen.
    Already(Digest),
}

/// What of the environment matters.
#[derive(Debug, Default)]
pub struct Environment {
    /// `CCC_SECRETS`
    pub secrets: Option<OsString>,
    /// `CCC_USER`
    pub user: Option<OsString>,
    /// `CONDUIT_URL`
    pub url: Option<OsString>,
    /// What `--local` made for whoever decides here.
    pub unasked: Option<Unasked>,
}
