//! What a program is given, and a launcher that starts it with that and nothing else.
//!
//! `ccc-confine` starts one program, passes its streams, signals and exit status through, and ends with it. The program reaches the
//! files, devices and network that a [`Record`] names. This crate uses nothing else of the house: the server and the hooks
//! describe a run as a [`Record`] and hand it over on a pipe or in a private file.
//!
//! Nothing here is `unsafe`. The calls that confinement needs are safe functions of these crates:
//!
//! | call | crate |
//! |---|---|
//! | `unshare`, `signalfd`, signal masks | `nix` |
//! | mounts by descriptor (`open_tree`, `fsmount`, `move_mount`), `pivot_root`, `openat2`, capabilities, limits, `prctl` | `rustix` |
//! | Landlock | `landlock` |
//! | seccomp filters | `seccompiler`, with `libc` for the numbers of the calls |
//! | close-on-exec for descriptors that nobody here owns | `close_fds` |
//!
//! There is no safe `fork`: the first process of a pid namespace is this program, started again (`linux/inside.rs`).

mod call;
pub mod environment;
mod fault;
mod level;
mod record;
pub mod system;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

pub use call::{COMMAND_BYTES_MAX, Call};
pub use fault::{CANNOT_START, Fault, LAUNCHER_FAILED, NOT_FOUND};
pub use level::{Level, Probe};
pub use record::{Limits, Network, RECORD_BYTES_MAX, Record, RecordError, STARTED};

#[cfg(not(target_os = "linux"))]
pub use elsewhere::launch;
#[cfg(target_os = "linux")]
pub use linux::{Defence, launch, launch_without};
