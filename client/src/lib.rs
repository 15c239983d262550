//! The agent's and the console's side of the bridge: sign a request, send it,
//! and believe an answer only when its signature holds.
//!
//! Blocking and without a runtime, over TCP or a Unix socket, so that the
//! programs that use it start at once and stay small. Every read and write has
//! a deadline, every size a limit. [`http1`], [`sse`] and [`timed`] are for whoever else
//! reads such messages.

mod address;
mod answer;
mod bridge;
mod calls;
mod clearance;
mod clock;
mod config_dir;
mod connection;
mod entropy;
mod error;
mod events;
mod follow;
pub mod http1;
mod identity;
pub mod local;
pub mod private_file;
mod request;
mod road;
mod shown;
pub mod sse;
mod stream;
pub mod timed;

pub use address::{Address, AddressError};
pub use answer::{Answer, Disbelieved};
pub use bridge::Bridge;
pub use clearance::{Clearance, Objection, Ruling, TOOL_BODY_BYTES_MAX, Terms, ask_for_clearance};
pub use config_dir::config_dir;
pub use error::CallError;
pub use events::{Event, EventStream, Sign};
pub use follow::{End, Followed, Manner, Until, Watch, follow};
pub use identity::{Identity, IdentityError, read_secrets};
pub use request::{Method, Repeat, Request, deadline_after};
pub use road::Road;
pub use shown::Shown;

/// Of the static programs that are built on this crate: see its manifest.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Where a bridge is looked for when nobody says otherwise.
pub const DEFAULT_URL: &str = "http://localhost:3015";

/// The longest time that one request may ask the server to hold its answer.
pub const WAIT_SECONDS_MAX: u64 = 300;

/// The helpers of tests name this crate as its users do.
#[cfg(test)]
extern crate self as ccc_client;

#[cfg(test)]
#[path = "../tests/signed/mod.rs"]
mod signed;

/// Roads and watches that tests play.
#[cfg(test)]
mod played;
