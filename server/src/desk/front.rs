//! The use cases as endpoints call them. Each is a few lines: prepare, have the clerk serve it, answer what was committed.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ccc_core::{
    catalogue::{Action, Effect},
    desk::{About, Prior, Submission, Submitted},
    grant::Grant,
    law::Law,
    refusal::Refusal,
    ticket::Ticket,
};
use ccc_protocol::{
    ActionName, GrantId, TicketId, Timestamp, UserName,
    bodies::{self, Approve, Deny, Edit, Freeze, PolicyList, SetGroup, SetPolicy, Status},
};
use serde_json::{Map, Value};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    authenticate::Caller,
    clock::Clock,
    in_flight::{InFlight, Room},
    random,
    store::{Nonce, RequestKey},
};

use super::{
    ClerkHandle, Posted, Shelf, Sitting,
    config_fault::ConfigFault,
    disk::DiskFull,
    keep::Archive,
    pool::{AT_ONCE_BYTES_MAX, Pool},
    prepare::{Asker, prepare},
    presence::Present,
    readings::{ActionLists, Shown},
    rooms::Rooms,
    stops::Stops,
    wait::{Waiter, Waiting, is_settled},
};

/// The law in force; replaced as a whole on reload.
#[derive(Debug, Clone)]
pub(crate) struct Lawbook(Arc<RwLock<Arc<Law>>>);

impl Lawbook {
    #[must_use]
    pub(crate) fn new(law: Law) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(law))))
    }

    /// What is in force now. Held on to, it stays what it was.
    #[must_use]
    pub(crate) fn current(&self) -> Arc<Law> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, law: Law) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(law);
    }
}

/// The body that a request came with: its size, and the room it takes until it has been decided about.
#[derive(Debug)]
pub struct Sent {
    pub(crate) bytes: u64,
    #[expect(dead_code, reason = "held until the request has been decided about")]
    pub(crate) room: Option<InFlight>,
}

impl Sent {
    /// One that takes no room, of a caller who sent none.
    #[must_use]
    pub fn nothing() -> Self {
        Self { bytes: 0, room: None }
    }
}

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patience {
    /// How long the request may be held open.
    pub hold: Option<Duration>,
    /// How long its caller waits in all, in requests that follow it, where they say so.
    pub in_all: Option<Duration>,
}

/// Every use case. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Front {
    pub(super) clerk: ClerkHandle,
    pub(super) lawbook: Lawbook,
    pub(super) clock: Arc<Clock>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) posts: broadcast::Sender<Arc<[Posted]>>,
    pub(super) archive: Archive,
    pub(super) rooms: Rooms,
    pub(super) stops: Stops,
    pub(super) lists: Arc<ActionLists>,
    pub(super) disk_full: DiskFull,
    pub(super) config_fault: ConfigFault,
    pub(super) pool: Pool,
    /// What looks at what tools gave back, on a thread of its own: no request waits behind it.
    pub(super) looks: Pool,
    /// What all bodies take room in.
    pub(super) bodies: Room,
    /// The owner's mail permission file, which is read again at a reload.
    pub(super) mail_file: Option<Arc<Path>>,
}

impl Front {
    /// The law in force now: config and secrets as of the last reload.
    #[must_use]
    pub fn law(&self) -> Arc<Law> {
        self.lawbook.current()
    }

