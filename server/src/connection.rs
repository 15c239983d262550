//! One connection: what its peer is doing and since when, so that a silent, slow or vanished peer holds nobody up.
//!
//! A [`Link`] is what the connection, the endpoints and the [`crate::listen::Crowd`] know of it together. Time limits
//! cost a request nothing: the link notes the second in which something moved, and the crowd looks over all links
//! once a second.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use ccc_core::{limits::Limits, refusal::Refusal};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONNECTION, HeaderValue},
    rt::{Read, ReadBufCursor, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustix::net::RecvFlags;
use tokio::{
    io::Interest,
    net::{TcpStream, UnixStream},
};

use crate::{
    answer::Content,
    authenticate::{Caller, Signed},
    bridge::Bridge,
    listen::Pulse,
    shares::Place,
};

/// What a peer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing, or reading an answer.
    Idle,
    /// Sending a request's head.
    Head,
    /// Sending a request's body.
    Body,
    /// Waiting for the desk, which has limits of its own.
    Served,
    /// Waiting for a held answer.
    Held,
    /// Reading an event stream.
    Listening,
    /// Being told that the connection ends.
    Leaving,
}

/// Whom a connection belongs to, as far as signatures showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Standing {
    /// Nobody has signed anything on it.
    Stranger,
    /// A user.
    User,
    /// A user who may approve for somebody.
    Approver,
}

/// What is known of one connection.
#[derive(Debug)]
pub struct Link {
    pulse: Arc<Pulse>,
    /// The second of the last movement, above a byte for the phase.
    state: AtomicU64,
    standing: AtomicU8,
    unread: AtomicBool,
    draining: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Link {
    /// A connection that was just made.
    #[must_use]
    pub fn new(pulse: Arc<Pulse>) -> Self {
        let link = Self {
            pulse,
            state: AtomicU64::new(0),
            standing: AtomicU8::new(Standing::Stranger as u8),
            unread: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            task: Mutex::new(None),
        };
        // A peer that connects owes a head at once.
        link.enter(Phase::Head);
        link
    }

    /// Notes what the peer is doing from now on.
    pub fn enter(&self, phase: Phase) {
        let second = u64::from(self.pulse.seconds.load(Ordering::Relaxed));
        self.state.store(second << 8 | phase as u64, Ordering::Relaxed);
    }

    /// What the peer is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase::from(self.state.load(Ordering::Relaxed) as u8)
    }

    /// For how many seconds nothing has moved.
    #[must_use]
    pub fn still_seconds(&self) -> u64 {
        let second = self.state.load(Ordering::Relaxed) >> 8;
        u64::from(self.pulse.seconds.load(Ordering::Relaxed)).saturating_sub(second)
    }

    /// True where the peer has taken longer than it may.
    #[must_use]
    pub fn is_overdue(&self, limits: &Limits) -> bool {
        let allowed = match self.phase() {
            Phase::Idle | Phase::Listening => limits.idle_seconds_max,
            Phase::Head => limits.head_seconds_max,
            Phase::Body => limits.body_seconds_max,
            Phase::Leaving => LINGER_SECONDS_MAX,
            Phase::Served | Phase::Held => return false,
        };
        self.still_seconds() > allowed
    }

    /// Whom the connection belongs to.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Relaxed) {
            0 => Standing::Stranger,
            1 => Standing::User,
            _ => Standing::Approver,
        }
    }

    /// Notes whose signature was right on this connection.
    pub fn belongs_to(&self, signed: &Signed<'_>) {
        let standing = if signed.user().approves() { Standing::Approver } else { Standing::User };
        self.standing.fetch_max(standing as u8, Ordering::Relaxed);
    }

    /// Takes the caller's place to wait in, where it asks to wait: the answer is held, and the peer's going is noticed.
    ///
    /// # Errors
    /// When the caller's places are taken.
    pub fn hold(&self, caller: &Caller, limits: &Limits, wait: Option<Duration>) -> Result<Option<Held<'_>>, Refusal> {
        if wait.is_none() {
            return Ok(None);
        }
        let place = caller.share().wait(limits)?;
        self.enter(Phase::Held);
        Ok(Some(Held { link: self, _place: place }))
    }

    /// True where the connection may be ended for another's sake: nobody signed on it, or a user's that is idle.
    #[must_use]
    pub fn may_be_shed(&self) -> bool {
        match self.standing() {
            Standing::Stranger => true,
            Standing::User => self.phase() == Phase::Idle,
            Standing::Approver => false,
        }
    }

    /// True where this connection stands on a place that is reserved for approvers.
    fn is_one_too_many(&self) -> bool {
        self.pulse.crowded.load(Ordering::Relaxed) && self.standing() != Standing::Approver
    }

    /// Notes that the peer still sends something nobody will read.
    pub fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Ends the connection as soon as what is being answered is answered; held answers and streams at once.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.wake_by_ref();
        }
    }

    fn listens_to(&self, task: &Waker) {
        let mut known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.as_ref().is_some_and(|known| known.will_wake(task)) {
            *known = Some(task.clone());
        }
    }

    /// Something was read: whoever was idle has begun a head. In other phases time runs from their beginning, so that
    /// a byte now and then buys none.
    fn moved_in(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Something was written: the peer takes what it asked for.
    fn moved_out(&self) {
        let phase = self.phase();
        if matches!(phase, Phase::Idle | Phase::Listening) {
            self.enter(phase);
        }
    }

    fn awaits_nothing(&self) -> bool {
        matches!(self.phase(), Phase::Held | Phase::Listening)
    }
}

