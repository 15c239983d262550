//! Paths beneath volumes: links resolved, nothing outside reached. Whatever is opened here is opened beneath the volume's
//! own directory (cap-std; `openat2(RESOLVE_BENEATH)` where the kernel has it), so a link, a `..` or a `/proc` trick that
//! leads out fails instead of being followed. The volume's own directory is the one that was there when the config was
//! read, by its path and its number: whatever is put in its place since is not opened.
//!
//! A hard link or a bind mount that the owner placed in a volume is part of it: nothing on this side can tell.

use std::{
    io::{self, Read},
    path::{Component, Path},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt},
};
use ccc_core::{
    catalogue::Entry,
    params::{LexicalPath, PathQuestion, ResolvedPath},
    refusal::Refusal,
    volume::{Root, Volume, Volumes},
};
use ccc_protocol::{
    Digest,
    beneath::beneath,
    bodies::{FileView, PathView, Replaced},
    visible,
};
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

/// The largest file whose content is bound to a ticket.
const CONTENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The volume with the directory that is there now as its root, until volumes are read again.
#[must_use]
pub(crate) fn pinned(mut volume: Volume) -> Volume {
    let find = || -> io::Result<Root> {
        let path = std::fs::canonicalize(&volume.host)?;
        let metadata = Dir::open_ambient_dir(&path, ambient_authority())?.dir_metadata()?;
        let path = path.into_os_string().into_string().map_err(|_| io::Error::other("its name is not UTF-8"))?;
        Ok(Root { path, device: metadata.dev(), inode: metadata.ino() })
    };
    volume.root = find().ok();
    volume
}

/// Answers one question of a draft: where the path leads, after links, and whether that is what the declaration wants.
///
/// # Errors
/// 422 about the parameter where the path leaves the volume or is not what is wanted; it names container paths alone.
/// 503 where the volume itself cannot be opened.
pub(crate) fn resolve(question: &PathQuestion, volumes: &Volumes) -> Result<ResolvedPath, Refusal> {
    let asked = Asked { param: &question.param, lexical: &question.lexical, volumes };
    let (root, dir) = asked.open_root()?;
    let found = asked.find(&dir)?;
    asked.check_kind(&found, question.kind.entry, question.kind.must_exist)?;
    let content = if question.kind.content { Some(asked.content(&dir, &found)?) } else { None };
    Ok(ResolvedPath {
        volume: question.lexical.volume,
        container: found.container,
        host: join(&root.path, &found.relative),
        relative: found.relative,
        root: root.path.clone(),
        content,
    })
}

/// The first bytes of a file that a plan names, for a person's eye; none where the plan names a directory or nothing yet.
///
/// # Errors
/// Where the path no longer leads to where the plan says, or the file cannot be read.
pub(crate) fn head(path: &PathView, volumes: &Volumes, bytes_max: u64) -> Result<Option<FileView>, Refusal> {
    let lexical = volumes.locate(&path.param, &path.container)?;
    let asked = Asked { param: &path.param, lexical: &lexical, volumes };
    let (root, dir) = asked.open_root()?;
    let found = asked.find(&dir)?;
    if join(&root.path, &found.relative) != path.host {
        return Err(asked.refuse("which leads elsewhere than when it was asked for"));
    }
    match &found.metadata {
        Some(metadata) if metadata.is_file() => {}
        _ => return Ok(None),
    }
    let mut bytes = vec![];
    let file = asked.open_file(&dir, &found)?;
    let total = file.metadata().map_err(|error| asked.unreadable(&error))?.len();
    file.take(bytes_max).read_to_end(&mut bytes).map_err(|error| asked.unreadable(&error))?;
    Ok(Some(FileView {
        param: path.param.clone(),
        container: path.container.clone(),
        bytes: total,
        whole: u64::try_from(bytes.len()).is_ok_and(|read| read >= total),
        head: String::from_utf8_lossy(&bytes).into_owned(),
    }))
}

/// What lies at a path that a tool call would write to: one of the container, or of this machine where the agent works on it. None
/// where it lies in no volume, or cannot be read there. At most so many bytes are read.
pub(crate) fn replaced(path: &str, volumes: &Volumes, bytes_max: u64) -> Option<Replaced> {
    let lexical = volumes.locate("path", path).or_else(|refusal| {
        volumes.container_of(path).ok_or(refusal).and_then(|container| volumes.locate("path", &container))
    });
    let lexical = lexical.ok()?;
    let asked = Asked { param: "path", lexical: &lexical, volumes };
    let (_, dir) = asked.open_root().ok()?;
    let found = asked.find(&dir).ok()?;
    let Some(metadata) = &found.metadata else { return Some(Replaced::Nothing) };
    if !metadata.is_file() {
        return Some(Replaced::Other { bytes: metadata.len() });
    }
    let file = asked.open_file(&dir, &found).ok()?;
    let mut bytes = vec![];
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    let other = Replaced::Other { bytes: metadata.len() };
    if u64::try_from(bytes.len()).is_ok_and(|read| read <= bytes_max) {
        Some(String::from_utf8(bytes).map_or(other, |text| Replaced::Text { text }))
    } else {
        Some(other)
    }
}

