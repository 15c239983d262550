//! A connection that is never read beyond the end of a line.
//!
//! SMTP's client here reads through a buffer. What a peer on the way put behind the answer to STARTTLS would lie in that
//! buffer, and be taken for answers of the server that TLS has shown to be the right one. Read so, it stays in the socket:
//! the TLS handshake meets it, and fails.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// How far a line's end is looked for; a longer line is read in pieces.
const PEEK_BYTES: usize = 1024;

/// Reads at most up to the next line feed.
#[derive(Debug)]
pub(super) struct LineByLine {
    stream: TcpStream,
}

impl LineByLine {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream }
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for LineByLine {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut ahead = [0; PEEK_BYTES];
        let mut ahead = ReadBuf::new(&mut ahead);
        ready!(self.stream.poll_peek(cx, &mut ahead))?;
        let ahead = ahead.filled();
        let line = ahead.iter().position(|byte| *byte == b'\n').map_or(ahead.len(), |end| end + 1);
        let mut bytes = [0; PEEK_BYTES];
        let mut bytes = ReadBuf::new(&mut bytes);
        // At the end there is nothing ahead, and reading says so.
        let mut piece = bytes.take(line.max(1).min(buf.remaining()));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
