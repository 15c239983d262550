//! A root directory of a run's own, built of what is given and nothing else.
//!
//! Every mount is a descriptor before it has a place: what is given is cloned while the old root still stands, then moved into a
//! new and empty one, and the old one is left behind.

use std::{
    collections::BTreeSet,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat, openat2, symlinkat},
    io::Errno,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
        fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount_change, move_mount, open_tree, unmount,
    },
    process::{fchdir, pivot_root},
};

use super::{
    ASK_PROBE, Answer,
    defence::{Defence, Defences},
    given::{Place, What},
    seal,
};
use crate::{Fault, Limits, fault::Trying};

/// The devices that programs expect, as `/dev` has them in a container.
pub(crate) const DEVICES: [&str; 6] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];
/// New terminals, and memory that is shared by name.
pub(crate) const TERMINALS: &str = "/dev/pts";
pub(crate) const SHARED_MEMORY: &str = "/dev/shm";
pub(crate) const PROCESSES: &str = "/proc";

const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
];
/// Where the new root is mounted before it becomes the root: any directory will do, and what it hides is cloned already.
const BASES: [&str; 4] = ["/tmp", "/usr", "/etc", "/var"];
const ROOT_BYTES_MAX: &str = "4m";
const LISTING_BYTES_MAX: &str = "256k";
const SCRATCH_BYTES_DEFAULT: u64 = 1024 * 1024 * 1024;

/// Builds it and makes it this process's root. Afterwards nothing of the old one can be named.
pub(crate) fn build(places: &[Place], limits: &Limits, defences: &Defences) -> Answer<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .trying(|| "cannot part from the machine's mounts".to_owned(), ASK_PROBE)?;
    let mounts = usual(limits)?.into_iter().map(Ok).chain(places.iter().map(|place| Mount::of(place, limits)));
    let mounts: Vec<Mount> = mounts.collect::<Answer<_>>()?;
    let mut root = Root::new()?;
    mounts.iter().try_for_each(|mount| root.take(mount))?;
    for (path, target) in LINKS {
        root.link(Path::new(path), Path::new(target))?;
    }
    root.enter()?;
    match defences.hold(Defence::ReadOnlyMounts) {
        true => seal::seal(places),
        false => Ok(()),
    }
}

/// Something that is to stand at a path.
struct Mount {
    path: PathBuf,
    what: Standing,
}

enum Standing {
    /// A mount that is not mounted anywhere yet.
    Mounted {
        tree: OwnedFd,
        is_directory: bool,
        is_own: bool,
    },
    Link(PathBuf),
}

/// What every program finds, whatever it is given.
fn usual(limits: &Limits) -> Answer<Vec<Mount>> {
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let closed = flags | MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_RDONLY;
    let mut mounts = vec![
        Mount::new(
            PROCESSES,
            new_tree("proc", &[], closed).trying(|| "cannot mount a `/proc` of its own".to_owned(), ASK_PROBE)?,
            true,
        ),
        Mount::new(SHARED_MEMORY, scratch(limits)?, true),
    ];
    // A machine may refuse new terminals: then there are none.
    mounts.extend(
        new_tree("devpts", &[("ptmxmode", "0666"), ("mode", "620")], flags)
            .ok()
            .map(|tree| Mount::new(TERMINALS, tree, true)),
    );
    for device in DEVICES {
        mounts.extend(cloned_path(device)?.map(|tree| Mount::new(device, tree, false)));
    }
    Ok(mounts)
}

impl Mount {
    fn new(path: &str, tree: OwnedFd, is_directory: bool) -> Self {
        Self { path: path.into(), what: Standing::Mounted { tree, is_directory, is_own: false } }
    }

    fn of(place: &Place, limits: &Limits) -> Answer<Self> {
        let own = |tree, is_directory| Standing::Mounted { tree, is_directory, is_own: true };
        let what = match &place.what {
            What::Tree { source, is_directory, .. } => {
                let tree = cloned(source).trying(|| format!("cannot give `{}`", place.path.display()), ASK_PROBE)?;
                Standing::Mounted { tree, is_directory: *is_directory, is_own: false }
            }
            What::Link(target) => Standing::Link(target.clone()),
            What::Scratch => own(scratch(limits)?, true),
            What::Listing => own(temporary(LISTING_BYTES_MAX, "755")?, true),
            What::Cover { is_directory: true } => own(temporary(LISTING_BYTES_MAX, "555")?, true),
            // Sealed like all that is given: a device on a mount without devices cannot be opened.
            What::Cover { is_directory: false } => {
                let tree = cloned_path("/dev/null")?
                    .ok_or_else(|| Fault::new("cannot cover a file", "there is no `/dev/null`", ASK_PROBE))?;
                Standing::Mounted { tree, is_directory: false, is_own: false }
            }
        };
        Ok(Self { path: place.path.clone(), what })
    }
}

/// The root while it is built.
struct Root {
    directory: OwnedFd,
    /// The file systems that were made for this run: only in these are directories made.
    own: BTreeSet<u64>,
}

