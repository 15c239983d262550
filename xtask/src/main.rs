//! Jobs of this repository that are no part of the product.

mod events;
mod hosts;

use std::process::ExitCode;

const HELP: &str = "\
cargo run -p xtask -- hosts [--installed DIR]

hosts   compares the newest versions of the coding agents, and the events of their hooks, with those that were verified
        (hook/tests/agents). npm is asked where its own config says. Status 1: something is new; 2: it could not be told.
        --installed DIR looks at the packages in DIR/node_modules and asks nobody: the events must be those noted.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = match words.as_slice() {
        ["hosts"] => hosts::newest(&mut std::io::stdout()),
        ["hosts", "--installed", directory] => hosts::installed(directory.as_ref(), &mut std::io::stdout()),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match told {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(1),
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}
