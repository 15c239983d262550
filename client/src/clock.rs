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

    /// Sets this clock to `server_now`, and tells by how many seconds it moved.
    pub(crate) fn correct(&self, server_now: i64) -> i64 {
        let offset = server_now.saturating_sub(here());
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
