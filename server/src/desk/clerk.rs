//! The clerk: one thread that holds the desk and the database's writer. It takes what is asked, changes the desk, commits
//! everything that came meanwhile in one synced transaction, and only then lets anybody know.
//!
//! INVARIANT: no reply, no permit, no event leaves before the commit that belongs to it. After a failed commit the desk
//! is restored from what is stored, and everybody in the group is told that nothing was accepted.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use ccc_core::{
    desk::{Change, Cx, Desk},
    law::Law,
    policy::LocalTime,
    refusal::Refusal,
    ticket::{Permit, Ticket},
};
use ccc_protocol::{TicketId, Timestamp, UserName, bodies::EntryKind, exit::server::STORE_LOST};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    clock::{self, Clock},
    nonces::Nonces,
    store::{Nonce, RequestKey, StoreError, Writer, Written},
};

use super::{
    Lawbook, Shelf,
    clock_word::{ClockWord, tell_out_of_step},
    disk::Disk,
    inbox::{Asked, Inbox},
    keep::Keeping,
    rooms::Place,
    shelf::Posted,
    wait::{Gift, Waiting, is_settled},
};

/// How often keys whose time is over are forgotten, and how many at a time.
const KEYS_EVERY: Duration = Duration::from_secs(60);
const KEYS_AT_ONCE: u32 = 5000;
/// How long a step of the clock may go unseen where nothing happens.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_secs(2);
/// How long a store that failed is left alone when it was the clerk's own time that asked.
const REST: Duration = Duration::from_millis(20);

/// A desk's one holder, before it starts to work.
#[derive(Debug)]
pub(super) struct Clerk {
    pub(super) desk: Desk,
    pub(super) store: Writer,
    pub(super) lawbook: Lawbook,
    pub(super) clock: Arc<Clock>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) posts: broadcast::Sender<Arc<[Posted]>>,
    pub(super) work: mpsc::UnboundedSender<Work>,
    pub(super) keeping: Keeping,
    pub(super) answers: mpsc::UnboundedSender<Answers>,
    pub(super) disk: Disk,
    /// True from a failed commit to the next one that stands.
    pub(super) failing: bool,
    /// What must be known again where time goes back.
    pub(super) nonces: Arc<Nonces>,
    pub(super) clock_word: ClockWord,
}

/// How the clerk goes on after a group.
enum Next {
    Serve,
    Rest,
    Stop,
}

/// What the worker is told after a commit.
#[derive(Debug)]
pub(super) enum Work {
    /// Run this, now, in this place.
    Run(Permit, Arc<Ticket>, Place),
    /// Resolve this anew and ask for its permit.
    Start(TicketId),
    /// End this run, as this person wishes.
    Stop(TicketId, UserName),
}

/// The way to the clerk.
#[derive(Debug, Clone)]
pub(crate) struct ClerkHandle(Sender<Asked<Job>>);

/// One use case, and how its caller is told. The clerk calls the first part, commits, and calls the second. A job that is
/// dropped tells its caller that nothing was accepted.
struct Job {
    serve: Box<dyn FnOnce(&mut Sitting<'_>) -> Reply + Send>,
    /// True for the last job there is: served or refused, the clerk ends.
    closes: bool,
}

type Reply = Box<dyn FnOnce(bool) + Send>;

/// What a use case works with while the clerk serves it.
#[derive(Debug)]
pub(crate) struct Sitting<'a> {
    pub desk: &'a mut Desk,
    /// One law and one time for the whole group.
    pub cx: Cx<'a>,
    /// What the whole group will commit.
    pub change: &'a mut Change,
    /// True where the disk has no room for anything new.
    pub disk_full: bool,
    store: &'a Writer,
    nonces: &'a mut Vec<(u64, Nonce)>,
    waiting: &'a Waiting,
    gifts: &'a mut Vec<Gift>,
    seats: &'a mut Vec<(TicketId, Place)>,
    broken: &'a mut Option<StoreError>,
}

