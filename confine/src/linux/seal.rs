//! Takes from every mount of the new root what was not given on it: writing, devices, set-user-id.
//!
//! A clone brings along what is mounted beneath it, and a flag holds for one mount alone: so each mount is looked at, as the kernel
//! lists them, and not only the places that were given.

use std::{
    ffi::OsString,
    fs,
    os::{fd::AsRawFd, unix::ffi::OsStringExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags, openat2},
    mount::{MountFlags, mount_remount},
};

use super::{
    ASK_PROBE, Answer,
    given::{Place, What},
    root::{DEVICES, PROCESSES, SHARED_MEMORY, TERMINALS},
};
use crate::{Fault, fault::Trying};

/// Seals every mount of this process's root.
pub(crate) fn seal(places: &[Place]) -> Answer<()> {
    let what = || "cannot read which mounts there are".to_owned();
    let listed = fs::read("/proc/self/mountinfo").trying(what, ASK_PROBE)?;
    for line in listed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mount = Mounted::read(line)
            .ok_or_else(|| Fault::new(what(), "a line of mountinfo is not as it should be", ASK_PROBE))?;
        mount.restrict(wanted(&mount.path, places))?;
    }
    Ok(())
}

/// What a mount at this path must at least be.
fn wanted(path: &Path, places: &[Place]) -> MountFlags {
    let closed = MountFlags::NOSUID | MountFlags::NODEV;
    if DEVICES.iter().chain([&TERMINALS]).any(|device| path == Path::new(device)) {
        return MountFlags::NOSUID;
    }
    if path == Path::new(SHARED_MEMORY) || path == Path::new(PROCESSES) {
        return closed;
    }
    // The innermost place that holds it. The root itself is in none.
    match places.iter().rev().find(|place| path.starts_with(&place.path)).map(|place| &place.what) {
        Some(What::Tree { is_writable: true, .. } | What::Scratch) => closed,
        _ => closed | MountFlags::RDONLY,
    }
}

/// A line of `mountinfo` (`proc_pid_mountinfo(5)`).
struct Mounted {
    path: PathBuf,
    flags: MountFlags,
}

impl Mounted {
    fn read(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let path = PathBuf::from(OsString::from_vec(unescaped(fields.nth(4)?)));
        let options = std::str::from_utf8(fields.next()?).ok()?;
        Some(Self { path, flags: options.split(',').filter_map(flag).collect() })
    }

    /// Flags that were set outside stay: the kernel lets nobody here take them away, and refuses who leaves them out.
    fn restrict(&self, wanted: MountFlags) -> Answer<()> {
        if self.flags.contains(wanted) {
            return Ok(());
        }
        let what = || format!("cannot close `{}`", self.path.display());
        let through = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let point =
            openat2(CWD, &self.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), through).trying(what, ASK_PROBE)?;
        let by_descriptor = format!("/proc/self/fd/{}", point.as_raw_fd());
        mount_remount(by_descriptor, MountFlags::BIND | self.flags | wanted, "").trying(what, ASK_PROBE)
    }
}

fn flag(option: &str) -> Option<MountFlags> {
    match option {
        "ro" => Some(MountFlags::RDONLY),
        "nosuid" => Some(MountFlags::NOSUID),
        "nodev" => Some(MountFlags::NODEV),
        "noexec" => Some(MountFlags::NOEXEC),
        _ => None,
    }
}

/// Spaces, tabs, line ends and backslashes stand as three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_mountinfo_is_read() {
        let line = br"36 35 98:0 /mnt1 /mnt\0402\134x ro,nosuid,relatime master:1 - ext3 /dev/root rw,errors=continue";
        let mount = Mounted::read(line).unwrap();
        assert_eq!(mount.path, PathBuf::from(r"/mnt 2\x"));
        assert_eq!(mount.flags, MountFlags::RDONLY | MountFlags::NOSUID);
    }
}
