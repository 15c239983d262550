//! The program beside the gate: `ccc-hook-setup` does everything that people ask of `ccc-hook`, so that what an agent starts before
//! each tool call stays small. The gate finds it beside its own file alone, never by `PATH`, and tells it its own version.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file name of the gate.
pub const GATE: &str = "ccc-hook";

/// The file name of the program beside it.
pub const SETUP: &str = "ccc-hook-setup";

/// By what the gate tells its version, before the words of the person.
const OF: &str = "--of";

/// What both say of themselves.
pub const HELP: &str = include_str!("help.txt");

/// The version of both.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a command of a person's did not begin. Nothing was done then.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The gate was installed alone, or the program is not one that can be started.
    #[error(
        "this is done by {SETUP}, and `{}` cannot be started ({}): put it beside {GATE}; both come from one build",
        .0.display(), .1
    )]
    NotBeside(PathBuf, io::Error),
    /// Elsewhere lies another gate, which is the one that would be installed.
    #[error("`{}` is a link: put the file itself beside {GATE}", .0.display())]
    Link(PathBuf),
    /// The two were built from different sources.
    #[error(
        "`{}` is version {VERSION} and {GATE} is {}: put {GATE} and {SETUP} of one build beside each other",
        .program.display(), .gate
    )]
    Version {
        /// The program.
        program: PathBuf,
        /// What the gate said.
        gate: String,
    },
    /// Somebody started it by hand.
    #[error("{SETUP} is started by {GATE}: write `{GATE} install`, status, uninstall, doctor or session")]
    NotByGate,
    /// The place of this program cannot be told.
    #[error("cannot find where this program lies: {0}")]
    Nowhere(#[source] io::Error),
}

/// Goes on as the program beside this one, which is the gate, with the person's words; comes back only where that fails.
#[must_use]
pub fn go_on(words: &[OsString]) -> SetupError {
    let program = match own_file() {
        Ok(gate) => gate.with_file_name(SETUP),
        Err(error) => return error,
    };
    match program.canonicalize() {
        Ok(real) if real != program => SetupError::Link(program),
        Ok(_) => {
            let cause = Command::new(&program).arg(OF).arg(VERSION).args(words).exec();
            SetupError::NotBeside(program, cause)
        }
        Err(cause) => SetupError::NotBeside(program, cause),
    }
}

/// The person's words, where a gate of this version started this program.
///
/// # Errors
/// When another did, or a person.
pub fn words_of_gate(arguments: Vec<OsString>) -> Result<Vec<OsString>, SetupError> {
    let mut arguments = arguments.into_iter();
    let (Some(of), Some(gate)) = (arguments.next(), arguments.next()) else { return Err(SetupError::NotByGate) };
    if of != OF {
        return Err(SetupError::NotByGate);
    }
    if gate != VERSION {
        return Err(SetupError::Version { program: own_file()?, gate: gate.to_string_lossy().into_owned() });
    }
    Ok(arguments.collect())
}

/// The gate beside this program: the file itself, which settings will name.
///
/// # Errors
/// When there is none.
pub fn gate() -> Result<PathBuf, SetupError> {
    let gate = own_file()?.with_file_name(GATE);
    match gate.canonicalize() {
        Ok(real) if real == gate => Ok(gate),
        Ok(_) => Err(SetupError::Link(gate)),
        Err(cause) => Err(SetupError::NotBeside(gate, cause)),
    }
}

/// The program beside this gate.
#[must_use]
pub fn beside(gate: &Path) -> PathBuf {
    gate.with_file_name(OsStr::new(SETUP))
}

/// The file of this program and not a link to it, which may change.
fn own_file() -> Result<PathBuf, SetupError> {
    std::env::current_exe().and_then(|path| path.canonicalize()).map_err(SetupError::Nowhere)
}
