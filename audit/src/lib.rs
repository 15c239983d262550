//! `ccc-audit`: is the log whole, what does it say, and how does it get elsewhere. It reads and never writes where the
//! server's files lie, and works with the server running, stopped or gone.
//!
//! [`verify`] is the heart: a pure examination of a stream of entries against checkpoints. Around it: where entries
//! come from ([`source`]), how they are shown ([`show`]) and how they are handed on ([`export`]).

pub mod args;
pub mod checkpoints;
mod color;
pub mod database;
pub mod entry;
pub mod error;
pub mod exit;
pub mod export;
pub mod filter;
pub mod import;
mod line;
mod locate;
pub mod settings;
pub mod show;
pub mod source;
pub mod tickets;
pub mod verify;
pub mod visible;

use std::{io::Write, process::ExitCode};

use ccc_protocol::Timestamp;

use args::{Args, Command};
use error::Error;

/// Does what the command line says; data goes to `out`, words to stderr.
#[must_use]
pub fn run(args: &Args, now: Timestamp, out: &mut dyn Write) -> ExitCode {
    let done = match &args.command {
        Command::Verify(args) => verify::command::run(args, now, out),
        Command::Show(args) => show::run(args, now, out).map(|()| exit::INTACT),
        Command::Export(args) => export::run(args, out).map(|()| exit::INTACT),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(Error::from)) {
        Ok(code) => ExitCode::from(code),
        // Whoever read us has gone away: there is nobody to tell, and what was asked for was begun.
        Err(error) if error.is_broken_pipe() => ExitCode::from(exit::INTACT),
        Err(error) => {
            // Nothing can be done where stderr is closed too.
            let _ = writeln!(std::io::stderr(), "ccc-audit: {}", visible::text(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}
