//! The Unix socket: made for its owner alone unless config says otherwise, and never taken from a server that answers.

use std::{
    fs, io,
    os::unix::{
        fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use rustix::fs::Mode;
use tokio::net::UnixListener;

use crate::let_go::once_let_go;

/// A listening socket and its file, which goes when it does.
#[derive(Debug)]
pub struct SocketFile {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

/// Where the socket is to be and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPlan {
    /// The file to listen on, replaced where a dead server left it.
    pub path: PathBuf,
    /// Its permission bits, such as `0o600`, whatever the umask is.
    pub mode: u32,
    /// The group it is given to: a name or a number.
    pub group: Option<String>,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another server answers on it.
    #[error("another server answers on the socket {0}; stop it, or name another file with --socket")]
    InUse(PathBuf),
    /// Something else lies there.
    #[error("{0} is there and is no socket; remove it, or name another file with --socket")]
    NoSocket(PathBuf),
    /// There is no such group.
    #[error("there is no group `{0}` for the socket; write a name or number from /etc/group as `socket_group`")]
    NoGroup(String),
    /// The system refuses.
    #[error("the socket {path} cannot be made: {error}")]
    Io { path: PathBuf, error: io::Error },
}

impl SocketFile {
    /// Makes the socket. A file that a dead server left is replaced.
    ///
    /// # Errors
    /// When another server answers there, something else lies there, or the system refuses.
    pub fn bind(plan: &SocketPlan) -> Result<Self, SocketError> {
        let failed = |error| SocketError::Io { path: plan.path.clone(), error };
        let group = plan.group.as_deref().map(group_id).transpose()?;
        make_parent(&plan.path).map_err(failed)?;
        once_let_go("the socket", || remove_stale(&plan.path), |error| matches!(error, SocketError::InUse(_)))?;
        let listener = bind_private(&plan.path).map_err(failed)?;
        if let Some(group) = group {
            std::os::unix::fs::chown(&plan.path, None, Some(group)).map_err(failed)?;
        }
        fs::set_permissions(&plan.path, fs::Permissions::from_mode(plan.mode)).map_err(failed)?;
        let inode = fs::symlink_metadata(&plan.path).map_err(failed)?.ino();
        Ok(Self { listener, path: plan.path.clone(), inode })
    }

    /// What accepts connections.
    #[must_use]
    pub fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let still_ours = fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if still_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket's file could not be removed");
        }
    }
}

/// The file is never open to others, not even for the moment between `bind` and `chmod`.
fn bind_private(path: &Path) -> io::Result<UnixListener> {
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    listener
}

fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)
        }
        _ => Ok(()),
    }
}

fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::NoSocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| SocketError::Io { path: path.to_owned(), error })
        }
        // Whoever answers, or cannot be asked, keeps its socket.
        _ => Err(SocketError::InUse(path.to_owned())),
    }
}

fn group_id(group: &str) -> Result<u32, SocketError> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let id = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    id.ok_or_else(|| SocketError::NoGroup(group.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(path: PathBuf) -> SocketPlan {
        SocketPlan { path, mode: 0o600, group: None }
    }

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/ccc.sock");
        let socket = SocketFile::bind(&plan(path.clone())).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(dir.path().join("run")).unwrap().mode() & 0o777, 0o700);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_dead_servers_file_is_replaced_and_a_live_ones_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ccc.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let live = SocketFile::bind(&plan(path.clone())).unwrap();
        assert!(matches!(SocketFile::bind(&plan(path.clone())), Err(SocketError::InUse(_))));
        assert!(path.exists());
        drop(live);
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(SocketFile::bind(&plan(path.clone())), Err(SocketError::NoSocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_group_is_named_or_numbered() {
        assert_eq!(group_id("0").unwrap(), 0);
        assert!(matches!(group_id("no-such-group-here"), Err(SocketError::NoGroup(_))));
    }
}
