//! `ccc-server` from the command line to the exit code: what was asked for, and how it ended.

use std::{fmt::Display, process::ExitCode, time::Duration};

use ccc_protocol::{exit, visible};

use crate::{
    args::{Command, Wishes},
    check,
    clock_accept::NotAccepted,
    descriptors,
    import::{self, ImportFailure},
    log,
    places::Surroundings,
    reload::Reload,
    server::{self, ServerError},
    setup::Setup,
};

/// Does what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let asked = Command::read(std::env::args_os().skip(1), |name| std::env::var_os(name));
    ExitCode::from(match asked {
        Ok(Command::Serve(wishes)) => serve(wishes),
        Ok(Command::Check(wishes)) => match check::report(&wishes, &Surroundings::of_process()) {
            Ok(report) => printed(&visible::marked_lines(&report)),
            Err(error) => refused(&error),
        },
        Ok(Command::Import(call)) => match import::run(&call) {
            Ok(()) => exit::SUCCEEDED,
            Err(ImportFailure::Refused(error)) => refused(&error),
            Err(ImportFailure::NotWritten(error)) => failed(&error),
        },
        Ok(Command::Programs(call)) => match call.answer(&Surroundings::of_process()) {
            Ok(answer) => printed(&answer),
            Err(error) => refused(&error),
        },
        Ok(Command::Patterns(call)) => match call.answer(&Surroundings::of_process()) {
            Ok(answer) => printed(&answer),
            Err(error) => refused(&error),
        },
        Ok(Command::Clock(call)) => match call.answer(&Surroundings::of_process()) {
            Ok(answer) => printed(&visible::marked_lines(&answer)),
            Err(NotAccepted::Setup(error)) => refused(&error),
            Err(error) => failed(&error),
        },
        Ok(Command::Starter) => printed(ccc_core::config::starter()),
        Ok(Command::Print(text)) => printed(&text),
        Err(error) => refused(&error),
    })
}

fn serve(wishes: Wishes) -> u8 {
    bound_arenas();
    log::start();
    keep_descriptors_from_programs();
    keep_memory_from_others();
    let around = Surroundings::of_process();
    if let Some(root) = &wishes.root {
        eprintln!("CONDUIT_ROOT is {root} (a label: it changes nothing)");
    }
    let setup = match Setup::read(&wishes, &around) {
        Ok(setup) => setup,
        Err(error) => return refused(&error),
    };
    descriptors::raise(&setup.law.limits);
    // One thread: it is faster here than several (the desk commits on a thread of its own).
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    // Elsewhere such a thread waits for each program that runs.
    #[cfg(target_os = "linux")]
    runtime.max_blocking_threads(BLOCKING_THREADS_MAX);
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ended = runtime.block_on(server::run(Reload { wishes, around, setup }));
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended {
        Ok(closing) => {
            closing.wait();
            exit::SUCCEEDED
        }
        Err(ServerError::Setup(error)) => refused(&error),
        Err(error) => failed(&error),
    }
}

/// Threads for what the system has no other way to wait for, such as the names of mail servers.
#[cfg(target_os = "linux")]
const BLOCKING_THREADS_MAX: usize = 8;

/// glibc gives each thread a heap of its own, with 64 MiB of addresses set aside: a server with little to live on would lose most
/// of that to threads which use next to none of it. How many heaps there are is told by the environment alone, and before the
/// first: so the program begins once more, with it.
fn bound_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt as _;
        const ARENAS_MAX: (&str, &str) = ("MALLOC_ARENA_MAX", "2");
        if std::env::var_os(ARENAS_MAX.0).is_some() {
            return;
        }
        let Ok(own) = std::env::current_exe() else { return };
        let mut words = std::env::args_os();
        let mut again = std::process::Command::new(own);
        if let Some(name) = words.next() {
            again.arg0(name);
        }
        // Where that fails the server goes on as it is.
        let _ = again.args(words).env(ARENAS_MAX.0, ARENAS_MAX.1).exec();
    }
}

/// What the shell or service manager left open here is not for the programs that are started. What this program opens
/// itself is closed to them from the start.
fn keep_descriptors_from_programs() {
    const AFTER_STDERR: i32 = 3;
    close_fds::set_fds_cloexec(AFTER_STDERR, &[]);
}

/// Secrets lie in this process's memory: no core dump of it, and no debugger or `/proc/PID/mem` of the same user. Programs
/// that are started get the usual again with their own memory.
fn keep_memory_from_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "this process could be dumped");
    }
}

fn printed(text: &str) -> u8 {
    print!("{text}");
    exit::SUCCEEDED
}

fn refused(error: &dyn Display) -> u8 {
    eprintln!("ccc-server: {}", visible::marked_lines(&error.to_string()));
    exit::USAGE
}

fn failed(error: &dyn Display) -> u8 {
    eprintln!("ccc-server: {}", visible::marked_lines(&error.to_string()));
    exit::FAILED
}
