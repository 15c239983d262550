//! Builds what is measured, once: the programs as they are released, and the edges static and small.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const MUSL: &str = "x86_64-unknown-linux-musl";

/// Where the built programs lie.
#[derive(Debug)]
pub struct Builds {
    release: PathBuf,
    edge: Option<PathBuf>,
    /// A directory that stays, for what is worth keeping between two runs.
    pub kept: PathBuf,
}

impl Builds {
    /// Builds everything.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn make() -> Self {
        let own = std::env::current_exe().expect("this program's own path");
        let release = own.parent().expect("a directory of programs").to_owned();
        let target = release.parent().expect("a target directory").to_owned();
        let packages = ["ccc-server", "ccc-client", "ccc-hook", "ccc-mcp", "ccc-queue", "ccc-bench"];
        let packages = packages.iter().flat_map(|package| ["-p", package]);
        cargo(&["build", "--release", "--bins"], packages, &target);
        let kept = target.join("bench");
        std::fs::create_dir_all(&kept).expect("a directory to work in");
        Self { edge: build_edge(&target), release, kept }
    }

    /// A program as it is released.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.release.join(name)
    }

    /// A program as it goes into other people's containers; as released, where the target for that is not installed.
    #[must_use]
    pub fn edge(&self, name: &str) -> PathBuf {
        self.edge.as_ref().unwrap_or(&self.release).join(name)
    }

    /// Whether the edges are static.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.edge.is_some()
    }
}

fn build_edge(target: &Path) -> Option<PathBuf> {
    let installed = Command::new("rustc").args(["--print", "target-libdir", "--target", MUSL]).output().ok()?;
    if !Path::new(String::from_utf8_lossy(&installed.stdout).trim()).is_dir() {
        return None;
    }
    let bins = ["ccc-client", "ccc-hook", "ccc-mcp", "floor-empty", "floor-client", "floor-mcp"];
    let bins = ["ccc-client", "ccc-hook", "ccc-mcp", "ccc-bench"]
        .iter()
        .flat_map(|package| ["-p", package])
        .chain(bins.iter().flat_map(|bin| ["--bin", bin]));
    cargo(&["build", "--profile", "edge", "--target", MUSL, "--no-default-features"], bins, target);
    Some(target.join(MUSL).join("edge"))
}

fn cargo<'a>(command: &[&str], what: impl Iterator<Item = &'a str>, target: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(command).args(what).arg("--target-dir").arg(target);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stdout(Stdio::null());
    let status = cargo.status().expect("cargo");
    assert!(status.success(), "what is measured does not build: {cargo:?}");
}
