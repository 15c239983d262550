//! What the threads of the link share: the bridge, where news goes, and how far the queue was read.

use std::sync::{Arc, Mutex, PoisonError};

use ccc_client::{Bridge, CallError};
use ccc_protocol::bodies::QueueList;

use crate::console::message::{News, QueueRead};

/// Where news goes.
pub(super) type Post = Arc<dyn Fn(News) + Send + Sync>;

/// What the threads share.
pub(super) struct Shared {
    pub(super) bridge: Arc<Bridge>,
    post: Post,
    /// Up to where the queue was read and posted; held while posting, so that no older list overtakes a newer one.
    read_to: Mutex<Option<u64>>,
}

impl Shared {
    /// Before anything was read.
    pub(super) fn new(bridge: Arc<Bridge>, post: Post) -> Self {
        Self { bridge, post, read_to: Mutex::new(None) }
    }

    /// Tells the screen.
    pub(super) fn post(&self, news: News) {
        (self.post)(news);
    }

    /// Up to where the queue was read and posted.
    pub(super) fn read_to(&self) -> Option<u64> {
        *self.read_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what changed since the last reading; all, where that cannot be told.
    pub(super) fn catch_up(&self) -> Result<(), CallError> {
        let Some(after) = self.read_to() else { return self.read_whole() };
        let list = self.pages(Some(after))?;
        // A smaller number than before: another database stands behind the same address.
        if list.seq < after {
            *self.read_to.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return self.read_whole();
        }
        self.post_queue(list, false);
        Ok(())
    }

    /// Reads all that waits.
    pub(super) fn read_whole(&self) -> Result<(), CallError> {
        let list = self.pages(None)?;
        self.post_queue(list, true);
        Ok(())
    }

    fn pages(&self, after: Option<u64>) -> Result<QueueList, CallError> {
        let mut list = self.bridge.queue(after)?;
        while let Some(next) = list.next {
            let more = self.bridge.queue(Some(next))?;
            list.tickets.extend(more.tickets);
            list.seq = more.seq;
            list.clock = more.clock;
            list.next = more.next.filter(|further| *further > next);
        }
        Ok(list)
    }

    /// INVARIANT: lists are posted in the order of their numbers; an older one is dropped.
    fn post_queue(&self, list: QueueList, whole: bool) {
        let mut read_to = self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
        if read_to.is_none_or(|read_to| read_to <= list.seq) {
            *read_to = Some(list.seq);
            self.post(News::Queue(Ok(QueueRead { list, whole })));
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("bridge", &self.bridge).finish_non_exhaustive()
    }
}
