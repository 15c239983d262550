//! Reads that cannot wait for good: each ends with a moment, or with a silence.

use std::io::{self, Read};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A connection whose reads can be given a time.
pub trait ReadTime: Read {
    /// How long a read may take from now on; `None`: for good.
    ///
    /// # Errors
    /// Those of the system.
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()>;
}

impl ReadTime for TcpStream {
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(at_most)
    }
}

impl ReadTime for UnixStream {
    fn read_within(&self, at_most: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(at_most)
    }
}

/// How long reads wait for the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Until this moment, however bytes drip in.
    Until(Instant),
    /// Until the line has been still for so long.
    Still(Duration),
    /// For good.
    Endless,
}

/// A connection that is read with patience.
#[derive(Debug)]
pub struct Timed<S> {
    /// The connection.
    pub stream: S,
    /// How long it is waited for.
    pub patience: Patience,
}

impl<S: ReadTime> Read for Timed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let until = self.patience.until();
        loop {
            self.stream.read_within(until.map(remaining).transpose()?)?;
            match self.stream.read(buffer) {
                Err(error) if until.is_some() && is_pause(&error) => {}
                done => return done,
            }
        }
    }
}

impl Patience {
    /// When a read that begins now is given up.
    fn until(self) -> Option<Instant> {
        match self {
            Self::Until(moment) => Some(moment),
            Self::Still(silence) => Instant::now().checked_add(silence),
            Self::Endless => None,
        }
    }
}

/// The time left until `deadline`, which a socket takes as a timeout.
pub(crate) fn remaining(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "the time for an answer is over"));
    }
    Ok(left.max(Duration::from_millis(1)))
}

/// A timeout of the socket or a signal: the deadline decides what follows.
pub(crate) fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::{Patience, Timed};
    use std::io::{ErrorKind, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::{Duration, Instant};

    const SOON: Duration = Duration::from_millis(300);

    /// A byte each 20 ms, for as long as anybody reads.
    fn dripping() -> UnixStream {
        let (stream, mut other) = UnixStream::pair().unwrap();
        thread::spawn(move || {
            while other.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        stream
    }

    #[test]
    fn a_drip_does_not_win_time() {
        let begun = Instant::now();
        let mut timed = Timed { stream: dripping(), patience: Patience::Until(begun + SOON) };
        let error = timed.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= SOON);
    }

    #[test]
    fn a_line_that_is_still_is_given_up_and_one_that_drips_is_not() {
        let (stream, _silent) = UnixStream::pair().unwrap();
        let mut still = Timed { stream, patience: Patience::Still(SOON) };
        assert_eq!(still.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        let begun = Instant::now();
        let mut drips = Timed { stream: dripping(), patience: Patience::Still(Duration::from_secs(20)) };
        while begun.elapsed() < SOON {
            assert_eq!(drips.read(&mut [0]).unwrap(), 1);
        }
        drips.patience = Patience::Endless;
        assert_eq!(drips.read(&mut [0]).unwrap(), 1);
    }
}
