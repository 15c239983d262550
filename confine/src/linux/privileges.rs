//! What a process gives up for itself and for all that it starts.

use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit},
    thread::{
        CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits, set_no_new_privs,
    },
};

use super::{
    Answer, REPORT,
    defence::{Defence, Defences},
};
use crate::{Limits, fault::Trying};

const FIRST_AFTER_STREAMS: i32 = 3;

/// Closes every inherited descriptor but the three streams when the next program starts.
pub(crate) fn keep_streams_only() {
    close_fds::set_fds_cloexec(FIRST_AFTER_STREAMS, &[]);
}

/// Keeps other processes of this user out of this one's memory, environment and descriptors.
pub(crate) fn hide_memory() -> Answer<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .trying(|| "cannot hide this process's memory".to_owned(), REPORT)
}

/// Nothing that is started gains rights by its file: no set-user-id, no file capabilities.
pub(crate) fn gain_none(defences: &Defences) -> Answer<()> {
    match defences.hold(Defence::NoNewPrivileges) {
        true => set_no_new_privs(true).trying(|| "cannot refuse new privileges".to_owned(), REPORT),
        false => Ok(()),
    }
}

/// Gives up every capability, and the ways back to one.
pub(crate) fn drop_all(defences: &Defences) -> Answer<()> {
    if !defences.hold(Defence::Capabilities) {
        return Ok(());
    }
    let what = || "cannot give up capabilities".to_owned();
    clear_ambient_capability_set().trying(what, REPORT)?;
    let held = capabilities(None).trying(what, REPORT)?.permitted;
    // Without this right there is nothing to lower, and a user without it has no capability to begin with.
    if held.contains(CapabilitySet::SETPCAP) {
        close_ways_back().trying(what, REPORT)?;
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none }).trying(what, REPORT)
}

/// Root's programs are not given capabilities by their user number, and no file may bring one.
fn close_ways_back() -> rustix::io::Result<()> {
    for right in CapabilitySet::all().iter() {
        match remove_capability_from_bounding_set(right) {
            // A number that this kernel does not know.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error),
        }
    }
    type Bits = CapabilitiesSecureBits;
    set_capabilities_secure_bits(
        Bits::NO_ROOT
            | Bits::NO_ROOT_LOCKED
            | Bits::NO_SETUID_FIXUP
            | Bits::NO_SETUID_FIXUP_LOCKED
            | Bits::KEEP_CAPS_LOCKED
            | Bits::NO_CAP_AMBIENT_RAISE
            | Bits::NO_CAP_AMBIENT_RAISE_LOCKED,
    )
}

/// Lets this process hold a descriptor for each place while it builds a root, whatever the program may hold.
pub(crate) struct ManyDescriptors(Rlimit);

impl ManyDescriptors {
    pub(crate) fn raise() -> Self {
        let before = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: before.maximum, maximum: before.maximum };
        // Where it cannot be raised, what needs more says so.
        let _ = setrlimit(Resource::Nofile, raised);
        Self(before)
    }

    pub(crate) fn lower(self) -> Answer<()> {
        setrlimit(Resource::Nofile, self.0).trying(|| "cannot set the limit of open files back".to_owned(), REPORT)
    }
}

/// Sets the limits of a record, never above what this process may use itself.
pub(crate) fn limit(limits: &Limits, defences: &Defences) -> Answer<()> {
    if !defences.hold(Defence::Limits) {
        return Ok(());
    }
    let set = [
        (Resource::Nproc, limits.processes_max),
        (Resource::Data, limits.memory_bytes_max),
        (Resource::Fsize, limits.file_bytes_max),
        (Resource::Nofile, limits.descriptors_max),
        // A core file would be a copy of the program's memory where the system likes to keep it.
        (Resource::Core, Some(0)),
    ];
    for (resource, limit) in set {
        if let Some(limit) = limit {
            let ceiling = getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit));
            setrlimit(resource, Rlimit { current: Some(ceiling), maximum: Some(ceiling) })
                .trying(|| format!("cannot set the limit {resource:?}"), REPORT)?;
        }
    }
    Ok(())
}
