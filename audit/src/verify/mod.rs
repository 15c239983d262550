//! Whether a log is what was written: a pure examination of a stream of entries against checkpoints. No files, no clock.
//!
//! Each entry is pushed once, in the order it was found; memory stays bounded however long the log is. While everything
//! is in order, that is one hash an entry. What comes out of order waits in a window until it can be put back.

pub mod command;
mod finding;
mod numbers;
mod report;
mod window;

use ccc_core::audit::{Chain, Link, chain::link};
use ccc_protocol::{
    Timestamp,
    bodies::{AuditEntry, EntryKind},
};

use crate::{
    checkpoints::Checkpoints,
    entry::{self, Found, Place, Row},
};

pub use finding::{Category, Finding, Findings};
pub use report::Report;

use numbers::Numbers;
use window::{Held, Window};

/// How long the checkpoint may take that follows a clean stop, in milliseconds.
const STOPPED_MILLIS_MAX: u64 = 10_000;

/// What is examined with.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The checkpoints, where there are any to hold the log against.
    pub checkpoints: Option<Checkpoints>,
    /// How long entries may stand without a checkpoint, in seconds.
    pub tail_seconds_max: u64,
}

/// An examination under way.
#[derive(Debug)]
pub struct Examination {
    terms: Terms,
    /// What comes next in order, and the hash it must follow; none where the entry before it could not be read.
    next: u64,
    head: Option<Link>,
    latest: Timestamp,
    numbers: Numbers,
    window: Window,
    rows: u64,
    last_is_stop: bool,
    /// How far the log's time is ahead of the clock, as the log last said.
    ahead_millis: i64,
    covered: Covered,
    findings: Findings,
}

/// How far checkpoints vouch for what was found.
#[derive(Debug, Default)]
struct Covered {
    checkpoints: u64,
    until: u64,
    /// How far the log's time was ahead of the clock by then. What the tail says of itself excuses nothing.
    ahead_millis: i64,
    /// The first entry behind that, and its time.
    tail: Option<(u64, Timestamp)>,
}

