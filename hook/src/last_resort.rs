//! What happens when nothing else does: whatever ends the work early, be it a
//! panic, the deadline or a signal, ends in the asking host's blocking form.
//!
//! Armed before anything that can fail. What it cannot cover (a stack
//! overflow, SIGKILL, a missing binary) is covered by the shell guard or the
//! host's own switch that `install` writes beside the command.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::host::Host;
use crate::translate;
use crate::verdict::{Answer, Reason};
use crate::voice::Voice;

/// Signals that ask a process to end.
const ENDINGS: [i32; 4] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT];

/// Written to the watcher to say that the deadline moved; any other byte came
/// from a signal.
const MOVED: u8 = b'm';

/// The armed failure path. Exactly one answer leaves the process: whoever
/// speaks first keeps the lock for good.
#[derive(Debug)]
pub struct LastResort {
    shared: Arc<Mutex<Shared>>,
    watcher: UnixStream,
}

#[derive(Debug)]
struct Shared {
    host: Host,
    event: Option<String>,
    deadline: Instant,
    voice: Voice,
}

impl LastResort {
    /// Arms signals, deadline and panics. Until the document names it, `event`
    /// is the one of the command line.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor; the caller blocks.
    pub fn arm(host: Host, event: Option<&str>, deadline: Instant, voice: Voice) -> io::Result<Self> {
        let (watcher, wakes) = UnixStream::pair()?;
        for signal in ENDINGS {
            pipe::register(signal, watcher.try_clone()?)?;
        }
        let shared = Arc::new(Mutex::new(Shared { host, event: event.map(ToOwned::to_owned), deadline, voice }));
        let (panicked, watched) = (Arc::clone(&shared), Arc::clone(&shared));
        // The process ends inside the hook: in any thread, and also where a build does not unwind.
        panic::set_hook(Box::new(move |_| end(&panicked, "ccc-hook failed inside; please report it")));
        thread::Builder::new().name("last resort".to_owned()).spawn(move || watch(wakes, &watched))?;
        Ok(Self { shared, watcher })
    }

    /// Answers in the form of this event from now on.
    pub fn aim(&self, event: &str) {
        lock(&self.shared).event = Some(event.to_owned());
    }

    /// Moves the deadline.
    ///
    /// # Errors
    /// When the watcher is gone, so that no deadline would hold.
    pub fn set_deadline(&self, deadline: Instant) -> io::Result<()> {
        lock(&self.shared).deadline = deadline;
        (&self.watcher).write_all(&[MOVED])
    }

    /// Says the one answer and returns the status to end with.
    #[must_use]
    pub fn say(&self, answer: &Answer) -> ExitCode {
        let shared = lock(&self.shared);
        let status = shared.voice.speak(answer);
        // Kept until the process ends: nobody speaks after the answer.
        std::mem::forget(shared);
        ExitCode::from(status)
    }
}

impl Shared {
    fn blocked(&self, words: &str) -> Answer {
        translate::blocked(self.host, self.event.as_deref(), Reason::new(words))
    }
}

/// Waits for the deadline or a signal, then ends the process in the blocking
/// form.
fn watch(wakes: UnixStream, shared: &Mutex<Shared>) {
    end(shared, cause_of_end(wakes, shared));
}

/// Ends the process in the blocking form.
fn end(shared: &Mutex<Shared>, cause: &str) -> ! {
    let status = match shared.try_lock() {
        Ok(shared) => shared.voice.speak(&shared.blocked(cause)),
        // Somebody is in the middle of answering and does not come to an end:
        // stdout is theirs, the status and stderr still block.
        Err(_) => Voice::of_process().block(&Reason::new(cause)),
    };
    std::process::exit(i32::from(status));
}

fn cause_of_end(mut wakes: UnixStream, shared: &Mutex<Shared>) -> &'static str {
    loop {
        let left = lock(shared).deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return "no decision before ccc-hook's own deadline; try the same call again";
        }
        match wait(&mut wakes, left) {
            Ok(Some(MOVED) | None) => {}
            Ok(Some(_)) => return "ccc-hook was told to stop before there was a decision",
            Err(_) => return "ccc-hook can no longer watch its deadline",
        }
    }
}

/// The next byte, or nothing when `left` has passed.
fn wait(wakes: &mut UnixStream, left: Duration) -> io::Result<Option<u8>> {
    let mut byte = [0];
    wakes.set_read_timeout(Some(left))?;
    match wakes.read(&mut byte) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(byte.first().copied()),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}

/// The lock, also after a panic: what it guards is only ever replaced whole.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