impl ClerkHandle {
    /// Has a use case done and committed, and gives its answer. `nonce` is that of the request: its user is served in turn
    /// with other users, and it becomes part of the commit of what changes. Without a request it is the server's own.
    ///
    /// # Errors
    /// The use case's own refusal, or 503 where the commit could not be made: then nothing was accepted.
    pub(crate) async fn serve<T: Send + 'static>(
        &self,
        nonce: Option<Nonce>,
        work: impl FnOnce(&mut Sitting<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.ask(nonce, work, false).await
    }

    /// Writes down that the server stops, and ends the clerk after that commit and a last checkpoint.
    ///
    /// # Errors
    /// 503 where the commit could not be made; the clerk ends all the same.
    pub(crate) async fn close(&self) -> Result<(), Refusal> {
        let close = |sitting: &mut Sitting<'_>| {
            sitting.desk.note(EntryKind::ServerStopped, serde_json::Map::new(), sitting.cx, sitting.change);
            Ok(())
        };
        self.ask(None, close, true).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        nonce: Option<Nonce>,
        work: impl FnOnce(&mut Sitting<'_>) -> Result<T, Refusal> + Send + 'static,
        closes: bool,
    ) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        let user = nonce.as_ref().and_then(|nonce| nonce.user.clone());
        let serve = Box::new(move |sitting: &mut Sitting<'_>| -> Reply {
            let before = sitting.change.entries.len();
            let result = work(sitting);
            sitting.bind(nonce, before);
            Box::new(move |committed| {
                // Whoever has gone away is not told; what was committed stands.
                let _ = answer.send(if committed { result } else { Err(not_accepted()) });
            })
        });
        self.0.send(Asked::now(user, Job { serve, closes })).map_err(|_| not_accepted())?;
        answered.await.unwrap_or_else(|_| Err(not_accepted()))
    }
}

fn not_accepted() -> Refusal {
    Refusal::unavailable("the store does not accept writes: nothing was accepted")
}

impl Sitting<'_> {
    /// A ticket as it stands, open or ended, also as changed earlier in this group.
    ///
    /// # Errors
    /// 503 where the store does not answer.
    pub(crate) fn ticket(&mut self, id: TicketId) -> Result<Option<Arc<Ticket>>, Refusal> {
        if let Some(open) = self.desk.open_ticket(id) {
            return Ok(Some(Arc::clone(open)));
        }
        if let Some(changed) = self.change.tickets.iter().rev().find(|ticket| ticket.id() == id) {
            return Ok(Some(Arc::clone(changed)));
        }
        let stored = self.store.ticket(id);
        Ok(self.whole(stored)?.map(Arc::new))
    }

    /// What this idempotency key was answered with.
    ///
    /// # Errors
    /// 503 where the store does not answer.
    pub(crate) fn answered(&mut self, key: &RequestKey) -> Result<Option<Written>, Refusal> {
        let answered = self.store.answered(key);
        self.whole(answered)
    }

    /// Remembers what this key is answered with.
    ///
    /// # Errors
    /// 503 where the store does not answer.
    pub(crate) fn remember(&mut self, key: &RequestKey, ticket: TicketId) -> Result<(), Refusal> {
        let until = self.cx.now.plus_seconds(self.cx.law.limits.idempotency_seconds);
        let remembered = self.store.remember(key, ticket, until);
        self.whole(remembered)
    }

    /// Releases an approved judge-only ticket to the request that is held for it, where one is: in the commit that approves it,
    /// and given only after that.
    ///
    /// # Errors
    /// Where the ticket is gone.
    pub(crate) fn hand_over(&mut self, approved: &Ticket) -> Result<(), Refusal> {
        if approved.status().has_ended() || !is_settled(approved) {
            return Ok(());
        }
        let Some(claim) = self.waiting.claim(approved.id()) else { return Ok(()) };
        let before = self.change.entries.len();
        let released = self.desk.take(approved.id(), self.cx, self.change)?;
        if released.leave {
            self.bind(Some(claim.nonce.clone()), before);
            self.gifts.push(claim.of(released));
        }
        Ok(())
    }

    /// Keeps a place for what was just begun; where nothing was, the place is another's.
    pub(super) fn seat(&mut self, id: TicketId, place: Place) {
        if self.change.permits.iter().any(|permit| permit.ticket() == id) {
            self.seats.push((id, place));
        }
    }

    /// A store that fails within a group breaks the whole group: nothing of it is committed.
    fn whole<T>(&mut self, result: Result<T, StoreError>) -> Result<T, Refusal> {
        result.map_err(|error| {
            let refusal = not_accepted().because(&error);
            *self.broken = Some(error);
            refusal
        })
    }

    /// The nonce goes into the row of the first entry that the request made.
    fn bind(&mut self, nonce: Option<Nonce>, before: usize) {
        if let (Some(nonce), Some(first)) = (nonce, self.change.entries.get(before)) {
            self.nonces.push((first.entry.seq, nonce));
        }
    }
}

