//! Where the system has no means to confine a program: level `none`, and nothing is started.

use std::ffi::OsString;

use crate::{Fault, Probe};

/// Answers `probe` with level `none`, and refuses everything else.
pub fn launch(args: &[OsString]) -> ! {
    if args.first().is_some_and(|command| command == "probe") {
        println!("{}", Probe::none("only Linux has Landlock and seccomp").json());
        std::process::exit(0);
    }
    Fault::new("cannot confine", "only Linux has Landlock and seccomp", "run it unconfined, if you trust it").exit()
}
