//! Looks from inside whether the walls stand: what a probe does in place of starting a program.

use std::fs;

use nix::sched::{CloneFlags, unshare};
use rustix::{
    mount::{MountPropagationFlags, mount_change},
    net::{AddressFamily, SocketType, socket},
    process::getpid,
    thread::{capabilities, no_new_privs},
};

use super::{ASK_PROBE, Answer};
use crate::{Fault, Level};

/// Tries what must not succeed. Nothing was given, so nothing may be found.
pub(crate) fn check(level: Level) -> Answer<()> {
    let is_first = getpid().is_init();
    let tried = [
        ("files can be read", fs::read_dir("/usr").is_ok() || fs::read_dir("/etc").is_ok()),
        ("files can be written", fs::write("/tmp/ccc-confine-probe", "").is_ok()),
        ("a socket can be made", socket(AddressFamily::UNIX, SocketType::STREAM, None).is_ok()),
        ("a user namespace can be made", unshare(CloneFlags::CLONE_NEWUSER).is_ok()),
        ("mounts can be changed", mount_change("/", MountPropagationFlags::PRIVATE).is_ok()),
        (
            "capabilities are left",
            !capabilities(None).is_ok_and(|sets| sets.permitted.is_empty() && sets.inheritable.is_empty()),
        ),
        ("privileges can be gained", !no_new_privs().unwrap_or(false)),
        ("other processes can be seen", level == Level::Full && !is_first),
    ];
    match tried.into_iter().find(|(_, is_open)| *is_open) {
        Some((open, _)) => Err(Fault::new("a wall does not stand", open, ASK_PROBE)),
        None => Ok(()),
    }
}