/// Who is to be told of a commit, and whether it was made.
pub(super) type Answers = (Vec<Reply>, bool);

/// Tells callers what the clerk committed, until the clerk ends.
pub(super) async fn carry(mut answers: mpsc::UnboundedReceiver<Answers>) {
    while let Some((replies, committed)) = answers.recv().await {
        for reply in replies {
            reply(committed);
        }
    }
}

/// Everything that is committed together.
#[derive(Default)]
struct Group {
    change: Change,
    nonces: Vec<(u64, Nonce)>,
    gifts: Vec<Gift>,
    seats: Vec<(TicketId, Place)>,
    replies: Vec<Reply>,
    broken: Option<StoreError>,
    /// True where the clerk ends after it.
    last: bool,
    /// The server's time for all of it.
    now: Timestamp,
    /// True where the owner's word about the clock is taken with it.
    takes_word: bool,
    /// What was used in the span of time that comes again, where time goes back with it.
    used: Vec<Nonce>,
}

impl Clerk {
    /// Starts the clerk's thread. It ends when every handle is gone.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(self) -> std::io::Result<(ClerkHandle, std::thread::JoinHandle<()>)> {
        let (jobs, inbox) = channel();
        let thread =
            std::thread::Builder::new().name("clerk".to_owned()).spawn(move || self.work(Inbox::new(inbox)))?;
        Ok((ClerkHandle(jobs), thread))
    }

    fn work(mut self, mut inbox: Inbox<Job>) {
        let mut keys_forgotten = Instant::now();
        loop {
            let next = match inbox.first(self.until_due()) {
                Ok(job) => self.group(Some(job), &mut inbox),
                Err(RecvTimeoutError::Timeout) if self.is_quiet() => {
                    self.keeping.look(self.desk.chain(), self.clock.now());
                    Next::Serve
                }
                Err(RecvTimeoutError::Timeout) => self.group(None, &mut inbox),
                Err(RecvTimeoutError::Disconnected) => Next::Stop,
            };
            match next {
                Next::Serve => {}
                // A store that failed a moment ago is not asked again at once when nobody waits.
                Next::Rest => std::thread::sleep(REST),
                Next::Stop => break,
            }
            if keys_forgotten.elapsed() > KEYS_EVERY {
                keys_forgotten = Instant::now();
                self.forget_keys();
            }
        }
        self.keeping.close(self.desk.chain(), self.clock.now());
    }

    /// Nothing is due, the disk has its reserve, the clock was not set, and nobody said that it is right.
    fn is_quiet(&self) -> bool {
        let is_due = self.desk.next_due().is_some_and(|at| at <= self.clock.now());
        !is_due
            && self.disk.is_quiet()
            && !self.clock_word.is_given()
            && self.desk.clock().look(clock::read()).is_none()
    }

    /// How long nothing is due: the clock may be set meanwhile, so it is looked at again soon in any case.
    fn until_due(&self) -> Duration {
        let longest = self.keeping.next_look().min(self.disk.next_look()).min(LOOK_AT_CLOCK_EVERY);
        let due = self.desk.next_due().map(|at| Duration::from_millis(at.millis_since(self.clock.now()).max(1)));
        due.map_or(longest, |due| due.min(longest))
    }

    /// One transaction: everything that waits, and everything whose time has come.
    fn group(&mut self, first: Option<Job>, inbox: &mut Inbox<Job>) -> Next {
        let law = self.lawbook.current();
        let mut group = Group::default();
        self.disk.look(&self.store);
        let done = match self.store.begin() {
            Ok(()) => self.serve_all(first, inbox, &law, &mut group),
            Err(error) => {
                group.last = refuse_all(first, inbox);
                Err(error)
            }
        };
        let last = group.last;
        match done {
            Ok(()) => self.publish(group),
            Err(error) => self.fail(&error, group, &law),
        }
        match (last, self.failing) {
            (true, _) => Next::Stop,
            (false, true) => Next::Rest,
            (false, false) => Next::Serve,
        }
    }

    fn serve_all(
        &mut self,
        first: Option<Job>,
        inbox: &mut Inbox<Job>,
        law: &Law,
        group: &mut Group,
    ) -> Result<(), StoreError> {
        let local = self.clock.local();
        group.now = self.tell_time(law, local, group);
        let cx = Cx { law, now: group.now, local };
        self.desk.tick(cx, &mut group.change);
        if let Some(kind) = self.disk.untold() {
            self.desk.note(kind, serde_json::Map::new(), cx, &mut group.change);
        }
        let closing_time = inbox.closing_time();
        let mut next = first;
        while let Some(job) = next {
            let mut sitting = Sitting {
                desk: &mut self.desk,
                cx,
                change: &mut group.change,
                disk_full: self.disk.is_short(),
                store: &self.store,
                nonces: &mut group.nonces,
                waiting: &self.waiting,
                gifts: &mut group.gifts,
                seats: &mut group.seats,
                broken: &mut group.broken,
            };
            group.replies.push((job.serve)(&mut sitting));
            group.last |= job.closes;
            next = inbox.next(group.replies.len(), closing_time);
        }
        let took = self.commit(group, law)?;
        inbox.committed(group.replies.len(), took);
        Ok(())
    }

    /// The time for this group: the clocks are looked at, and the owner's word about them is heard.
    fn tell_time(&mut self, law: &Law, local: LocalTime, group: &mut Group) -> Timestamp {
        let reading = clock::read();
        let cx = Cx { law, now: self.clock.now(), local };
        let now = self.desk.look_at_clock(reading, cx, &mut group.change);
        group.takes_word = self.clock_word.is_given();
        if !group.takes_word {
            return now;
        }
        if !self.clock_word.is_about(reading) {
            tracing::warn!("a word about the clock is void: the clock was set since, or the machine started anew");
            return now;
        }
        self.desk.accept_clock(reading, Cx { now, ..cx }, &mut group.change).unwrap_or_else(|| {
            tracing::info!("the clock and the log are in step: there was nothing to accept");
            now
        })
    }

    /// Commits what changed; how long that took, which is about the same for one and for many.
    fn commit(&self, group: &mut Group, law: &Law) -> Result<Option<Duration>, StoreError> {
        if let Some(error) = group.broken.take() {
            return Err(error);
        }
        if group.change.is_empty() {
            self.store.roll_back();
            return Ok(None);
        }
        // One job may bind two: its own behind that of the request that it released a ticket to.
        group.nonces.sort_unstable_by_key(|(seq, _)| *seq);
        self.store.write(&group.change, &group.nonces, &law.limits)?;
        if goes_back(&group.change) {
            group.used = self.store.nonces(group.now)?;
        }
        self.keeping.before_commit(&group.change)?;
        let begun = Instant::now();
        self.store.commit()?;
        Ok(Some(begun.elapsed()))
    }

    /// The commit stands: readers see it, the worker may start, callers are answered, streams are told.
    fn publish(&mut self, mut group: Group) {
        self.failing = false;
        let now = group.now;
        if group.takes_word {
            self.clock_word.take();
        }
        if !group.change.is_empty() {
            self.disk.told();
            self.follow_time(&group);
            self.shelf.apply(&group.change, &self.desk);
            group.gifts.drain(..).for_each(Gift::give);
            self.waiting.tell(&group.change.tickets);
            self.set_working(&mut group.change, group.seats.drain(..).collect());
        }
        self.keeping.before_answers(&group.change);
        self.answer(group.replies, true);
        if !group.change.is_empty() {
            self.post(&group.change);
            self.keeping.after(&group.change, self.desk.chain(), now);
        } else {
            self.keeping.look(self.desk.chain(), now);
        }
    }

    /// Everybody goes by the stretch of time that this commit began.
    fn follow_time(&self, group: &Group) {
        let Some(stretch) = group.change.stretches.last() else { return };
        if goes_back(&group.change) {
            self.nonces.go_back(&group.used, group.now.seconds());
        }
        self.clock.enter(stretch);
        match stretch.out_of_step() {
            Some(out_of_step) => tell_out_of_step(out_of_step),
            None => tracing::warn!(
                now = %group.now,
                deadlines_moved_millis = group.change.moved_millis,
                "the log's time follows the clock, which was set or accepted"
            ),
        }
    }

    /// Whoever begins to listen later reads first what was committed before.
    fn post(&self, change: &Change) {
        if self.posts.receiver_count() > 0 {
            let posted: Arc<[Posted]> = change.entries.iter().map(Posted::of).collect();
            // The last listener may have gone meanwhile.
            let _ = self.posts.send(posted);
        }
    }

    fn set_working(&self, change: &mut Change, mut seats: HashMap<TicketId, Place>) {
        for permit in change.permits.drain(..) {
            let ticket = change.tickets.iter().rev().find(|ticket| ticket.id() == permit.ticket());
            if let Some((ticket, place)) = ticket.zip(seats.remove(&permit.ticket())) {
                // The worker lives as long as the server.
                let _ = self.work.send(Work::Run(permit, Arc::clone(ticket), place));
            }
        }
        for (id, by) in change.to_stop.drain(..) {
            let _ = self.work.send(Work::Stop(id, by));
        }
        for id in change.to_start.drain(..) {
            let _ = self.work.send(Work::Start(id));
        }
    }

    fn fail(&mut self, error: &StoreError, group: Group, law: &Law) {
        tracing::error!(%error, waiting = group.replies.len(), "commit failed: nothing of it was accepted");
        self.store.roll_back();
        self.disk.met(error, &self.store);
        self.failing = true;
        match self.store.books(self.clock.now()) {
            Ok(books) => {
                let held = self.desk.held().clone();
                self.desk = Desk::restore(books, law);
                self.desk.hold(held);
                self.shelf.replace(&self.desk);
            }
            // INVARIANT: a desk ahead of its store decides nothing. Without the store there is nothing to go on with,
            // so the process ends and what was committed is found again at the next start.
            Err(error) => {
                tracing::error!(%error, "the store cannot be read after a failed commit: stopping");
                std::process::exit(STORE_LOST.into());
            }
        }
        self.answer(group.replies, false);
    }

    /// A group is answered from the runtime's own thread: it is woken once for all of them, not once for each.
    fn answer(&self, replies: Vec<Reply>, committed: bool) {
        // The porter lives as long as the runtime; without that nobody waits for an answer.
        let _ = self.answers.send((replies, committed));
    }

    fn forget_keys(&self) {
        if let Err(error) = self.store.forget_keys(self.clock.now(), KEYS_AT_ONCE) {
            tracing::warn!(%error, "old idempotency keys could not be forgotten");
        }
    }
}

/// True where the log's time goes back with this change.
fn goes_back(change: &Change) -> bool {
    change.stretches.iter().any(|stretch| stretch.back_from.is_some())
}

/// The store lets no transaction begin, and has taken its time to say so: what waits is refused together, so that nobody
/// waits through the troubles of those before them. True where the clerk was to end.
fn refuse_all(first: Option<Job>, inbox: &mut Inbox<Job>) -> bool {
    let refused: Vec<Job> = first.into_iter().chain(inbox.take_all()).collect();
    tracing::error!(refused = refused.len(), "the store lets no transaction begin: nothing that waits is accepted");
    refused.iter().any(|job| job.closes)
}