/// The directory at this host path, opened beneath its volume, so that it stays the same one whatever is renamed meanwhile.
///
/// # Errors
/// Where it is beneath no volume, or no directory.
pub(crate) fn open_dir(volumes: &Volumes, host: &str) -> io::Result<Dir> {
    let mut roots = volumes.iter().filter_map(|volume| volume.root.as_ref());
    let holding = roots.find_map(|root| Some((root, beneath(host, &root.path)?)));
    let (root, relative) = holding.ok_or_else(|| io::Error::other("the directory lies in no volume"))?;
    let dir = open_pinned(root)?;
    let dir = if relative.is_empty() { dir } else { dir.open_dir(relative)? };
    // A link put in the way since the plan was made leads to another directory of the volume: that is not what was shown.
    if real_path(&dir)?.is_none_or(|path| path == Path::new(host)) {
        Ok(dir)
    } else {
        Err(io::Error::other("it is another directory now"))
    }
}

/// The root, if it is still the directory that was found at this path.
fn open_pinned(root: &Root) -> io::Result<Dir> {
    let dir = Dir::open_ambient_dir(&root.path, ambient_authority())?;
    let metadata = dir.dir_metadata()?;
    let is_same = (metadata.dev(), metadata.ino()) == (root.device, root.inode);
    // The same directory behind a link is not enough: programs are given its path.
    if is_same && std::fs::canonicalize(&root.path)? == Path::new(&root.path) {
        Ok(dir)
    } else {
        Err(io::Error::other("another directory lies there than when volumes were read; reload if that is meant"))
    }
}

/// Where an opened directory lies, where the system can tell.
#[cfg(target_os = "linux")]
fn real_path(dir: &Dir) -> io::Result<Option<std::path::PathBuf>> {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", dir.as_raw_fd())).map(Some)
}

#[cfg(not(target_os = "linux"))]
fn real_path(_dir: &Dir) -> io::Result<Option<std::path::PathBuf>> {
    Ok(None)
}

/// A path that was asked about.
struct Asked<'a> {
    param: &'a str,
    lexical: &'a LexicalPath,
    volumes: &'a Volumes,
}

/// Where a path leads.
struct Found {
    /// Beneath the root, without links; empty for the root itself.
    relative: String,
    container: String,
    /// None where nothing is there yet.
    metadata: Option<Metadata>,
}

impl<'a> Asked<'a> {
    fn open_root(&self) -> Result<(&'a Root, Dir), Refusal> {
        let volume = self.volumes.at(self.lexical.volume).ok_or_else(|| self.refuse("which belongs to no volume"))?;
        let missing = || io::Error::other("it was no directory when volumes were read; reload once it is");
        let root = volume.root.as_ref().ok_or_else(missing);
        let opened = root.and_then(|root| Ok((root, open_pinned(root)?)));
        opened.map_err(|error| {
            let detail = format!(
                "the volume `{}` is not the directory on the host that it was when it was set up: its owner has to look, \
                 and to reload the bridge if that is meant",
                volume.container()
            );
            Refusal::unavailable(detail).about(self.param).because(format!("{}: {error}", volume.host))
        })
    }

