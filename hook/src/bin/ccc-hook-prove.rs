//! `ccc-hook-prove`: what `ccc-hook doctor --prove` starts, a program of its own so that the gate stays small.

use std::io::{self, Write};
use std::process::ExitCode;

use ccc_client::Shown;
use ccc_hook::cli::{self, Command};
use ccc_hook::prove;
use ccc_hosts::settings::place::Places;
use ccc_protocol::exit;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::from(exit::SUCCEEDED),
        Ok(false) => ExitCode::from(exit::FAILED),
        Err((code, words)) => {
            // With stderr gone the code still tells.
            let _ = writeln!(Shown::new(io::stderr()), "ccc-hook-prove: {words}");
            ExitCode::from(code)
        }
    }
}

fn run() -> Result<bool, (u8, String)> {
    let arguments = std::env::args_os().skip(1);
    let line = cli::parse(std::iter::once("doctor".into()).chain(arguments).collect());
    let (hosts, is_sure) = match line.map_err(|error| (exit::USAGE, error.to_string()))? {
        Command::Doctor(hosts) => (hosts, false),
        Command::Prove(order) => (order.hosts, order.is_sure),
        _ => return Err((exit::USAGE, "write `ccc-hook doctor --prove`, which starts this".to_owned())),
    };
    let places =
        Places::of_person().ok_or((exit::FAILED, "HOME is not set: set it to the home directory".to_owned()))?;
    prove::prove(&hosts, &places, is_sure, &mut io::stdin().lock(), &mut Shown::new(io::stdout()))
        .map_err(|error| (exit::FAILED, error.to_string()))
}
