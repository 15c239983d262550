//! What is open on the person's screen: so much by user, and the same only once within seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ccc_core::limits::Limits;
use ccc_protocol::{Digest, UserName};

/// Counted while they run. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Openers(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    open: HashMap<UserName, u64>,
    /// When a plan was last opened for a user.
    lately: HashMap<(UserName, Digest), Instant>,
}

/// One open program; dropped, it is closed.
#[derive(Debug)]
pub(super) struct Opened {
    openers: Openers,
    user: UserName,
}

/// Why nothing is opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The same was opened a moment ago.
    OpenAlready,
    /// So many are open for this user.
    Enough(u64),
}

impl Openers {
    /// Counts one more, where there may be one.
    ///
    /// # Errors
    /// Why there may not.
    pub(super) fn open(&self, user: &UserName, plan: Digest, limits: &Limits) -> Result<Opened, Kept> {
        let (mut counted, now) = (self.counted(), Instant::now());
        let moment = Duration::from_secs(limits.open_again_seconds);
        counted.lately.retain(|_, at| now.duration_since(*at) < moment);
        let same = (user.clone(), plan);
        if counted.lately.contains_key(&same) {
            return Err(Kept::OpenAlready);
        }
        let open = counted.open.entry(user.clone()).or_default();
        if *open >= limits.openers_per_user_max {
            return Err(Kept::Enough(*open));
        }
        *open += 1;
        counted.lately.insert(same, now);
        Ok(Opened { openers: self.clone(), user: user.clone() })
    }

    /// It did not open after all: asking again is no repetition.
    pub(super) fn failed(&self, user: &UserName, plan: Digest) {
        self.counted().lately.remove(&(user.clone(), plan));
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let mut counted = self.openers.counted();
        if let Some(open) = counted.open.get_mut(&self.user) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                counted.open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_within_seconds_is_opened_once_and_a_user_has_only_so_many() {
        let limits = Limits { openers_per_user_max: 2, ..Limits::default() };
        let openers = Openers::default();
        let (agent, other) = ("agent".parse().unwrap(), "other".parse().unwrap());
        let plan = |text: &str| Digest::of(text.as_bytes());
        let first = openers.open(&agent, plan("a"), &limits).unwrap();
        assert_eq!(openers.open(&agent, plan("a"), &limits).unwrap_err(), Kept::OpenAlready);
        let others = openers.open(&other, plan("a"), &limits);
        let second = openers.open(&agent, plan("b"), &limits);
        assert!(others.is_ok() && second.is_ok());
        assert_eq!(openers.open(&agent, plan("c"), &limits).unwrap_err(), Kept::Enough(2));
        drop(first);
        assert!(openers.open(&agent, plan("c"), &limits).is_ok());
        openers.failed(&agent, plan("a"));
        assert!(openers.open(&agent, plan("a"), &limits).is_ok(), "what failed may be tried again");
        let soon = Limits { open_again_seconds: 0, ..limits };
        assert!(openers.open(&other, plan("a"), &soon).is_ok());
    }
}
