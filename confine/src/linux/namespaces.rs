//! Namespaces of a run's own, and who it is in them.

use std::fs;

use nix::sched::{CloneFlags, unshare};
use rustix::{
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with},
    process::{getegid, geteuid},
    thread::{CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities},
};

use super::{
    ASK_PROBE, Answer,
    defence::{Defence, Defences},
};
use crate::{Fault, Network, fault::Trying};

/// Moves this process into namespaces of its own; the next one that it starts is the first of a pid namespace.
///
/// The kernel lets only a process of one thread do this.
pub(crate) fn enter(network: Network, defences: &Defences) -> Answer<()> {
    if !defences.hold(Defence::Namespaces) {
        return Ok(());
    }
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    unshare(kinds(network, defences)).trying(|| "cannot make namespaces".to_owned(), ASK_PROBE)?;
    stay(user, group)?;
    keep_for_inside()?;
    match network {
        Network::Private if defences.hold(Defence::Network) => raise_loopback(),
        _ => Ok(()),
    }
}

fn kinds(network: Network, defences: &Defences) -> CloneFlags {
    let own_network = matches!(network, Network::Off | Network::Private) && defences.hold(Defence::Network);
    let mut kinds = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    kinds.set(CloneFlags::CLONE_NEWIPC, defences.hold(Defence::Ipc));
    kinds.set(CloneFlags::CLONE_NEWNET, own_network);
    kinds
}

/// The same user and group inside as outside, and nobody else: files show the owner they have.
fn stay(user: u32, group: u32) -> Answer<()> {
    let lines = [
        ("setgroups", "deny".to_owned()),
        ("gid_map", format!("{group} {group} 1")),
        ("uid_map", format!("{user} {user} 1")),
    ];
    for (file, line) in lines {
        fs::write(format!("/proc/self/{file}"), line)
            .trying(|| format!("cannot write this process's {file}"), ASK_PROBE)?;
    }
    Ok(())
}

/// What the process inside needs to build its root and to give up the rest. A program that is started loses all rights but these.
fn keep_for_inside() -> Answer<()> {
    let what = || "cannot keep the rights for building a root".to_owned();
    let kept = CapabilitySet::SYS_ADMIN | CapabilitySet::SETPCAP;
    let mut sets = capabilities(None).trying(what, ASK_PROBE)?;
    sets.inheritable = kept;
    set_capabilities(None, sets).trying(what, ASK_PROBE)?;
    kept.iter().try_for_each(|right| configure_capability_in_ambient_set(right, true)).trying(what, ASK_PROBE)
}

const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST_AND_ACK: u16 = 1 | 4;
const IFF_UP: u32 = 1;
/// Loopback is the first interface of every network namespace.
const LOOPBACK: i32 = 1;
const MESSAGE_BYTES: u32 = 32;

/// Brings `lo` up: an `RTM_NEWLINK` message (`netlink(7)`, `rtnetlink(7)`), answered by an error number, 0 for done.
fn raise_loopback() -> Answer<()> {
    let what = || "cannot bring loopback up".to_owned();
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).trying(what, ASK_PROBE)?;
    send(&socket, &up(LOOPBACK), SendFlags::empty()).trying(what, ASK_PROBE)?;
    let mut answer = [0; 256];
    recv(&socket, &mut answer, RecvFlags::empty()).trying(what, ASK_PROBE)?;
    // After a header of 16 bytes.
    match answer.get(16..20) {
        Some([0, 0, 0, 0]) => Ok(()),
        _ => Err(Fault::new(what(), "the kernel refused it", ASK_PROBE)),
    }
}

fn up(interface: i32) -> Vec<u8> {
    let mut message = Vec::with_capacity(MESSAGE_BYTES as usize);
    message.extend(MESSAGE_BYTES.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_AND_ACK.to_ne_bytes());
    // Sequence number and port; then family, padding and type of the interface.
    message.extend([0; 12]);
    message.extend(interface.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message
}
