//! `ccc-hook`: the hook that coding agents start before each tool call, and
//! the commands by which people install and examine it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ccc_client::Shown;
use ccc_hook::cli::{self, Command, Form, Proof, SessionLine};
use ccc_hook::run::{self, Installed};
use ccc_hook::session::Session;
use ccc_hook::voice::Voice;
use ccc_hook::{doctor, install, session, status, uninstall};
use ccc_hosts::answer::Reason;
use ccc_hosts::settings::place::Places;
use ccc_protocol::exit;

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if cli::is_hook(arguments.first().and_then(|first| first.to_str())) {
        return hook(arguments);
    }
    match person(arguments) {
        Ok(code) => ExitCode::from(code),
        Err((code, words)) => {
            // With stderr gone the code still tells.
            let _ = writeln!(Shown::new(io::stderr()), "ccc-hook: {words}");
            ExitCode::from(code)
        }
    }
}

/// Everything that goes wrong from here on blocks.
fn hook(arguments: Vec<OsString>) -> ExitCode {
    let parsed = cli::parse_hook(arguments);
    match parsed.as_ref().map(|line| (line, line.host)) {
        Ok((line, Some(host))) => {
            run::run(Installed { host, event: line.event.as_deref(), config: line.config.as_deref() })
        }
        Ok((_, None)) => block("the hook command names no agent: add `--agent NAME`, or see `ccc-hook --help`"),
        Err(error) => block(&error.to_string()),
    }
}

fn block(words: &str) -> ExitCode {
    ExitCode::from(Voice::of_process().block(&Reason::new(words)))
}

/// The exit code and the words of a command that did not do what it should.
type Failed = (u8, String);

fn person(arguments: Vec<OsString>) -> Result<u8, Failed> {
    let usage = |error: lexopt::Error| (exit::USAGE, error.to_string());
    let command = cli::parse(arguments).map_err(usage)?;
    let places =
        Places::of_person().ok_or((exit::FAILED, "HOME is not set: set it to the home directory".to_owned()))?;
    let out = &mut Shown::new(io::stdout());
    match command {
        Command::Help => said(out, HELP),
        Command::Version => said(out, concat!("ccc-hook ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Install(order) => {
            let program = own_program()?;
            install::install(&order, &places, &program, out).map_err(failed).map(|()| exit::SUCCEEDED)
        }
        Command::Uninstall(removal) => {
            uninstall::uninstall(&removal, &places, out).map_err(failed).map(|()| exit::SUCCEEDED)
        }
        Command::Status(hosts, Form::Words) => status::status(&hosts, &places, out).map_err(failed).map(code),
        Command::Status(hosts, Form::Json) => status::status_json(&hosts, &places, out).map_err(failed).map(code),
        Command::Doctor(hosts) => doctor::doctor(&hosts, &places, out).map_err(failed).map(code),
        Command::Prove(proof) => start_prove(&proof),
        Command::SessionStart(line) => {
            let session = session_of(line, &places)?;
            // Its id is read by scripts.
            session::start(&session, &mut io::stdout(), &mut Shown::new(io::stderr()))
                .map_err(|error| (session_code(&error), error.to_string()))
        }
    }
}

/// The proof is a program of its own beside this one, so that the gate stays small; it asks, and its status is the answer.
fn start_prove(proof: &Proof) -> Result<u8, Failed> {
    let program = own_program()?.with_file_name("ccc-hook-prove");
    let mut command = std::process::Command::new(&program);
    command.arg("--prove").args(proof.is_sure.then_some("--yes"));
    proof.hosts.iter().for_each(|host| {
        command.args(["--agent", host.name()]);
    });
    let started = command.status();
    let status = started.map_err(|cause| {
        failed(format!("`{}` cannot be started ({cause}): put it beside ccc-hook", program.display()))
    })?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::FAILED))
}

fn said(out: &mut impl Write, words: &str) -> Result<u8, Failed> {
    out.write_all(words.as_bytes()).and_then(|()| out.flush()).map_err(failed)?;
    Ok(exit::SUCCEEDED)
}

fn failed(error: impl std::fmt::Display) -> Failed {
    (exit::FAILED, error.to_string())
}

fn code(good: bool) -> u8 {
    if good { exit::SUCCEEDED } else { exit::FAILED }
}

/// The path that settings will name: of the file itself, not of a link to it
/// that may change.
fn own_program() -> Result<PathBuf, Failed> {
    std::env::current_exe().and_then(|path| path.canonicalize()).map_err(failed)
}

fn session_of(line: SessionLine, places: &Places) -> Result<Session, Failed> {
    let config = match (line.config, line.host) {
        (Some(config), _) => config,
        (None, Some(host)) => places.config(host),
        (None, None) => return Err((exit::USAGE, "write --agent NAME or --config FILE".to_owned())),
    };
    let id = match line.id {
        Some(id) => id,
        None => random_id()?,
    };
    Ok(Session {
        config,
        host: line.host,
        id,
        risk: line.risk,
        purpose: line.purpose,
        wait: line.wait,
        command: line.command,
    })
}

fn random_id() -> Result<String, Failed> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(failed)?;
    Ok(uuid::Builder::from_random_bytes(random).into_uuid().to_string())
}

fn session_code(error: &session::SessionError) -> u8 {
    match error {
        session::SessionError::Call(error) => error.exit_code(),
        _ => exit::FAILED,
    }
}
