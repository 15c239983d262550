//! The server's time: the system's clock, but never before the newest committed entry.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_core::policy::{LocalTime, Weekday};
use ccc_protocol::Timestamp;
use chrono::{DateTime, Datelike as _, Local, Timelike as _};

/// The one clock of a server.
#[derive(Debug)]
pub struct Clock {
    floor_millis: AtomicI64,
    local: Mutex<Option<(u64, LocalTime)>>,
}

impl Clock {
    /// A clock that never goes below this time.
    #[must_use]
    pub fn from(floor: Timestamp) -> Self {
        Self { floor_millis: AtomicI64::new(floor.millis()), local: Mutex::new(None) }
    }

    /// The time. A system clock that was set back stands still here until it has caught up.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let system = i64::try_from(system).unwrap_or(i64::MAX);
        Timestamp::from_millis(system.max(self.floor_millis.load(Ordering::Acquire)))
    }

    /// Something was committed at this time.
    pub fn raise(&self, committed: Timestamp) {
        self.floor_millis.fetch_max(committed.millis(), Ordering::AcqRel);
    }

    /// The time of day where the server stands; looked up once in a second, since zones have long rules.
    #[must_use]
    pub fn local(&self) -> LocalTime {
        let second = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        // A poisoned lock holds a whole value all the same.
        let mut known = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((at, local)) if at == second => local,
            _ => known.insert((second, local_now())).1,
        }
    }
}

fn local_now() -> LocalTime {
    on_the_wall(Local::now())
}

/// The time of day where the server stands, at that time.
pub(crate) fn local_at(at: Timestamp) -> LocalTime {
    on_the_wall(DateTime::from_timestamp_millis(at.millis()).unwrap_or_default().into())
}

fn on_the_wall(now: DateTime<Local>) -> LocalTime {
    let weekday = match now.weekday() {
        chrono::Weekday::Mon => Weekday::Mon,
        chrono::Weekday::Tue => Weekday::Tue,
        chrono::Weekday::Wed => Weekday::Wed,
        chrono::Weekday::Thu => Weekday::Thu,
        chrono::Weekday::Fri => Weekday::Fri,
        chrono::Weekday::Sat => Weekday::Sat,
        chrono::Weekday::Sun => Weekday::Sun,
    };
    let minute_of_day = u16::try_from(now.hour() * 60 + now.minute()).unwrap_or(0);
    LocalTime { weekday, minute_of_day }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_below_what_was_committed() {
        let future = Timestamp::from_seconds(32_503_680_000);
        let clock = Clock::from(Timestamp::default());
        assert!(clock.now() < future);
        clock.raise(future);
        assert_eq!(clock.now(), future);
        clock.raise(Timestamp::default());
        assert_eq!(clock.now(), future);
    }
}
