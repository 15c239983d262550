//! Where the hook's binary may lie, and the one beside it. An agent that can replace it answers its own questions, so it lies where
//! agents do not write.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::setup;
use ccc_client::private_file;
use ccc_hosts::settings::place::Places;

/// Directories of temporary files, beside the one that the environment names.
const TEMPORARY: [&str; 5] = ["/tmp", "/var/tmp", "/dev/shm", "/private/tmp", "/private/var/tmp"];

/// What the mode of a file says when its group or others may write it.
const OTHERS_WRITE: u32 = 0o022;

/// Why no install names a binary there.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Anything may happen to it there.
    #[error("`{}` lies among temporary files{MEND}", .0.display())]
    Temporary(PathBuf),
    /// The agent works there.
    #[error("`{}` lies in the project `{}`, where the agent writes{MEND}", .program.display(), .project.display())]
    InProject {
        /// The binary.
        program: PathBuf,
        /// The project.
        project: PathBuf,
    },
    /// A directory of somebody else's machine or container.
    #[error("`{}` lies in the volume `{}`, which others write too{MEND}", .program.display(), .volume.display())]
    InVolume {
        /// The binary.
        program: PathBuf,
        /// Where it is mounted.
        volume: PathBuf,
    },
    /// It, or a directory on the way to it.
    #[error("`{}` can be changed by its group or by others: chmod go-w it, or{MEND_ELSE}", .0.display())]
    OthersWrite(PathBuf),
    /// It, or a directory on the way to it.
    #[error("`{}` belongs to another user, who can change it{MEND}", .0.display())]
    OthersOwn(PathBuf),
    /// It cannot be looked at.
    #[error("`{}` cannot be examined: {}", .0.display(), .1)]
    Unseen(PathBuf, io::Error),
}

const MEND: &str =
    ": put ccc-hook and ccc-hook-setup into a directory of root's, such as /usr/local/bin, and install from there";
const MEND_ELSE: &str = " put ccc-hook and ccc-hook-setup into a directory of root's, such as /usr/local/bin";

/// How a binary lies that installs may name, the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Footing {
    /// Its user cannot change it.
    Firm,
    /// Its user can change it, and so can an agent that runs as them.
    OwnUserWrites,
}

/// Examines the hook's binary, the one beside it where there is one, and all directories above. `gate` is the path of the file itself
/// and no link.
///
/// # Errors
/// Why it must not be there.
pub fn footing(gate: &Path, places: &Places) -> Result<Footing, Unfit> {
    let own = of_file(gate, places)?;
    match setup::beside(gate).canonicalize() {
        Ok(beside) => Ok(own.max(of_file(&beside, places)?)),
        Err(_) => Ok(own),
    }
}

fn of_file(program: &Path, places: &Places) -> Result<Footing, Unfit> {
    let me = private_file::reader();
    if temporary().iter().any(|directory| program.starts_with(directory)) {
        return Err(Unfit::Temporary(program.to_owned()));
    }
    if let Some(project) = projects(places).into_iter().find(|project| program.starts_with(project)) {
        return Err(Unfit::InProject { program: program.to_owned(), project });
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    if let Some(volume) = volume_in(&mounts, program, &real(&places.home)) {
        return Err(Unfit::InVolume { program: program.to_owned(), volume });
    }
    let mut footing = Footing::Firm;
    for path in program.ancestors() {
        let metadata = fs::metadata(path).map_err(|cause| Unfit::Unseen(path.to_owned(), cause))?;
        match written_by(&metadata, me) {
            Writer::Root => {}
            Writer::Me => footing = Footing::OwnUserWrites,
            Writer::Others => return Err(Unfit::OthersWrite(path.to_owned())),
            Writer::Another => return Err(Unfit::OthersOwn(path.to_owned())),
        }
    }
    Ok(footing)
}

/// Who may change a file, or what lies in a directory.
enum Writer {
    Root,
    Me,
    Another,
    Others,
}

fn written_by(metadata: &Metadata, me: u32) -> Writer {
    match metadata.uid() {
        _ if metadata.mode() & OTHERS_WRITE != 0 => Writer::Others,
        owner if owner == me => Writer::Me,
        0 => Writer::Root,
        _ => Writer::Another,
    }
}

fn temporary() -> Vec<PathBuf> {
    let named = std::env::var_os("TMPDIR").map(PathBuf::from).filter(|path| path.is_absolute());
    TEMPORARY.into_iter().map(PathBuf::from).chain(named).map(|path| real(&path)).collect()
}

/// The current directory and the root of its repository; none that holds the home directory, in which all of a person's lies.
fn projects(places: &Places) -> Vec<PathBuf> {
    let folder = real(&places.project);
    let home = real(&places.home);
    let root = folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
    root.into_iter().chain([folder]).filter(|project| !home.starts_with(project)).collect()
}

/// The mount of a directory from elsewhere, such as a container's volume, in which a program lies and the home directory does not.
fn volume_in(mounts: &str, program: &Path, home: &Path) -> Option<PathBuf> {
    let mounted = mounts.lines().filter_map(Mount::read).filter(|mount| program.starts_with(&mount.point));
    // Of two mounts on the same directory the later hides the earlier, and `max_by_key` takes the last.
    let nearest = mounted.max_by_key(|mount| mount.point.components().count())?;
    (nearest.is_bound && nearest.is_written && !home.starts_with(&nearest.point)).then_some(nearest.point)
}

/// One line of `mountinfo`: ids, device, the mounted directory within its file system, where, options, …, `-`, type, ….
struct Mount {
    point: PathBuf,
    /// Not the root of a file system. A subvolume of btrfs is the root of one in all but name.
    is_bound: bool,
    is_written: bool,
}

impl Mount {
    fn read(line: &str) -> Option<Self> {
        let (front, back) = line.split_once(" - ")?;
        let mut fields = front.split(' ').skip(3);
        let root = fields.next()?;
        let point = PathBuf::from(fields.next()?.replace("\\040", " "));
        let options = fields.next()?;
        let is_bound = root != "/" && !back.starts_with("btrfs ");
        Some(Self { point, is_bound, is_written: options.split(',').any(|option| option == "rw") })
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_a_directory_mounted_to_be_written_from_elsewhere() {
        let mounts = "1 0 0:1 / / rw,relatime - overlay overlay rw\n\
                      2 1 8:1 /home/dev/app /workspace rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      3 1 8:1 /opt/tools /tools ro,relatime - ext4 /dev/sda1 rw\n\
                      4 1 8:2 /@home /home rw,relatime - btrfs /dev/sda2 rw\n\
                      5 1 8:3 / /data rw - ext4 /dev/sdb rw\n\
                      6 1 8:1 /x /a\\040b rw - ext4 /dev/sda1 rw\n";
        let rows = [
            ("/usr/bin/ccc-hook", None),
            ("/workspace/target/ccc-hook", Some("/workspace")),
            ("/workspaces/ccc-hook", None),
            ("/tools/ccc-hook", None),
            ("/home/dev/bin/ccc-hook", None),
            ("/data/ccc-hook", None),
            ("/a b/ccc-hook", Some("/a b")),
        ];
        for (program, volume) in rows {
            assert_eq!(volume_in(mounts, Path::new(program), Path::new("/root")).as_deref(), volume.map(Path::new));
        }
        assert_eq!(
            volume_in(mounts, Path::new("/workspace/bin/x"), Path::new("/workspace")),
            None,
            "the home is in it"
        );
    }
}
