//! What comes to the clerk, and who is on the way: how many a group may yet hold, and how long it pays to wait for them.
//!
//! Callers that were just answered ask again at once when they are busy. A group that closes before they are back leaves
//! them to the next one, and from then on two halves alternate: each commit serves half of those who could share it. So a
//! group waits for as many as the last commit answered and as came in while it lasted, by their count and never for a
//! fixed time: all there, it closes at once. Those who went away are waited for once, and no longer than a commit takes.
//!
//! Halves that alternate also have their good side: one is read and answered while the other is committed. Where it takes
//! longer to bring all back than to commit once more, a group waits for half of them: then the halves are of one size.
//!
//! What waits is served by user in turn, also from one group to the next: see [`Turns`].

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use ccc_protocol::UserName;

use super::turns::Turns;

/// The most that is committed at once.
const GROUP_MAX: usize = 512;
/// The longest that a group waits for others, however slow the disk is.
const PATIENCE_MAX: Duration = Duration::from_millis(2);

/// What somebody wants of the clerk, and since when; nobody is the server itself.
#[derive(Debug)]
pub(super) struct Asked<J> {
    user: Option<UserName>,
    at: Instant,
    job: J,
}

impl<J> Asked<J> {
    pub(super) fn now(user: Option<UserName>, job: J) -> Self {
        Self { user, at: Instant::now(), job }
    }
}

#[derive(Debug)]
pub(super) struct Inbox<J> {
    asked: Receiver<Asked<J>>,
    /// What waits, by whose turn it is.
    turns: Turns<J>,
    /// How many the next group is expected to hold.
    expected: usize,
    /// What commits took lately.
    commit: Duration,
    coming: Coming,
}

/// How long it takes lately until those who were answered ask again.
#[derive(Debug)]
struct Coming {
    answered: usize,
    since: Instant,
    came: usize,
    /// That time, by how many they were.
    each: Duration,
}

impl<J> Inbox<J> {
    pub(super) fn new(asked: Receiver<Asked<J>>) -> Self {
        let coming = Coming { answered: 0, since: Instant::now(), came: 0, each: Duration::ZERO };
        Self { asked, turns: Turns::new(), expected: 0, commit: Duration::ZERO, coming }
    }

    /// The first of a group, waited for at most so long.
    ///
    /// # Errors
    /// When none came in time, or none can come any more.
    pub(super) fn first(&mut self, longest: Duration) -> Result<J, RecvTimeoutError> {
        self.line_up();
        match self.turns.pop() {
            Some(job) => Ok(job),
            None => self.receive(longest),
        }
    }

    /// Until when a group that begins now waits for others.
    pub(super) fn closing_time(&self) -> Instant {
        Instant::now() + self.commit.min(PATIENCE_MAX)
    }

    /// The next of a group that has so many; none where it closes.
    pub(super) fn next(&mut self, served: usize, closing_time: Instant) -> Option<J> {
        if served >= GROUP_MAX {
            return None;
        }
        if self.turns.is_empty() {
            self.line_up();
        }
        let here = self.turns.pop();
        if here.is_some() || served >= self.worth_waiting_for() {
            return here;
        }
        self.receive(closing_time.saturating_duration_since(Instant::now())).ok()
    }

    /// How many a group is held open for.
    fn worth_waiting_for(&self) -> usize {
        let expected = u32::try_from(self.expected).unwrap_or(u32::MAX);
        let all_back = self.coming.each.saturating_mul(expected);
        if all_back > self.commit { self.expected.div_ceil(2) } else { self.expected }
    }

    /// A group of so many was committed, which took so long where anything was. To be called before they are answered:
    /// whoever is here now waited for the commit to end, and is not one of them.
    pub(super) fn committed(&mut self, answered: usize, took: Option<Duration>) {
        self.line_up();
        self.expected = answered + self.turns.len();
        self.coming.begin(answered);
        if let Some(took) = took {
            self.commit = (self.commit * 3 + took) / 4;
        }
    }

    /// Everything that waits, to be refused together. Nobody is expected back.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = J> {
        self.line_up();
        self.expected = 0;
        std::iter::from_fn(|| self.turns.pop())
    }

    fn receive(&mut self, longest: Duration) -> Result<J, RecvTimeoutError> {
        let asked = self.asked.recv_timeout(longest)?;
        self.coming.note(asked.at);
        Ok(asked.job)
    }

    /// Puts what came in where its turn is.
    fn line_up(&mut self) {
        for asked in self.asked.try_iter() {
            self.coming.note(asked.at);
            self.turns.push(asked.user, asked.job);
        }
    }
}

impl Coming {
    /// So many are about to be answered.
    fn begin(&mut self, answered: usize) {
        *self = Self { answered, since: Instant::now(), came: 0, each: self.each };
    }

    /// One came. As many as were answered are taken for the same.
    fn note(&mut self, at: Instant) {
        self.came += 1;
        if self.came == self.answered {
            let count = u32::try_from(self.answered).unwrap_or(u32::MAX);
            let each = at.saturating_duration_since(self.since) / count;
            // Who takes a pause says nothing of those who do not.
            self.each = (self.each * 3 + each.min(PATIENCE_MAX)) / 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn user(name: &str) -> Option<UserName> {
        Some(name.parse().unwrap())
    }

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
            jobs.send(Asked::now(user("agent"), n)).unwrap();
            let begun = Instant::now();
            assert_eq!(group(&mut inbox, never), [n]);
            assert!(begun.elapsed() < LONG / 2);
            inbox.committed(1, Some(LONG));
        }
    }

