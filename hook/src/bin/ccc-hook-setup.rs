//! `ccc-hook-setup`: the commands by which people install and examine the hook. `ccc-hook` starts it: they write `ccc-hook install`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use ccc_client::Shown;
use ccc_hook::cli::{self, Command, Form, SessionLine};
use ccc_hook::session::{self, Session};
use ccc_hook::{decoy, doctor, install, prove, setup, status, uninstall};
use ccc_hosts::settings::place::Places;
use ccc_protocol::exit;

fn main() -> ExitCode {
    match person(std::env::args_os().skip(1).collect()) {
        Ok(code) => ExitCode::from(code),
        Err((code, words)) => {
            // With stderr gone the code still tells.
            let _ = writeln!(Shown::new(io::stderr()), "ccc-hook: {words}");
            ExitCode::from(code)
        }
    }
}

/// The exit code and the words of a command that did not do what it should.
type Failed = (u8, String);

fn person(arguments: Vec<OsString>) -> Result<u8, Failed> {
    let words = setup::words_of_gate(arguments).map_err(failed)?;
    let command = cli::parse(words).map_err(|error| (exit::USAGE, error.to_string()))?;
    let out = &mut Shown::new(io::stdout());
    let places =
        Places::of_person().ok_or((exit::FAILED, "HOME is not set: set it to the home directory".to_owned()))?;
    match command {
        Command::Help => said(out, setup::HELP),
        Command::Install(order) => {
            let gate = setup::gate().map_err(failed)?;
            install::install(&order, &places, &gate, out).map_err(failed).map(|()| exit::SUCCEEDED)
        }
        Command::Uninstall(removal) => {
            uninstall::uninstall(&removal, &places, out).map_err(failed).map(|()| exit::SUCCEEDED)
        }
        Command::Status(hosts, Form::Words) => status::status(&hosts, &places, out).map_err(failed).map(code),
        Command::Status(hosts, Form::Json) => status::status_json(&hosts, &places, out).map_err(failed).map(code),
        Command::Doctor(hosts) => doctor::doctor(&hosts, &places, out).map_err(failed).map(code),
        Command::Prove(proof) => {
            prove::prove(&proof.hosts, &places, proof.is_sure, &mut io::stdin().lock(), out).map_err(failed).map(code)
        }
        Command::Canary(decoy) => decoy::lay(&decoy, &places, out).map_err(failed).map(|()| exit::SUCCEEDED),
        Command::SessionStart(line) => {
            let session = session_of(line, &places)?;
            // Its id is read by scripts.
            session::start(&session, &mut io::stdout(), &mut Shown::new(io::stderr()))
                .map_err(|error| (session_code(&error), error.to_string()))
        }
    }
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
