//! What is given, settled against what is private: a list of places, the outer before the inner.
//!
//! A given path is opened once, through no link, and used by that descriptor alone: exchanging it afterwards changes nothing.
//! A private path wins over whatever gives it:
//!
//! | | `full` | `files` |
//! |---|---|---|
//! | given at or beneath a private path | not given | not given |
//! | a private directory beneath what may be read | covered by an empty one | its siblings are given in place of the whole |
//! | a private file, or one that is not there yet, beneath what may be read | its siblings are given in place of the whole | the same |
//! | beneath what may be written | covered; refused where it is not there | its siblings are given in place of the whole |
//!
//! Why a file is not covered: a cover lies on a file, and is gone when its owner replaces the file.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    os::{fd::OwnedFd, unix::ffi::OsStringExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat},
    io::Errno,
};

use super::{
    Answer,
    defence::{Defence, Defences},
};
use crate::{Fault, Level, Record, fault::Trying};

const ENTRIES_MAX: usize = 10_000;
const GIVE_ANOTHER: &str = "give another path";

/// A place in what the program sees.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) what: What,
}

/// What lies there.
pub(crate) enum What {
    /// What lies there outside, with all beneath it.
    Tree { source: OwnedFd, is_directory: bool, is_writable: bool },
    /// A link; what it leads to is given for itself, or leads nowhere.
    Link(PathBuf),
    /// A new and empty directory of the program's own, at `full`.
    Scratch,
    /// A directory with those entries that are places themselves, at `full`.
    Listing,
    /// Nothing, in place of something private, at `full`.
    Cover { is_directory: bool },
}

/// Settles a record into places.
pub(crate) fn places(record: &Record, defences: &Defences) -> Answer<Vec<Place>> {
    let never = match defences.hold(Defence::Never) {
        true => record.never.iter().map(|path| real(path)).collect(),
        false => Vec::new(),
    };
    let mut settling =
        Settling { level: record.level, never, read_only: record.read_only.clone(), places: BTreeMap::new() };
    for path in &record.read {
        // Reading something that may be written is less than what is given already.
        if !record.write.iter().any(|written| path.starts_with(written)) {
            settling.give(path, false)?;
        }
    }
    record.write.iter().try_for_each(|path| settling.give(path, true))?;
    record.scratch.iter().try_for_each(|path| settling.scratch(path))?;
    record.mapped.iter().try_for_each(|(path, source)| settling.map(path, source))?;
    settling.keep_read_only()?;
    Ok(settling.places.into_iter().map(|(path, what)| Place { path, what }).collect())
}

struct Settling {
    level: Level,
    never: Vec<PathBuf>,
    read_only: Vec<PathBuf>,
    places: BTreeMap<PathBuf, What>,
}

impl Settling {
    fn give(&mut self, path: &Path, is_writable: bool) -> Answer<()> {
        if self.is_private(path) {
            return Ok(());
        }
        let Some(what) = opened(path, is_writable)? else { return Ok(()) };
        let is_link = matches!(what, What::Link(_));
        if self.level == Level::Files {
            return if is_link { Ok(()) } else { self.give_by_rules(path, is_writable, what) };
        }
        self.places.insert(path.to_owned(), what);
        let hidden: Vec<PathBuf> = beneath(&self.never, path).cloned().collect();
        hidden.iter().filter(|_| !is_link).try_for_each(|hidden| self.hide(hidden, path, is_writable))
    }

    fn is_private(&self, path: &Path) -> bool {
        self.never.iter().any(|never| path.starts_with(never))
    }

    /// Landlock's rules only add: what is kept back must not lie beneath anything that is given.
    fn give_by_rules(&mut self, path: &Path, is_writable: bool, what: What) -> Answer<()> {
        let is_split =
            beneath(&self.never, path).chain(beneath(&self.read_only, path).filter(|_| is_writable)).next().is_some();
        if !is_split {
            self.places.insert(path.to_owned(), what);
            return Ok(());
        }
        for entry in entries(path)? {
            let is_writable = is_writable && !self.read_only.contains(&entry);
            self.give(&entry, is_writable)?;
        }
        Ok(())
    }

    fn hide(&mut self, hidden: &Path, given: &Path, is_writable: bool) -> Answer<()> {
        let found = fs::symlink_metadata(hidden).ok().map(|about| about.is_dir());
        match (found, is_writable) {
            (Some(true), false) => {
                self.places.insert(hidden.to_owned(), What::Cover { is_directory: true });
                Ok(())
            }
            (_, false) => self.list(hidden),
            (Some(is_directory), true) => {
                self.places.insert(hidden.to_owned(), What::Cover { is_directory });
                self.pin(hidden, given)
            }
            (None, true) => Err(Fault::new(
                format!("cannot keep `{}` back", hidden.display()),
                format!("it is not there yet, and `{}` is given for writing", given.display()),
                "keep private files out of what is given for writing",
            )),
        }
    }

    /// Gives the entries of the innermost directory that is there on the way to `hidden`, in place of that directory.
    fn list(&mut self, hidden: &Path) -> Answer<()> {
        let Some(directory) = hidden.ancestors().skip(1).find(|path| path.is_dir()) else { return Ok(()) };
        if matches!(self.places.insert(directory.to_owned(), What::Listing), Some(What::Listing)) {
            return Ok(());
        }
        entries(directory)?.iter().try_for_each(|entry| self.give(entry, false))
    }

