//! Attempts to get out of what was given, at both levels.
//!
//! Each attempt is made twice: through the launcher as it is shipped, where it must be kept in, and through one that lacks the
//! defences which are said to keep it in, where it must get through. The second shows that the first means something. It runs as
//! this user and, where that is root, as `nobody` too.
//!
//! Where the machine refuses a level, its attempts are not made, and the test says so.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod calls;
mod endings;
mod files;
mod given;
mod ground;
mod processes;
mod sockets;
