//! Listening: TCP and Unix sockets, the crowd of connections, and who is shown the door when it is full.
//!
//! Sockets and the word to stop are arguments, so that tests bind port 0 and end when they like.

use std::{
    cmp::Reverse,
    collections::HashMap,
    future::Future,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI32, AtomicU32, Ordering},
    },
    time::Duration,
};

use ccc_core::limits::Limits;
use hyper_util::rt::TokioIo;
use rustix::io::Errno;
use tokio::{
    net::TcpListener,
    sync::Notify,
    task::{AbortHandle, JoinSet, yield_now},
    time::{interval, sleep, timeout},
};

use crate::{
    bridge::Bridge,
    connection::{self, Socket},
    descriptors,
    link::{Link, Phase, Pulse, Standing},
    socket_file::SocketFile,
};

/// The sockets of a server, bound and listening: tests bind port 0.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Network or loopback addresses.
    pub tcp: Vec<TcpListener>,
    /// The Unix socket, removed when it is dropped.
    pub unix: Option<SocketFile>,
}

impl Listeners {
    /// Where clients reach this server, as they write it.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let tcp = self.tcp.iter().filter_map(|tcp| tcp.local_addr().ok()).map(|addr| format!("http://{addr}"));
        let unix = self.unix.iter().map(|unix| format!("unix://{}", unix.path().display()));
        tcp.chain(unix).collect()
    }
}

/// Serves until `shutdown` is over; then lets go of whoever waits and answers what is being answered.
pub async fn serve(listeners: Listeners, bridge: Arc<Bridge>, shutdown: impl Future<Output = ()>) {
    let crowd = Arc::new(Crowd::within(descriptors::allowed()));
    let mut doors = JoinSet::new();
    for tcp in listeners.tcp {
        doors.spawn(accept_tcp(tcp, Arc::clone(&crowd), Arc::clone(&bridge)));
    }
    if let Some(unix) = listeners.unix {
        doors.spawn(accept_unix(unix, Arc::clone(&crowd), Arc::clone(&bridge)));
    }
    doors.spawn(watch(Arc::clone(&crowd), bridge));
    shutdown.await;
    doors.shutdown().await;
    crowd.drain().await;
}

async fn accept_tcp(tcp: TcpListener, crowd: Arc<Crowd>, bridge: Arc<Bridge>) {
    loop {
        match tcp.accept().await {
            Ok((stream, _)) => {
                // Answers are whole when they are written: waiting for more would only delay them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                crowd.welcome(Socket::Tcp(TokioIo::new(stream)), &bridge).await;
            }
            Err(error) => crowd.not_accepted(&error).await,
        }
    }
}

async fn accept_unix(unix: SocketFile, crowd: Arc<Crowd>, bridge: Arc<Bridge>) {
    loop {
        match unix.listener().accept().await {
            Ok((stream, _)) => crowd.welcome(Socket::Unix(TokioIo::new(stream)), &bridge).await,
            Err(error) => crowd.not_accepted(&error).await,
        }
    }
}

/// Looks over the crowd once a second.
async fn watch(crowd: Arc<Crowd>, bridge: Arc<Bridge>) {
    let mut second = interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        crowd.pulse.seconds.fetch_add(1, Ordering::Relaxed);
        // Told once a second: whoever knocks without end fills no log.
        let count = crowd.pulse.not_authentic.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::warn!(count, "requests without a right signature");
        }
        crowd.troubles.tell();
        crowd.dismiss_overdue(&bridge.front.law().limits);
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// How many descriptors there are for them and everything else.
    descriptors: u64,
    pulse: Arc<Pulse>,
    troubles: Troubles,
    members: Mutex<Members>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    by_number: HashMap<u64, Member>,
}

#[derive(Debug)]
struct Member {
    link: Arc<Link>,
    task: AbortHandle,
}

impl Crowd {
    /// Nobody yet, and no more than leave something of these descriptors for effects.
    fn within(descriptors: u64) -> Self {
        Self { descriptors, ..Self::default() }
    }

