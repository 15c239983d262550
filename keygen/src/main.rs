//! `ccc-keygen`: makes the secrets file, and the one for the agent.

mod args;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use args::{Command, Task};
use ccc_client::private_file;
use ccc_keygen::{create, filter, rotate, write_private};
use ccc_protocol::private_file::Exposure;
use ccc_protocol::secrets::{self, Secrets};
use ccc_protocol::{exit, visible};

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    let outcome = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => print(HELP),
        Ok(Command::Version) => print(concat!("ccc-keygen ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Do(task)) => perform(&task),
        Err(fault) => Err(Failure { words: fault, code: exit::USAGE }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.words);
            ExitCode::from(failure.code)
        }
    }
}

/// Why the command ends without what was asked, and with which exit code.
struct Failure {
    words: String,
    code: u8,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { words: error.to_string(), code: exit::FAILED }
    }
}

fn perform(task: &Task) -> Result<(), Failure> {
    match task {
        Task::Create { names, can_approve, roles, output, force } => {
            let secrets = create(names, can_approve, roles)?;
            write_private(output, &secrets.to_file(), *force)?;
            say(&format!("wrote {} with mode 0600: it stays on the host", output.display()));
        }
        Task::Filter { name, input, output, force } => {
            refuse_same(input, output)?;
            let filtered = filter(&read(input)?, name)?;
            write_private(output, &filtered.to_file(), *force)?;
            say(&format!("wrote {} with mode 0600: it goes to `{name}`", output.display()));
        }
        Task::Rotate { name, file } => {
            let rotated = rotate(&read(file)?, name)?;
            write_private(file, &rotated.to_file(), true)?;
            say(&format!("`{name}` has a new secret in {}; give it a new filtered file", file.display()));
        }
        Task::List { input } => print(&listing(&read(input)?))?,
    }
    Ok(())
}

/// All other users would be gone.
fn refuse_same(input: &Path, output: &Path) -> Result<(), Failure> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    if real(output).is_none_or(|output| real(input) != Some(output)) {
        return Ok(());
    }
    let (input, output) = (input.display(), output.display());
    let words = format!("`{output}` is the file that is read, `{input}`; write another one with `--output FILE`");
    Err(Failure { words, code: exit::USAGE })
}

/// The users and what they may, without their secrets.
fn listing(secrets: &Secrets) -> String {
    let mut text = String::new();
    for (name, user) in secrets.users() {
        text.push_str(name.as_str());
        for (label, values) in [
            ("can approve", user.can_approve.iter().map(ToString::to_string).collect::<Vec<_>>()),
            ("roles", user.roles.iter().cloned().collect()),
        ] {
            if !values.is_empty() {
                text.push_str(&format!("\t{label}: {}", values.join(", ")));
            }
        }
        text.push('\n');
    }
    text
}

fn read(path: &Path) -> Result<Secrets, Failure> {
    let shown = path.display();
    let (text, exposure) = private_file::read_with_exposure(path, secrets::FILE_BYTES_MAX)
        .map_err(|error| Failure { words: format!("`{shown}` cannot be read: {error}"), code: exit::FAILED })?;
    match exposure {
        Some(Exposure::Open) => {
            say(&format!("others can read `{shown}`; make it yours alone with\n  chmod 600 {shown}"));
        }
        Some(exposure) => say(&format!("`{shown}` is not yours alone: {exposure}")),
        None => {}
    }
    Secrets::parse(&text).map_err(|error| Failure { words: format!("{shown}: {error}"), code: exit::FAILED })
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())?;
    Ok(())
}

/// Writes words for a person. Where not even that is possible, the exit code
/// alone speaks.
fn say(words: &str) {
    let _ = writeln!(io::stderr(), "ccc-keygen: {}", visible::marked_lines(words));
}
