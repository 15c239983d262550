//! The filter on system calls.
//!
//! A call that is not listed is let through: the walls are namespaces and Landlock, and the filter shuts what goes around them. A call
//! newer than the newest that was read for this list does not exist in here.

use std::collections::BTreeMap;

use rustix::process::geteuid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, sock_filter,
};

use super::{
    ASK_PROBE, Answer,
    defence::{Defence, Defences},
};
use crate::{Fault, Level, Network, Record, fault::Trying};

type Calls = BTreeMap<i64, Vec<SeccompRule>>;
type Built<T> = Result<T, seccompiler::BackendError>;

/// The newest call that was read for this list: `file_setattr`, Linux 6.17. From 424 on all machines share their numbers.
const NEWEST: u32 = 469;

/// Lays the filters on, for good and for all that is started. Nothing can be mounted, and no rule be laid, afterwards.
pub(crate) fn refuse(record: &Record, defences: &Defences) -> Answer<()> {
    let what = || "cannot filter system calls".to_owned();
    let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(|_| {
        Fault::new(
            what(),
            format!("it is not known for {}", std::env::consts::ARCH),
            "use an x86-64, ARM or RISC-V machine of 64 bits",
        )
    })?;
    for (calls, answer) in lists(record, defences).trying(what, ASK_PROBE)? {
        let program = program(calls, answer, machine).trying(what, ASK_PROBE)?;
        apply_filter(&program).trying(what, ASK_PROBE)?;
    }
    Ok(())
}

fn lists(record: &Record, defences: &Defences) -> Built<Vec<(Calls, i32)>> {
    let mut lists = Vec::new();
    if defences.hold(Defence::Sockets) {
        lists.push((sockets(record)?, libc::EPERM));
    }
    if defences.hold(Defence::Calls) {
        lists.push((refused(record)?, libc::EPERM));
        lists.push((missing(), libc::ENOSYS));
    }
    Ok(lists)
}

fn program(calls: Calls, answer: i32, machine: TargetArch) -> Built<BpfProgram> {
    let answer = SeccompAction::Errno(answer.unsigned_abs());
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, answer, machine)?;
    let filter: BpfProgram = filter.try_into()?;
    Ok([too_new().as_slice(), &filter].concat())
}

/// Before the filter proper: calls above the newest do not exist. On x86-64 these are also all calls of the x32 kind, whose
/// numbers start at 2³⁰, and which no list here names.
fn too_new() -> [sock_filter; 3] {
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_GREATER: u16 = 0x25;
    const RETURN: u16 = 0x06;
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let does_not_exist = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    [step(LOAD_NUMBER, 0, 0, 0), step(JUMP_IF_GREATER, 0, 1, NEWEST), step(RETURN, 0, 0, does_not_exist)]
}

/// Calls that look as if this kernel did not have them, so that programs take another way.
fn missing() -> Calls {
    // Its flags lie in memory, where no filter can read them: libraries go on to `clone`.
    let calls = [libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
    calls.into_iter().map(whole).collect()
}

/// Calls that are refused, at both levels and at `files` alone.
fn refused(record: &Record) -> Built<Calls> {
    let mut calls: Calls = ALWAYS.iter().chain(MACHINE).map(|call| whole(*call)).collect();
    let spaces = |with_time: bool| {
        NEW_SPACES.iter().chain(with_time.then_some(&NEW_TIME)).map(|flag| one(bits(0, *flag)?)).collect::<Built<_>>()
    };
    calls.insert(libc::SYS_clone, spaces(false)?);
    calls.insert(libc::SYS_unshare, spaces(true)?);
    calls.insert(libc::SYS_ioctl, TERMINAL_TRICKS.iter().map(|trick| one(equal(1, *trick)?)).collect::<Built<_>>()?);
    if record.level == Level::Files {
        calls.extend(ONLY_OWN_SPACE.iter().map(|call| whole(*call)));
        // Limits and priorities of other processes of this user.
        calls.insert(libc::SYS_prlimit64, vec![both(unequal(0, 0)?, unequal_wide(2, 0)?)?]);
        calls.insert(libc::SYS_setpriority, vec![one(unequal(1, 0)?)?]);
        calls.insert(libc::SYS_ioprio_set, vec![one(unequal(1, 0)?)?]);
    }
    if record.level == Level::Files && !record.modes_by_path {
        calls.extend(MODES_BY_PATH.iter().chain(MACHINE_MODES_BY_PATH).map(|call| whole(*call)));
        // Without a path it changes the times of an open file, which Landlock let it open.
        calls.insert(libc::SYS_utimensat, vec![one(unequal_wide(1, 0)?)?]);
        if geteuid().is_root() {
            calls.extend(MODES_BY_DESCRIPTOR.iter().map(|call| whole(*call)));
        }
    }
    Ok(calls)
}

/// Other processes' memory, the kernel's own programs and keys, mounts, other namespaces, the machine itself.
const ALWAYS: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_vhangup,
];

#[cfg(target_arch = "x86_64")]
const MACHINE: &[i64] = &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_kexec_file_load, libc::SYS_uselib];
#[cfg(not(target_arch = "x86_64"))]
const MACHINE: &[i64] = &[];

/// What a namespace holds apart at `full`: memory, messages and semaphores that are shared by number or name.
const ONLY_OWN_SPACE: &[i64] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// Modes, owners, times and attributes by path. By descriptor they stay: Landlock let the program open that file.
const MODES_BY_PATH: &[i64] = &[
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    SETXATTRAT,
    REMOVEXATTRAT,
    FILE_SETATTR,
];
/// The same of an open file. Root owns all that is given for reading, so that it would be the machine's programs.
const MODES_BY_DESCRIPTOR: &[i64] =
    &[libc::SYS_fchmod, libc::SYS_fchown, libc::SYS_fsetxattr, libc::SYS_fremovexattr, libc::SYS_utimensat];
