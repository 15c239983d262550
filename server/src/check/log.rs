//! What this setup would have said to what was asked in the last days, in a line of `--check`. `ccc-audit replay` names each case.

use std::{num::NonZero, path::Path, thread};

use ccc_core::{
    law::Law,
    replay::{Compared, Gathered, Outcome, Under, compare},
};

use crate::{
    clock::{self, local_at},
    setup::Setup,
    store::{Look, StoreError},
};

/// Of so many days.
const DAYS: i64 = 30;
const DAY_MILLIS: i64 = 86_400_000;

/// The line; none where there is no log, or nothing was asked.
pub(super) fn line(setup: &Setup) -> Option<String> {
    let database = setup.log()?;
    match replayed(&database, &setup.law) {
        Ok(compared) => compared.as_ref().and_then(summary),
        Err(error) => Some(format!("warning: what was asked before could not be read: {error}")),
    }
}

fn summary(compared: &Compared) -> Option<String> {
    let requests = compared.was.sum();
    let head = format!("replay     {requests} requests of the last {DAYS} days");
    let looser: u64 = compared.cases.iter().filter(|case| case.is_looser()).map(|case| case.times).sum();
    let (was, would) = (compared.was.of(Outcome::Asked), compared.would.of(Outcome::Asked));
    match compared.changed() {
        _ if requests == 0 => None,
        0 => Some(format!("{head}: none would be decided otherwise")),
        changed => Some(format!(
            "{head}: {changed} would be decided otherwise, {looser} of them pass more easily; {would} questions instead of {was} \
             (`ccc-audit replay` names each)"
        )),
    }
}

fn replayed(database: &Path, law: &Law) -> Result<Option<Compared>, StoreError> {
    let Some(look) = Look::open(database)? else { return Ok(None) };
    let now = clock::read().wall;
    let since = ccc_protocol::Timestamp::from_millis(now.millis().saturating_sub(DAYS * DAY_MILLIS));
    let mut gathered = Gathered::default();
    look.each_since(since, |entry| gathered.take(entry, since))?;
    let (calls, under) = (gathered.into_calls(), Under::new(law.clone()));
    let part = calls.len().div_ceil(thread::available_parallelism().map_or(1, NonZero::get)).max(1);
    let mut compared = Compared::default();
    thread::scope(|scope| {
        let parts: Vec<_> = calls.chunks(part).map(|calls| scope.spawn(|| compare(calls, &under, local_at))).collect();
        for part in parts {
            compared.join(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    Ok(Some(compared))
}
