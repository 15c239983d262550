//! `ccc-server`: see the library beside it, and `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ccc_server::program::main()
}
