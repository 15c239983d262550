//! Where systems keep programs, libraries and settings for everybody.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Only what root owns and nobody else writes is given.
const SYSTEM: [&str; 12] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix/store", "/gnu/store", "/snap",
];
/// What of `/etc` only root reads: to a program that runs as root it is not given.
const OF_ROOT: [&str; 6] =
    ["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/etc/ssl/private"];
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The system's places that may be read by whatever is run.
pub fn places() -> Vec<PathBuf> {
    SYSTEM.iter().map(PathBuf::from).filter(|path| is_roots(path)).collect()
}

/// What among them is private to root, where this process is root.
pub fn private_places() -> Vec<PathBuf> {
    match fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0) {
        true => OF_ROOT.iter().map(PathBuf::from).filter(|path| path.exists()).collect(),
        false => Vec::new(),
    }
}

/// A link is as good as what it leads to, which is given for itself.
fn is_roots(path: &Path) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|about| about.uid() == 0 && (about.is_symlink() || about.mode() & WRITABLE_BY_OTHERS == 0))
}
