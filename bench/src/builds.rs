//! Builds what is measured, once and no more than that: the programs as they are released, and the edges static and small.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::args::Wishes;

const MUSL: &str = "x86_64-unknown-linux-musl";
/// What goes into other people's containers, and the floors that it is measured against.
const EDGES: [&str; 4] = ["ccc-client", "ccc-hook", "ccc-mcp", "ccc-confine"];
const EDGE_FLOORS: [&str; 3] = ["floor-empty", "floor-client", "floor-mcp"];

/// Where the built programs lie.
#[derive(Debug)]
pub struct Builds {
    release: PathBuf,
    edge: Option<PathBuf>,
    /// A directory that stays, for what is worth keeping between two runs.
    pub kept: PathBuf,
}

impl Builds {
    /// Builds what the wanted goals need.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn make(wishes: &Wishes) -> Self {
        let own = std::env::current_exe().expect("this program's own path");
        let release = own.parent().expect("a directory of programs").to_owned();
        let target = release.parent().expect("a target directory").to_owned();
        let wants_edges = ["5", "6", "mcp", "confine"].iter().any(|goal| wishes.wants(goal));
        let has_musl = has_musl();
        // The same packages whatever is wanted: others would have other features, and be built twice.
        let mut packages = vec!["ccc-server", "ccc-queue", "ccc-audit", "ccc-bench"];
        if wants_edges && !has_musl {
            packages.extend(EDGES);
        }
        cargo(&["build", "--release", "--bins"], packages.iter().flat_map(|package| ["-p", package]), &target);
        let edge = (wants_edges && has_musl).then(|| build_edges(&target));
        let kept = target.join("bench");
        std::fs::create_dir_all(&kept).expect("a directory to work in");
        Self { release, edge, kept }
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

fn has_musl() -> bool {
    let installed = Command::new("rustc").args(["--print", "target-libdir", "--target", MUSL]).output();
    installed.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn build_edges(target: &Path) -> PathBuf {
    let packages = EDGES.iter().chain(&["ccc-bench"]).flat_map(|package| ["-p", package]);
    let bins = EDGES.iter().chain(&EDGE_FLOORS).flat_map(|bin| ["--bin", bin]);
    cargo(&["build", "--profile", "edge", "--target", MUSL, "--no-default-features"], packages.chain(bins), target);
    target.join(MUSL).join("edge")
}

fn cargo<'a>(command: &[&str], what: impl Iterator<Item = &'a str>, target: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(command).args(what).arg("--target-dir").arg(target);
    // What the outer cargo tells this program about itself would make build scripts run again.
    let told = std::env::vars_os().map(|(name, _)| name);
    for name in told.filter(|name| {
        name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    }) {
        cargo.env_remove(name);
    }
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stdout(Stdio::null());
    let status = cargo.status().expect("cargo");
    assert!(status.success(), "what is measured does not build: {cargo:?}");
}