#[cfg(target_arch = "x86_64")]
const MACHINE_MODES_BY_PATH: &[i64] =
    &[libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown, libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat];
#[cfg(not(target_arch = "x86_64"))]
const MACHINE_MODES_BY_PATH: &[i64] = &[];

// Not in every `libc` yet.
const FCHMODAT2: i64 = 452;
const SETXATTRAT: i64 = 463;
const REMOVEXATTRAT: i64 = 466;
const OPEN_TREE_ATTR: i64 = 467;
const FILE_SETATTR: i64 = 469;

/// Flags of `clone` and `unshare` that ask for a namespace.
const NEW_SPACES: [u64; 7] =
    [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];
const NEW_TIME: u64 = 0x80;

/// Typing into the terminal as its person (`TIOCSTI`, and `TIOCLINUX` on a console), taking its output (`TIOCCONS`), and having
/// the kernel load a driver for it (`TIOCSETD`).
const TERMINAL_TRICKS: [u64; 4] = [0x5412, 0x541C, 0x541D, 0x5423];

/// Which sockets can be made.
fn sockets(record: &Record) -> Built<Calls> {
    let local = record.local_sockets && record.level == Level::Full;
    let mut families = Vec::new();
    families.extend(local.then_some(libc::AF_UNIX));
    if record.network != Network::Off {
        families.extend([libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]);
    }
    let mut calls = Calls::new();
    calls.insert(libc::SYS_socket, socket(&families, record.network)?);
    if !local {
        calls.insert(libc::SYS_socketpair, pairs()?);
    }
    // Nothing that can be made may connect. What was inherited may be able to.
    if !local && matches!(record.network, Network::Off | Network::BindOnly) {
        calls.extend([whole(libc::SYS_connect)]);
    }
    if record.network == Network::BindOnly {
        calls.insert(libc::SYS_sendto, vec![one(bits(3, FAST_OPEN)?)?]);
        calls.insert(libc::SYS_sendmsg, vec![one(bits(2, FAST_OPEN)?)?]);
        calls.insert(libc::SYS_sendmmsg, vec![one(bits(3, FAST_OPEN)?)?]);
    }
    Ok(calls)
}

/// A TCP connection that is made by sending (`tcp(7)`): Landlock does not see it.
const FAST_OPEN: u64 = 0x2000_0000;
/// The kind of a socket without its flags.
const KIND: u64 = 0xf;
const KINDS: std::ops::Range<u64> = 0..16;
const STREAM: u64 = libc::SOCK_STREAM as u64;
const SEQPACKET: u64 = libc::SOCK_SEQPACKET as u64;

/// What `socket` is refused. An empty list refuses every one.
fn socket(families: &[i32], network: Network) -> Built<Vec<SeccompRule>> {
    if families.is_empty() {
        return Ok(Vec::new());
    }
    let other = families.iter().map(|family| unequal(0, family.unsigned_abs().into())).collect::<Built<_>>()?;
    let mut rules = vec![SeccompRule::new(other)?];
    // Of netlink only its routes, number 0: programs list the addresses of this machine with it.
    rules.push(both(equal(0, family(libc::AF_NETLINK))?, unequal(2, 0)?)?);
    if network == Network::BindOnly {
        for internet in [libc::AF_INET, libc::AF_INET6].map(family) {
            for kind in KINDS.filter(|kind| *kind != STREAM) {
                rules.push(both(equal(0, internet)?, masked(1, KIND, kind)?)?);
            }
            // TCP alone: Landlock knows no other stream.
            let tcp = libc::IPPROTO_TCP.unsigned_abs().into();
            rules.push(SeccompRule::new(vec![equal(0, internet)?, unequal(2, 0)?, unequal(2, tcp)?])?);
        }
    }
    Ok(rules)
}

/// A pair that keeps no connection can be pointed at any socket of the machine: only those that keep one.
fn pairs() -> Built<Vec<SeccompRule>> {
    let other = one(unequal(0, family(libc::AF_UNIX))?);
    let kinds = KINDS.filter(|kind| ![STREAM, SEQPACKET].contains(kind)).map(|kind| one(masked(1, KIND, kind)?));
    [other].into_iter().chain(kinds).collect()
}

fn family(number: i32) -> u64 {
    number.unsigned_abs().into()
}

/// A call that is refused whatever it asks for.
fn whole(call: i64) -> (i64, Vec<SeccompRule>) {
    (call, Vec::new())
}

fn one(condition: SeccompCondition) -> Built<SeccompRule> {
    SeccompRule::new(vec![condition])
}

fn both(first: SeccompCondition, second: SeccompCondition) -> Built<SeccompRule> {
    SeccompRule::new(vec![first, second])
}

// The kernel takes these arguments as 32 bits, whatever stands above them.

fn equal(argument: u8, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Width::Dword, Is::Eq, value)
}

fn unequal(argument: u8, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Width::Dword, Is::Ne, value)
}

fn masked(argument: u8, mask: u64, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Width::Dword, Is::MaskedEq(mask), value)
}

fn bits(argument: u8, bits: u64) -> Built<SeccompCondition> {
    masked(argument, bits, bits)
}

/// An address in memory.
fn unequal_wide(argument: u8, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Width::Qword, Is::Ne, value)
}
