//! What the system says of a process.

use std::{fs, path::Path};

/// The CPU time of all threads of a process so far, in seconds.
///
/// # Panics
/// When there is no such process.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("a running process");
    let nanos = tasks.filter_map(|task| {
        // `schedstat` counts nanoseconds, `stat` ticks of ten milliseconds.
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    nanos.sum::<u64>() as f64 / 1e9
}

/// The resident memory of a process, in MB of 2^20 bytes.
#[must_use]
pub fn resident_mb(pid: u32) -> f64 {
    status_mb(pid, "VmRSS:")
}

/// The most memory that a process had resident, in MB of 2^20 bytes.
#[must_use]
pub fn resident_peak_mb(pid: u32) -> f64 {
    status_mb(pid, "VmHWM:")
}

fn status_mb(pid: u32, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    let kib: f64 = line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(f64::NAN);
    kib / 1024.0
}

/// The size of a file, in kB of 1,000 bytes.
///
/// # Panics
/// When there is no such file.
#[must_use]
pub fn file_kb(path: &Path) -> f64 {
    fs::metadata(path).expect("a built program").len() as f64 / 1000.0
}
