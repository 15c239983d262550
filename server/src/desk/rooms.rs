//! Places to run in: `runs_max` of them, of which one user holds `runs_per_user_max` at most, so that one user's long runs hold
//! nobody else up. Who waits is served by who holds fewest, then in the order of asking.
//!
//! INVARIANT: a permit is committed only for a ticket whose place is taken, so that whatever has not got one can still be denied,
//! withdrawn and frozen.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ccc_protocol::UserName;
use tokio::sync::oneshot;

/// All places. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Rooms(Arc<Mutex<Taken>>);

/// One place; dropped, it is another's.
#[derive(Debug)]
pub(super) struct Place {
    rooms: Rooms,
    user: UserName,
}

#[derive(Debug)]
struct Taken {
    free: u64,
    each_max: u64,
    by_user: HashMap<UserName, u64>,
    waiting: Vec<(UserName, oneshot::Sender<Place>)>,
}

impl Rooms {
    pub(super) fn new(runs_max: u64, runs_per_user_max: u64) -> Self {
        let each_max = runs_per_user_max.max(1);
        Self(Arc::new(Mutex::new(Taken {
            free: runs_max.max(1),
            each_max,
            by_user: HashMap::new(),
            waiting: Vec::new(),
        })))
    }

    /// A place, where there is one now.
    pub(super) fn try_take(&self, user: &UserName) -> Option<Place> {
        self.taken().take(user).then(|| self.place(user))
    }

    /// A place, as soon as there is one. Whoever stops waiting has taken none.
    pub(super) async fn take(&self, user: &UserName) -> Option<Place> {
        let given = {
            let mut taken = self.taken();
            if taken.take(user) {
                return Some(self.place(user));
            }
            let (gives, given) = oneshot::channel();
            taken.waiting.push((user.clone(), gives));
            given
        };
        given.await.ok()
    }

    fn place(&self, user: &UserName) -> Place {
        Place { rooms: self.clone(), user: user.clone() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands free places to who waits. A place that is not taken any more comes back by its own drop.
    fn serve(&self) {
        loop {
            let next = self.taken().next();
            let Some((user, gives)) = next else { return };
            let place = self.place(&user);
            // Outside of the lock: a place that nobody takes is dropped here, and comes back through it.
            drop(gives.send(place));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.rooms.taken().give_back(&self.user);
        self.rooms.serve();
    }
}

impl Taken {
    fn holds(&self, user: &UserName) -> u64 {
        self.by_user.get(user).copied().unwrap_or(0)
    }

    fn take(&mut self, user: &UserName) -> bool {
        let may = self.free > 0 && self.holds(user) < self.each_max;
        if may {
            self.free -= 1;
            *self.by_user.entry(user.clone()).or_default() += 1;
        }
        may
    }

    fn give_back(&mut self, user: &UserName) {
        self.free += 1;
        if let Some(held) = self.by_user.get_mut(user) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.by_user.remove(user);
            }
        }
    }

    /// Takes a place for the next one who waits and may have one.
    fn next(&mut self) -> Option<(UserName, oneshot::Sender<Place>)> {
        self.waiting.retain(|(_, gives)| !gives.is_closed());
        let waits = self.waiting.iter().enumerate();
        let may = waits.filter(|(_, (user, _))| self.holds(user) < self.each_max);
        let (index, _) = may.min_by_key(|(index, (user, _))| (self.holds(user), *index))?;
        if self.free == 0 {
            return None;
        }
        let (user, gives) = self.waiting.remove(index);
        self.take(&user).then_some((user, gives))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> UserName {
        name.parse().unwrap()
    }

    #[test]
    fn one_user_never_holds_them_all() {
        let rooms = Rooms::new(4, 3);
        let held: Vec<_> = std::iter::from_fn(|| rooms.try_take(&name("agent"))).collect();
        assert_eq!(held.len(), 3);
        let others = rooms.try_take(&name("other"));
        assert!(others.is_some() && rooms.try_take(&name("third")).is_none());
        drop(held);
        assert!(rooms.try_take(&name("third")).is_some());
    }

    #[tokio::test]
    async fn a_place_that_becomes_free_is_for_who_holds_fewest() {
        let rooms = Rooms::new(2, 2);
        let (first, second) = (rooms.try_take(&name("agent")), rooms.try_take(&name("agent")));
        let (agent, user) = (name("agent"), name("user"));
        let mut own = Box::pin(rooms.take(&agent));
        let mut others = Box::pin(rooms.take(&user));
        assert!(futures_poll(&mut own).await.is_none() && futures_poll(&mut others).await.is_none());
        drop(first);
        let given = others.await.unwrap();
        assert!(futures_poll(&mut own).await.is_none(), "it waits on");
        drop(second);
        assert_eq!(own.await.unwrap().user, agent);
        drop(given);
    }

    #[tokio::test]
    async fn who_has_gone_away_takes_no_place_with_them() {
        let rooms = Rooms::new(1, 1);
        let held = rooms.try_take(&name("agent"));
        let user = name("user");
        let mut gone = Box::pin(rooms.take(&user));
        assert!(futures_poll(&mut gone).await.is_none());
        drop(gone);
        drop(held);
        assert!(rooms.try_take(&name("agent")).is_some());
    }

    /// What the future gives now, if anything.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = tokio::task::yield_now() => None,
        }
    }
}
