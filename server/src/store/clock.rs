//! Stretches of the server's time, as they are kept. Entries are in the order of their times but where a stretch went back:
//! those are the ends of the runs of entries that a time can be looked for in.

use ccc_core::clock::Stretch;
use ccc_protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{StoreError, read::number};

/// Schema 2.
pub(super) const STEP: &str = include_str!("schema-2.sql");

const COLUMNS: &str = "from_seq, boot, offset_millis, ahead_millis, is_held, back_from";

/// Writes a stretch into the open transaction. Several that begin with the same entry are one, as it last was.
pub(super) fn write(connection: &Connection, stretch: &Stretch) -> Result<(), StoreError> {
    let insert = format!("INSERT OR REPLACE INTO clock ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    connection.prepare_cached(&insert)?.execute(params![
        number(stretch.from_seq),
        stretch.boot,
        stretch.offset_millis,
        number(stretch.ahead_millis),
        stretch.is_held,
        stretch.back_from.map(Timestamp::millis),
    ])?;
    Ok(())
}

/// The stretch that the newest entry was made in.
pub(super) fn newest(connection: &Connection) -> Result<Option<Stretch>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM clock ORDER BY from_seq DESC LIMIT 1");
    Ok(connection.query_row(&query, [], stretch).optional()?)
}

/// A run of entries in the order of their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The number of its first entry.
    pub(super) from: i64,
    /// One past its last.
    pub(super) end: i64,
}

/// The first run that may hold entries of this time or later: one whose time went back from later than that, else the newest.
pub(super) fn first_run_since(connection: &Connection, since: Timestamp) -> Result<Run, StoreError> {
    let (ended, newest) = all_runs(connection)?;
    let reaches = |(run, back_from): &(Run, i64)| (*back_from >= since.millis()).then_some(*run);
    Ok(ended.iter().find_map(reaches).unwrap_or(newest))
}

/// All of them, the newest first.
pub(super) fn runs(connection: &Connection) -> Result<Vec<Run>, StoreError> {
    let (ended, newest) = all_runs(connection)?;
    Ok(std::iter::once(newest).chain(ended.into_iter().rev().map(|(run, _)| run)).collect())
}

/// Those that ended, each with the time from which it went back, and the one that goes on.
fn all_runs(connection: &Connection) -> Result<(Vec<(Run, i64)>, Run), StoreError> {
    let query = "SELECT from_seq, back_from FROM clock WHERE back_from IS NOT NULL ORDER BY from_seq";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([])?;
    let (mut ended, mut from) = (vec![], 0);
    while let Some(row) = rows.next()? {
        let (next, back_from): (i64, i64) = (row.get(0)?, row.get(1)?);
        ended.push((Run { from, end: next }, back_from));
        from = next;
    }
    let newest: Option<i64> = connection.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0))?;
    Ok((ended, Run { from, end: newest.map_or(0, |newest| newest + 1) }))
}

fn stretch(row: &Row<'_>) -> rusqlite::Result<Stretch> {
    let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
    Ok(Stretch {
        from_seq: unsigned(row.get(0)?),
        boot: row.get(1)?,
        offset_millis: row.get(2)?,
        ahead_millis: unsigned(row.get(3)?),
        is_held: row.get(4)?,
        back_from: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
    })
}
