//! What agents see of the host: directories of the container and what lies behind them. Text alone; links are the server's to resolve.

use crate::{params::value::LexicalPath, refusal::Refusal};
use ccc_protocol::{beneath::beneath, visible};

/// One directory of the container and the host's directory behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// As agents know it: absolute, normal, without a final `/`; empty for the container's root.
    container: String,
    /// The directory on the host, as its owner wrote it. Never shown to an agent.
    pub host: String,
    /// The directory that was found there; none where there was none, so that nothing lies beneath it.
    pub root: Option<Root>,
}

/// One directory of the host, and no other that is put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Absolute, links resolved.
    pub path: String,
    /// The file system that it lies in.
    pub device: u64,
    /// The inode. With the device it tells this directory from another that is put in its place.
    pub inode: u64,
}

/// All volumes. Empty until somebody gives one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volumes {
    list: Vec<Volume>,
    default: usize,
}

/// Volumes that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VolumeError {
    /// Not an absolute container path.
    #[error("`{0}` is no container directory: write an absolute path without `.` and `..`, such as `/workspace`")]
    Container(String),
    /// Two volumes at one place.
    #[error("two volumes lie at `{0}`: keep one of them")]
    Twice(String),
    /// The default is none of them.
    #[error("`default_volume` is `{0}`, which is no volume: write the container path of one")]
    Default(String),
}

/// The longest path that is taken, in bytes: Linux's `PATH_MAX`.
const PATH_BYTES_MAX: usize = 4096;

impl Volume {
    /// A volume at this container directory, whose root nobody has looked for yet.
    ///
    /// # Errors
    /// Where the container directory is not absolute, or not normal.
    pub fn new(container: &str, host: impl Into<String>) -> Result<Self, VolumeError> {
        let error = || VolumeError::Container(visible::escaped(container));
        let segments = container.strip_prefix('/').ok_or_else(error)?;
        let relative =
            normal(segments).filter(|normal| normal.len() == segments.trim_end_matches('/').len()).ok_or_else(error)?;
        let container = if relative.is_empty() { String::new() } else { format!("/{relative}") };
        Ok(Self { container, host: host.into(), root: None })
    }

    /// The directory as agents know it.
    #[must_use]
    pub fn container(&self) -> &str {
        if self.container.is_empty() { "/" } else { &self.container }
    }

    fn join(&self, relative: &str) -> String {
        if relative.is_empty() { self.container().to_owned() } else { format!("{}/{relative}", self.container) }
    }
}

impl Volumes {
    /// These volumes. Relative paths belong to the one at `default`, the first where it is none.
    ///
    /// # Errors
    /// Where two lie at one place, or the default is none of them.
    pub fn new(list: Vec<Volume>, default: Option<&str>) -> Result<Self, VolumeError> {
        for (index, volume) in list.iter().enumerate() {
            if list.iter().skip(index + 1).any(|other| other.container == volume.container) {
                return Err(VolumeError::Twice(volume.container().to_owned()));
            }
        }
        let Some(wanted) = default else { return Ok(Self { list, default: 0 }) };
        let container = Volume::new(wanted, "")?.container;
        let default = list.iter().position(|volume| volume.container == container);
        let default = default.ok_or_else(|| VolumeError::Default(wanted.to_owned()))?;
        Ok(Self { list, default })
    }

