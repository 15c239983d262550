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
pub mod export;
pub mod filter;
pub mod import;
mod line;
mod locate;
pub mod replay;
pub mod settings;
pub mod show;
pub mod since;
pub mod source;
pub mod stats;
pub mod tickets;
pub mod verify;

use std::{io::Write, process::ExitCode};

use ccc_protocol::{Timestamp, exit, visible};

use args::{Args, Command};
use error::Error;

/// Tells what was asked for instead of a command (help, version), or what is wrong with the command line, in one line.
#[must_use]
pub fn not_a_call(told: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if !told.use_stderr() {
        told.exit();
    }
    let text = told.render().to_string();
    let wrong: Vec<&str> = match told.kind() {
        DisplayHelpOnMissingArgumentOrSubcommand => vec!["no command: write verify, show, export, replay or stats"],
        _ => text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect(),
    };
    let wrong = wrong.join(" ");
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    // Nothing can be done where stderr is closed.
    let _ = writeln!(std::io::stderr(), "ccc-audit: {}; see `ccc-audit --help`", visible::marked(wrong));
    ExitCode::from(exit::USAGE)
}

/// Does what the command line says; data goes to `out`, words to stderr.
#[must_use]
pub fn run(args: &Args, now: Timestamp, out: &mut dyn Write) -> ExitCode {
    let done = match &args.command {
        Command::Verify(args) => verify::command::run(args, now, out),
        Command::Show(args) => show::run(args, now, out).map(|()| exit::SUCCEEDED),
        Command::Export(args) => export::run(args, out).map(|()| exit::SUCCEEDED),
        Command::Replay(args) => replay::run(args, now, out),
        Command::Stats(args) => stats::run(args, now, out).map(|()| exit::SUCCEEDED),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(Error::from)) {
        Ok(code) => ExitCode::from(code),
        // Whoever read us has gone away: there is nobody to tell, and what was asked for was begun.
        Err(error) if error.is_broken_pipe() => ExitCode::from(exit::SUCCEEDED),
        Err(error) => {
            // Nothing can be done where stderr is closed too.
            let _ = writeln!(std::io::stderr(), "ccc-audit: {}", visible::marked(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}