    fn scratch(&mut self, path: &Path) -> Answer<()> {
        match self.level {
            Level::Full if self.is_private(path) => Ok(()),
            Level::Full => {
                self.places.insert(path.to_owned(), What::Scratch);
                Ok(())
            }
            Level::Files => self.give(path, true),
        }
    }

    /// What lies elsewhere, under this path.
    fn map(&mut self, path: &Path, source: &Path) -> Answer<()> {
        if self.level == Level::Files || self.is_private(source) || beneath(&self.never, source).next().is_some() {
            let why = "level `files` has no paths of its own, or it holds something private";
            return Err(Fault::new(
                format!("cannot give `{}` as `{}`", source.display(), path.display()),
                why,
                GIVE_ANOTHER,
            ));
        }
        refuse_own(path)?;
        match opened(source, true)? {
            Some(what @ What::Tree { .. }) => drop(self.places.insert(path.to_owned(), what)),
            _ => {
                return Err(Fault::new(
                    format!("cannot give `{}`", source.display()),
                    "it is no directory",
                    GIVE_ANOTHER,
                ));
            }
        }
        Ok(())
    }

    /// At `files` the rules have left them out of what may be written already.
    fn keep_read_only(&mut self) -> Answer<()> {
        for path in std::mem::take(&mut self.read_only) {
            if self.level == Level::Files || self.is_private(&path) {
                continue;
            }
            let Some(What::Tree { source, is_directory, .. }) = opened(&path, false)? else {
                let why = "it is not there yet, or is a link";
                return Err(Fault::new(
                    format!("cannot keep `{}` read-only", path.display()),
                    why,
                    "name what is there",
                ));
            };
            let given = path
                .ancestors()
                .skip(1)
                .filter(|outer| is_writable(self.places.get(*outer)))
                .last()
                .map(Path::to_owned);
            self.places.insert(path.clone(), What::Tree { source, is_directory, is_writable: false });
            if let Some(given) = given {
                self.pin(&path, &given)?;
            }
        }
        Ok(())
    }

    /// A directory that something is mounted on cannot be renamed. Each one between what is given and what is kept back is made
    /// one: otherwise it could be renamed, and another made in its place.
    fn pin(&mut self, kept: &Path, given: &Path) -> Answer<()> {
        for path in kept.ancestors().skip(1).take_while(|path| *path != given) {
            if self.places.contains_key(path) {
                continue;
            }
            if let Some(what) = opened(path, true)? {
                self.places.insert(path.to_owned(), what);
            }
        }
        Ok(())
    }
}

/// Opens a given path through no link. `None`: there is nothing to read there.
fn opened(path: &Path, is_writable: bool) -> Answer<Option<What>> {
    let what = || format!("cannot give `{}`", path.display());
    refuse_own(path)?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let source = match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS)
    {
        Ok(source) => source,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) if !is_writable => return Ok(None),
        Err(Errno::LOOP) => {
            return Err(Fault::new(what(), "a directory on its way is a link", "give the path that it leads to"));
        }
        Err(error) => return Err(Fault::new(what(), error, GIVE_ANOTHER)),
    };
    match FileType::from_raw_mode(fstat(&source).trying(what, GIVE_ANOTHER)?.st_mode) {
        FileType::Symlink if is_writable => Err(Fault::new(what(), "it is a link", "give the path that it leads to")),
        FileType::Symlink => {
            let target = readlinkat(&source, "", Vec::new()).trying(what, GIVE_ANOTHER)?;
            Ok(Some(What::Link(PathBuf::from(OsString::from_vec(target.into_bytes())))))
        }
        kind => Ok(Some(What::Tree { source, is_directory: kind == FileType::Directory, is_writable })),
    }
}

/// The launcher makes these itself, and gives no more of them.
fn refuse_own(path: &Path) -> Answer<()> {
    let own = ["/", "/proc", "/dev"].iter().any(|own| path == Path::new(own));
    match own || path.starts_with("/proc") {
        true => {
            Err(Fault::new(format!("will not give `{}`", path.display()), "the launcher makes its own", "leave it out"))
        }
        false => Ok(()),
    }
}

fn entries(directory: &Path) -> Answer<Vec<PathBuf>> {
    let what = || format!("cannot list `{}` around what is private in it", directory.display());
    let listed: Result<Vec<PathBuf>, _> = fs::read_dir(directory)
        .trying(what, GIVE_ANOTHER)?
        .take(ENTRIES_MAX)
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let listed = listed.trying(what, GIVE_ANOTHER)?;
    match listed.len() < ENTRIES_MAX {
        true => Ok(listed),
        false => {
            Err(Fault::new(what(), format!("it has more than {ENTRIES_MAX} entries"), "give what is needed of it"))
        }
    }
}

fn beneath<'a>(paths: &'a [PathBuf], outer: &Path) -> impl Iterator<Item = &'a PathBuf> {
    let outer = outer.to_owned();
    paths.iter().filter(move |path| path.starts_with(&outer) && **path != outer)
}

fn is_writable(what: Option<&What>) -> bool {
    matches!(what, Some(What::Tree { is_writable: true, .. }))
}

/// Where a private path really lies: given paths lead through no link, so that this is how they would name it.
fn real(path: &Path) -> PathBuf {
    for outer in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(outer), path.strip_prefix(outer)) {
            return real.join(rest).components().collect();
        }
    }
    path.to_owned()
}