    /// What every decision takes its time from; it never goes back behind the newest entry.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// True while the disk is full and nothing new is taken.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        self.disk_full.holds()
    }

    /// `POST /action`: opens a ticket, or finds the one that this request repeats; with `wait`, holds the answer until it ended.
    ///
    /// # Errors
    /// As docs/protocol.md lists them. A denied ticket is no error here: the endpoint makes the 403.
    pub async fn submit_and_wait(
        &self,
        caller: &Caller,
        action: ActionName,
        params: Map<String, Value>,
        key: Option<RequestKey>,
        wait: Patience,
        body: Sent,
    ) -> Result<Shown, Refusal> {
        let law = self.law();
        let asker = Asker { user: Some(caller.user()), bytes: body.bytes };
        let prepared = prepare(&law, &action, params, &self.pool, asker).await?;
        let id = TicketId::new(self.unix_millis(), random::bytes());
        let place = if runs(&prepared.action) { self.rooms.try_take(caller.user()) } else { None };
        let (user, local, may_start) = (caller.user().clone(), self.clock.local(), place.is_some());
        let secret = caller.known().key().clone();
        let digest = move || Ok(prepared.marked(&secret).submission(id, user, local, may_start));
        let submission = self.aside(asker, digest).await?;
        let work = move |sitting: &mut Sitting<'_>| {
            let submitted = open_once(sitting, submission, key)?;
            if let Some(place) = place {
                sitting.seat(id, place);
            }
            Ok(submitted)
        };
        let submitted = self.clerk.serve(nonce(caller), work).await?;
        // From here on the ticket alone has what was sent.
        drop(body);
        let answered =
            if submitted.leave { submitted } else { self.hold_to_take(caller, submitted.ticket, wait).await? };
        let shown = self.show(&answered.ticket).await;
        let replayed = shown.ticket.replayed && !answered.leave;
        Ok(Shown { ticket: bodies::Ticket { replayed, ..shown.ticket }, ..shown })
    }

    /// `GET /queue/{id}`; with `wait`, holds the answer until the ticket has ended.
    ///
    /// # Errors
    /// 404 where there is none that the caller may see.
    pub async fn ticket(&self, caller: &Caller, id: TicketId, wait: Patience) -> Result<bodies::Ticket, Refusal> {
        let ticket = self.find(caller.user(), id).await?;
        let here = self.here(caller, &ticket, wait);
        let ticket = self.hold(ticket, wait.hold).await;
        drop(here);
        let view = self.view(&ticket).await;
        Ok(bodies::Ticket { waiting: self.waiting_for(&ticket, caller.user()), ..view })
    }

    /// `POST /queue/{id}/approve`.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::approve`].
    pub async fn approve(&self, caller: &Caller, id: TicketId, body: Approve) -> Result<bodies::Ticket, Refusal> {
        self.read(Some(caller.user()), id).await;
        let grant = GrantId::new(self.unix_millis(), random::bytes());
        let beside: Vec<TicketId> = body.grant.iter().flat_map(|grant| &grant.beside).map(|shown| shown.id).collect();
        self.decide(caller, id, move |sitting, about| {
            let approved = sitting.desk.approve(&about, body, grant, sitting.cx, sitting.change)?;
            sitting.hand_over(&approved)?;
            for id in beside {
                if let Some(ticket) = sitting.desk.open_ticket(id).cloned() {
                    sitting.hand_over(&ticket)?;
                }
            }
            Ok(approved)
        })
        .await
    }

    /// `POST /queue/{id}/deny`.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::deny`].
    pub async fn deny(&self, caller: &Caller, id: TicketId, body: Deny) -> Result<bodies::Ticket, Refusal> {
        self.decide(caller, id, move |sitting, about| sitting.desk.deny(&about, body, sitting.cx, sitting.change)).await
    }

    /// `POST /queue/{id}/edit`: answers the new ticket. `bytes` is the size of what was sent.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::edit`], and 422 where the new parameters are not as declared.
    pub async fn edit(&self, caller: &Caller, id: TicketId, body: Edit, bytes: u64) -> Result<bodies::Ticket, Refusal> {
        let old = self.find(caller.user(), id).await?;
        let asker = Asker { user: Some(caller.user()), bytes };
        let prepared = prepare(&self.law(), &old.request().action, body.params, &self.pool, asker).await?;
        let new = TicketId::new(self.unix_millis(), random::bytes());
        let edited = prepared.submission(new, old.submitted_by().clone(), self.clock.local(), false);
        let digest = body.digest;
        self.decide(caller, id, move |sitting, about| {
            sitting.desk.edit(&about, digest, edited, sitting.cx, sitting.change)
        })
        .await
    }

    /// `POST /queue/{id}/stop`: ends a run under way, and answers once it has ended or a few seconds later.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::stop_run`].
    pub async fn stop(&self, caller: &Caller, id: TicketId) -> Result<bodies::Ticket, Refusal> {
        self.decide(caller, id, |sitting, about| sitting.desk.stop_run(&about, sitting.cx, sitting.change)).await?;
        self.ticket(caller, id, Patience { hold: Some(STOP_WAIT), in_all: None }).await
    }

    /// `POST /queue/{id}/cancel`.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::cancel`].
    pub async fn cancel(&self, caller: &Caller, id: TicketId) -> Result<bodies::Ticket, Refusal> {
        self.decide(caller, id, |sitting, about| sitting.desk.cancel(&about, sitting.cx, sitting.change)).await
    }

    /// `POST /queue/{id}/lift`: a person's denial answers nothing any more.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::lift`].
    pub async fn lift(&self, caller: &Caller, id: TicketId) -> Result<bodies::Ticket, Refusal> {
        self.decide(caller, id, |sitting, about| sitting.desk.lift(&about, sitting.cx, sitting.change)).await
    }

    /// `POST /grants/{id}/revoke`.
    ///
    /// # Errors
    /// 404 where there is none that the caller may approve for.
    pub async fn revoke(&self, caller: &Caller, id: GrantId) -> Result<bodies::Grant, Refusal> {
        let by = caller.user().clone();
        let revoke = move |sitting: &mut Sitting<'_>| sitting.desk.revoke(&by, id, sitting.cx, sitting.change);
        self.clerk.serve(nonce(caller), revoke).await.map(|grant: Grant| grant.view())
    }

    /// `POST /policies/group/{group}`.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::set_group`].
    pub async fn set_group(&self, caller: &Caller, group: String, body: SetGroup) -> Result<PolicyList, Refusal> {
        self.set(caller, move |sitting, by| {
            sitting.desk.set_group(by, &group, body.enabled, sitting.cx, sitting.change)
        })
        .await
    }

    /// `POST /policies/action/{action}`.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::set_policy`].
    pub async fn set_policy(
        &self,
        caller: &Caller,
        action: ActionName,
        body: SetPolicy,
    ) -> Result<PolicyList, Refusal> {
        self.set(caller, move |sitting, by| {
            sitting.desk.set_policy(by, &action, body.policy, sitting.cx, sitting.change)
        })
        .await
    }

    /// `POST /freeze`.
    ///
    /// # Errors
    /// As [`ccc_core::desk::Desk::freeze`].
    pub async fn freeze(&self, caller: &Caller, body: Freeze) -> Result<PolicyList, Refusal> {
        self.set(caller, move |sitting, by| sitting.desk.freeze(by, body, sitting.cx, sitting.change)).await
    }

    /// Waits until nothing runs any more, at most so long, and then ends what does; then the stop is written down and the clerk
    /// ends with its last checkpoint. What has not ended by then is lost, which the next start records.
    pub async fn drain(&self, at_most: Duration) {
        let mut posts = self.posts.subscribe();
        let idle = async {
            while self.shelf.read().open.values().any(|ticket| ticket.status() == Status::Running) {
                // Every end is a commit, and every commit is posted.
                if posts.recv().await.is_err_and(|error| error == RecvError::Closed) {
                    return;
                }
            }
        };
        tokio::pin!(idle);
        if tokio::time::timeout(at_most, &mut idle).await.is_err() {
            tracing::warn!("stopping while programs still run: they are ended");
            self.stops.stop_all("ended because the server stopped");
            if tokio::time::timeout(STOP_WAIT, idle).await.is_err() {
                tracing::warn!("stopping while something still runs: its ticket is lost");
            }
        }
        if let Err(refusal) = self.clerk.close().await {
            tracing::error!(cause = refusal.cause, "the stop could not be written down");
        }
    }

    /// The ticket, open or ended, where this user may see it.
    pub(super) async fn find(&self, user: &UserName, id: TicketId) -> Result<Arc<Ticket>, Refusal> {
        let open = self.shelf.read().open.get(&id).cloned();
        let found = match open {
            Some(open) => Some(open),
            None => self.archive.ticket(Some(user), id).await?,
        };
        let visible = |ticket: &Arc<Ticket>| self.law().users.may_see(user, ticket.submitted_by());
        found.filter(visible).ok_or_else(|| Refusal::no_such("ticket", id))
    }

    /// Waits until nothing more is to be had by waiting, or the time is over.
    async fn hold(&self, ticket: Arc<Ticket>, wait: Option<Duration>) -> Arc<Ticket> {
        let Some(wait) = wait.filter(|_| !is_settled(&ticket)) else { return ticket };
        self.settled(&mut self.waiting.on(ticket.id()), ticket, wait).await
    }

    /// The same for a request that takes its judge-only ticket: the commit that approves the ticket releases it to this request,
    /// unless another waited longer. One that was approved before, or is in another way, is taken by a commit of its own.
    async fn hold_to_take(&self, caller: &Caller, ticket: Arc<Ticket>, wait: Patience) -> Result<Submitted, Refusal> {
        let here = self.here(caller, &ticket, wait);
        let Some(wait) = wait.hold.filter(|_| !is_settled(&ticket)) else { return self.take(caller, ticket).await };
        let mut waiter = self.waiting.to_take(ticket.id(), caller.nonce());
        let held = self.settled(&mut waiter, ticket, wait).await;
        drop(here);
        match waiter.given().await {
            Some(given) => Ok(given),
            None => self.take(caller, held).await,
        }
    }

    /// The submitter waits, as far as their request is held open.
    fn here(&self, caller: &Caller, ticket: &Ticket, wait: Patience) -> Option<Present<'_>> {
        let hold = wait.hold.filter(|_| caller.user() == ticket.submitted_by() && waits_for_its_caller(ticket))?;
        let until = wait.in_all.map(|in_all| self.clock.now().plus_seconds(in_all.max(hold).as_secs()));
        Some(self.waiting.presence.arrive(ticket.id(), until))
    }

    /// Whether the submitter waits, for who may approve the ticket.
    pub(super) fn waiting_for(&self, ticket: &Ticket, reader: &UserName) -> Option<bodies::Waiting> {
        let is_told = waits_for_its_caller(ticket) && self.law().users.may_approve(reader, ticket.submitted_by());
        is_told.then(|| self.waiting.presence.of(ticket.id()))
    }

    async fn settled(&self, waiter: &mut Waiter<'_>, ticket: Arc<Ticket>, wait: Duration) -> Arc<Ticket> {
        // What changed between the commit that was answered and now is on the shelf, or has left it.
        let mut latest = self.find(ticket.submitted_by(), ticket.id()).await.unwrap_or(ticket);
        let settled = async {
            while !is_settled(&latest) {
                match waiter.next().await {
                    Some(changed) => latest = changed,
                    None => return,
                }
            }
        };
        // Time over is no failure: the ticket is answered as it stands.
        let _ = tokio::time::timeout(wait, settled).await;
        latest
    }

    /// A request finds its judge-only ticket approved: it takes it, unless another did meanwhile.
    async fn take(&self, caller: &Caller, held: Arc<Ticket>) -> Result<Submitted, Refusal> {
        if held.status().has_ended() || !is_settled(&held) {
            return Ok(Submitted::found(held));
        }
        let id = held.id();
        self.read(Some(caller.user()), id).await;
        let take = move |sitting: &mut Sitting<'_>| {
            if sitting.desk.open_ticket(id).is_some() {
                return sitting.desk.take(id, sitting.cx, sitting.change);
            }
            sitting.ticket(id)?.map(Submitted::found).ok_or_else(|| Refusal::no_such("ticket", id))
        };
        self.clerk.serve(nonce(caller), take).await
    }

    /// Has this done here where it is little, else on a thread that does such things for one user after the other.
    ///
    /// # Errors
    /// What the work says, or 503 where it broke off.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        asker: Asker<'_>,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if asker.bytes <= AT_ONCE_BYTES_MAX { work() } else { self.pool.run(asker.user, work).await }
    }

    /// The same for a user's request that has so many bytes to be dealt with.
    ///
    /// # Errors
    /// As for [`Front::aside`].
    pub(crate) async fn aside_for<T: Send + 'static>(
        &self,
        user: &UserName,
        bytes: usize,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.aside(Asker { user: Some(user), bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }, work).await
    }

    /// What all bodies that are on their way take room in.
    pub(crate) fn bodies(&self) -> &Room {
        &self.bodies
    }

    /// Has the ticket's tool call read, where nobody has since the start, in the turn of whoever needs it.
    async fn read(&self, user: Option<&UserName>, id: TicketId) {
        let knowledge = self.law().knowledge();
        let unread = self.shelf.read().open.get(&id).filter(|ticket| !ticket.is_read(&knowledge)).cloned();
        if let Some(ticket) = unread {
            let law = self.law();
            // Where that fails, whoever needs it reads it.
            let _ = self.pool.run(user, move || Ok(ticket.facts(&law.knowledge()))).await;
        }
    }

    /// The same for these, in one go.
    pub(super) async fn read_these(&self, tickets: &[Arc<Ticket>]) {
        let law = self.law();
        let knowledge = law.knowledge();
        let unread: Vec<_> = tickets.iter().filter(|ticket| !ticket.is_read(&knowledge)).cloned().collect();
        for ticket in unread {
            let law = Arc::clone(&law);
            // In the turn of whoever wrote it. Where that fails, whoever needs it reads it.
            let submitter = ticket.submitted_by().clone();
            let _ = self.pool.run(Some(&submitter), move || Ok(ticket.facts(&law.knowledge()))).await;
        }
    }

    /// The same for everything that has not started.
    pub(super) async fn read_all(&self) {
        let open: Vec<TicketId> = self.shelf.read().open.keys().copied().collect();
        for id in open {
            self.read(None, id).await;
        }
    }

    async fn decide(
        &self,
        caller: &Caller,
        id: TicketId,
        decide: impl FnOnce(&mut Sitting<'_>, About<'_>) -> Result<Arc<Ticket>, Refusal> + Send + 'static,
    ) -> Result<bodies::Ticket, Refusal> {
        let by = caller.user().clone();
        let work = move |sitting: &mut Sitting<'_>| {
            let ended = if sitting.desk.open_ticket(id).is_some() { None } else { sitting.ticket(id)? };
            decide(sitting, About { by: &by, id, ended })
        };
        let ticket = self.clerk.serve(nonce(caller), work).await?;
        Ok(self.view(&ticket).await)
    }

    async fn set(
        &self,
        caller: &Caller,
        set: impl FnOnce(&mut Sitting<'_>, &UserName) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<PolicyList, Refusal> {
        let by = caller.user().clone();
        self.clerk.serve(nonce(caller), move |sitting| set(sitting, &by)).await?;
        self.policies(caller)
    }

    /// A ticket as its reader sees it: reads of the bridge itself are answered anew.
    pub(super) async fn view(&self, ticket: &Ticket) -> bodies::Ticket {
        let view = ticket.view();
        let result = self.reading(ticket).or(view.result);
        self.explained(bodies::Ticket { result, denied_until: self.denied_until(ticket), ..view }).await
    }

    /// Until when the ticket's denial answers the same request, where it still does.
    pub(super) fn denied_until(&self, ticket: &Ticket) -> Option<Timestamp> {
        if !ticket.was_denied_by_a_person() {
            return None;
        }
        let published = self.shelf.read();
        let (_, until) = published.denials.values().find(|(denied, _)| *denied == ticket.id())?;
        Some(*until).filter(|until| *until > self.clock.now())
    }

    /// The same, with what many are answered alike left as it was written once.
    async fn show(&self, ticket: &Ticket) -> Shown {
        match self.written_list(ticket) {
            Some(list) => Shown { ticket: ticket.view(), result: Some(list) },
            None => Shown { ticket: self.view(ticket).await, result: None },
        }
    }

    fn unix_millis(&self) -> u64 {
        u64::try_from(self.clock.now().millis()).unwrap_or(0)
    }
}

