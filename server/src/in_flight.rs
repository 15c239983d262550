//! Bytes that are on their way through the server, bounded in all and by user: bodies that are read and not yet decided, and
//! answers that their readers have not taken yet. Whoever has used up their own waits for room, at most so long, and nobody else
//! does.

use std::{sync::Arc, time::Duration};

use ccc_core::refusal::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for so many bytes.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    units: u32,
}

/// Bytes that take room; dropped, they take none.
#[derive(Debug)]
pub struct InFlight(#[expect(dead_code, reason = "held for as long as the bytes are")] Vec<OwnedSemaphorePermit>);

/// Bytes are counted in units of so many.
const UNIT_BYTES: u64 = 1024;
/// What is no more than this is not counted: connections are.
pub(crate) const UNCOUNTED_BYTES_MAX: u64 = 8 * 1024;
/// How long room is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

impl Room {
    /// For so many bytes.
    #[must_use]
    pub(crate) fn of_bytes(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX).max(1);
        let permits = usize::try_from(units).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(permits)), units }
    }

    /// What is more than all the room there is takes all of it.
    async fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).min(self.units);
        Arc::clone(&self.free).acquire_many_owned(units).await.ok()
    }
}

/// Room for these bytes in each of these, first in the user's own: who waits there holds nothing that others need.
///
/// # Errors
/// 429 where there is none in time.
pub(crate) async fn take(bytes: u64, rooms: &[&Room], what: &str) -> Result<InFlight, Refusal> {
    take_within(PATIENCE, bytes, rooms, what).await
}

async fn take_within(patience: Duration, bytes: u64, rooms: &[&Room], what: &str) -> Result<InFlight, Refusal> {
    let mut taken = vec![];
    if bytes > UNCOUNTED_BYTES_MAX {
        let all = async {
            for room in rooms {
                taken.extend(room.take(bytes).await);
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            return Err(Refusal::limit(format!("{what}: there was no room for {bytes} bytes more; try again later")));
        }
    }
    Ok(InFlight(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_used_up_their_own_waits_and_others_do_not() {
        let (all, own, others) = (Room::of_bytes(4 << 20), Room::of_bytes(1 << 20), Room::of_bytes(1 << 20));
        let held = take(1 << 20, &[&own, &all], "bodies").await.unwrap();
        let refused = take_within(Duration::ZERO, 1 << 20, &[&own, &all], "bodies").await.unwrap_err();
        assert!(refused.detail.contains("no room for 1048576 bytes"), "{}", refused.detail);
        assert!(take(1 << 20, &[&others, &all], "bodies").await.is_ok());
        assert!(take(UNCOUNTED_BYTES_MAX, &[&own, &all], "bodies").await.is_ok(), "little is not counted");
        drop(held);
        assert!(take(9 << 20, &[&own, &all], "bodies").await.is_ok(), "more than there is takes all there is");
    }
}
