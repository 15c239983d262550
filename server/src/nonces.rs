//! What was used once already: a nonce is remembered from the moment its signature was right until the signature is
//! too old to be accepted. Full means refused; nothing is ever forgotten early.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use ccc_protocol::signing::WINDOW_SECONDS;
use sha2::{Digest, Sha256};

use crate::store::Nonce;

/// What a (user, nonce) pair is remembered as.
pub(crate) type Tag = [u8; 16];

/// The tag of a user's nonce: the first half of a SHA-256. The zero byte cannot stand in a user name.
#[must_use]
pub(crate) fn tag(user: &str, nonce: &[u8]) -> Tag {
    let hash = Sha256::new().chain_update(user).chain_update([0]).chain_update(nonce).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// What became of an attempt to use a nonce.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It had not been used and now it has.
    First,
    /// It was used before: a replay.
    Again,
    /// There is no room to remember it.
    Full,
    /// It was signed for another time than is kept here, or held against one that is over since time went back.
    Stale,
}

/// The memory, one bucket for each second of `created`, so that a whole second is forgotten at once.
#[derive(Debug, Default)]
pub struct Nonces(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// The second of the first bucket, in Unix seconds.
    first: i64,
    buckets: VecDeque<HashSet<Tag>>,
    count: u64,
    /// What was used while the server's time was ahead of what it went back to, by the second: kept until time has come there
    /// once more. There is no limit: all of it was within one before.
    ahead: BTreeMap<i64, HashSet<Tag>>,
    /// How often time went back.
    turn: u64,
}

impl Nonces {
    /// A memory that holds these already: what was committed before a restart. `now` is in Unix seconds.
    #[must_use]
    pub fn remembering(committed: &[Nonce], now: i64) -> Self {
        let mut memory = Memory::default();
        memory.know(committed, now);
        Self(Mutex::new(memory))
    }

    /// The server's time goes back to `now` (Unix seconds): these, which were committed in the span that comes again, are known
    /// until it is over once more, and so is what is remembered. To be called before anything is asked with the earlier time.
    pub fn go_back(&self, committed: &[Nonce], now: i64) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.put_ahead();
        memory.first = 0;
        memory.turn += 1;
        memory.know(committed, now);
    }

    /// Uses a nonce whose signature was right and is fresh at `now` (Unix seconds). At most `max` are remembered.
    pub fn remember(&self, created: i64, tag: Tag, now: i64, max: u64) -> Use {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remember(created, tag, now, max)
    }

    /// The same with a `now` that was read when time had gone back so often. One that was read before it went back once more
    /// belongs to a time that is over: nothing is remembered by it.
    pub(crate) fn remember_in(&self, turn: u64, created: i64, tag: Tag, now: i64, max: u64) -> Use {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.turn == turn { memory.remember(created, tag, now, max) } else { Use::Stale }
    }

    /// How many are remembered, of all users.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// True where none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Memory {
    fn know(&mut self, committed: &[Nonce], now: i64) {
        for nonce in committed {
            let created = nonce.until.seconds() - WINDOW_SECONDS;
            if created.saturating_sub(now) > WINDOW_SECONDS {
                self.ahead.entry(created).or_default().insert(nonce.tag);
            } else {
                let _ = self.remember(created, nonce.tag, now, u64::MAX);
            }
        }
    }

    /// All that is remembered stands where it will be found when its second comes again.
    fn put_ahead(&mut self) {
        self.count = 0;
        for (second, bucket) in (self.first..).zip(self.buckets.drain(..)).filter(|(_, bucket)| !bucket.is_empty()) {
            self.ahead.entry(second).or_default().extend(bucket);
        }
    }

    fn is_ahead(&self, created: i64, tag: Tag) -> bool {
        self.ahead.get(&created).is_some_and(|bucket| bucket.contains(&tag))
    }

    fn remember(&mut self, created: i64, tag: Tag, now: i64, max: u64) -> Use {
        self.forget_before(now.saturating_sub(WINDOW_SECONDS));
        if self.is_ahead(created, tag) {
            return Use::Again;
        }
        let count = self.count;
        let Some(bucket) = self.bucket(created) else {
            return Use::Stale;
        };
        if bucket.contains(&tag) {
            return Use::Again;
        }
        if count >= max {
            return Use::Full;
        }
        bucket.insert(tag);
        self.count += 1;
        Use::First
    }

    /// A signature made before `oldest` is not fresh at any later time, until time goes back: see [`Nonces::go_back`].
    fn forget_before(&mut self, oldest: i64) {
        while self.ahead.first_key_value().is_some_and(|(second, _)| *second < oldest) {
            self.ahead.pop_first();
        }
        while self.first < oldest {
            let Some(bucket) = self.buckets.pop_front() else {
                self.first = oldest;
                return;
            };
            self.count -= bucket.len() as u64;
            self.first += 1;
        }
    }

    /// The bucket of this second; none for a second that is forgotten already or impossibly far ahead.
    fn bucket(&mut self, created: i64) -> Option<&mut HashSet<Tag>> {
        let index = usize::try_from(created.checked_sub(self.first)?).ok()?;
        if index > SECONDS_MAX {
            return None;
        }
        if index >= self.buckets.len() {
            self.buckets.resize_with(index + 1, HashSet::new);
        }
        self.buckets.get_mut(index)
    }
}

