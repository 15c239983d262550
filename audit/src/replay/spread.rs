//! The work of a replay, given to as many threads as there are cores.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use ccc_core::{
    policy::{LocalTime, Weekday},
    replay::{Call, Compared, Gathered, Made, Under, compare as decide},
};
use ccc_protocol::Timestamp;
use chrono::{DateTime, Datelike as _, Local, Timelike as _};

use crate::{entry::Found, error::Error, source::Source};

/// Entries that are handed over at once.
const BATCH_ENTRIES: usize = 512;
/// Batches that may wait for a thread.
const BATCHES_WAITING_MAX: usize = 16;
/// More threads than that wait for the one that reads.
const THREADS_MAX: usize = 8;

/// The requests of the log since then: one thread reads the database, the others the entries.
pub(crate) fn gather(source: &Source, since: Timestamp) -> Result<Gathered, Error> {
    let (give, take) = sync_channel(BATCHES_WAITING_MAX);
    let take = Mutex::new(take);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads()).map(|_| scope.spawn(|| taken(&take, since))).collect();
        let skipped = give_all(source, &give);
        drop(give);
        let mut gathered = Gathered::default();
        for reader in readers {
            gathered.join(reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        (0..skipped?).for_each(|_| gathered.skip());
        Ok(gathered)
    })
}

/// Hands over every entry; how many things there were that are none.
fn give_all(source: &Source, give: &SyncSender<Vec<String>>) -> Result<u64, Error> {
    let (mut batch, mut skipped) = (vec![], 0);
    let gone = || Error::Output(std::io::Error::other("a thread of the replay has ended"));
    source.each(0, &mut |found| {
        match found {
            Found::Row(row) => batch.push(row.json),
            Found::Unreadable(..) => skipped += 1,
        }
        match batch.len() {
            BATCH_ENTRIES => give.send(std::mem::take(&mut batch)).map_err(|_| gone()),
            _ => Ok(()),
        }
    })?;
    give.send(batch).map_err(|_| gone())?;
    Ok(skipped)
}

fn taken(take: &Mutex<Receiver<Vec<String>>>, since: Timestamp) -> Gathered {
    let mut gathered = Gathered::default();
    // A poisoned lock holds a whole value all the same. It is held for as long as a batch is waited for, and no longer.
    while let Ok(batch) = { take.lock().unwrap_or_else(PoisonError::into_inner).recv() } {
        batch.iter().for_each(|json| gathered.take(json, since));
    }
    gathered
}

/// Decides the calls, a part on each thread.
pub(crate) fn compare(mut calls: Vec<(Call, Vec<Made>)>, under: &Under) -> Compared {
    // In the order in which they were made first, so that what is told does not depend on how they were gathered.
    calls.iter_mut().for_each(|(_, made)| made.sort_by_key(|made| (made.at, made.ticket)));
    calls.sort_by_key(|(_, made)| made.first().map(|made| (made.at, made.ticket)));
    let part = calls.len().div_ceil(threads()).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = calls.chunks(part).map(|calls| scope.spawn(move || decide(calls, under, local))).collect();
        let mut compared = Compared::default();
        for part in parts {
            compared.join(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        compared.sorted()
    })
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX)
}

/// The time of day at that time, in the zone that this machine is set to.
fn local(at: Timestamp) -> LocalTime {
    let at: DateTime<Local> = DateTime::from_timestamp_millis(at.millis()).unwrap_or_default().into();
    let weekday = match at.weekday() {
        chrono::Weekday::Mon => Weekday::Mon,
        chrono::Weekday::Tue => Weekday::Tue,
        chrono::Weekday::Wed => Weekday::Wed,
        chrono::Weekday::Thu => Weekday::Thu,
        chrono::Weekday::Fri => Weekday::Fri,
        chrono::Weekday::Sat => Weekday::Sat,
        chrono::Weekday::Sun => Weekday::Sun,
    };
    LocalTime { weekday, minute_of_day: u16::try_from(at.hour() * 60 + at.minute()).unwrap_or_default() }
}