    #[test]
    fn halves_come_together_by_waiting_for_those_just_answered() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        jobs.send(Asked::now(user("agent"), 1)).unwrap();
        assert_eq!(group(&mut inbox, Instant::now()), [1]);
        // The second half came in while the first was committed.
        jobs.send(Asked::now(user("agent"), 2)).unwrap();
        inbox.committed(1, Some(LONG));
        let back = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            jobs.send(Asked::now(user("agent"), 3)).unwrap();
            jobs
        });
        assert_eq!(group(&mut inbox, Instant::now() + LONG), [2, 3]);
        drop(back.join().unwrap());
    }

    #[test]
    fn who_went_away_is_waited_for_once() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        jobs.send(Asked::now(user("agent"), 1)).unwrap();
        jobs.send(Asked::now(user("agent"), 2)).unwrap();
        assert_eq!(group(&mut inbox, Instant::now()), [1, 2]);
        inbox.committed(2, Some(LONG));
        jobs.send(Asked::now(user("agent"), 3)).unwrap();
        assert_eq!(group(&mut inbox, Instant::now()), [3]);
        inbox.committed(1, Some(LONG));
        jobs.send(Asked::now(user("agent"), 4)).unwrap();
        let begun = Instant::now();
        assert_eq!(group(&mut inbox, begun + LONG), [4]);
        assert!(begun.elapsed() < LONG / 2);
    }

    #[test]
    fn a_group_has_an_end() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        for n in 0..600 {
            jobs.send(Asked::now(user("agent"), n)).unwrap();
        }
        assert_eq!(group(&mut inbox, Instant::now()).len(), GROUP_MAX);
        inbox.committed(GROUP_MAX, Some(LONG));
        assert_eq!(group(&mut inbox, Instant::now()).len(), 600 - GROUP_MAX);
    }

    #[test]
    fn what_a_group_leaves_over_is_served_in_turn_with_what_came_since() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        for n in 0..1500 {
            jobs.send(Asked::now(user("agent"), n)).unwrap();
        }
        assert_eq!(group(&mut inbox, Instant::now()), (0..512).collect::<Vec<_>>());
        jobs.send(Asked::now(user("user"), 9001)).unwrap();
        inbox.committed(GROUP_MAX, Some(LONG));
        jobs.send(Asked::now(user("user"), 9002)).unwrap();
        let next = group(&mut inbox, Instant::now());
        assert_eq!(next.iter().position(|job| *job == 9001), Some(1), "not behind the 988 that wait");
        assert_eq!(next.iter().position(|job| *job == 9002), Some(3), "nor is what came after the commit");
        assert_eq!(next.len(), GROUP_MAX);
        inbox.committed(GROUP_MAX, Some(LONG));
        assert_eq!(group(&mut inbox, Instant::now()), (1022..1500).collect::<Vec<_>>(), "nothing is lost");
    }

    #[test]
    fn half_are_waited_for_where_a_commit_costs_less_than_bringing_all_back() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        let ask = |n, at| jobs.send(Asked { user: user("agent"), at, job: n }).unwrap();
        let four_of = |inbox: &mut Inbox<u32>, took| {
            // The last is back four milliseconds after they were answered: that is a millisecond for each.
            (0..3).for_each(|n| ask(n, Instant::now()));
            ask(3, Instant::now() + Duration::from_millis(4));
            assert_eq!(group(inbox, Instant::now()), [0, 1, 2, 3]);
            inbox.committed(4, Some(took));
        };
        four_of(&mut inbox, Duration::from_micros(100));
        four_of(&mut inbox, Duration::from_micros(100));
        assert_eq!(inbox.worth_waiting_for(), 2);
        (4..6).for_each(|n| ask(n, Instant::now()));
        let begun = Instant::now();
        assert_eq!(group(&mut inbox, begun + LONG), [4, 5]);
        assert!(begun.elapsed() < LONG / 2);
        // On a slow disk it pays to wait for all.
        four_of(&mut inbox, LONG);
        assert_eq!(inbox.worth_waiting_for(), 4);
        assert!(inbox.closing_time() >= begun + PATIENCE_MAX);
    }

    #[test]
    fn all_that_waits_is_taken_and_waited_for_no_more() {
        let (jobs, inbox) = channel();
        let mut inbox = Inbox::new(inbox);
        jobs.send(Asked::now(user("agent"), 1)).unwrap();
        jobs.send(Asked::now(user("user"), 2)).unwrap();
        inbox.committed(5, Some(LONG));
        jobs.send(Asked::now(user("agent"), 3)).unwrap();
        assert_eq!(inbox.take_all().collect::<Vec<_>>(), [1, 2, 3]);
        jobs.send(Asked::now(None, 4)).unwrap();
        let begun = Instant::now();
        assert_eq!(group(&mut inbox, begun + LONG), [4]);
        assert!(begun.elapsed() < LONG / 2);
    }
}
