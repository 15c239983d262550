//! One connection: hyper over a socket that tells its link what moves, so that a silent, slow or vanished peer holds
//! nobody up.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use ccc_core::limits::Limits;
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
    bridge::Bridge,
    link::{Link, Phase},
};

/// Serves one connection until either side is done with it.
pub(crate) async fn serve(bridge: Arc<Bridge>, link: Arc<Link>, socket: Socket, http: http1::Builder) {
    let stream = Stream { socket, link: Arc::clone(&link) };
    let service = service_fn({
        let link = Arc::clone(&link);
        move |request| answer(Arc::clone(&bridge), Arc::clone(&link), request)
    });
    let mut connection = std::pin::pin!(http.serve_connection(stream, service));
    let mut told_to_end = false;
    let served = std::future::poll_fn(|cx| {
        link.listens_to(cx.waker());
        if link.is_draining() && !told_to_end {
            told_to_end = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    bridge: Arc<Bridge>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<Content>, std::convert::Infallible> {
    link.enter(Phase::Served);
    let mut response = bridge.answer(request, &link).await;
    if link.is_one_too_many() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    link.enter(match response.body() {
        Content::Whole(_) | Content::Long(..) => Phase::Idle,
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

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TokioIo<TcpStream>),
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
                Self::Tcp(tcp) => {
                    (tcp.inner().poll_read_ready(cx), tcp.inner().try_io(Interest::READABLE, || peek(tcp.inner())))
                }
                Self::Unix(unix) => {
                    (unix.inner().poll_read_ready(cx), unix.inner().try_io(Interest::READABLE, || peek(unix.inner())))
                }
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

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
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
        if !this.link.has_unread() {
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