/// How long a stop is waited for: a group is asked to end, and ended where it does not.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// True for what its caller does themselves, once they were answered.
fn waits_for_its_caller(ticket: &Ticket) -> bool {
    ticket.status() == Status::Queued && ticket.request().judge_only
}

/// True for what takes a place to run in.
fn runs(action: &Action) -> bool {
    matches!(action.effect, Effect::Run(_) | Effect::Open(_) | Effect::Mail)
}

/// One submission at the desk: an idempotency key's earlier answer is looked for first, and remembered after.
fn open_once(sitting: &mut Sitting<'_>, submission: Submission, key: Option<RequestKey>) -> Result<Submitted, Refusal> {
    let prior = match &key {
        Some(key) => prior(sitting, key)?,
        None => None,
    };
    let known = prior.is_some();
    if sitting.disk_full && !known && !sitting.desk.has_open(&submission) {
        return Err(Refusal::full(
            "the bridge's disk is full: nothing new is taken until there is room; what waits can be decided",
        ));
    }
    let submitted = sitting.desk.open_or_find(submission, prior, sitting.cx, sitting.change)?;
    if let Some(key) = key.filter(|_| !known) {
        sitting.remember(&key, submitted.ticket.id())?;
    }
    Ok(submitted)
}

fn prior(sitting: &mut Sitting<'_>, key: &RequestKey) -> Result<Option<Prior>, Refusal> {
    let Some(written) = sitting.answered(key)? else { return Ok(None) };
    let ticket = sitting.ticket(written.ticket)?;
    Ok(ticket.map(|ticket| Prior { ticket, same_body: written.body == key.body }))
}

pub(super) fn nonce(caller: &Caller) -> Option<Nonce> {
    Some(caller.nonce())
}
