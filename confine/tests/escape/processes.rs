//! Other processes: their memory, their limits, their signals; and what a program may have of this machine.

use ccc_confine::{Defence, Level, Limits, Record};

use super::ground::{Bystander, Ground, Who, each, is_root, launcher, levels, walls};

#[test]
fn the_memory_of_a_process_outside() {
    each(
        walls(&[Defence::Calls, Defence::LandlockFiles, Defence::LandlockScope, Defence::Capabilities]),
        |ground, off| {
            let bystander = Bystander::new(ground);
            ground.kept_by(&ground.record(&["ptrace", &bystander.pid()]), off);
        },
    );
}

#[test]
fn the_memory_of_a_process_of_its_own() {
    each(|_| vec![Defence::Calls], |ground, off| ground.kept_by(&ground.record(&["ptrace_own"]), off));
}

#[test]
fn a_signal_to_a_process_outside() {
    each(walls(&[Defence::LandlockScope]), |ground, off| {
        let bystander = Bystander::new(ground);
        ground.kept_by(&ground.record(&["signal", &bystander.pid()]), off);
    });
}

#[test]
fn the_limits_of_a_process_outside() {
    each(walls(&[Defence::Calls]), |ground, off| {
        let bystander = Bystander::new(ground);
        ground.kept_by(&ground.record(&["limits_of", &bystander.pid()]), off);
    });
}

#[test]
fn capabilities_of_root() {
    if !is_root() {
        eprintln!("NOT RUN: this user has no capabilities");
        return;
    }
    for level in levels() {
        let ground = Ground::new(level, Who::Self_);
        ground.kept_by(&ground.record(&["capabilities"]), &[Defence::Capabilities]);
    }
}

#[test]
fn a_file_that_grows() {
    each(
        |_| vec![Defence::Limits],
        |ground, off| {
            let limits = Limits { file_bytes_max: Some(10_000), ..Limits::default() };
            let record = Record { limits, ..ground.record(&["grow", &ground.text("work/grown"), "20000"]) };
            ground.kept_by(&record, off);
        },
    );
}

#[test]
fn memory_that_grows() {
    each(
        |_| vec![Defence::Limits],
        |ground, off| {
            let limits = Limits { memory_bytes_max: Some(100_000_000), ..Limits::default() };
            ground.kept_by(&Record { limits, ..ground.record(&["allocate", "200000000"]) }, off);
        },
    );
}

/// The kernel holds nobody who is root to it. At `files` it counts all processes of the user, so that only `full` can be told apart
/// from what else runs here.
#[test]
fn processes_that_grow_in_number() {
    let who = if is_root() { Who::Nobody } else { Who::Self_ };
    for level in levels().into_iter().filter(|level| *level == Level::Full) {
        let ground = Ground::new(level, who);
        let limits = Limits { processes_max: Some(20), ..Limits::default() };
        ground.kept_by(&Record { limits, ..ground.record(&["fork", "40"]) }, &[Defence::Limits]);
    }
}

#[test]
fn a_launcher_inside_the_launcher() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let launcher = launcher();
            let mut record = ground.record(&["inner", launcher.to_str().unwrap()]);
            record.read.push(launcher);
            assert!(!ground.gets_through(&record, &[]));
        },
    );
}

/// By a key that a process outside made with `ipcmk`, of the same user.
#[test]
fn memory_that_is_shared_by_number() {
    let off = |level| if level == Level::Full { vec![Defence::Ipc] } else { vec![Defence::Calls] };
    each(off, |ground, off| {
        let memory = SharedMemory::new(ground);
        ground.kept_by(&ground.record(&["shared_memory", &memory.key]), off);
    });
}

struct SharedMemory {
    key: String,
    id: String,
}

impl SharedMemory {
    fn new(ground: &Ground) -> Self {
        let mut make = std::process::Command::new("ipcmk");
        ground.as_user(make.args(["--shmem", "4096"]));
        let said = String::from_utf8(make.output().expect("ipcmk of util-linux").stdout).unwrap();
        let id = said.trim().rsplit(' ').next().unwrap().to_owned();
        let listed = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
        let line = listed.lines().find(|line| line.split_ascii_whitespace().nth(1) == Some(&id)).unwrap();
        let key = line.split_ascii_whitespace().next().unwrap().to_owned();
        Self { key, id }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ipcrm").args(["--shmem-id", &self.id]).status();
    }
}
