//! What resolving promises, on real directories with real links.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::atomic::{AtomicBool, Ordering},
};

use ccc_core::{catalogue::PathKind, volume::Volume};
use ccc_protocol::bodies::ProblemType;

use super::*;

const SECRET: &str = "the secret outside";

/// The volume `/workspace`, as it is found now.
fn volumes_at(root: &Path) -> Volumes {
    Volumes::new(vec![pinned(Volume::new("/workspace", root.to_str().unwrap()).unwrap())], None).unwrap()
}

/// A volume at `/workspace`, and a file with a secret beside it.
struct Place {
    dir: tempfile::TempDir,
    volumes: Volumes,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("ws");
        fs::create_dir_all(root.join("docs/deep")).unwrap();
        fs::write(root.join("docs/a.txt"), "hello").unwrap();
        fs::write(dir.path().join("secret"), SECRET).unwrap();
        Self { volumes: volumes_at(&root), dir }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join("ws").join(name)
    }

    fn link(&self, target: &str, name: &str) {
        symlink(target, self.at(name)).unwrap();
    }

    fn ask(&self, path: &str, entry: Entry, must_exist: bool, content: bool) -> Result<ResolvedPath, Refusal> {
        let lexical = self.volumes.locate("file", path)?;
        let kind = PathKind { entry, must_exist, content, suffixes: vec![] };
        resolve(&PathQuestion { param: "file".into(), suffix: None, lexical, kind }, &self.volumes)
    }

    fn any(&self, path: &str) -> Result<ResolvedPath, Refusal> {
        self.ask(path, Entry::Any, false, false)
    }

    #[track_caller]
    fn assert_refused(&self, path: &str, said: &str) {
        let refusal = self.any(path).unwrap_err();
        assert!(refusal.detail.contains(said), "{path}: {}", refusal.detail);
        assert!(!refusal.detail.contains(self.dir.path().to_str().unwrap()), "{}", refusal.detail);
        assert_eq!((refusal.kind, refusal.param.as_deref()), (ProblemType::InvalidParameter, Some("file")));
    }
}

#[test]
fn a_path_is_known_in_the_container_and_on_the_host() {
    let place = Place::new();
    let found = place.any("docs/a.txt").unwrap();
    assert_eq!((&*found.container, &*found.relative), ("/workspace/docs/a.txt", "docs/a.txt"));
    assert_eq!(found.host, fs::canonicalize(place.at("docs/a.txt")).unwrap().to_str().unwrap());
    let root = place.any("/workspace").unwrap();
    assert_eq!((&*root.container, &*root.relative, &root.host), ("/workspace", "", &root.root));
}

#[test]
fn links_within_the_volume_are_followed_and_the_end_is_what_is_shown() {
    let place = Place::new();
    place.link("docs", "link");
    place.link("../docs/a.txt", "docs/self");
    place.link("deep/../../docs", "docs/round");
    for path in ["link/a.txt", "docs/self", "docs/round/a.txt", "link/round/self"] {
        assert_eq!(place.any(path).unwrap().container, "/workspace/docs/a.txt", "{path}");
    }
}

#[test]
fn links_that_leave_the_volume_are_refused() {
    let place = Place::new();
    let secret = place.dir.path().join("secret");
    place.link("../secret", "out");
    place.link(secret.to_str().unwrap(), "absolute");
    place.link("..", "up");
    place.link("/proc/self/root", "proc-root");
    place.link("/proc/self/cwd", "proc-cwd");
    place.link("/", "slash");
    place.link("docs/../../ws/docs/a.txt", "out-and-in");
    place.link("loop", "loop");
    place.link("out", "link-to-out");
    for path in [
        "out", "absolute", "up/secret", "up", "proc-root/etc/passwd", "proc-cwd", "slash/etc", "out-and-in", "loop",
        "link-to-out", "up/new",
    ] {
        assert!(place.any(path).is_err(), "{path}");
    }
    place.assert_refused("out", "out of the volume");
    place.assert_refused("absolute", "out of the volume");
}

#[test]
fn what_is_not_there_yet_gets_its_name_beneath_what_is() {
    let place = Place::new();
    place.link("docs", "link");
    assert_eq!(place.any("link/new.txt").unwrap().container, "/workspace/docs/new.txt");
    assert_eq!(place.any("no/such/dir").unwrap().container, "/workspace/no/such/dir");
    place.link("docs/nothing", "dangling");
    place.link("../nothing", "dangling-out");
    place.assert_refused("dangling", "a link that leads out of the volume or nowhere");
    place.assert_refused("dangling-out", "out of the volume or");
    assert!(place.any("dangling/new").is_err());
    place.assert_refused("docs/a.txt/below", "no directory");
}

