//! Messages on their way to a server, so that one that takes none holds nobody up for good.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Upstream, lock};

/// Messages that wait for those before them.
const WAITING_MAX: usize = 256;
/// What they may take together, in bytes, unless it is a single one.
const WAITING_BYTES_MAX: usize = 32 << 20;

/// A queue between those who send and the one who writes. Once it is closed, or found no room in time, it takes no more; what it
/// took still goes out.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    moved: Condvar,
    patience: Duration,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    closed: bool,
    stalled: bool,
}

impl Outbox {
    /// A queue in which a message waits at most `patience` for room.
    pub(super) fn new(patience: Duration) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), moved: Condvar::new(), patience })
    }

    /// Takes a message.
    ///
    /// # Errors
    /// When the queue is closed, or finds no room for it in time.
    fn put(&self, line: &[u8]) -> io::Result<()> {
        let until = Instant::now() + self.patience;
        let mut state = lock(&self.state);
        while !state.closed && !state.has_room(line.len()) {
            let left = until.saturating_duration_since(Instant::now());
            state.stalled = left.is_zero();
            state.closed = state.stalled;
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.closed {
            return Err(if state.stalled { io::ErrorKind::TimedOut } else { io::ErrorKind::BrokenPipe }.into());
        }
        state.bytes += line.len();
        state.lines.push_back(line.to_vec());
        self.moved.notify_all();
        Ok(())
    }

    /// The next message to write; `None` when none follows.
    pub(super) fn next(&self) -> Option<Vec<u8>> {
        let mut state = lock(&self.state);
        while state.lines.is_empty() && !state.closed {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let line = state.lines.pop_front()?;
        state.bytes -= line.len();
        self.moved.notify_all();
        Some(line)
    }

    /// Nothing more is taken, and whoever waits for room is sent away.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.moved.notify_all();
    }

    /// True once a message found no room in time.
    pub(super) fn has_stalled(&self) -> bool {
        lock(&self.state).stalled
    }
}

impl State {
    fn has_room(&self, bytes: usize) -> bool {
        self.lines.is_empty() || self.lines.len() < WAITING_MAX && self.bytes + bytes <= WAITING_BYTES_MAX
    }
}

impl Upstream for Arc<Outbox> {
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.put(line)
    }

    fn close(&mut self) {
        Outbox::close(self);
    }
}

#[cfg(test)]
mod tests {
    use super::{Outbox, WAITING_MAX};
    use std::{io::ErrorKind, sync::Arc, thread, time::Duration};

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn what_was_taken_goes_out_in_order_also_after_the_end() {
        let outbox = Outbox::new(SOON);
        outbox.put(b"1").unwrap();
        outbox.put(b"2").unwrap();
        outbox.close();
        assert_eq!(outbox.put(b"3").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!([outbox.next(), outbox.next(), outbox.next()], [Some(b"1".to_vec()), Some(b"2".to_vec()), None]);
    }

    #[test]
    fn a_queue_that_finds_no_room_in_time_takes_no_more() {
        let outbox = Outbox::new(Duration::from_millis(20));
        (0..WAITING_MAX).for_each(|_| outbox.put(b"x").unwrap());
        assert_eq!(outbox.put(b"x").unwrap_err().kind(), ErrorKind::TimedOut);
        outbox.next();
        assert_eq!(outbox.put(b"x").unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(outbox.has_stalled());
    }

    #[test]
    fn whoever_waits_for_room_gets_it_or_is_sent_away() {
        let outbox = Outbox::new(SOON);
        (0..WAITING_MAX).for_each(|_| outbox.put(b"x").unwrap());
        let waiting = |outbox: &Arc<Outbox>| {
            let outbox = Arc::clone(outbox);
            thread::spawn(move || outbox.put(b"last"))
        };
        let first = waiting(&outbox);
        outbox.next();
        first.join().unwrap().unwrap();
        let second = waiting(&outbox);
        outbox.close();
        assert!(second.join().unwrap().is_err());
        assert!(!outbox.has_stalled());
    }
}
