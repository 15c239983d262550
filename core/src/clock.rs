//! The server's time, reckoned from what the machine's clocks say. It goes on with the time since the machine was started, which
//! nobody can set and which counts while the machine sleeps; the wall clock says where that line begins.
//!
//! A wall clock that is set forward takes the server's time along, and deadlines with it. One that is set back does not: the log's
//! time never goes back by itself. Only the owner's word does that: see [`Stretch::accepted`].

use ccc_protocol::{Timestamp, bodies::OutOfStep};

/// By how much the wall clock may be off before that is a step, in milliseconds. Clocks are read one after the other, and small
/// corrections are no news.
pub const STEP_MILLIS_MIN: u64 = 1000;

/// What the machine's clocks say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The time of day, which anybody with the right may set.
    pub wall: Timestamp,
    /// How long the machine has been up, its sleep included, in milliseconds.
    pub since_boot_millis: i64,
}

/// A stretch of the server's time: within one start of the machine it goes on as that does. Each is kept in the commit that begins
/// it, so that with an entry's time it is known how long the machine had been up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The number of the first entry that was made in it.
    pub from_seq: u64,
    /// Which start of the machine it belongs to; empty where the system does not tell, and then it is over with the server.
    pub boot: String,
    /// The server's time at the machine's start, in milliseconds since the epoch.
    pub offset_millis: i64,
    /// How far the server's time is ahead of the wall clock, in milliseconds, as was last told.
    pub ahead_millis: u64,
    /// True where nobody can say how much time went by before it: what stood then is neither used nor released.
    pub is_held: bool,
    /// The server's time before, where it went back.
    pub back_from: Option<Timestamp>,
}

impl Stretch {
    /// The stretch that a server starts in: the last one, where the machine has not been started since; else one that the wall
    /// clock bridges. Where that lies behind the last entry nothing bridges, and the time goes on from the entry.
    #[must_use]
    pub fn begin(last: Option<&Self>, latest: Timestamp, boot: &str, reading: Reading) -> Self {
        let goes_on = |last: &&Self| !boot.is_empty() && last.boot == boot && last.time(reading) >= latest;
        if let Some(last) = last.filter(goes_on) {
            return last.clone();
        }
        let is_held = reading.wall < latest;
        let now = if is_held { latest } else { reading.wall };
        Self { boot: boot.to_owned(), is_held, ..Self::default() }.at(now, reading)
    }

    /// The server's time.
    #[must_use]
    pub fn time(&self, reading: Reading) -> Timestamp {
        Timestamp::from_millis(self.offset_millis.saturating_add(reading.since_boot_millis))
    }

    /// How it stands to the wall clock, where they are not in step.
    #[must_use]
    pub fn out_of_step(&self) -> Option<OutOfStep> {
        let Self { ahead_millis, is_held, .. } = *self;
        (is_held || ahead_millis > 0).then_some(OutOfStep { ahead_millis, held: is_held })
    }

    /// What comes of a look at the clocks: none where they go on together, or apart by as much as was told.
    #[must_use]
    pub fn look(&self, reading: Reading) -> Option<Self> {
        let ahead = self.ahead_of(reading);
        let has_caught_up = self.is_held && ahead <= 0;
        if has_caught_up || ahead < -STEP_MILLIS {
            let next = Self { is_held: false, back_from: None, ..self.clone() };
            return Some(next.at(reading.wall, reading));
        }
        let told = i64::try_from(self.ahead_millis).unwrap_or(i64::MAX);
        (worth_telling(ahead).abs_diff(told) > STEP_MILLIS_MIN)
            .then(|| Self { back_from: None, ..self.clone() }.at(self.time(reading), reading))
    }

    /// The wall clock is right, whatever the log says: the owner's word. None where there is nothing to accept.
    #[must_use]
    pub fn accepted(&self, reading: Reading) -> Option<Self> {
        let ahead = self.ahead_of(reading);
        let back_from = (ahead > 0).then(|| self.time(reading));
        (self.is_held || ahead > STEP_MILLIS)
            .then(|| Self { is_held: false, back_from, ..self.clone() }.at(reading.wall, reading))
    }

    /// In milliseconds; negative where the wall clock is ahead.
    fn ahead_of(&self, reading: Reading) -> i64 {
        self.time(reading).millis().saturating_sub(reading.wall.millis())
    }

    /// The same with this as the server's time now.
    fn at(self, now: Timestamp, reading: Reading) -> Self {
        let offset_millis = now.millis().saturating_sub(reading.since_boot_millis);
        let moved = Self { offset_millis, ..self };
        let ahead_millis = u64::try_from(worth_telling(moved.ahead_of(reading))).unwrap_or(0);
        Self { ahead_millis, ..moved }
    }
}

const STEP_MILLIS: i64 = STEP_MILLIS_MIN.cast_signed();

