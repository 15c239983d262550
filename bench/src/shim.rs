//! A slow disk: a small C file, compiled here, that makes every sync take two milliseconds longer.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/shim/slow_sync.c");

/// Compiles it; none where there is no C compiler, with the reason.
///
/// # Errors
/// Why there is none.
pub fn compile(into: &Path) -> Result<PathBuf, String> {
    let library = into.join("slow_sync.so");
    let output =
        Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).args([SOURCE, "-ldl"]).output();
    match output {
        Ok(output) if output.status.success() => Ok(library),
        Ok(output) => {
            Err(format!("cc: {}", String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default()))
        }
        Err(_) => Err("there is no C compiler `cc`".to_owned()),
    }
}
