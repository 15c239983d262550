//! Descriptors: how many this process may have open, and how they are divided between strangers' connections and what
//! was approved. A connection is a descriptor, and so is each end of a program's output: without a division, whoever
//! connects often enough leaves none for an approver or an effect.

use std::sync::OnceLock;

use ccc_core::limits::Limits;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

/// What one run may need at a time: both ends of two streams while it is started, its directory, a null device, and what
/// tells its end.
const RUN_DESCRIPTORS: u64 = 8;
/// What the server needs by itself: listeners, database, log, checkpoints, watched files, a mail, a file being previewed.
const OWN_DESCRIPTORS: u64 = 64;

/// The soft limit that this process was started with, which is what programs expect; the limit is the whole process's.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// Raises the soft limit to the hard one, or to `descriptors_max` where that is less: a hard limit of 10⁹ is an
/// invitation to tables of that length.
pub(crate) fn raise(limits: &Limits) {
    let before = getrlimit(Resource::Nofile);
    let wanted = before.maximum.unwrap_or(u64::MAX).min(limits.descriptors_max);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: before.maximum }) {
        Ok(()) => drop(BEFORE.set(before)),
        Err(error) => tracing::warn!(%error, wanted, "the limit of open files could not be raised"),
    }
    tell(limits, before.current);
}

fn tell(limits: &Limits, before: Option<u64>) {
    let descriptors = allowed();
    let connections = divided(limits, descriptors).connections_max;
    tracing::info!(descriptors, before, connections, "open files and connections at most");
    if connections < limits.connections_max {
        tracing::warn!(
            connections,
            connections_max = limits.connections_max,
            "fewer connections than configured: raise the hard limit of open files (`LimitNOFILE=`)"
        );
    }
}

/// How many descriptors this process may have open now.
#[must_use]
pub(crate) fn allowed() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// These limits with no more connections than leave descriptors for effects; half of them where there are too few for
/// both. Approvers' places are at most half of all.
#[must_use]
pub(crate) fn divided(limits: &Limits, descriptors: u64) -> Limits {
    let kept = limits.runs_max.saturating_mul(RUN_DESCRIPTORS).saturating_add(OWN_DESCRIPTORS);
    let room = descriptors.saturating_sub(kept).max(descriptors / 2);
    let connections_max = limits.connections_max.min(room);
    let reserved = limits.approver_connections_reserved;
    let approver_connections_reserved =
        if connections_max < limits.connections_max { reserved.min(connections_max / 2) } else { reserved };
    Limits { connections_max, approver_connections_reserved, ..limits.clone() }
}

/// Gives a program that was just started the limit that this process was started with. A process with the raised limit
/// would be slow where it closes all numbers up to it, and wrong where it uses `select`.
///
/// Set from outside, within microseconds of the start: setting it between fork and exec would take `unsafe`.
#[cfg(target_os = "linux")]
pub(crate) fn give_back(program: Pid) {
    let Some(before) = BEFORE.get() else { return };
    if let Err(error) = rustix::process::prlimit(Some(program), Resource::Nofile, *before) {
        // One that has ended, or whose file gives it another user's rights.
        tracing::debug!(%error, "a program keeps the raised limit of open files");
    }
}

/// Here one process cannot set another's limit.
#[cfg(not(target_os = "linux"))]
pub(crate) fn give_back(_program: Pid) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(descriptors: u64) -> (u64, u64) {
        let divided = divided(&Limits::default(), descriptors);
        (divided.connections_max, divided.approver_connections_reserved)
    }

    #[test]
    fn connections_leave_descriptors_for_what_was_approved() {
        let limits = Limits::default();
        let kept = OWN_DESCRIPTORS + limits.runs_max * RUN_DESCRIPTORS;
        assert_eq!(connections(1024), (1024 - kept, limits.approver_connections_reserved));
        assert_eq!(connections(100), (50, 25), "too few for both are halved, and so are approvers' places");
        for plenty in [65_536, 1_000_000_000, u64::MAX] {
            assert_eq!(connections(plenty), (limits.connections_max, limits.approver_connections_reserved));
        }
    }
}
