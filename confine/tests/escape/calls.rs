//! System calls that go around the walls. By number, so on x86-64 alone.

use ccc_confine::Defence;

use super::ground::each;

const CALLS: fn(ccc_confine::Level) -> Vec<Defence> = |_| vec![Defence::Calls];

#[test]
#[cfg(target_arch = "x86_64")]
fn calls_that_are_refused_or_missing() {
    let memory = ["process_vm_readv", "pidfd_getfd", "process_madvise"];
    let kernel = ["io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key"];
    let spaces = ["mount", "setns", "clone3"];
    let attempt: Vec<&str> = ["by_number"].into_iter().chain(memory).chain(kernel).chain(spaces).collect();
    each(CALLS, |ground, off| ground.kept_by(&ground.record(&attempt), off));
}

/// Nobody here may make these: they are refused twice, and both look the same.
#[test]
#[cfg(target_arch = "x86_64")]
fn calls_that_need_rights_or_do_not_exist() {
    let mounts = ["umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fspick", "mount_setattr"];
    let others = ["kcmp", "open_by_handle_at", "chroot", "sethostname", "unknown", "x32_getpid"];
    let attempt: Vec<&str> = ["by_number"].into_iter().chain(mounts).chain(others).collect();
    each(CALLS, |ground, _| assert!(!ground.gets_through(&ground.record(&attempt), &[])));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_user_namespace_of_its_own() {
    for attempt in ["user_namespace", "user_namespace_by_clone"] {
        each(CALLS, |ground, off| ground.kept_by(&ground.record(&[attempt]), off));
    }
}

/// The kernel takes 32 bits of the request; a filter that compares 64 is walked around by bits above them.
#[test]
#[cfg(target_arch = "x86_64")]
fn typing_into_the_terminal() {
    for bits_above in ["0", "1"] {
        each(CALLS, |ground, off| ground.kept_by(&ground.record(&["terminal_input", bits_above]), off));
    }
}
