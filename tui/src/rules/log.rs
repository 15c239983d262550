//! The log of the last days, as every approver reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use ccc_client::{Bridge, CallError};
use ccc_core::{
    figures::{Counting, Figures, shipped},
    suggest::Seen,
};
use ccc_protocol::{Timestamp, bodies::AuditList};

/// Rules are made of so many days.
pub const DAYS: i64 = 30;
const DAY_MILLIS: i64 = 86_400_000;

/// What was asked in the last days and what people said, as far as it was read.
#[derive(Debug)]
pub(crate) struct Log {
    seen: Seen,
    counting: Counting,
    /// Up to where it was read.
    read_to: Option<u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self { seen: Seen::default(), counting: Counting::since(since()), read_to: None }
    }
}

impl Log {
    /// The same figures as `ccc-audit stats` has, of what this approver may see.
    pub(crate) fn figures(&self) -> Figures {
        self.counting.clone().finish(&shipped())
    }

    /// What was read of it.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Reads what has come since the last time.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn catch_up(&mut self, bridge: &Bridge) -> Result<(), CallError> {
        let since = since();
        let mut after = match self.read_to {
            Some(read_to) => read_to,
            None => before(bridge, since)?,
        };
        loop {
            let page = bridge.audit(Some(after))?;
            for entry in &page.entries {
                // An entry always has a JSON form, and its kind stands in it as in the log.
                let json = serde_json::to_string(entry).unwrap_or_default();
                self.seen.take(&json, since);
                self.counting.take(&json);
            }
            let last = page.entries.last().map_or(after, |entry| entry.seq);
            self.read_to = Some(last.max(after));
            match page.next.filter(|next| *next > after) {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }
}

fn since() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.saturating_sub(DAYS * DAY_MILLIS))
}

/// A number of the log behind which everything since then lies. Where the owner accepted the clock time goes back in it, and older
/// entries may come along.
fn before(bridge: &Bridge, since: Timestamp) -> Result<u64, CallError> {
    let first: AuditList = bridge.audit(Some(0))?;
    let is_old = |page: &AuditList| page.entries.first().is_some_and(|entry| entry.at < since);
    let (mut low, mut high) = (0, first.seq);
    if !is_old(&first) || first.next.is_none() {
        return Ok(0);
    }
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        match is_old(&bridge.audit(Some(middle))?) {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(low)
}
