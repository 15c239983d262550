//! Work that takes its time, away from the thread that serves everybody: reading tool calls, resolving paths, making and writing
//! lists. A few threads do it, one job of each user in turn, and one thread is never the same user's as all the others: whoever
//! asks for much waits for it alone.

use std::{
    collections::{HashMap, hash_map::Entry},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use ccc_core::refusal::Refusal;
use ccc_protocol::UserName;
use tokio::sync::oneshot;

use super::turns::Turns;

/// The way to the threads. They end when nobody holds one any more, and what is begun is done.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    line: Arc<Line>,
    _open: Arc<Open>,
}

#[derive(Debug)]
struct Line {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

struct Waiting {
    turns: Turns<Job>,
    /// How many jobs of each user are being done.
    busy: HashMap<UserName, u64>,
    /// How many of a user's may be.
    busy_max: u64,
    is_open: bool,
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
struct Open(Arc<Line>);

/// As many bytes are dealt with at once, where they are: passing them on would take longer.
pub(crate) const AT_ONCE_BYTES_MAX: u64 = 4096;

impl Pool {
    /// So many threads, at least one.
    ///
    /// # Errors
    /// Where the system gives none.
    pub(super) fn of_threads(threads: u64) -> std::io::Result<Self> {
        let busy_max = threads.saturating_sub(1).max(1);
        let waiting = Waiting { turns: Turns::new(), busy: HashMap::new(), busy_max, is_open: true };
        let waiting = Mutex::new(waiting);
        let line = Arc::new(Line { waiting, news: Condvar::new() });
        for number in 0..threads.max(1) {
            let line = Arc::clone(&line);
            let begun = std::thread::Builder::new().name(format!("pool-{number}")).spawn(move || line.work());
            // One is enough to go on with.
            match begun {
                Err(error) if number == 0 => return Err(error),
                Err(error) => tracing::warn!(%error, threads = number, "fewer threads than `pool_threads`"),
                Ok(_) => {}
            }
        }
        Ok(Self { _open: Arc::new(Open(Arc::clone(&line))), line })
    }

    /// Has this done when it is the user's turn; nobody is the server itself, which goes before.
    ///
    /// # Errors
    /// What the work says, or 503 where it broke off.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        user: Option<&UserName>,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever went away while it waited needs it no more.
            if !tell.is_closed() {
                let _ = tell.send(work());
            }
        });
        self.line.lock().turns.push(user.cloned(), job);
        self.line.news.notify_one();
        told.await.unwrap_or_else(|_| Err(Refusal::unavailable("the request could not be dealt with")))
    }
}

impl Line {
    fn work(&self) {
        while let Some((user, job)) = self.next() {
            // What panics takes its own answer along, and not the thread. The panic was said when it came.
            let _ = catch_unwind(AssertUnwindSafe(job));
            self.done(user);
        }
    }

    fn next(&self) -> Option<(Option<UserName>, Job)> {
        let mut waiting = self.lock();
        loop {
            if let Some(next) = waiting.begin_next() {
                return Some(next);
            }
            if !waiting.is_open {
                return None;
            }
            waiting = self.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, user: Option<UserName>) {
        let Some(user) = user else { return };
        let mut waiting = self.lock();
        if let Entry::Occupied(mut busy) = waiting.busy.entry(user) {
            *busy.get_mut() = busy.get().saturating_sub(1);
            if *busy.get() == 0 {
                busy.remove();
            }
        }
        // Another thread may have found nothing of this user's that it may do.
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No job runs under it, so that a poisoned lock holds whole lines.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn begin_next(&mut self) -> Option<(Option<UserName>, Job)> {
        let Self { turns, busy, busy_max, .. } = self;
        let next = turns.pop_for(|user| busy.get(user).is_none_or(|count| count < busy_max))?;
        if let (Some(user), _) = &next {
            *busy.entry(user.clone()).or_default() += 1;
        }
        Some(next)
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("jobs", &self.turns.len()).field("is_open", &self.is_open).finish()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().is_open = false;
        self.0.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    #[tokio::test]
    async fn whoever_asks_for_much_waits_for_it_alone() {
        let pool = Pool::of_threads(1).unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let (done, order) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let ask = |who: &'static str, work: Box<dyn FnOnce() + Send>| {
            let (pool, done) = (pool.clone(), done.clone());
            tokio::spawn(async move {
                let work = move || {
                    work();
                    done.send(who).unwrap();
                    Ok(())
                };
                pool.run(Some(&user(who)), work).await.unwrap();
            })
        };
        let mut asked = vec![ask(
            "agent",
            Box::new(move || {
                begun.send(()).unwrap();
                gate.recv().unwrap();
            }),
        )];
        while has_begun.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        asked.extend((0..64).map(|_| ask("agent", Box::new(|| ()))));
        tokio::task::yield_now().await;
        asked.push(ask("user", Box::new(|| ())));
        while pool.line.lock().turns.len() < 65 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        for asked in asked {
            asked.await.unwrap();
        }
        let order: Vec<_> = order.try_iter().collect();
        assert_eq!(order.iter().position(|who| *who == "user"), Some(2), "behind the one that ran and one more");
        assert_eq!(order.len(), 66);
    }

    #[tokio::test]
    async fn one_user_never_has_every_thread() {
        let pool = Pool::of_threads(2).unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let slow = pool.clone();
        let slow = tokio::spawn(async move {
            let wait = move || {
                gate.recv().unwrap();
                Ok(())
            };
            slow.run(Some(&user("agent")), wait).await
        });
        let next = pool.clone();
        let next = tokio::spawn(async move { next.run(Some(&user("agent")), || Ok(())).await });
        while pool.line.lock().busy.is_empty() || pool.line.lock().turns.is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(pool.run(Some(&user("user")), || Ok(())).await.is_ok(), "while the agent's first goes on");
        assert!(!next.is_finished(), "the agent's second waits for it");
        go.send(()).unwrap();
        slow.await.unwrap().unwrap();
        next.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn work_that_panics_is_refused_and_the_thread_goes_on() {
        let pool = Pool::of_threads(1).unwrap();
        let broken = pool.run(None, || -> Result<(), Refusal> { panic!("on purpose") }).await;
        assert!(broken.is_err());
        assert_eq!(pool.run(None, || Ok(7)).await.ok(), Some(7));
    }
}
