//! What runs, written down for the server after this one: a server that is killed leaves no run without its time limit.
//!
//! One small file for each run, named after its ticket, with the group's number, when its leader began, and how long it may run.
//! A number alone is not enough: numbers are given anew. Where the leader of that number did not begin at that moment of this
//! boot, it is another's, and is left alone. Nothing is synced: what a power cut takes from the file it takes from the process.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use ccc_protocol::TicketId;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use super::process::TERM_GRACE;

/// How many times a second the kernel counts in what it tells of processes (`proc(5)`, `sysconf(_SC_CLK_TCK)`): 100 on every
/// Linux system that user programs see.
const TICKS_PER_SECOND: u64 = 100;

/// The directory of records.
#[derive(Debug, Clone)]
pub(super) struct Ledger(PathBuf);

/// A run that is written down; dropped, it has ended.
#[derive(Debug)]
pub(super) struct Written(Option<PathBuf>);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    group: i32,
    /// When the leader began, in ticks after the boot.
    began_ticks: u64,
    boot: String,
    timeout_seconds: u64,
}

impl Ledger {
    /// Beneath this data directory, made where it is not there.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn open(data: &Path) -> io::Result<Self> {
        let dir = data.join("runs");
        crate::places::make_private_dir(&dir)?;
        Ok(Self(dir))
    }

    /// Writes down a run that has begun. What cannot be written is logged: the run itself goes on.
    pub(super) fn write(&self, ticket: TicketId, group: Pid, timeout_seconds: u64) -> Written {
        let record = Record::of(group, timeout_seconds);
        let path = self.0.join(ticket.to_string());
        let written = record
            .ok_or_else(|| io::Error::other("the system does not tell when it began"))
            .and_then(|record| fs::write(&path, serde_json::to_vec(&record).map_err(io::Error::other)?));
        match written {
            Ok(()) => Written(Some(path)),
            Err(error) => {
                tracing::warn!(%ticket, %error, "a run is not written down: a server after this one would not end it");
                Written(None)
            }
        }
    }

    /// Ends what an earlier server left running, each when its time is over. To be called by the next one, once.
    pub(super) fn end_over_time(&self) {
        for path in self.records() {
            let record = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
            match record.filter(Record::still_runs) {
                Some(record) => drop(tokio::spawn(end_in_time(record, Written(Some(path))))),
                None => drop(Written(Some(path))),
            }
        }
    }

    fn records(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // A record that stays is of a process that has ended, and is found to be so.
            let _ = fs::remove_file(path);
        }
    }
}

impl Record {
    fn of(group: Pid, timeout_seconds: u64) -> Option<Self> {
        let group = group.as_raw_nonzero().get();
        Some(Self { group, began_ticks: began_ticks(group)?, boot: boot()?, timeout_seconds })
    }

    fn still_runs(&self) -> bool {
        boot().as_ref() == Some(&self.boot) && began_ticks(self.group) == Some(self.began_ticks)
    }

    fn left(&self) -> Duration {
        let began = Duration::from_millis(self.began_ticks.saturating_mul(1000 / TICKS_PER_SECOND));
        let ends = began.saturating_add(Duration::from_secs(self.timeout_seconds));
        ends.saturating_sub(uptime().unwrap_or(ends))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.group).filter(|_| self.still_runs()) {
            // No such group means that all of it has ended.
            let _ = kill_process_group(group, signal);
        }
    }
}

async fn end_in_time(record: Record, written: Written) {
    tracing::warn!(group = record.group, left = ?record.left(), "a run of the server before goes on: it is ended in time");
    tokio::time::sleep(record.left()).await;
    record.signal(Signal::TERM);
    tokio::time::sleep(TERM_GRACE).await;
    record.signal(Signal::KILL);
    drop(written);
}

/// When the process began. The name before it may hold anything, so that what is read stands behind its last bracket.
fn began_ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    // Field 22 of the whole; the state is field 3.
    let began = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(began)
}

fn boot() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// How long the machine has been up, suspended time with it.
fn uptime() -> Option<Duration> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}