impl Root {
    fn new() -> Answer<Self> {
        let what = || "cannot make a root".to_owned();
        let tree = temporary(ROOT_BYTES_MAX, "755")?;
        let base = BASES
            .iter()
            .find(|base| Path::new(base).is_dir())
            .ok_or_else(|| Fault::new(what(), "there is no directory for it", ASK_PROBE))?;
        move_mount(&tree, "", CWD, *base, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).trying(what, ASK_PROBE)?;
        let own = BTreeSet::from([fstat(&tree).trying(what, ASK_PROBE)?.st_dev]);
        Ok(Self { directory: tree, own })
    }

    fn take(&mut self, mount: &Mount) -> Answer<()> {
        match &mount.what {
            Standing::Link(target) => self.link(&mount.path, target),
            Standing::Mounted { tree, is_directory, is_own } => {
                let what = || format!("cannot place `{}`", mount.path.display());
                if *is_own {
                    self.own.insert(fstat(tree).trying(what, ASK_PROBE)?.st_dev);
                }
                let point = self.point(&mount.path, *is_directory)?;
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
                move_mount(tree, "", &point, "", flags).trying(what, ASK_PROBE)
            }
        }
    }

    /// A link whose directory is somebody's is there already.
    fn link(&self, path: &Path, target: &Path) -> Answer<()> {
        let what = || format!("cannot place the link `{}`", path.display());
        let (Some(outer), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
        let directory = self.point(outer, true)?;
        if !self.is_own(&directory)? {
            return Ok(());
        }
        match symlinkat(target, &directory, name) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(Fault::new(what(), error, ASK_PROBE)),
        }
    }

    /// The file or directory at a path, made where it is missing and the run's own. No link is followed: those who may write what
    /// is given must not lead a mount elsewhere.
    fn point(&self, path: &Path, is_directory: bool) -> Answer<OwnedFd> {
        let what = || format!("cannot place `{}`", path.display());
        let inner = path.strip_prefix("/").unwrap_or(path);
        if inner.as_os_str().is_empty() {
            return self.directory.try_clone().trying(what, ASK_PROBE);
        }
        match self.open(inner) {
            Err(Errno::NOENT) => self.make(path, inner, is_directory),
            found => found.trying(what, "a link on its way, or something in it was exchanged: try again"),
        }
    }

    fn make(&self, path: &Path, inner: &Path, is_directory: bool) -> Answer<OwnedFd> {
        let what = || format!("cannot place `{}`", path.display());
        let outer = self.point(path.parent().unwrap_or(Path::new("/")), true)?;
        if !self.is_own(&outer)? {
            return Err(Fault::new(what(), "it is not there", "make it, or leave it out"));
        }
        let name = path.file_name().unwrap_or_default();
        match is_directory {
            true => mkdirat(&outer, name, Mode::from_raw_mode(0o755)).trying(what, ASK_PROBE)?,
            false => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                openat(&outer, name, flags, Mode::from_raw_mode(0o444)).trying(what, ASK_PROBE)?;
            }
        }
        self.open(inner).trying(what, ASK_PROBE)
    }

    fn open(&self, inner: &Path) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let through = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        openat2(&self.directory, inner, flags, Mode::empty(), through)
    }

    fn is_own(&self, directory: &OwnedFd) -> Answer<bool> {
        let about = fstat(directory).trying(|| "cannot look at a directory of the root".to_owned(), ASK_PROBE)?;
        Ok(self.own.contains(&about.st_dev))
    }

    fn enter(self) -> Answer<()> {
        let what = || "cannot make the new root this run's root".to_owned();
        fchdir(&self.directory).trying(what, ASK_PROBE)?;
        // The old root is put on top of the new one, and taken off again.
        pivot_root(".", ".").trying(what, ASK_PROBE)?;
        unmount(".", UnmountFlags::DETACH).trying(what, ASK_PROBE)?;
        rustix::process::chdir("/").trying(what, ASK_PROBE)
    }
}

fn scratch(limits: &Limits) -> Answer<OwnedFd> {
    temporary(&limits.scratch_bytes_max.unwrap_or(SCRATCH_BYTES_DEFAULT).to_string(), "700")
}

/// A new file system in memory.
fn temporary(bytes_max: &str, mode: &str) -> Answer<OwnedFd> {
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    new_tree("tmpfs", &[("size", bytes_max), ("mode", mode)], flags)
        .trying(|| "cannot make a file system in memory".to_owned(), ASK_PROBE)
}

fn new_tree(kind: &str, options: &[(&str, &str)], flags: MountAttrFlags) -> rustix::io::Result<OwnedFd> {
    let system = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        fsconfig_set_string(&system, *key, *value)?;
    }
    fsconfig_create(&system)?;
    fsmount(&system, FsMountFlags::FSMOUNT_CLOEXEC, flags)
}

/// A mount of what a descriptor stands for, with what is mounted beneath it.
fn cloned(source: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    open_tree(source.as_fd(), "", flags)
}

fn cloned_path(path: &str) -> Answer<Option<OwnedFd>> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    match open_tree(CWD, path, flags) {
        Ok(tree) => Ok(Some(tree)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(Fault::new(format!("cannot give `{path}`"), error, ASK_PROBE)),
    }
}
