//! `ccc-queue`: the console.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(ccc_queue::run(std::env::args_os()))
}
