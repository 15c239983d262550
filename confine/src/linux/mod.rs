//! The launcher: its command line, and its two processes.
//!
//! ```text
//! who starts it ── ccc-confine run (parent.rs): reads the record, makes the namespaces, watches, passes signals and status through
//!                    └─ ccc-confine inside (inside.rs): builds the root, gives up every right, lays Landlock and seccomp on
//!                         └─ the program        (at `files` in place of the second process)
//! ```

mod call;
mod channel;
mod defence;
mod descendants;
mod filter;
mod given;
mod held;
mod inside;
mod landlock;
mod launcher_file;
mod namespaces;
mod parent;
mod privileges;
mod probe;
mod root;
mod scratch;
mod seal;
mod signals;
mod started;

use std::ffi::{OsStr, OsString};

pub use defence::Defence;
use defence::Defences;

use crate::{Fault, LAUNCHER_FAILED};

const USAGE: &str = "\
ccc-confine: starts one program, which reaches what it was given and nothing else

  ccc-confine probe                 how far a program can be confined here, as JSON
  ccc-confine run --control=FD      run what a record on a pipe says, as long as its other end stays open
  ccc-confine run --record=FILE     run what a record in a private file says; --watch=FD ends it when a pipe closes
  ccc-confine run --KEY=VALUE... -- PROGRAM [ARG...]
                                    level (full, files), network (off, private, bind-only, host), directory, read, write, scratch,
                                    read-only, never, set (NAME=value), pass (NAME), local-sockets (yes), modes-by-path (yes),
                                    processes-max, memory-bytes-max, file-bytes-max, descriptors-max, scratch-bytes-max
  ccc-confine call ID               run what a coding agent's hook handed over under that id, once; `left ID` says where it ended

exit status: the program's own; 125 where the launcher failed, 126 where the program cannot be started, 127 where it is not there";

/// The whole program, from its arguments to its exit status.
pub fn launch(args: &[OsString]) -> ! {
    Launcher { defences: Defences::all() }.command(args)
}

/// The launcher with some of its defences off, so that tests can show that each of them is needed. No program of the house calls
/// it, and nothing on a command line or in a record leads here.
#[doc(hidden)]
pub fn launch_without(off: Vec<Defence>, args: &[OsString]) -> ! {
    Launcher { defences: Defences::without(off) }.command(args)
}

/// What every step of a launch needs to know.
pub(crate) struct Launcher {
    defences: Defences,
}

impl Launcher {
    fn command(&self, args: &[OsString]) -> ! {
        let (command, rest) =
            args.split_first().map_or((OsStr::new(""), [].as_slice()), |(first, rest)| (first.as_os_str(), rest));
        match command.to_str().unwrap_or_default() {
            "run" => self.run(rest),
            "call" => call::run(&self.defences, rest).map_or_else(|fault| fault.exit(), channel::Ending::exit),
            "left" => call::left(rest).map_or_else(|fault| fault.exit(), |path| say(&path.to_string_lossy())),
            "probe" if rest.is_empty() => say(&probe::probe().json()),
            "--version" if rest.is_empty() => say(concat!("ccc-confine ", env!("CARGO_PKG_VERSION"))),
            "--help" | "-h" if rest.is_empty() => say(USAGE),
            inside::COMMAND => inside::enter(&self.defences, rest),
            _ => {
                eprintln!("{USAGE}");
                std::process::exit(i32::from(LAUNCHER_FAILED))
            }
        }
    }

    fn run(&self, args: &[OsString]) -> ! {
        match started::Started::read(args).and_then(|started| parent::run(started, &self.defences)) {
            Ok(ending) => ending.exit(),
            Err(fault) => fault.exit(),
        }
    }
}

fn say(text: &str) -> ! {
    println!("{text}");
    std::process::exit(0)
}

/// What to do where the machine refuses a step: its reasons lie in the kernel or in a container.
pub(crate) const ASK_PROBE: &str = "`ccc-confine probe` says what can be had on this machine";
/// What to do where the launcher itself is at fault.
pub(crate) const REPORT: &str = "nothing was started; please report it";

/// An answer that ends the whole of a launch.
pub(crate) type Answer<T> = Result<T, Fault>;
