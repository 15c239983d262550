//! Listening: TCP and Unix sockets, the crowd of connections, and who is shown the door when it is full.
//!
//! Sockets and the word to stop are arguments, so that tests bind port 0 and end when they like.

use std::{
    collections::HashMap,
    future::Future,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use ccc_core::limits::Limits;
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::Notify,
    task::{AbortHandle, JoinSet},
    time::{interval, sleep, timeout},
};

use crate::{
    bridge::Bridge,
    connection::{self, Socket},
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
    let crowd = Arc::new(Crowd::default());
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
                crowd.welcome(Socket::Tcp(TokioIo::new(stream)), &bridge);
            }
            Err(error) => not_accepted(&error).await,
        }
    }
}

async fn accept_unix(unix: SocketFile, crowd: Arc<Crowd>, bridge: Arc<Bridge>) {
    loop {
        match unix.listener().accept().await {
            Ok((stream, _)) => crowd.welcome(Socket::Unix(TokioIo::new(stream)), &bridge),
            Err(error) => not_accepted(&error).await,
        }
    }
}

/// A peer that is gone already is nothing to wait for; without file descriptors there is no use in trying at once.
async fn not_accepted(error: &io::Error) {
    if error.kind() != io::ErrorKind::ConnectionAborted {
        tracing::warn!(%error, "a connection could not be accepted");
        sleep(Duration::from_millis(100)).await;
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
        crowd.dismiss_overdue(&bridge.front.law().limits);
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    pulse: Arc<Pulse>,
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
    /// Serves a connection, where there is room or somebody makes room.
    fn welcome(self: &Arc<Self>, socket: Socket, bridge: &Arc<Bridge>) {
        let law = bridge.front.law();
        let mut members = self.members();
        if !members.make_room(&law.limits) {
            tracing::warn!("a connection was closed: there are `connections_max` of them");
            return;
        }
        let link = Arc::new(Link::new(Arc::clone(&self.pulse)));
        let http = connection::http(&law.limits);
        let number = members.next;
        members.next += 1;
        let leave = Leave { crowd: Arc::clone(self), number };
        let served = connection::serve(Arc::clone(bridge), Arc::clone(&link), socket, http);
        let task = tokio::spawn(async move {
            let _leave = leave;
            served.await;
        });
        members.by_number.insert(number, Member { link, task: task.abort_handle() });
        self.note_crowding(&members, &law.limits);
    }

    fn dismiss_overdue(&self, limits: &Limits) {
        let members = self.members();
        for member in members.by_number.values().filter(|member| member.link.is_overdue(limits)) {
            tracing::debug!(phase = ?member.link.phase(), "a connection took too long");
            member.task.abort();
        }
        self.note_crowding(&members, limits);
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

    /// Makes room for one more. Beyond what is open to all, somebody has to go for it: first who never signed
    /// anything, then idle users, in either case who has been still the longest; an approver never. With nobody to go,
    /// the reserved places are taken, by connections that stay only when an approver signs on them.
    fn make_room(&mut self, limits: &Limits) -> bool {
        if self.count() < open_to_all(limits) {
            return true;
        }
        let candidates = self.by_number.iter().filter(|(_, member)| member.link.may_be_shed());
        let victim = candidates
            .max_by_key(|(_, member)| (member.link.standing() == Standing::Stranger, member.link.still_seconds()));
        match victim.map(|(number, _)| *number) {
            Some(number) => {
                if let Some(member) = self.by_number.remove(&number) {
                    member.task.abort();
                }
                true
            }
            None => self.count() < limits.connections_max,
        }
    }
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
