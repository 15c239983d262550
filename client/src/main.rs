//! `ccc-client`: asks the bridge for an action, and waits for it to end.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run())
}
