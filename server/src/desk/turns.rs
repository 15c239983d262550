//! Whose turn it is: what waits for the clerk stands in one line for each user, and the lines are served in turn, one job
//! each. However much one user asks, another's next job is at most one round away.
//!
//! INVARIANT: `alone` holds something only while `lines` holds nothing; no line is empty; `order` names each line once.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    mem,
};

use ccc_protocol::UserName;

/// All that waits.
#[derive(Debug)]
pub(super) struct Turns<J> {
    /// The server's own, which goes before everybody's: what ran has ended, what was approved begins.
    own: VecDeque<J>,
    /// The one line while all that waits is of one user, which is the rule: nothing is looked up for a job.
    alone: VecDeque<(UserName, J)>,
    lines: HashMap<UserName, VecDeque<J>>,
    /// The users who have a line, the next one first.
    order: VecDeque<UserName>,
}

impl<J> Turns<J> {
    pub(super) fn new() -> Self {
        Self { own: VecDeque::new(), alone: VecDeque::new(), lines: HashMap::new(), order: VecDeque::new() }
    }

    /// Puts a job at the end of its user's line; one without a user is the server's own.
    pub(super) fn push(&mut self, user: Option<UserName>, job: J) {
        match user {
            None => self.own.push_back(job),
            Some(user) if self.is_alone(&user) => self.alone.push_back((user, job)),
            Some(user) => {
                for (other, earlier) in mem::take(&mut self.alone) {
                    self.line_up(other, earlier);
                }
                self.line_up(user, job);
            }
        }
    }

    /// The next job. Where there was none, nothing waits.
    pub(super) fn pop(&mut self) -> Option<J> {
        let own = self.own.pop_front();
        own.or_else(|| self.alone.pop_front().map(|(_, job)| job)).or_else(|| self.pop_in_turn())
    }

    /// The next job of the server's own or of a user who may have one done now, and whose it is. Others stay where they are.
    pub(super) fn pop_for(&mut self, may: impl Fn(&UserName) -> bool) -> Option<(Option<UserName>, J)> {
        if let Some(job) = self.own.pop_front() {
            return Some((None, job));
        }
        if let Some((user, _)) = self.alone.front() {
            return if may(user) { self.alone.pop_front().map(|(user, job)| (Some(user), job)) } else { None };
        }
        let next = self.order.iter().position(may)?;
        // Those before it have had their turn as far as they may.
        let user = self.order.remove(next)?;
        self.order.push_front(user.clone());
        self.pop_in_turn().map(|job| (Some(user), job))
    }

    /// How many jobs wait. Adds up the lines, and so costs a step for each user.
    pub(super) fn len(&self) -> usize {
        self.own.len() + self.alone.len() + self.lines.values().map(VecDeque::len).sum::<usize>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.alone.is_empty() && self.order.is_empty()
    }

    fn is_alone(&self, user: &UserName) -> bool {
        self.order.is_empty() && self.alone.back().is_none_or(|(other, _)| other == user)
    }

    fn line_up(&mut self, user: UserName, job: J) {
        match self.lines.entry(user) {
            Entry::Occupied(mut line) => line.get_mut().push_back(job),
            Entry::Vacant(place) => {
                self.order.push_back(place.key().clone());
                place.insert(VecDeque::from([job]));
            }
        }
    }

