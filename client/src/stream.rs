//! The connection to a bridge, by TCP or by a Unix socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::timed::{ReadTime, is_pause, remaining};

/// A connected stream.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(crate) fn connect_tcp(place: &SocketAddr, deadline: Instant) -> io::Result<Self> {
        const CONNECT_SECONDS_MAX: u64 = 10;
        let patience = remaining(deadline)?.min(Duration::from_secs(CONNECT_SECONDS_MAX));
        let stream = TcpStream::connect_timeout(place, patience)?;
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    pub(crate) fn connect_unix(path: &Path) -> io::Result<Self> {
        UnixStream::connect(path).map(Self::Unix)
    }

    /// Writes all of `bytes` before `deadline`.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            self.set_write_timeout(remaining(deadline)?)?;
            let written = match self {
                Self::Tcp(stream) => stream.write(bytes),
                Self::Unix(stream) => stream.write(bytes),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the peer has neither closed the stream nor sent anything: the
    /// state in which a kept connection can carry another request.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let probe = |stream: &mut dyn Read| {
            let mut byte = [0];
            matches!(stream.read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
        };
        self.set_nonblocking(true).is_ok()
            && match self {
                Self::Tcp(stream) => probe(stream),
                Self::Unix(stream) => probe(stream),
            }
            && self.set_nonblocking(false).is_ok()
    }

    fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nonblocking(on),
            Self::Unix(stream) => stream.set_nonblocking(on),
        }
    }

    fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_write_timeout(Some(timeout)),
            Self::Unix(stream) => stream.set_write_timeout(Some(timeout)),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl ReadTime for Stream {
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(at_most),
            Self::Unix(stream) => stream.set_read_timeout(at_most),
        }
    }
}
