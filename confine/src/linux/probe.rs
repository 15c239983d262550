//! Tries each level on this machine, by doing.

use std::{
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

use super::landlock::WITH_SCOPE;
use crate::{Level, Probe};

/// Confines nothing at each level, and tells how that went.
pub(crate) fn probe() -> Probe {
    let full = attempt(Level::Full);
    let files = attempt(Level::Files);
    let level = match (&full, &files) {
        (Ok(_), _) => Some(Level::Full),
        (_, Ok(_)) => Some(Level::Files),
        _ => None,
    };
    let lacks = match files {
        Ok(abi) if abi < WITH_SCOPE => {
            vec!["signals reach other processes of this user (before Linux 6.12)".to_owned()]
        }
        _ => Vec::new(),
    };
    Probe { level, full: full.err(), files: files.err(), lacks }
}

/// The version of Landlock there, or why the level cannot be had.
fn attempt(level: Level) -> Result<u32, String> {
    let output = Command::new("/proc/self/exe")
        .arg0("ccc-confine")
        .args(["run", "--probe", &format!("--level={level}"), "--program=/"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("the launcher cannot start itself: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match said(&output.stdout).parse() {
        Ok(abi) if output.status.success() => Ok(abi),
        _ => Err(said(&output.stderr).trim_start_matches("ccc-confine: ").to_owned()),
    }
}