    /// The volume at this place in the list.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Volume> {
        self.list.get(index)
    }

    /// The path of the container for one of this machine: beneath the root of a volume.
    #[must_use]
    pub fn container_of(&self, host: &str) -> Option<String> {
        let within = |(index, volume): (usize, &Volume)| {
            let relative = beneath(host, &volume.root.as_ref()?.path)?;
            self.container_path(index, relative)
        };
        self.list.iter().enumerate().find_map(within)
    }

    /// All of them, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &Volume> {
        self.list.iter()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Where a path of the container lies, as far as text tells: the longest container directory wins, a relative path
    /// belongs to the default volume. `//`, `.` and a final `/` are dropped; `..` is refused, because what it means
    /// depends on links.
    ///
    /// # Errors
    /// 422 about `param`, naming container paths alone.
    pub fn locate(&self, param: &str, text: &str) -> Result<LexicalPath, Refusal> {
        let refuse =
            |fault: String| Refusal::invalid(param, format!("parameter `{param}` is `{}`, {fault}", shown(text)));
        self.default_volume(param)?;
        if let Some(fault) = fault_of(text) {
            return Err(refuse(fault.to_owned()));
        }
        let absolute = self.absolute(text).ok_or_else(|| refuse(DOT_DOT.to_owned()))?;
        self.longest(&absolute)
            .ok_or_else(|| refuse(format!("which lies outside the volumes: write a path beneath {}", self.names())))
    }

    /// The container path of what lies at `relative` (normal, after links) in a volume; none where the volume does not
    /// exist, or where another volume lies over that place, so that the agent's name for it means something else.
    #[must_use]
    pub fn container_path(&self, volume: usize, relative: &str) -> Option<String> {
        let container = self.at(volume)?.join(relative);
        let back = self.longest(&container)?;
        (back.volume == volume && back.relative == relative).then_some(container)
    }

    /// The container directories, for a sentence.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<_> = self.list.iter().map(|volume| format!("`{}`", volume.container())).collect();
        names.join(" or ")
    }

    fn default_volume(&self, param: &str) -> Result<&Volume, Refusal> {
        self.at(self.default).ok_or_else(|| {
            Refusal::invalid(
                param,
                format!(
                    "parameter `{param}` is a path, and this bridge has no volume: its owner starts it with \
                     `--volume /workspace=DIR`, or names one under `[volumes]`"
                ),
            )
        })
    }

    fn absolute(&self, text: &str) -> Option<String> {
        match text.strip_prefix('/') {
            Some(rest) => Some(format!("/{}", normal(rest)?)),
            None => Some(self.at(self.default)?.join(&normal(text)?)),
        }
    }

    fn longest(&self, absolute: &str) -> Option<LexicalPath> {
        let fits = self
            .list
            .iter()
            .enumerate()
            .filter_map(|(volume, at)| Some((at.container.len(), volume, beneath(absolute, at.container())?)));
        let (_, volume, relative) = fits.max_by_key(|(length, ..)| *length)?;
        Some(LexicalPath { volume, relative: relative.to_owned() })
    }
}

const DOT_DOT: &str = "which holds `..`: write the path without it";

/// What is wrong with a path whatever the volumes are.
#[expect(
    clippy::disallowed_methods,
    reason = "files have names in any script, joiners among them; whoever shows one makes it visible"
)]
fn fault_of(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("which is empty: write a path, or `.` for the default volume")
    } else if text.contains('\0') {
        Some("which holds a NUL character: no path has one")
    } else if text.chars().any(char::is_control) {
        Some("which holds a control character: rename the file")
    } else if text.len() > PATH_BYTES_MAX {
        Some("which is longer than 4096 bytes: no path is")
    } else {
        None
    }
}

/// Without empty and `.` segments; none where a segment is `..`.
fn normal(segments: &str) -> Option<String> {
    let kept: Vec<_> = segments.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    if kept.contains(&"..") || segments.contains('\0') { None } else { Some(kept.join("/")) }
}

