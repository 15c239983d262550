//! Ends everything that a program left behind where there is no pid namespace to end it.
//!
//! This process is the subreaper of all that it started: whatever loses its parent becomes a child of this one, also after
//! `setsid`. What cannot be ended: a process that somebody else started for the program.

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, waitid},
};

use super::Answer;
use crate::Fault;

/// A program that makes processes faster than they end is not waited for longer.
const END_TIME_MAX: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// Ends all descendants of this process and returns when there are none.
pub(crate) fn end() -> Answer<()> {
    let began = Instant::now();
    while has_children() {
        let found = descendants();
        // Stopped first: what is stopped starts nothing new while the others are ended.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &found {
                let _ = kill_process(*pid, signal);
            }
        }
        if began.elapsed() > END_TIME_MAX {
            return Err(Fault::new(
                "cannot end what the program left behind",
                "it starts faster than it ends",
                "end it by hand",
            ));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Takes the status of those that have ended, and says whether any are left.
fn has_children() -> bool {
    loop {
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn descendants() -> Vec<Pid> {
    let processes = processes();
    let own = getpid();
    let mut found = HashSet::from([own]);
    loop {
        let more: Vec<Pid> =
            processes.iter().filter(|process| found.contains(&process.parent)).map(|process| process.pid).collect();
        let before = found.len();
        found.extend(more);
        // A child may stand before its parent: looked through until nothing is added.
        if found.len() == before {
            found.remove(&own);
            return found.into_iter().collect();
        }
    }
}

struct Process {
    pid: Pid,
    parent: Pid,
}

/// Every process that this one can see. One that has ended meanwhile is none.
fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(|number| Some(Process { pid: Pid::from_raw(number)?, parent: parent(number)? })).collect()
}

/// The fourth field of `stat`; the second is a name in parentheses that may hold anything (`proc_pid_stat(5)`).
fn parent(pid: i32) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(stat.get(after_name + 1..)?).ok()?;
    Pid::from_raw(fields.split_ascii_whitespace().nth(1)?.parse().ok()?)
}
