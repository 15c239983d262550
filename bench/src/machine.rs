//! What the figures were measured on.

use std::{fs, process::Command, time::SystemTime};

use ccc_protocol::Timestamp;

/// The machine, the system and the day, a line each.
#[must_use]
pub fn facts() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let memory = memory.map_or_else(String::new, |kib| format!(", {:.0} GiB of memory", kib / 1024.0 / 1024.0));
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{}. {cpus} CPUs ({cpu}){memory}; Linux {}; {}; load before the run {}.",
        today(),
        system.trim(),
        version("rustc"),
        load()
    )
}

/// The load of the machine over the last minute: what else runs spoils the figures.
#[must_use]
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// CPU time since the machine started, in ticks: all of it, and what the host took for others.
#[derive(Debug, Clone, Copy)]
pub struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// So far (proc(5): user, nice, system, idle, iowait, irq, softirq, steal).
    #[must_use]
    pub fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let of = |text: &str| text.parse::<u64>().unwrap_or_default();
        let ticks: Vec<u64> =
            text.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8).map(of).collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or_default() }
    }

    /// What share the host took since `before`: figures of a machine that was not given its time say little.
    #[must_use]
    pub fn stolen_since(self, before: Self) -> String {
        let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64 * 100.0;
        let all = self.all.saturating_sub(before.all);
        format!(
            "the host took {:.1} % of the CPU time for others",
            share(self.stolen.saturating_sub(before.stolen), all)
        )
    }
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or_else(|_| program.to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn today() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_seconds(since.as_secs().cast_signed()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}
