//! What one user has in use: held answers, event streams, and requests within the minute. Counted only once a
//! signature was right, so that nobody can use up somebody else's share.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use ccc_core::{limits::Limits, refusal::Refusal};
use ccc_protocol::Timestamp;

use crate::in_flight::{self, InFlight, Room};

/// One user's counters. They outlive a reload of the secrets file.
#[derive(Debug, Default)]
pub struct Share {
    waits: AtomicU64,
    streams: AtomicU64,
    minute: Mutex<Minute>,
    rooms: OnceLock<Rooms>,
}

/// What a user's bytes take room in, as large as the limits were when the user first came.
#[derive(Debug)]
struct Rooms {
    bodies: Room,
    answers: Room,
}

#[derive(Debug, Default)]
struct Minute {
    started: Timestamp,
    requests: u64,
}

/// One of a user's places; dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    share: Arc<Share>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Wait,
    Stream,
}

impl Share {
    /// Counts one request.
    ///
    /// # Errors
    /// When the user's requests of this minute are used up; `requests_per_minute_max` 0 is no limit.
    pub fn count_request(&self, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        self.count(1, limits, now)
    }

    /// Counts a request's body, once it was read: a long one takes as much of the minute as many short requests, so that the
    /// limit bounds what one user can have stored.
    ///
    /// # Errors
    /// As for [`Share::count_request`].
    pub fn count_body(&self, bytes: usize, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        match bytes.checked_div(limits.body_bytes_per_request) {
            None | Some(0) => Ok(()),
            Some(requests) => self.count(requests, limits, now),
        }
    }

    fn count(&self, requests: u64, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        if limits.requests_per_minute_max == 0 {
            return Ok(());
        }
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        // The server's time goes back where its owner accepts the clock.
        if now.millis_since(minute.started) >= 60_000 || now < minute.started {
            *minute = Minute { started: now, requests: 0 };
        }
        minute.requests = minute.requests.saturating_add(requests);
        if minute.requests <= limits.requests_per_minute_max {
            return Ok(());
        }
        let allowed = limits.requests_per_minute_max;
        Err(Refusal::limit(format!(
            "more than {allowed} requests in a minute (`requests_per_minute_max`; a long body counts as several): send fewer"
        )))
    }

    /// Waits for room for a body of so many bytes, of the user's own and of all.
    ///
    /// # Errors
    /// 429 where there is none in time.
    pub(crate) async fn body_room(&self, bytes: u64, all: &Room, limits: &Limits) -> Result<InFlight, Refusal> {
        in_flight::take(bytes, &[&self.rooms(limits).bodies, all], "requests that are on their way").await
    }

    /// Waits for room for an answer that is about to be sent.
    ///
    /// # Errors
    /// 429 where the user leaves too much unread for too long.
    pub(crate) async fn answer_room(&self, answer: &[u8], limits: &Limits) -> Result<InFlight, Refusal> {
        let bytes = u64::try_from(answer.len()).unwrap_or(u64::MAX);
        in_flight::take(bytes, &[&self.rooms(limits).answers], "answers to you that nobody has read").await
    }

    fn rooms(&self, limits: &Limits) -> &Rooms {
        self.rooms.get_or_init(|| Rooms {
            bodies: Room::of_bytes(limits.body_bytes_in_flight_per_user_max),
            answers: Room::of_bytes(limits.answer_bytes_unread_per_user_max),
        })
    }

    /// Takes a place to wait in.
    ///
    /// # Errors
    /// When `waits_per_user_max` answers are held for this user already.
    pub fn wait(self: &Arc<Self>, limits: &Limits) -> Result<Place, Refusal> {
        self.place(
            Kind::Wait,
            limits.waits_per_user_max,
            "requests of yours wait already; send this one without `Prefer: wait`",
        )
    }

    /// Takes a place to listen in.
    ///
    /// # Errors
    /// When this user listens to `streams_per_user_max` event streams already.
    pub fn stream(self: &Arc<Self>, limits: &Limits) -> Result<Place, Refusal> {
        self.place(Kind::Stream, limits.streams_per_user_max, "event streams of yours are open already; close one")
    }

    fn place(self: &Arc<Self>, kind: Kind, max: u64, otherwise: &str) -> Result<Place, Refusal> {
        let one_more = |used| (used < max).then_some(used + 1);
        match self.counter(kind).fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Place { share: Arc::clone(self), kind }),
            Err(_) => Err(Refusal::limit(format!("{max} {otherwise}"))),
        }
    }

    fn counter(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Wait => &self.waits,
            Kind::Stream => &self.streams,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.share.counter(self.kind).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back_when_it_is_dropped() {
        let limits = Limits { waits_per_user_max: 1, ..Limits::default() };
        let share = Arc::new(Share::default());
        let place = share.wait(&limits).unwrap();
        assert!(share.wait(&limits).is_err());
        assert!(share.stream(&limits).is_ok(), "a stream is another place");
        drop(place);
        assert!(share.wait(&limits).is_ok());
    }

    #[test]
    fn requests_are_limited_by_the_minute_and_by_default_to_what_many_agents_need() {
        let limits = Limits { requests_per_minute_max: 2, ..Limits::default() };
        let share = Share::default();
        let at = Timestamp::from_seconds(1_000_000);
        assert!(share.count_request(&limits, at).is_ok());
        assert!(share.count_request(&limits, at.plus_seconds(59)).is_ok());
        assert!(share.count_request(&limits, at.plus_seconds(59)).is_err());
        assert!(share.count_request(&limits, at.plus_seconds(60)).is_ok());
        assert!(share.count_request(&limits, at.plus_millis(-7_200_000)).is_ok(), "time went back, and a minute began");
        let unlimited = Limits { requests_per_minute_max: 0, ..Limits::default() };
        assert!((0..100_000).all(|_| share.count_request(&unlimited, at).is_ok()));
        let taken =
            |share: &Share| (0..100_000).take_while(|_| share.count_request(&Limits::default(), at).is_ok()).count();
        assert_eq!(taken(&Share::default()), 6000, "a hundred agents that ask once in a second");
    }

    #[test]
    fn a_long_body_counts_as_many_requests_and_a_short_one_as_one() {
        let limits = Limits { requests_per_minute_max: 100, body_bytes_per_request: 1024, ..Limits::default() };
        let at = Timestamp::from_seconds(1_000_000);
        let taken = |bytes: usize, limits: &Limits| {
            let share = Share::default();
            let request = || share.count_request(limits, at).and_then(|()| share.count_body(bytes, limits, at));
            (0..1000).take_while(|_| request().is_ok()).count()
        };
        assert_eq!(taken(1023, &limits), 100);
        assert_eq!(taken(9 * 1024, &limits), 10);
        assert_eq!(taken(99 * 1024, &limits), 1);
        assert_eq!(taken(1 << 20, &Limits { body_bytes_per_request: 0, ..limits }), 100);
    }
}