/// How long a peer may take to notice that its connection ends, in seconds.
const LINGER_SECONDS_MAX: u64 = 2;

/// A caller that waits: its place, given back when the wait is over.
#[derive(Debug)]
pub struct Held<'a> {
    link: &'a Link,
    _place: Place,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.link.enter(Phase::Served);
    }
}

impl From<u8> for Phase {
    fn from(byte: u8) -> Self {
        match byte {
            0 => Self::Idle,
            1 => Self::Head,
            2 => Self::Body,
            3 => Self::Served,
            4 => Self::Held,
            5 => Self::Listening,
            _ => Self::Leaving,
        }
    }
}

/// Serves one connection until either side is done with it.
pub async fn serve(bridge: Arc<Bridge>, link: Arc<Link>, socket: Socket, http: http1::Builder) {
    let stream = Stream { socket, link: Arc::clone(&link) };
    let service = service_fn({
        let link = Arc::clone(&link);
        move |request| answer(Arc::clone(&bridge), Arc::clone(&link), request)
    });
    let mut connection = std::pin::pin!(http.serve_connection(stream, service));
    let mut told_to_end = false;
    let served = std::future::poll_fn(|cx| {
        link.listens_to(cx.waker());
        if link.draining.load(Ordering::Relaxed) && !told_to_end {
            told_to_end = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(bridge: Arc<Bridge>, link: Arc<Link>, request: Request<Incoming>) -> Result<Response<Content>, std::convert::Infallible> {
    link.enter(Phase::Served);
    let mut response = bridge.answer(request, &link).await;
    if link.is_one_too_many() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    link.enter(match response.body() {
        Content::Whole(_) => Phase::Idle,
        Content::Events(_) => Phase::Listening,
    });
    Ok(response)
}

/// How hyper serves a connection here.
///
/// No header timeout of hyper's: it would run between requests too, and allocates a timer for each; the crowd watches
/// heads and idle connections. Half-closed peers get their answer, except to a held one (see [`Stream`]). Pipelined
/// answers are flushed one by one: gathering them would hold an answer back for a peer that sent half a request more.
#[must_use]
pub fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    let head_bytes_max = usize::try_from(limits.head_bytes_max).unwrap_or(usize::MAX);
    http.half_close(true).header_read_timeout(None).max_header_size(head_bytes_max);
    if limits.head_fields_max > HYPER_FIELDS_MAX {
        http.max_headers(usize::try_from(limits.head_fields_max).unwrap_or(usize::MAX));
    }
    http
}

/// As many fields as hyper reads without allocating; a smaller limit is ours to check.
const HYPER_FIELDS_MAX: u64 = 100;

/// A socket of either kind.
#[derive(Debug)]
pub enum Socket {
    /// Over the network, or loopback.
    Tcp(TokioIo<TcpStream>),
    /// Over a file.
    Unix(TokioIo<UnixStream>),
}

/// A socket that tells its link what moves.
#[derive(Debug)]
struct Stream {
    socket: Socket,
    link: Arc<Link>,
}

impl Socket {
    /// Whether the peer has closed its side while it should be waiting. A peer that sends its next request already is
    /// there. Registers for news of it otherwise.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let (ready, peeked) = match self {
                Self::Tcp(tcp) => (tcp.inner().poll_read_ready(cx), tcp.inner().try_io(Interest::READABLE, || peek(tcp.inner()))),
                Self::Unix(unix) => (unix.inner().poll_read_ready(cx), unix.inner().try_io(Interest::READABLE, || peek(unix.inner()))),
            };
            match peeked {
                Ok(0) => return Poll::Ready(()),
                Ok(_) => return Poll::Pending,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && ready.is_pending() => return Poll::Pending,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(()),
            }
        }
    }
}

fn peek(socket: &impl std::os::fd::AsFd) -> io::Result<usize> {
    let mut byte = [0_u8; 1];
    let (count, _) = rustix::net::recv(socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
    Ok(count)
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = ready!(match &mut this.socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Socket::Unix(unix) => Pin::new(unix).poll_read(cx, buf),
        });
        this.link.moved_in();
        Poll::Ready(read)
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Socket::Unix(unix) => Pin::new(unix).poll_write(cx, buf),
        });
        this.link.moved_out();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.socket {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Socket::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, bufs),
        });
        this.link.moved_out();
        Poll::Ready(written)
    }

    /// hyper flushes whenever it has nothing else to do, and does not read while an answer is held: here is where the
    /// peer's going is noticed, so that its place is free for others at once.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.link.awaits_nothing() && this.socket.poll_gone(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the connection. A peer that still sends is read for a moment and thrown away: closing with unread bytes
    /// would reset the connection and take the answer with it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.link.phase() != Phase::Leaving {
            ready!(match &mut this.socket {
                Socket::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
                Socket::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
            })?;
            this.link.enter(Phase::Leaving);
        }
        if !this.link.unread.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        this.poll_linger(cx)
    }
}

impl Stream {
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sink = [0_u8; 8 * 1024];
        loop {
            let mut buf = hyper::rt::ReadBuf::new(&mut sink);
            ready!(match &mut self.socket {
                Socket::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf.unfilled()),
                Socket::Unix(unix) => Pin::new(unix).poll_read(cx, buf.unfilled()),
            })?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