    fn pop_in_turn(&mut self) -> Option<J> {
        let user = self.order.pop_front()?;
        let line = self.lines.get_mut(&user)?;
        let job = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&user);
        } else {
            self.order.push_back(user);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who asked, and their how manieth job it is.
    type Job = (&'static str, usize);

    const SERVER: &str = "";

    fn push(turns: &mut Turns<Job>, (who, number): Job) {
        turns.push((who != SERVER).then(|| who.parse().unwrap()), (who, number));
    }

    fn waiting(jobs: &[Job]) -> Turns<Job> {
        let mut turns = Turns::new();
        jobs.iter().for_each(|job| push(&mut turns, *job));
        turns
    }

    fn all(mut turns: Turns<Job>) -> Vec<Job> {
        std::iter::from_fn(|| turns.pop()).collect()
    }

    #[test]
    fn one_user_is_served_in_the_order_of_asking() {
        let jobs: Vec<Job> = (0..100).map(|number| ("agent", number)).collect();
        assert_eq!(all(waiting(&jobs)), jobs);
    }

    #[test]
    fn who_may_not_now_keeps_their_place_in_line() {
        let mut turns = waiting(&[("agent", 0), ("agent", 1)]);
        let not_agent = |user: &UserName| user.as_str() != "agent";
        assert_eq!(turns.pop_for(not_agent), None);
        push(&mut turns, ("user", 0));
        push(&mut turns, ("other", 0));
        push(&mut turns, (SERVER, 0));
        let of = |who: &str| Some(who.parse::<UserName>().unwrap());
        assert_eq!(turns.pop_for(not_agent), Some((None, (SERVER, 0))));
        assert_eq!(turns.pop_for(not_agent), Some((of("user"), ("user", 0))));
        assert_eq!(turns.pop_for(|_| true), Some((of("agent"), ("agent", 0))));
        assert_eq!(all(turns), [("other", 0), ("agent", 1)]);
    }

    #[test]
    fn a_flood_holds_another_user_up_by_one_job() {
        let mut jobs: Vec<Job> = (0..500).map(|number| ("agent", number)).collect();
        jobs.extend([("user", 0), ("other", 0), ("user", 1)]);
        let served = all(waiting(&jobs));
        let expected = [("agent", 0), ("user", 0), ("other", 0), ("agent", 1), ("user", 1), ("agent", 2), ("agent", 3)];
        assert_eq!(served.iter().copied().take(7).collect::<Vec<_>>(), expected);
        assert_eq!(served.len(), jobs.len());
    }

    #[test]
    fn who_comes_back_in_the_middle_of_a_round_goes_to_its_end() {
        let mut turns = waiting(&[("agent", 0), ("agent", 1), ("user", 0), ("other", 0)]);
        assert_eq!([turns.pop(), turns.pop()], [Some(("agent", 0)), Some(("user", 0))]);
        push(&mut turns, ("user", 1));
        assert_eq!(all(turns), [("other", 0), ("agent", 1), ("user", 1)]);
    }

    #[test]
    fn the_servers_own_goes_first() {
        let turns = waiting(&[("agent", 0), ("user", 0), (SERVER, 0), ("agent", 1), (SERVER, 1)]);
        assert_eq!(all(turns), [(SERVER, 0), (SERVER, 1), ("agent", 0), ("user", 0), ("agent", 1)]);
    }

    /// Numbers that look random and are the same each time.
    fn dice(mut state: u64) -> impl FnMut(usize) -> usize {
        move |sides| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % sides
        }
    }

    #[test]
    fn whatever_comes_nothing_is_lost_nobody_is_overtaken_by_their_own_and_nobody_waits_two_rounds() {
        const WHO: [&str; 5] = [SERVER, "a", "b", "c", "d"];
        for seed in 0..200 {
            let mut roll = dice(seed);
            let mut turns = Turns::new();
            let (mut asked, mut served) = ([0_usize; 5], [0_usize; 5]);
            // For each user with a job waiting: how often each other user was served since that job became the next.
            let mut passed = [[0_usize; 5]; 5];
            for _ in 0..400 {
                // One of them asks far more often than the others.
                let who = [1, 1, 1, 1, roll(5)][roll(5)];
                if roll(2) == 0 {
                    push(&mut turns, (WHO[who], asked[who]));
                    asked[who] += 1;
                } else if let Some((name, number)) = turns.pop() {
                    let who = WHO.iter().position(|other| *other == name).unwrap();
                    assert_eq!(number, served[who], "in the order of asking");
                    served[who] += 1;
                    passed[who] = [0; 5];
                    for (waiter, passed) in passed.iter_mut().enumerate() {
                        let waits = asked[waiter] > served[waiter];
                        passed[who] = if waits && waiter != who { passed[who] + 1 } else { 0 };
                        assert!(who == 0 || passed[who] <= 1, "{name} was served twice while {} waited", WHO[waiter]);
                    }
                } else {
                    assert_eq!(asked, served, "nothing waits only where all was served");
                }
                let waiting: usize = asked.iter().sum::<usize>() - served.iter().sum::<usize>();
                assert_eq!((turns.len(), turns.is_empty()), (waiting, waiting == 0));
                let with_a_line = turns.order.len();
                assert_eq!(turns.lines.len(), with_a_line);
                assert!(turns.lines.values().all(|line| !line.is_empty()), "no line is kept for who does not wait");
            }
            while turns.pop().is_some_and(|(name, _)| {
                served[WHO.iter().position(|other| *other == name).unwrap()] += 1;
                true
            }) {}
            assert_eq!(asked, served);
        }
    }
}
