//! A wall clock that a test sets for one server alone: a library that is preloaded into it, built by the C compiler that the server
//! itself was built by.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::site::{Site, program};

/// The clock of a server. Servers that are started again have the same one.
#[derive(Debug)]
pub struct SteppedClock {
    directory: tempfile::TempDir,
    off_millis: File,
}

impl Default for SteppedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl SteppedClock {
    /// A clock that is right.
    ///
    /// # Panics
    /// When the C compiler does not build the library.
    #[must_use]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("off-millis");
        fs::write(&path, 0_i64.to_ne_bytes()).unwrap();
        let off_millis = File::options().write(true).open(path).unwrap();
        Self { directory, off_millis }
    }

    /// This site's server has this clock.
    #[must_use]
    pub fn of(&self, site: Site) -> Site {
        let directory = self.directory.path().to_str().unwrap();
        site.env("CCC_TEST_CLOCK", directory).env("LD_PRELOAD", library().to_str().unwrap())
    }

    /// From now on the clock is ahead of what is right by so many seconds, or behind it.
    pub fn set(&self, seconds: i64) {
        self.off_millis.write_all_at(&(seconds * 1000).to_ne_bytes(), 0).unwrap();
    }

    /// A server that starts from now on finds that the machine was started since. `name` tells one start from another.
    pub fn start_machine(&self, name: &str) {
        fs::write(self.directory.path().join("boot-id"), name).unwrap();
    }
}

/// Built once for each test process, beside the programs.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/stepped-clock.c");
        let beside = program("ccc-server").with_file_name("tmp");
        fs::create_dir_all(&beside).unwrap();
        // Another process may load the one of before at this moment: each is a file of its own until it is whole.
        let (built, half) =
            (beside.join("stepped-clock.so"), beside.join(format!("stepped-clock-{}", std::process::id())));
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&half).arg(&source).output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        fs::rename(half, &built).unwrap();
        built
    })
}