impl Examination {
    /// Of an empty log so far.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        let empty = Chain::default();
        Self {
            terms,
            next: 1,
            head: Some(empty.head),
            latest: Timestamp::from_millis(i64::MIN),
            numbers: Numbers::default(),
            window: Window::default(),
            rows: 0,
            last_is_stop: false,
            ahead_millis: 0,
            covered: Covered::default(),
            findings: Findings::default(),
        }
    }

    /// Examines what was found next. Gives the entry where it reads as one, whatever else is wrong with it.
    pub fn push(&mut self, found: Found) -> Option<AuditEntry> {
        self.rows += 1;
        let row = match found {
            Found::Row(row) => row,
            Found::Unreadable(place, why) => return self.unreadable(place, why),
        };
        let entry = match entry::read(&row.json) {
            Ok(entry) => entry,
            Err(why) => return self.unreadable(row.place, why),
        };
        if !row.filed.fits(&entry) {
            self.modified(row.place, format!("entry {} is filed under a ticket that it is not about", entry.seq));
        }
        self.place(row, &entry);
        Some(entry)
    }

    /// Everything was pushed: what it comes to.
    #[must_use]
    pub fn finish(mut self, now: Timestamp) -> Report {
        self.give_up_waiting();
        self.find_missing();
        self.hold_against_furthest_checkpoint();
        self.look_at_tail(now);
        Report {
            entries: self.rows,
            last: self.numbers.last(),
            checkpoints: self.terms.checkpoints,
            checkpoints_met: self.covered.checkpoints,
            covered_until: self.covered.until,
            findings: self.findings,
        }
    }

    fn place(&mut self, row: Row, entry: &AuditEntry) {
        if self.numbers.holds(entry.seq) {
            return self.modified(row.place, format!("entry {} appears twice", entry.seq));
        }
        if self.window.is_empty() {
            if entry.seq == self.next {
                return self.accept(&row, entry);
            }
            if let Some(from) = self.declares_gap(&row, entry) {
                return self.accept_gap(from, &row, entry);
            }
        }
        self.displaced(row, entry);
    }

    /// The usual case: the next entry in order.
    fn accept(&mut self, row: &Row, entry: &AuditEntry) {
        self.numbers.add(entry.seq, entry.seq);
        if let Place::Row(number) = row.place
            && number != entry.seq
        {
            self.modified(row.place, format!("it holds entry {}", entry.seq));
        }
        if self.head.is_some_and(|head| link(head, row.json.as_bytes()) != row.hash) {
            self.modified(row.place, format!("the hash of entry {} does not fit it and the one before", entry.seq));
        }
        if entry.at < self.latest && !goes_back(entry, self.latest) {
            self.modified(row.place, format!("entry {} is older than the one before", entry.seq));
        }
        if entry.kind.is_about_the_clock() {
            let ahead = entry.detail.get("ahead_millis").and_then(serde_json::Value::as_i64);
            self.ahead_millis = ahead.unwrap_or(0);
        }
        self.last_is_stop = entry.kind == EntryKind::ServerStopped;
        self.advance_to(entry.seq, row.hash, entry.at);
    }

    /// Where the log says itself that entries are missing right before this one, and its hash fits: from which on.
    fn declares_gap(&self, row: &Row, entry: &AuditEntry) -> Option<u64> {
        let bound = |name: &str| entry.detail.get(name).and_then(serde_json::Value::as_u64);
        let fits = entry.kind == EntryKind::GapDeclared
            && entry.seq > self.next
            && bound("from") == Some(self.next)
            && bound("to") == entry.seq.checked_sub(1)
            && self.head.is_some_and(|head| link(head, row.json.as_bytes()) == row.hash);
        fits.then_some(self.next)
    }

    fn accept_gap(&mut self, from: u64, row: &Row, entry: &AuditEntry) {
        let to = entry.seq.saturating_sub(1);
        self.numbers.add(from, to);
        self.findings.add(Finding::DeclaredGap { from, to, at: entry.at });
        self.accept(row, entry);
    }

    /// Not the one that should come now: it waits until those that belong before it have come.
    fn displaced(&mut self, row: Row, entry: &AuditEntry) {
        let behind = self.numbers.last() > entry.seq;
        self.numbers.add(entry.seq, entry.seq);
        if behind {
            self.findings.add(Finding::Reordered { seq: entry.seq, place: row.place });
        }
        if entry.seq < self.next {
            // Those around it have gone by: its number tells what there is to tell.
            return self.check(entry.seq, row.hash);
        }
        self.window.hold(Held { seq: entry.seq, at: entry.at, row });
        if self.window.is_complete_from(self.next) {
            self.put_back();
        } else if self.window.is_full() {
            self.give_up_waiting();
        }
    }

    /// The window holds exactly what belongs here. In order, the entries must give the hashes that were stored.
    fn put_back(&mut self) {
        let held = self.window.take_sorted();
        let hashes = match self.head {
            Some(head) => chained(head, &held),
            None => held.iter().map(|held| held.row.hash).collect(),
        };
        if same_set(&hashes, held.iter().map(|held| held.row.hash)) {
            for (held, hash) in held.iter().zip(hashes) {
                self.advance_to(held.seq, hash, held.at);
            }
        } else {
            for held in &held {
                self.check_link(held);
                self.advance_to(held.seq, held.row.hash, held.at);
            }
        }
    }

    /// What belongs between will not come, or comes far too late: go on behind what was held.
    fn give_up_waiting(&mut self) {
        for held in self.window.take_as_found() {
            if held.seq == self.next {
                self.check_link(&held);
            }
            self.advance_to(held.seq, held.row.hash, held.at);
        }
    }

    fn check_link(&mut self, held: &Held) {
        if self.head.is_some_and(|head| link(head, held.row.json.as_bytes()) != held.row.hash) {
            let why = format!("the hash of entry {} does not fit it and the one before", held.seq);
            self.modified(held.row.place, why);
        }
    }

    fn advance_to(&mut self, seq: u64, hash: Link, at: Timestamp) {
        self.next = seq.saturating_add(1);
        self.head = Some(hash);
        self.latest = at;
        if self.covered.tail.is_none() {
            self.covered.tail = Some((seq, at));
        }
        self.check(seq, hash);
    }

    /// Holds an entry's hash against what checkpoints say of it.
    fn check(&mut self, seq: u64, hash: Link) {
        let Some(checkpoints) = &self.terms.checkpoints else { return };
        for mark in checkpoints.of(seq) {
            if mark.hash == hash {
                self.covered.checkpoints += 1;
                if seq > self.covered.until {
                    self.covered.until = seq;
                    self.covered.ahead_millis = self.ahead_millis;
                    self.covered.tail = None;
                }
            } else {
                self.findings.add(Finding::Forked { seq, line: mark.line });
            }
        }
    }

    fn unreadable(&mut self, place: Place, why: String) -> Option<AuditEntry> {
        self.give_up_waiting();
        self.modified(place, why);
        // It stands where the next entry belongs; what follows it cannot be linked to it.
        if !self.numbers.holds(self.next) {
            self.numbers.add(self.next, self.next);
        }
        self.next = self.next.saturating_add(1);
        self.head = None;
        None
    }

    fn modified(&mut self, place: Place, why: String) {
        self.findings.add(Finding::Modified { place, why });
    }

    fn find_missing(&mut self) {
        for (from, to) in self.numbers.missing() {
            self.findings.add(Finding::Deleted { from, to });
        }
        if self.numbers.is_overfull() {
            self.findings.add(Finding::Scattered);
        }
    }

    fn hold_against_furthest_checkpoint(&mut self) {
        let Some(checkpoints) = &self.terms.checkpoints else { return };
        let last = self.numbers.last();
        if let Some(furthest) = checkpoints.furthest().filter(|mark| mark.seq > last) {
            self.findings.add(Finding::Truncated { last, checkpoint: furthest.seq });
        }
        if checkpoints.forged.count > 0 {
            self.findings.add(Finding::ForgedCheckpoints { lines: checkpoints.forged.clone() });
        }
    }

    /// Entries that no checkpoint covers are fine for a short time alone.
    fn look_at_tail(&mut self, now: Timestamp) {
        let (Some((from, at)), Some(_)) = (self.covered.tail, &self.terms.checkpoints) else { return };
        let by_the_clock = |at: Timestamp| at.plus_millis(self.covered.ahead_millis.saturating_neg());
        let (at, latest) = (by_the_clock(at), by_the_clock(self.latest));
        // A time to come excuses no more than one long past.
        let age_millis = now.millis_since(at).max(at.millis_since(now));
        let stopped = self.last_is_stop && now.millis_since(latest) > STOPPED_MILLIS_MAX;
        if stopped || age_millis > self.terms.tail_seconds_max.saturating_mul(1000) {
            self.findings.add(Finding::UnsignedTail { from, to: self.numbers.last(), stopped });
        }
    }
}

/// Where the owner accepted the clock the log's time goes back, and the entry says from where: not before what was written.
fn goes_back(entry: &AuditEntry, latest: Timestamp) -> bool {
    let from = entry.detail.get("from").and_then(serde_json::Value::as_str).and_then(|text| text.parse().ok());
    entry.kind == EntryKind::ClockAccepted && from.is_some_and(|from: Timestamp| from >= latest && from > entry.at)
}

/// The hashes that these entries have when they follow this head and one another.
fn chained(head: Link, held: &[Held]) -> Vec<Link> {
    let next = |head: &mut Link, held: &Held| {
        *head = link(*head, held.row.json.as_bytes());
        Some(*head)
    };
    held.iter().scan(head, next).collect()
}

fn same_set(hashes: &[Link], others: impl Iterator<Item = Link>) -> bool {
    let (mut hashes, mut others) = (hashes.to_vec(), others.collect::<Vec<_>>());
    hashes.sort_unstable();
    others.sort_unstable();
    hashes == others
}