    fn find(&self, root: &Dir) -> Result<Found, Refusal> {
        let relative = if self.lexical.relative.is_empty() {
            String::new()
        } else {
            self.without_links(root, &self.lexical.relative)?
        };
        let metadata = match relative.as_str() {
            "" => Some(root.dir_metadata()),
            relative => match root.symlink_metadata(relative) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                metadata => Some(metadata),
            },
        };
        let metadata = metadata.transpose().map_err(|error| self.unreadable(&error))?;
        if metadata.as_ref().is_some_and(Metadata::is_symlink) {
            return Err(self.refuse("which is a link that leads out of the volume or nowhere"));
        }
        let hidden = || self.refuse("which leads to a place that another volume covers");
        let container = self.volumes.container_path(self.lexical.volume, &relative).ok_or_else(hidden)?;
        Ok(Found { relative, container, metadata })
    }

    /// The path with every link resolved. What is not there yet keeps its name, beneath the nearest directory that is.
    fn without_links(&self, root: &Dir, relative: &str) -> Result<String, Refusal> {
        let error = match root.canonicalize(relative) {
            Ok(path) => return self.plain(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => error,
            Err(error) => return Err(self.outside(&error)),
        };
        let (parent, name) = relative.rsplit_once('/').unwrap_or(("", relative));
        // A link that leads nowhere is no name for something new: whoever opens it would follow it.
        match root.symlink_metadata(relative) {
            Ok(_) => return Err(self.refuse("which is a link that leads out of the volume or nowhere").because(error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.outside(&error)),
        }
        let parent = if parent.is_empty() { String::new() } else { self.without_links(root, parent)? };
        Ok(if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") })
    }

    /// As text: UTF-8 names without control characters, for that is what people are shown.
    #[expect(
        clippy::disallowed_methods,
        reason = "files have names in any script, joiners among them; whoever shows one makes it visible"
    )]
    fn plain(&self, path: &Path) -> Result<String, Refusal> {
        let mut names = vec![];
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) => match name.to_str() {
                    Some(name) if !name.chars().any(char::is_control) => names.push(name),
                    _ => return Err(self.refuse("which leads to a name that cannot be shown as text")),
                },
                _ => return Err(self.refuse("which leads out of the volume")),
            }
        }
        Ok(names.join("/"))
    }

    fn check_kind(&self, found: &Found, wanted: Entry, must_exist: bool) -> Result<(), Refusal> {
        let Some(metadata) = &found.metadata else {
            return if must_exist { Err(self.refuse("which is not there")) } else { Ok(()) };
        };
        match wanted {
            Entry::File if !metadata.is_file() => Err(self.refuse("which is no regular file")),
            Entry::Dir if !metadata.is_dir() => Err(self.refuse("which is no directory")),
            Entry::Any if !metadata.is_file() && !metadata.is_dir() => {
                Err(self.refuse("which is neither a regular file nor a directory"))
            }
            _ => Ok(()),
        }
    }

    fn content(&self, root: &Dir, found: &Found) -> Result<Digest, Refusal> {
        let mut file = self.open_file(root, found)?;
        let hashed = hash(&mut file).map_err(|error| self.unreadable(&error))?;
        let too_large = || {
            self.refuse(&format!("which is larger than {CONTENT_BYTES_MAX} bytes, the most whose content can be bound"))
        };
        hashed.ok_or_else(too_large)
    }

    /// Opens a regular file and nothing else: a pipe put in its place does not make the server wait.
    fn open_file(&self, root: &Dir, found: &Found) -> Result<File, Refusal> {
        let mut options = OpenOptions::new();
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
        options.read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        let file = root.open_with(&found.relative, &options).map_err(|error| self.unreadable(&error))?;
        let is_file = file.metadata().map_err(|error| self.unreadable(&error))?.is_file();
        if is_file { Ok(file) } else { Err(self.refuse("which is no regular file")) }
    }

    fn outside(&self, error: &io::Error) -> Refusal {
        let why = match error.kind() {
            io::ErrorKind::NotADirectory => "which goes through something that is no directory",
            _ => "which leads out of the volume or cannot be read",
        };
        self.refuse(why).because(error)
    }

    fn unreadable(&self, error: &io::Error) -> Refusal {
        self.refuse("which cannot be read").because(error)
    }

    fn refuse(&self, why: &str) -> Refusal {
        let volume = self.volumes.at(self.lexical.volume).map_or("", |volume| volume.container());
        let container = join(volume, &self.lexical.relative);
        let shown = visible::escaped(&container);
        Refusal::invalid(self.param, format!("parameter `{}` is `{shown}`, {why}", self.param))
    }
}

/// The SHA-256 of what a file holds; none where that is more than [`CONTENT_BYTES_MAX`], also where it grows meanwhile.
fn hash(file: &mut File) -> io::Result<Option<Digest>> {
    if file.metadata()?.len() > CONTENT_BYTES_MAX {
        return Ok(None);
    }
    let (mut hash, mut total, mut chunk) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        total += u64::try_from(read).unwrap_or(u64::MAX);
        if total > CONTENT_BYTES_MAX {
            return Ok(None);
        }
    }
    Ok(Some(Digest::from_bytes(hash.finalize().into())))
}

fn join(dir: &str, relative: &str) -> String {
    match (dir.trim_end_matches('/'), relative) {
        ("", "") => "/".to_owned(),
        (dir, "") => dir.to_owned(),
        (dir, relative) => format!("{dir}/{relative}"),
    }
}

#[cfg(test)]
mod tests;
