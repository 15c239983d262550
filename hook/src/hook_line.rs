//! The command line by which an agent starts the hook, as `install` writes it, told apart from those that people write.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::Long;
use lexopt::{Parser, ValueExt};

use ccc_hosts::host::Host;

/// The words that begin the command lines of people.
const COMMANDS: [&str; 6] = ["install", "uninstall", "status", "doctor", "canary", "session"];

/// The hook's own command line.
#[derive(Debug, Default)]
pub struct HookLine {
    /// For which host.
    pub host: Option<Host>,
    /// For which of its events.
    pub event: Option<String>,
    /// The config.
    pub config: Option<PathBuf>,
}

/// True where the command line is none of the commands for people, so that
/// whatever is wrong with it must block.
#[must_use]
pub fn is_hook(first: Option<&str>) -> bool {
    !matches!(first, Some("--help" | "-h" | "--version" | "-V")) && first.is_none_or(|first| !COMMANDS.contains(&first))
}

/// Reads the hook's own command line.
///
/// # Errors
/// When it is not one that `install` writes.
pub fn parse_hook(arguments: Vec<OsString>) -> Result<HookLine, lexopt::Error> {
    let mut parser = Parser::from_args(arguments);
    let mut line = HookLine::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("agent") => line.host = Some(host(&mut parser)?),
            Long("event") => line.event = Some(parser.value()?.string()?),
            Long("config") => line.config = Some(parser.value()?.into()),
            other => return Err(other.unexpected()),
        }
    }
    Ok(line)
}

/// The host that is named by the value of an option.
///
/// # Errors
/// When there is no value, or no host of that name.
pub fn host(parser: &mut Parser) -> Result<Host, lexopt::Error> {
    parser.value()?.parse_with(str::parse::<Host>)
}
