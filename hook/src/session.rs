//! `ccc-hook session start`: a session as a whole waits for a person's leave,
//! and nothing is started without it.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use ccc_client::{CallError, Manner, Until, follow};
use ccc_protocol::actions::START_SESSION;
use ccc_protocol::bodies::{Status, Ticket};
use ccc_protocol::exit;
use serde_json::{Value, json};

use crate::config::{Config, ConfigError};
use crate::connection::Connection;
use crate::judge::Bridge;
use ccc_hosts::host::Host;

/// How long a session waits for leave where nobody says otherwise, in seconds.
pub const WAIT_SECONDS_DEFAULT: u64 = 300;

/// The longest wait, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 86_400;

/// How much care a session deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Nothing special.
    Low,
    /// A person looks at it first.
    High,
}

impl Risk {
    fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

/// What a person wants to start.
#[derive(Debug, Clone)]
pub struct Session {
    /// The config that says where the bridge is and who asks.
    pub config: PathBuf,
    /// The host it will run in, where it is known.
    pub host: Option<Host>,
    /// Its id.
    pub id: String,
    /// How much care it deserves.
    pub risk: Risk,
    /// What it is for.
    pub purpose: Option<String>,
    /// How long to wait for leave; none asks and goes.
    pub wait: Option<Duration>,
    /// What to start when leave is given.
    pub command: Vec<std::ffi::OsString>,
}

/// Why a session was not even asked for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// See [`ConfigError`].
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// See [`CallError`].
    #[error(transparent)]
    Call(#[from] CallError),
    /// The command could not be started, after leave was given.
    #[error("`{program}` cannot be started: {cause}")]
    Command {
        /// The program.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Telling the person failed.
    #[error("cannot write to the terminal: {0}")]
    Output(#[from] io::Error),
}

/// Asks for leave and, where it is given, becomes the command. Returns the exit
/// code where it does not.
///
/// # Errors
/// When nobody could be asked, or the command cannot be started.
pub fn start(session: &Session, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, SessionError> {
    let connection = Connection::open(&Config::load(&session.config)?)?;
    let ticket = ask(session, &connection)?;
    if is_leave(&ticket) {
        writeln!(out, "{}", session.id)?;
        out.flush()?;
        return become_command(session);
    }
    writeln!(err, "not started: {}", words(&ticket))?;
    Ok(match exit::of_ticket(&ticket, true) {
        // No code of success may follow a session that was not started.
        exit::SUCCEEDED => exit::FAILED,
        code => code,
    })
}

/// Only the end of a ticket for this very action is leave.
fn is_leave(ticket: &Ticket) -> bool {
    ticket.status == Status::Succeeded && ticket.action.as_str() == START_SESSION
}

fn ask(session: &Session, connection: &Connection) -> Result<Ticket, CallError> {
    let until = Until(Instant::now() + session.wait.unwrap_or_default());
    let followed = follow(connection.road(), action(session).to_string().as_bytes(), Manner::Held, &until)?;
    followed.ticket.map(|ticket| *ticket)
}

fn action(session: &Session) -> Value {
    let mut action = json!({ "action": START_SESSION, "session": session.id, "risk": session.risk.name() });
    let optional = [("host", session.host.map(Host::name)), ("purpose", session.purpose.as_deref())];
    for (name, value) in optional {
        if let (Some(value), Some(fields)) = (value, action.as_object_mut()) {
            fields.insert(name.to_owned(), Value::from(value));
        }
    }
    action
}

fn become_command(session: &Session) -> Result<u8, SessionError> {
    let Some((program, arguments)) = session.command.split_first() else { return Ok(exit::SUCCEEDED) };
    let cause = Command::new(program).args(arguments).exec();
    Err(SessionError::Command { program: program.to_string_lossy().into_owned(), cause })
}

fn words(ticket: &Ticket) -> String {
    let id = &ticket.id;
    let reason = ticket.reason.as_deref().unwrap_or("no reason was given");
    match ticket.status {
        Status::Denied => format!("denied: {reason}"),
        Status::Queued => format!("ticket {id} waits for a person (ccc-queue approve {id})"),
        other => format!("ticket {id} is {other}"),
    }
}
