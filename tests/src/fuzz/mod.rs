//! Bodies of the fuzz targets: plain functions that take any bytes and panic where a promise is broken.
//!
//! The same functions are driven three ways: by libFuzzer (`tests/fuzz`), by the mutating driver on stable Rust
//! (`cargo run -p ccc-tests --bin fuzz`), and by `tests/fuzz_replay.rs`, which replays every committed input.

mod base;
mod calls;
mod cells;
mod config;
mod export;
mod hook;
mod http;
mod json;
mod mcp;
mod mutate;
mod places;
mod programs;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use base::signature_base;
pub use calls::calls;
pub use cells::cells;
pub use config::config;
pub use export::export_lines;
pub use hook::hook_documents;
pub use http::http_heads;
pub use json::json;
pub use mcp::mcp_lines;
pub use mutate::mutated;
pub use places::{paths, urls};
pub use programs::programs;

/// Something to throw bytes at.
pub struct Target {
    /// Its name, which is that of its corpus too.
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub body: fn(&[u8]),
    /// Inputs that are made rather than kept.
    made: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 12] = [
    Target { name: "http", body: http_heads, made: http::seeds },
    Target { name: "base", body: signature_base, made: base::seeds },
    Target { name: "json", body: json, made: Vec::new },
    Target { name: "config", body: config, made: config::seeds },
    Target { name: "paths", body: paths, made: Vec::new },
    Target { name: "urls", body: urls, made: Vec::new },
    Target { name: "hook", body: hook_documents, made: hook::seeds },
    Target { name: "mcp", body: mcp_lines, made: Vec::new },
    Target { name: "cells", body: cells, made: cells::seeds },
    Target { name: "export", body: export_lines, made: export::seeds },
    Target { name: "programs", body: programs, made: programs::seeds },
    Target { name: "calls", body: calls, made: calls::seeds },
];

impl Target {
    /// The target of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Where its committed inputs lie.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(self.name)
    }

    /// Every input to begin with: those committed and those made.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.corpus()).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let kept = files.iter().map(|file| fs::read(file).unwrap());
        kept.chain((self.made)()).collect()
    }
}