/// The start of what was given, its control characters made visible.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 200;
    visible::excerpt(text, SHOWN_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn volumes() -> Volumes {
        let volume = |container: &str, host: &str| Volume::new(container, host).unwrap();
        let list = vec![
            volume("/workspace", "/srv/agent/work"),
            volume("/home/claude/", "/srv/agent/home"),
            volume("/workspace/vendor", "/srv/vendor"),
        ];
        Volumes::new(list, None).unwrap()
    }

    fn found(text: &str) -> Option<(usize, String)> {
        volumes().locate("path", text).ok().map(|path| (path.volume, path.relative))
    }

    #[test]
    fn a_path_of_this_machine_has_one_of_the_container_where_a_volume_holds_it_and_nothing_covers_it() {
        let root = |path: &str| Some(Root { path: path.to_owned(), device: 1, inode: 1 });
        let mut list: Vec<Volume> = volumes().iter().cloned().collect();
        for volume in &mut list {
            volume.root = root(&volume.host);
        }
        let volumes = Volumes::new(list, None).unwrap();
        assert_eq!(volumes.container_of("/srv/agent/work/src/a.rs").as_deref(), Some("/workspace/src/a.rs"));
        assert_eq!(volumes.container_of("/srv/vendor/x").as_deref(), Some("/workspace/vendor/x"));
        for outside in ["/srv/agent/work/vendor/x", "/srv/agent/workshop/x", "/srv/agent/work/../x", "/etc/passwd", "x"]
        {
            assert_eq!(volumes.container_of(outside), None, "{outside}");
        }
    }

    #[test]
    fn a_path_belongs_to_the_volume_with_the_longest_container_directory() {
        for (text, volume, relative) in [
            ("/workspace", 0, ""),
            ("/workspace/", 0, ""),
            ("//workspace//a/./b/", 0, "a/b"),
            ("/workspace/vendored", 0, "vendored"),
            ("/workspace/vendor", 2, ""),
            ("/workspace/vendor/x", 2, "x"),
            ("/home/claude/.bashrc", 1, ".bashrc"),
            ("a/b", 0, "a/b"),
            (".", 0, ""),
            ("vendor/x", 2, "x"),
            ("...", 0, "..."),
        ] {
            assert_eq!(found(text), Some((volume, relative.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_path_that_leaves_the_volumes_is_refused_by_container_names_alone() {
        for bad in [
            "/etc/passwd", "/", "/workspacefoo", "/home", "..", "/workspace/../etc", "a/../b", "", "a\0b", "a\nb",
            "/srv/agent/work",
        ] {
            let refusal = volumes().locate("filename", bad).unwrap_err();
            assert_eq!(refusal.param.as_deref(), Some("filename"));
            assert!(refusal.detail.contains("parameter `filename`"), "{}", refusal.detail);
            assert!(
                !refusal.detail.contains('\0') && (bad == "/srv/agent/work" || !refusal.detail.contains("/srv")),
                "{}",
                refusal.detail
            );
        }
        let detail = volumes().locate("filename", "/etc/passwd").unwrap_err().detail;
        assert!(detail.contains("`/etc/passwd`") && detail.contains("`/workspace` or `/home/claude`"), "{detail}");
    }

    #[test]
    fn without_a_volume_the_refusal_names_the_flag() {
        let detail = Volumes::default().locate("filename", "/workspace/a").unwrap_err().detail;
        assert!(detail.contains("--volume /workspace=DIR"), "{detail}");
    }

    #[test]
    fn relative_paths_belong_to_the_default_volume() {
        let list = volumes().list;
        let path = Volumes::new(list, Some("/home/claude")).unwrap().locate("path", "notes.md").unwrap();
        assert_eq!((path.volume, path.relative.as_str()), (1, "notes.md"));
    }

    #[test]
    fn a_place_that_another_volume_covers_has_no_container_path() {
        assert_eq!(volumes().container_path(0, "a"), Some("/workspace/a".to_owned()));
        assert_eq!(volumes().container_path(0, ""), Some("/workspace".to_owned()));
        assert_eq!(volumes().container_path(0, "vendor/x"), None);
        assert_eq!(volumes().container_path(9, "a"), None);
    }

    #[test]
    fn the_containers_root_can_be_a_volume() {
        let root = Volumes::new(vec![Volume::new("/", "/srv").unwrap()], None).unwrap();
        assert_eq!(root.locate("path", "/a/b").unwrap().relative, "a/b");
        assert_eq!(root.locate("path", "/").unwrap().relative, "");
        assert_eq!(root.container_path(0, ""), Some("/".to_owned()));
        assert_eq!(root.container_path(0, "a"), Some("/a".to_owned()));
    }

    #[test]
    fn volumes_that_cannot_be_are_refused() {
        for bad in ["workspace", "", "/a/../b", "/a//b", "/a/./b", "~/x"] {
            assert!(matches!(Volume::new(bad, "/h"), Err(VolumeError::Container(_))), "{bad}");
        }
        let two = vec![Volume::new("/a", "/x").unwrap(), Volume::new("/a/", "/y").unwrap()];
        assert_eq!(Volumes::new(two, None), Err(VolumeError::Twice("/a".to_owned())));
        assert_eq!(Volumes::new(vec![], Some("/a")), Err(VolumeError::Default("/a".to_owned())));
    }

    proptest! {
        #[test]
        fn a_located_path_never_leaves_its_volume(text in r"[/.a-c~\\\x00\n]{0,24}") {
            if let Ok(path) = volumes().locate("path", &text) {
                let is_normal = path.relative.is_empty() || path.relative.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
                prop_assert!(is_normal && !path.relative.contains('\0'), "{:?}", path);
                // One place has one name: what is shown leads back to what was found.
                let container = volumes().container_path(path.volume, &path.relative);
                prop_assert_eq!(container.map(|container| volumes().locate("path", &container).unwrap()), Some(path));
            }
        }
    }
}
