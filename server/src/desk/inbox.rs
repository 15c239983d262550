//! What comes to the clerk, and who is on the way: how many a group may yet hold, and how long it pays to wait for them.
//!
//! Callers that were just answered ask again at once when they are busy. A group that closes before they are back leaves
//! them to the next one, and from then on two halves alternate: each commit serves half of those who could share it. So a
//! group waits for as many as the last commit answered and as came in while it lasted, by their count and never for a
//! fixed time: all there, it closes at once. Those who went away are waited for once, and no longer than half of what a
//! commit takes.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

/// The most that is committed at once.
const GROUP_MAX: usize = 512;
/// The longest that a group waits for others, however slow the disk is.
const PATIENCE_MAX: Duration = Duration::from_millis(2);

/// The clerk's inbox.
#[derive(Debug)]
pub(super) struct Inbox<J> {
    jobs: Receiver<J>,
    /// What came in while the last commit lasted.
    early: VecDeque<J>,
    /// How many the next group is expected to hold.
    expected: usize,
    /// What commits took lately.
    commit: Duration,
}

impl<J> Inbox<J> {
    pub(super) fn new(jobs: Receiver<J>) -> Self {
        Self { jobs, early: VecDeque::new(), expected: 0, commit: Duration::ZERO }
    }

    /// The first of a group, waited for at most so long.
    ///
    /// # Errors
    /// When none came in time, or none can come any more.
    pub(super) fn first(&mut self, longest: Duration) -> Result<J, RecvTimeoutError> {
        match self.early.pop_front() {
            Some(job) => Ok(job),
            None => self.jobs.recv_timeout(longest),
        }
    }

    /// Until when a group that begins now waits for others.
    pub(super) fn closing_time(&self) -> Instant {
        Instant::now() + (self.commit / 2).min(PATIENCE_MAX)
    }

    /// The next of a group that has so many; none where it closes.
    pub(super) fn next(&mut self, served: usize, closing_time: Instant) -> Option<J> {
        if served >= GROUP_MAX {
            return None;
        }
        let here = self.early.pop_front().or_else(|| self.jobs.try_recv().ok());
        if here.is_some() || served >= self.expected {
            return here;
        }
        self.jobs.recv_timeout(closing_time.saturating_duration_since(Instant::now())).ok()
    }

    /// A group of so many was committed, which took so long. To be called before they are answered: whoever is here now
    /// waited for the commit to end, and is not one of them.
    pub(super) fn committed(&mut self, answered: usize, took: Duration) {
        self.early.extend(self.jobs.try_iter());
        self.expected = answered + self.early.len();
        self.commit = (self.commit * 3 + took) / 4;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A group as the clerk gathers it, without anything else to do.
    fn group(inbox: &mut Inbox<u32>, closing_time: Instant) -> Vec<u32> {
        let mut group = vec![inbox.first(LONG).unwrap()];
        while let Some(job) = inbox.next(group.len(), closing_time) {
            group.push(job);
        }
        group
    }

    #[test]
    fn who_works_alone_waits_for_nobody() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        let never = Instant::now() + LONG;
        for n in 0..3 {
            jobs.send(n).unwrap();
            let begun = Instant::now();
            assert_eq!(group(&mut inbox, never), [n]);
            assert!(begun.elapsed() < LONG / 2);
            inbox.committed(1, LONG);
        }
    }

    #[test]
    fn halves_come_together_by_waiting_for_those_just_answered() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        jobs.send(1).unwrap();
        assert_eq!(group(&mut inbox, Instant::now()), [1]);
        // The second half came in while the first was committed.
        jobs.send(2).unwrap();
        inbox.committed(1, LONG);
        let back = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            jobs.send(3).unwrap();
            jobs
        });
        assert_eq!(group(&mut inbox, Instant::now() + LONG), [2, 3]);
        drop(back.join().unwrap());
    }

    #[test]
    fn who_went_away_is_waited_for_once() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        jobs.send(1).unwrap();
        jobs.send(2).unwrap();
        assert_eq!(group(&mut inbox, Instant::now()), [1, 2]);
        inbox.committed(2, LONG);
        jobs.send(3).unwrap();
        assert_eq!(group(&mut inbox, Instant::now()), [3]);
        inbox.committed(1, LONG);
        jobs.send(4).unwrap();
        let begun = Instant::now();
        assert_eq!(group(&mut inbox, begun + LONG), [4]);
        assert!(begun.elapsed() < LONG / 2);
    }

    #[test]
    fn a_group_has_an_end() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        for n in 0..600 {
            jobs.send(n).unwrap();
        }
        assert_eq!(group(&mut inbox, Instant::now()).len(), GROUP_MAX);
        inbox.committed(GROUP_MAX, LONG);
        assert_eq!(group(&mut inbox, Instant::now()).len(), 600 - GROUP_MAX);
    }
}