#[test]
fn the_kind_is_what_the_declaration_wants() {
    let place = Place::new();
    rustix::fs::mknodat(rustix::fs::CWD, place.at("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .unwrap();
    let detail =
        |path: &str, entry, must_exist| place.ask(path, entry, must_exist, false).map_err(|refusal| refusal.detail);
    assert!(detail("docs/a.txt", Entry::File, true).is_ok() && detail("docs", Entry::Dir, true).is_ok());
    assert!(detail("docs", Entry::File, false).unwrap_err().contains("no regular file"));
    assert!(detail("docs/a.txt", Entry::Dir, false).unwrap_err().contains("no directory"));
    assert!(detail("docs/b.txt", Entry::File, true).unwrap_err().contains("which is not there"));
    assert!(detail("docs/b.txt", Entry::File, false).is_ok());
    for entry in [Entry::File, Entry::Any, Entry::Dir] {
        assert!(detail("pipe", entry, false).is_err(), "{entry:?}");
    }
}

#[test]
fn content_is_bound_by_its_digest() {
    let place = Place::new();
    assert_eq!(place.ask("docs/a.txt", Entry::File, true, true).unwrap().content, Some(Digest::of(b"hello")));
    assert!(place.ask("docs/b.txt", Entry::File, false, true).is_err());
    fs::File::create(place.at("huge")).unwrap().set_len(CONTENT_BYTES_MAX + 1).unwrap();
    assert!(place.ask("huge", Entry::File, true, true).unwrap_err().detail.contains("larger than"));
}

#[test]
fn names_that_cannot_be_shown_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    fs::write(place.at("evil\nname"), "").unwrap();
    place.link("evil\nname", "link");
    place.assert_refused("link", "cannot be shown as text");
    let raw = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    fs::write(place.at("docs").join(raw), "").unwrap();
    symlink(raw, place.at("docs/raw")).unwrap();
    place.assert_refused("docs/raw", "cannot be shown as text");
}

#[test]
fn a_volume_that_is_not_there_is_no_fault_of_the_callers() {
    let place = Place::new();
    fs::rename(place.dir.path().join("ws"), place.dir.path().join("moved")).unwrap();
    let refusal = place.any("docs/a.txt").unwrap_err();
    assert_eq!(refusal.kind, ProblemType::Unavailable);
    assert!(refusal.detail.contains("`/workspace`") && !refusal.detail.contains("ws`"), "{}", refusal.detail);
    assert!(refusal.cause.unwrap().contains(place.dir.path().to_str().unwrap()));
}

#[test]
fn what_is_put_in_the_place_of_a_volumes_directory_is_not_opened_until_volumes_are_read_again() {
    let place = Place::new();
    let [root, moved, other] = ["ws", "moved", "other"].map(|name| place.dir.path().join(name));
    let shown = view(&place.any("docs/a.txt").unwrap());
    fs::create_dir_all(other.join("docs")).unwrap();
    fs::write(other.join("docs/a.txt"), SECRET).unwrap();
    fs::rename(&root, &moved).unwrap();
    let is_refused = |what: &str| {
        let refusal = place.ask("docs/a.txt", Entry::File, true, true).unwrap_err();
        assert_eq!(refusal.kind, ProblemType::Unavailable, "{what}");
        assert!(refusal.detail.contains("`/workspace` is not the directory"), "{what}: {}", refusal.detail);
        assert!(!refusal.detail.contains(place.dir.path().to_str().unwrap()), "{what}: {}", refusal.detail);
        assert!(head(&shown, &place.volumes, 5).is_err(), "{what}");
        assert!(open_dir(&place.volumes, &shown.volume).is_err(), "{what}");
    };
    for (target, what) in [(&other, "a link to another directory"), (&moved, "a link to the same directory")] {
        symlink(target, &root).unwrap();
        is_refused(what);
        fs::remove_file(&root).unwrap();
    }
    fs::rename(&other, &root).unwrap();
    is_refused("another directory");
    let again = Place { volumes: volumes_at(&root), ..place };
    assert!(again.any("docs/a.txt").is_ok());
}

#[test]
fn a_directory_that_was_not_there_when_volumes_were_read_is_none() {
    let place = Place::new();
    let late = place.dir.path().join("late");
    let volumes = volumes_at(&late);
    fs::create_dir(&late).unwrap();
    let place = Place { volumes, ..place };
    assert_eq!(place.any("new.txt").unwrap_err().kind, ProblemType::Unavailable);
    let again = Place { volumes: volumes_at(&late), ..place };
    assert!(again.any("new.txt").is_ok());
}

fn view(found: &ResolvedPath) -> PathView {
    PathView {
        param: "file".into(),
        container: found.container.clone(),
        host: found.host.clone(),
        volume: found.root.clone(),
        content: None,
    }
}

#[test]
fn a_head_is_bounded_and_of_the_file_that_was_asked_about() {
    let place = Place::new();
    let found = view(&place.any("docs/a.txt").unwrap());
    let whole = head(&found, &place.volumes, 5).unwrap().unwrap();
    assert_eq!((&*whole.head, whole.bytes, whole.whole), ("hello", 5, true));
    let part = head(&found, &place.volumes, 4).unwrap().unwrap();
    assert_eq!((&*part.head, part.bytes, part.whole), ("hell", 5, false));
    assert_eq!(head(&view(&place.any("docs").unwrap()), &place.volumes, 5).unwrap(), None);
    assert_eq!(head(&view(&place.any("docs/new").unwrap()), &place.volumes, 5).unwrap(), None);
    fs::write(place.at("other"), "other").unwrap();
    fs::remove_file(place.at("docs/a.txt")).unwrap();
    place.link("../other", "docs/a.txt");
    assert!(head(&found, &place.volumes, 5).unwrap_err().detail.contains("leads elsewhere"));
}

#[test]
fn a_directory_is_opened_beneath_its_volume_alone() {
    let place = Place::new();
    let root = fs::canonicalize(place.dir.path().join("ws")).unwrap().to_str().unwrap().to_owned();
    assert!(open_dir(&place.volumes, &root).is_ok() && open_dir(&place.volumes, &format!("{root}/docs")).is_ok());
    place.link("docs", "link");
    place.link("/tmp", "out");
    for bad in [
        format!("{root}/link"),
        format!("{root}/out"),
        format!("{root}2"),
        "/tmp".to_owned(),
        format!("{root}/../secret"),
        format!("{root}/docs/a.txt"),
    ] {
        assert!(open_dir(&place.volumes, &bad).is_err(), "{bad}");
    }
}

#[test]
fn no_exchange_of_links_meanwhile_leads_out() {
    let place = Place::new();
    let (docs, away) = (place.at("docs"), place.at("away"));
    let stop = AtomicBool::new(false);
    fs::create_dir(place.dir.path().join("outside")).unwrap();
    fs::write(place.dir.path().join("outside/a.txt"), SECRET).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&docs, &away).unwrap();
                symlink("../outside", &docs).unwrap();
                fs::remove_file(&docs).unwrap();
                fs::rename(&away, &docs).unwrap();
            }
        });
        for _ in 0..2000 {
            if let Ok(found) = place.ask("docs/a.txt", Entry::File, true, true) {
                assert!(found.host.starts_with(&found.root));
                assert_ne!(found.content, Some(Digest::of(SECRET.as_bytes())));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn what_a_call_would_replace_is_read_beneath_the_volume_alone() {
    let place = Place::new();
    let read = |path: &str, most| replaced(path, &place.volumes, most);
    let hello = Some(Replaced::Text { text: "hello".into() });
    assert_eq!(read("/workspace/docs/a.txt", 5), hello);
    assert_eq!(read("/workspace/docs/a.txt", 4), Some(Replaced::Other { bytes: 5 }));
    assert_eq!(read("/workspace/docs/new.txt", 5), Some(Replaced::Nothing));
    assert!(matches!(read("/workspace/docs", 5), Some(Replaced::Other { .. })));
    // An agent that works on this machine names the file as it lies here.
    let on_host = place.dir.path().canonicalize().unwrap().join("ws/docs/a.txt");
    assert_eq!(read(on_host.to_str().unwrap(), 5), hello);
    place.link("../secret", "out");
    place.link("docs/a.txt", "in");
    assert_eq!(read("/workspace/in", 5), hello);
    let secret = place.dir.path().canonicalize().unwrap().join("secret");
    for outside in ["/workspace/out", "/workspace/../secret", secret.to_str().unwrap(), "/etc/passwd"] {
        assert_eq!(read(outside, 1000), None, "{outside}");
    }
}