    /// Serves a connection, where there is room or somebody makes room. Who made room is gone, and the descriptor free,
    /// before the next is accepted.
    async fn welcome(self: &Arc<Self>, socket: Socket, bridge: &Arc<Bridge>) {
        match self.admit(socket, bridge) {
            Room::Free => {}
            Room::Made => yield_now().await,
            Room::None => drop(self.troubles.turned_away.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// A peer that is gone already is nothing to wait for. Without a descriptor the oldest stranger makes room; with
    /// nobody to go, there is no use in trying again at once.
    async fn not_accepted(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        self.troubles.not_accepted(error);
        let shed = is_out_of_descriptors(error) && self.members().shed();
        if shed { yield_now().await } else { sleep(Duration::from_millis(100)).await }
    }

    fn admit(self: &Arc<Self>, socket: Socket, bridge: &Arc<Bridge>) -> Room {
        let limits = descriptors::divided(&bridge.front.law().limits, self.descriptors);
        let mut members = self.members();
        let room = members.make_room(&limits);
        if room == Room::None {
            return room;
        }
        let link = Arc::new(Link::new(Arc::clone(&self.pulse)));
        let http = connection::http(&limits);
        let number = members.next;
        members.next += 1;
        let leave = Leave { crowd: Arc::clone(self), number };
        let served = connection::serve(Arc::clone(bridge), Arc::clone(&link), socket, http);
        let task = tokio::spawn(async move {
            let _leave = leave;
            served.await;
        });
        members.by_number.insert(number, Member { link, task: task.abort_handle() });
        self.note_crowding(&members, &limits);
        room
    }

    fn dismiss_overdue(&self, limits: &Limits) {
        let members = self.members();
        for member in members.by_number.values().filter(|member| member.link.is_overdue(limits)) {
            tracing::debug!(phase = ?member.link.phase(), "a connection took too long");
            member.task.abort();
        }
        self.note_crowding(&members, &descriptors::divided(limits, self.descriptors));
    }

    fn note_crowding(&self, members: &Members, limits: &Limits) {
        self.pulse.crowded.store(members.count() > open_to_all(limits), Ordering::Relaxed);
    }

    /// Lets everybody go: who waits or listens at once, the others when they are answered.
    async fn drain(&self) {
        for member in self.members().by_number.values() {
            match member.link.phase() {
                Phase::Held | Phase::Listening => member.task.abort(),
                _ => member.link.drain(),
            }
        }
        if timeout(DRAIN, self.until_empty()).await.is_err() {
            for member in self.members().by_number.values() {
                member.task.abort();
            }
        }
    }

    async fn until_empty(&self) {
        loop {
            let left = self.left.notified();
            if self.members().by_number.is_empty() {
                return;
            }
            left.await;
        }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What keeps connections out, counted, and told once a second: whoever floods the door floods no log.
#[derive(Debug, Default)]
struct Troubles {
    turned_away: AtomicU32,
    not_accepted: AtomicU32,
    /// What the system said last.
    errno: AtomicI32,
}

impl Troubles {
    fn not_accepted(&self, error: &io::Error) {
        self.errno.store(error.raw_os_error().unwrap_or_default(), Ordering::Relaxed);
        self.not_accepted.fetch_add(1, Ordering::Relaxed);
    }

    fn tell(&self) {
        let count = self.turned_away.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::warn!(count, "connections were closed: there are as many as there may be, all at work");
        }
        let count = self.not_accepted.swap(0, Ordering::Relaxed);
        if count > 0 {
            let error = io::Error::from_raw_os_error(self.errno.load(Ordering::Relaxed));
            tracing::warn!(count, %error, "connections could not be accepted");
        }
    }
}

/// True where this process, or the whole system, has no descriptor left.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}

/// How long a request that is being answered may take after the word to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How many connections there may be before only approvers' are kept.
fn open_to_all(limits: &Limits) -> u64 {
    limits.connections_max.saturating_sub(limits.approver_connections_reserved)
}

impl Members {
    fn count(&self) -> u64 {
        self.by_number.len() as u64
    }

    /// Makes room for one more. Beyond what is open to all, somebody has to go for it. With nobody to go, the reserved
    /// places are taken, by connections that stay only when an approver signs on them.
    fn make_room(&mut self, limits: &Limits) -> Room {
        if self.count() < open_to_all(limits) {
            Room::Free
        } else if self.shed() {
            Room::Made
        } else if self.count() < limits.connections_max {
            Room::Free
        } else {
            Room::None
        }
    }

    /// Lets one go: of those who never signed anything the oldest, which had the longest to do it in, so that a flood
    /// pushes itself out before who came last; else of idle users who has been still the longest; an approver never.
    fn shed(&mut self) -> bool {
        let candidates = self.by_number.iter().filter(|(_, member)| member.link.may_be_shed());
        let victim = candidates.max_by_key(|(number, member)| {
            let is_stranger = member.link.standing() == Standing::Stranger;
            (is_stranger, if is_stranger { 0 } else { member.link.still_seconds() }, Reverse(**number))
        });
        let number = victim.map(|(number, _)| *number);
        let member = number.and_then(|number| self.by_number.remove(&number));
        if let Some(member) = &member {
            member.task.abort();
        }
        member.is_some()
    }
}

/// Whether there is room for one more connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Free,
    /// Somebody went for it.
    Made,
    None,
}

/// Takes a connection off the list, however it ended.
#[derive(Debug)]
struct Leave {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.crowd.members().by_number.remove(&self.number);
        self.crowd.left.notify_waiters();
    }
}
