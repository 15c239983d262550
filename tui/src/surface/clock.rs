//! Both clocks, read where the console meets the world: inside it, time is an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ccc_protocol::Timestamp;

use crate::console::model::Now;

/// Both clocks, from when the program started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts it.
    #[must_use]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// This moment.
    #[must_use]
    pub(crate) fn now(self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Now {
            millis: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            wall: Timestamp::from_millis(i64::try_from(wall).unwrap_or(i64::MAX)),
        }
    }
}
