//! The machine's clocks, and the server's time by them: see [`ccc_core::clock`]. The clerk alone says in which stretch that time is.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_core::{
    clock::{Reading, Stretch},
    policy::{LocalTime, Weekday},
};
use ccc_protocol::Timestamp;
use chrono::{DateTime, Datelike as _, Local, Timelike as _};
use rustix::time::{ClockId, clock_gettime};

use crate::authenticate::Times;

/// The one clock of a server.
#[derive(Debug)]
pub struct Clock {
    offset_millis: AtomicI64,
    /// What was signed before this is stale, in milliseconds since the epoch.
    since_millis: AtomicI64,
    /// How often this clock went back.
    turn: AtomicU64,
    local: Mutex<Option<(u64, LocalTime)>>,
}

impl Clock {
    /// A clock in this stretch, from now on.
    #[must_use]
    pub fn in_stretch(stretch: &Stretch) -> Self {
        let offset_millis = AtomicI64::new(stretch.offset_millis);
        let clock =
            Self { offset_millis, since_millis: AtomicI64::new(0), turn: AtomicU64::new(0), local: Mutex::new(None) };
        clock.since_millis.store(clock.now().millis(), Ordering::Release);
        clock
    }

    /// The server's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.offset_millis.load(Ordering::Acquire).saturating_add(since_boot_millis()))
    }

    /// When this server began, or its time last went back: whether what was signed before was used is not known of everything.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        Timestamp::from_millis(self.since_millis.load(Ordering::Acquire))
    }

    /// Another stretch begins, and its commit stands.
    pub(crate) fn enter(&self, stretch: &Stretch) {
        self.offset_millis.store(stretch.offset_millis, Ordering::Release);
        if stretch.back_from.is_some() {
            self.since_millis.store(self.now().millis(), Ordering::Release);
            self.turn.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// What a request's freshness is held against. A reading between two stretches is of the earlier one: the memory of nonces,
    /// which is of the later one by then, refuses it as stale.
    #[must_use]
    pub(crate) fn times(&self) -> Times {
        // The turn first: what is read after it may be newer, never older.
        let turn = self.turn.load(Ordering::Acquire);
        Times { started: self.since(), now: self.now(), turn }
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

/// How often the clocks are read anew where something came between the two readings, and how long that may have taken.
const READINGS_MAX: u32 = 8;
const BETWEEN_MILLIS_MAX: i64 = 20;

/// What the clocks say now.
#[must_use]
pub(crate) fn read() -> Reading {
    let mut since_boot = since_boot_millis();
    let mut wall = wall_now();
    for _ in 0..READINGS_MAX {
        let after = since_boot_millis();
        if after - since_boot <= BETWEEN_MILLIS_MAX {
            break;
        }
        (since_boot, wall) = (after, wall_now());
    }
    Reading { wall, since_boot_millis: since_boot }
}

/// What tells this start of the machine from others; empty where the system does not say.
#[must_use]
pub(crate) fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

fn wall_now() -> Timestamp {
    let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => millis(before.duration()).saturating_neg(),
    };
    Timestamp::from_millis(wall)
}

fn since_boot_millis() -> i64 {
    // Without it, sleep does not count, and no restart goes on where the last one was: such systems tell no boot either.
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let up = clock_gettime(clock);
    up.tv_sec.saturating_mul(1000).saturating_add(up.tv_nsec / 1_000_000)
}

/// The time of day where the server stands.
pub(crate) fn local_now() -> LocalTime {
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
    fn a_stretch_that_goes_back_begins_anew_what_is_fresh() {
        let reading = read();
        let stretch = Stretch::begin(None, Timestamp::default(), &boot(), reading);
        let clock = Clock::in_stretch(&stretch);
        assert!(clock.now() >= reading.wall && clock.since() >= reading.wall);
        let hour = |millis| Stretch { offset_millis: stretch.offset_millis + millis, ..stretch.clone() };
        clock.enter(&hour(3_600_000));
        assert!(clock.now() > clock.since().plus_seconds(3599), "what was signed in this second is still good");
        clock.enter(&Stretch { back_from: Some(clock.now()), ..hour(-3_600_000) });
        assert!(clock.now() < reading.wall && clock.since() < reading.wall);
    }
}
