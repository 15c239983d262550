//! Where things lie: the directories of the desktop's conventions, `~`, and paths relative to the file that names them.

use std::{
    env,
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Component, Path, PathBuf},
};

use ccc_protocol::base_dir::BaseDir;

/// What the surroundings say about places and programs. Read once, so that everything behind it can be tested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `$HOME`, where it is absolute.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, where it is absolute: a relative one is to be ignored (XDG Base Directory Specification).
    pub config_home: Option<PathBuf>,
    /// `$XDG_DATA_HOME`, where it is absolute.
    pub data_home: Option<PathBuf>,
    /// The directories of `$PATH`, in order.
    pub path: Vec<PathBuf>,
    /// `$VISUAL`, the editor where config names none.
    pub visual: Option<String>,
    /// The current directory, which paths of the command line are relative to.
    pub here: PathBuf,
    /// Where this program lies, and what was installed with it.
    pub beside: Option<PathBuf>,
}

impl Surroundings {
    /// As this process was started.
    #[must_use]
    pub fn of_process() -> Self {
        let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            home: absolute("HOME"),
            config_home: absolute("XDG_CONFIG_HOME"),
            data_home: absolute("XDG_DATA_HOME"),
            path: env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
            visual: env::var("VISUAL").ok().filter(|visual| !visual.trim().is_empty()),
            here: env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            beside: env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned)),
        }
    }

    /// The directory of this program's config.
    #[must_use]
    pub fn config_dir(&self) -> Option<PathBuf> {
        BaseDir::Config.ours(|name| self.value_of(name))
    }

    /// The directory of this program's data.
    #[must_use]
    pub fn data_dir(&self) -> Option<PathBuf> {
        BaseDir::Data.ours(|name| self.value_of(name))
    }

    fn value_of(&self, variable: &str) -> Option<OsString> {
        let value = match variable {
            "HOME" => &self.home,
            "XDG_CONFIG_HOME" => &self.config_home,
            "XDG_DATA_HOME" => &self.data_home,
            _ => return None,
        };
        value.clone().map(OsString::from)
    }

    /// The absolute path that `text` means when it is written in a file of `base`.
    #[must_use]
    pub fn absolute(&self, base: &Path, text: impl AsRef<Path>) -> PathBuf {
        let path = text.as_ref();
        let from_home = path.strip_prefix("~").ok().zip(self.home.as_ref());
        match from_home {
            Some((rest, home)) => home.join(rest),
            None => self.here.join(base).join(path),
        }
    }
}

/// A path after links are resolved, as far as it exists; what does not exist yet is taken as written.
#[must_use]
pub(crate) fn resolved(path: &Path) -> PathBuf {
    way(path).pop().unwrap_or_default()
}

/// Everything that decides where an absolute path leads, in the order met: each link on the way, where it lies itself; each
/// directory that is left by `..`; and the end. What does not exist yet is taken as written.
#[must_use]
pub(crate) fn way(path: &Path) -> Vec<PathBuf> {
    let mut met = vec![];
    let mut end = PathBuf::new();
    let mut ahead: Vec<PathBuf> = segments(path);
    let mut links = 0;
    while let Some(segment) = ahead.pop() {
        let next = end.join(&segment);
        match segment.components().next() {
            Some(Component::ParentDir) => {
                met.push(end.clone());
                end.pop();
            }
            Some(Component::Normal(_)) if links < LINKS_MAX => match fs::read_link(&next) {
                Ok(target) => {
                    links += 1;
                    met.push(next);
                    ahead.extend(segments(&target));
                }
                Err(_) => end = next,
            },
            Some(Component::CurDir) | None => {}
            Some(_) => end = next,
        }
    }
    // As the system spells it, where it does not tell upper from lower case.
    met.push(fs::canonicalize(&end).unwrap_or(end));
    met
}

/// More links than any system follows.
const LINKS_MAX: usize = 64;

/// The last first, so that they can be taken off the end.
fn segments(path: &Path) -> Vec<PathBuf> {
    path.components().rev().map(|component| PathBuf::from(component.as_os_str())).collect()
}

/// True where somebody beside its owner may read the file.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.mode() & 0o077 != 0)
}

/// Makes a directory that its owner alone can enter; one that is there is left as it is.
///
/// # Errors
/// When the system refuses.
pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        let around = Surroundings { home: Some("/home/user".into()), here: "/srv".into(), ..Surroundings::default() };
        let absolute = |base: &str, text: &str| around.absolute(Path::new(base), text);
        assert_eq!(absolute("/etc/ccc", "secrets.json"), Path::new("/etc/ccc/secrets.json"));
        assert_eq!(absolute("/etc/ccc", "~/agent"), Path::new("/home/user/agent"));
        assert_eq!(absolute("/etc/ccc", "/data"), Path::new("/data"));
        assert_eq!(absolute("conf", "x"), Path::new("/srv/conf/x"));
        assert_eq!(absolute("/etc/ccc", "~agent/x"), Path::new("/etc/ccc/~agent/x"));
    }

    #[test]
    fn what_does_not_exist_yet_is_resolved_as_far_as_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir(real.join("a")).unwrap();
        std::os::unix::fs::symlink(real.join("a"), real.join("link")).unwrap();
        assert_eq!(resolved(&real.join("link/new/file")), real.join("a/new/file"));
        assert_eq!(resolved(&real.join("link/../x")), real.join("x"), "`..` of a link is its target's");
    }

    #[test]
    fn the_way_to_a_file_holds_every_place_that_could_turn_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| fs::canonicalize(dir.path()).unwrap().join(name);
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, at(name)).unwrap();
        fs::create_dir_all(at("conf/deep")).unwrap();
        fs::write(at("conf/file"), "").unwrap();
        link("../conf", "conf/self");
        link("first", "second");
        link("conf/self", "first");
        assert_eq!(way(&at("conf/file")), [at("conf/file")]);
        assert_eq!(
            way(&at("second/file")),
            [at("second"), at("first"), at("conf/self"), at("conf"), at("conf/file")],
            "`..` in a link leaves the directory that holds it"
        );
        assert_eq!(way(&at("conf/deep/../file")), [at("conf/deep"), at("conf/file")]);
        assert_eq!(way(&at("second/new/file")).last(), Some(&at("conf/new/file")));
        link("loop", "loop");
        assert!(way(&at("loop/file")).len() <= LINKS_MAX + 1, "it ends");
    }
}
