//! The time as the server counts it: this machine's, and what the server's
//! differs from it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that can be set to the server's.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        here().saturating_add(self.offset_seconds.load(Ordering::Relaxed))
    }

    /// Sets this clock to `server_now`, a date as an answer carried it, and tells by how many seconds it moved.
    ///
    /// The date is a whole second, and older than the answer's way here: a clock that seems a second ahead is right. Set
    /// back, it would sign everything a second in the past, which a server that has just started takes for stale again.
    pub(crate) fn correct(&self, server_now: i64) -> i64 {
        let seen = server_now.saturating_sub(here());
        let offset = if seen < 0 { seen + 1 } else { seen };
        offset.saturating_sub(self.offset_seconds.swap(offset, Ordering::Relaxed))
    }
}

fn here() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_took_a_second_on_its_way_sets_nothing_back() {
        let clock = Clock::default();
        let begun = here();
        clock.correct(begun - 1);
        assert!(clock.now() >= begun);
        clock.correct(begun - 100);
        assert!((begun - 100..begun - 90).contains(&clock.now()));
        clock.correct(here() + 100);
        assert!(clock.now() >= begun + 100);
    }
}