fn worth_telling(ahead: i64) -> i64 {
    if ahead > STEP_MILLIS { ahead } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_764_000_000_000;
    const HOUR: i64 = 3_600_000;

    /// The machine has been up for so long, and the wall clock shows noon and so much.
    fn reading(up: i64, after_noon: i64) -> Reading {
        Reading { wall: Timestamp::from_millis(NOON + after_noon), since_boot_millis: up }
    }

    fn at(after_noon: i64) -> Timestamp {
        Timestamp::from_millis(NOON + after_noon)
    }

    /// A server that began at noon, when the machine had been up for a minute.
    fn begun() -> Stretch {
        Stretch::begin(None, Timestamp::default(), "a", reading(60_000, 0))
    }

    #[test]
    fn time_goes_on_with_the_machine_whatever_the_wall_clock_says() {
        let line = begun();
        assert_eq!(line.time(reading(65_000, 5_000)), at(5_000));
        assert_eq!(line.time(reading(65_000, -HOUR)), at(5_000));
        assert_eq!(line.time(reading(65_000, HOUR)), at(5_000));
        assert_eq!((line.look(reading(65_000, 5_000)), line.out_of_step()), (None, None));
    }

    #[test]
    fn a_restart_of_the_server_goes_on_where_it_was_and_one_of_the_machine_by_the_wall_clock() {
        let line = begun();
        assert_eq!(Stretch::begin(Some(&line), at(4_000), "a", reading(65_000, -HOUR)), line);
        let next = Stretch::begin(Some(&line), at(4_000), "b", reading(10, HOUR));
        assert_eq!((next.time(reading(20, HOUR)), next.is_held), (at(HOUR + 10), false));
        let unknown = Stretch::begin(Some(&Stretch { boot: String::new(), ..line }), at(4_000), "", reading(10, HOUR));
        assert_eq!(unknown.time(reading(10, HOUR)), at(HOUR), "a system that does not tell is bridged each time");
    }

    #[test]
    fn a_clock_behind_the_last_entry_bridges_nothing() {
        let held = Stretch::begin(Some(&begun()), at(HOUR), "b", reading(10, 0));
        assert_eq!((held.time(reading(10, 0)), held.is_held), (at(HOUR), true));
        let out_of_step = OutOfStep { ahead_millis: HOUR.unsigned_abs(), held: true };
        assert_eq!(held.out_of_step(), Some(out_of_step));
        assert_eq!(held.look(reading(5_010, 5_000)), None, "waiting changes nothing");
        let right = held.look(reading(5_010, HOUR + 5_500)).unwrap();
        assert_eq!(
            (right.time(reading(5_010, 0)), right.out_of_step()),
            (at(HOUR + 5_500), None),
            "set right, it bridges"
        );
        let again = Stretch::begin(Some(&held), at(HOUR + 20), "b", reading(40, 30));
        assert_eq!(again, held, "another start of the server changes nothing");
    }

    #[test]
    fn a_step_forward_takes_time_along_and_one_back_is_told_once() {
        let line = begun();
        assert_eq!(line.look(reading(61_000, 1_900)), None, "less than a second is no step");
        let ahead = line.look(reading(61_000, HOUR)).unwrap();
        assert_eq!((ahead.time(reading(61_000, 0)), ahead.out_of_step()), (at(HOUR), None));
        let back = ahead.look(reading(62_000, 2_000)).unwrap();
        assert_eq!(back.time(reading(62_000, 0)), at(HOUR + 1_000), "time goes on");
        assert_eq!(back.ahead_millis, HOUR.unsigned_abs() - 1_000);
        assert_eq!(back.look(reading(63_000, 3_000)), None, "told once");
        let further = back.look(reading(63_000, -HOUR)).unwrap();
        assert_eq!(further.ahead_millis, 2 * HOUR.unsigned_abs() + 2_000);
        let in_step = back.look(reading(64_000, HOUR + 3_000)).unwrap();
        assert_eq!((in_step.time(reading(64_000, 0)), in_step.out_of_step()), (at(HOUR + 3_000), None));
    }

    #[test]
    fn the_owners_word_alone_takes_time_back() {
        let line = begun();
        assert_eq!(line.accepted(reading(61_000, 1_000)), None, "nothing is wrong");
        let back = line.look(reading(61_000, -HOUR)).unwrap();
        let accepted = back.accepted(reading(62_000, 1_000 - HOUR)).unwrap();
        assert_eq!(accepted.time(reading(62_000, 0)), at(1_000 - HOUR));
        assert_eq!((accepted.back_from, accepted.out_of_step()), (Some(at(2_000)), None));
        let held = Stretch::begin(Some(&line), at(HOUR), "b", reading(10, 0));
        let accepted = held.accepted(reading(20, 10)).unwrap();
        assert_eq!((accepted.is_held, accepted.time(reading(20, 0))), (false, at(10)));
    }
}