/// From the oldest fresh second to the newest, with some room for a clock that was set back.
const SECONDS_MAX: usize = 4 * WINDOW_SECONDS.unsigned_abs() as usize;

#[cfg(test)]
mod tests {
    use ccc_protocol::Timestamp;

    use super::*;

    const NOW: i64 = 1_764_000_000;

    #[test]
    fn a_nonce_is_good_once_as_long_as_its_signature_is_fresh() {
        let nonces = Nonces::default();
        let nonce = tag("agent", b"5f1c2ad0b7e94c6f");
        assert_eq!(nonces.remember(NOW + 30, nonce, NOW, 10), Use::First);
        for later in 0..=60 {
            assert_eq!(nonces.remember(NOW + 30, nonce, NOW + later, 10), Use::Again, "{later}");
        }
    }

    #[test]
    fn the_same_nonce_of_another_user_is_another_one() {
        assert_ne!(tag("a", b"bnonce12"), tag("ab", b"nonce12"));
        let nonces = Nonces::default();
        assert_eq!(nonces.remember(NOW, tag("a", b"nonce123"), NOW, 10), Use::First);
        assert_eq!(nonces.remember(NOW, tag("b", b"nonce123"), NOW, 10), Use::First);
    }

    #[test]
    fn a_full_memory_refuses_and_forgets_nothing() {
        let nonces = Nonces::default();
        let first = tag("a", b"nonce-0001");
        assert_eq!(nonces.remember(NOW, first, NOW, 1), Use::First);
        assert_eq!(nonces.remember(NOW, tag("a", b"nonce-0002"), NOW, 1), Use::Full);
        assert_eq!(nonces.remember(NOW, first, NOW, 1), Use::Again);
        assert_eq!(nonces.remember(NOW + 31, tag("a", b"nonce-0002"), NOW + 31, 1), Use::First, "room came with time");
        assert_eq!(nonces.len(), 1);
    }

    #[test]
    fn what_was_committed_before_a_restart_is_known_after_it() {
        let nonce = tag("a", b"nonce-0001");
        let nonces =
            Nonces::remembering(&[Nonce { user: None, tag: nonce, until: Timestamp::from_seconds(NOW + 25) }], NOW);
        assert_eq!(nonces.remember(NOW - 5, nonce, NOW, 10), Use::Again);
    }

    #[test]
    fn what_was_used_in_a_span_that_comes_again_is_known_until_it_is_over_again() {
        const AHEAD: i64 = NOW + 7200;
        let nonces = Nonces::default();
        let (early, late, read) = (tag("a", b"committed"), tag("a", b"remembered"), tag("a", b"other"));
        assert_eq!(nonces.remember(AHEAD, late, AHEAD, 10), Use::First);
        let committed = [Nonce { user: None, tag: early, until: Timestamp::from_seconds(NOW + 3600 + WINDOW_SECONDS) }];
        nonces.go_back(&committed, NOW);
        assert_eq!(nonces.remember(NOW, read, NOW, 10), Use::First, "the present is as free as ever");
        assert_eq!(nonces.remember(NOW + 3600, early, NOW + 3600, 10), Use::Again);
        assert_eq!(
            nonces.remember(NOW + 3600, late, NOW + 3600, 10),
            Use::First,
            "another second is another signature"
        );
        assert_eq!(nonces.remember(AHEAD, late, AHEAD, 10), Use::Again);
        assert_eq!(nonces.remember(AHEAD + 60, read, AHEAD + 60, 10), Use::First);
        let known = Nonces::remembering(&committed, NOW);
        assert_eq!(known.remember(NOW + 3600, early, NOW + 3600, 10), Use::Again, "also after a restart");
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_usable_again() {
        let nonces = Nonces::default();
        let nonce = tag("a", b"nonce-0001");
        assert_eq!(nonces.remember(NOW, nonce, NOW, 10), Use::First);
        assert_eq!(nonces.remember(NOW + 40, tag("a", b"nonce-0002"), NOW + 40, 10), Use::First);
        assert_eq!(nonces.remember(NOW, nonce, NOW, 10), Use::Stale, "it is forgotten, and so is its second");
    }

    #[test]
    fn a_time_that_was_read_before_time_went_back_moves_nothing() {
        let nonces = Nonces::default();
        assert_eq!(nonces.remember_in(0, NOW + 7200, tag("a", b"nonce-0001"), NOW + 7200, 10), Use::First);
        nonces.go_back(&[], NOW);
        assert_eq!(nonces.remember_in(0, NOW + 7200, tag("a", b"nonce-0002"), NOW + 7200, 10), Use::Stale);
        assert_eq!(
            nonces.remember_in(1, NOW, tag("a", b"nonce-0003"), NOW, 10),
            Use::First,
            "the present is still kept"
        );
    }
}
