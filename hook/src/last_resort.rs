//! What happens when nothing else does: whatever ends the work early, be it a
//! panic, the deadline or a signal, ends in the asking host's blocking form.
//!
//! Armed before anything that can fail. What it cannot cover (a stack
//! overflow, SIGKILL, a missing binary) is covered by the shell guard or the
//! host's own switch that `install` writes beside the command.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::voice::Voice;
use ccc_hosts::answer::{Reason, Reply};
use ccc_hosts::host::Host;
use ccc_hosts::translate;

/// Signals that ask a process to end.
const ENDINGS: [i32; 4] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT];

/// Written to the watcher to say that the deadline moved; any other byte came
/// from a signal.
const MOVED: u8 = b'm';

/// The armed failure path. Exactly one answer leaves the process: that of the
/// thread which takes the floor first.
#[derive(Debug)]
pub struct LastResort {
    shared: Arc<Shared>,
    watcher: UnixStream,
}

#[derive(Debug)]
struct Shared {
    host: Host,
    voice: Voice,
    /// Taken for good by the thread that answers.
    floor: AtomicBool,
    /// Held for a moment by any thread, and by none while it answers.
    aim: Mutex<Aim>,
}

struct Aim {
    event: Option<String>,
    deadline: Instant,
    /// What is done after the answer, where the process is told to stop.
    parting: Option<Parting>,
}

/// Something short to do before the end.
type Parting = Box<dyn FnOnce() + Send>;

impl fmt::Debug for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aim").field("event", &self.event).field("deadline", &self.deadline).finish_non_exhaustive()
    }
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
        let aim = Mutex::new(Aim { event: event.map(ToOwned::to_owned), deadline, parting: None });
        let shared = Arc::new(Shared { host, voice, floor: AtomicBool::new(false), aim });
        let (panicked, watched) = (Arc::clone(&shared), Arc::clone(&shared));
        // The process ends inside the hook: in any thread, and also where a build does not unwind.
        panic::set_hook(Box::new(move |_| panicked.end(Cause::Panic)));
        thread::Builder::new()
            .name("last resort".to_owned())
            .spawn(move || watched.end(cause_of_end(wakes, &watched)))?;
        Ok(Self { shared, watcher })
    }

    /// Answers in the form of this event from now on.
    pub fn aim(&self, event: &str) {
        let event = Some(event.to_owned());
        self.shared.aim().event = event;
    }

    /// What is done after the answer where the process is told to stop, in the place of what was to be done before.
    pub fn when_stopped(&self, parting: impl FnOnce() + Send + 'static) {
        self.shared.aim().parting = Some(Box::new(parting));
    }

    /// Moves the deadline.
    ///
    /// # Errors
    /// When the watcher is gone, so that no deadline would hold.
    pub fn set_deadline(&self, deadline: Instant) -> io::Result<()> {
        self.shared.aim().deadline = deadline;
        (&self.watcher).write_all(&[MOVED])
    }

    /// Says the one answer and returns the status to end with.
    #[must_use]
    pub fn say(&self, reply: &Reply) -> ExitCode {
        if !self.shared.take_floor() {
            await_the_end();
        }
        ExitCode::from(self.shared.voice.speak(reply))
    }
}

impl Shared {
    /// Ends the process in the blocking form.
    fn end(&self, cause: Cause) -> ! {
        let words = cause.words();
        let status = if self.take_floor() {
            let (event, parting) = {
                let mut aim = self.aim();
                (aim.event.take(), aim.parting.take().filter(|_| cause == Cause::Signal))
            };
            let status = self.voice.speak(&translate::blocked(self.host, event.as_deref(), Reason::new(words)));
            if let Some(parting) = parting {
                parting();
            }
            status
        } else {
            // Somebody is in the middle of answering and does not come to an end:
            // stdout is theirs, the status and stderr still block.
            Voice::of_process().block(&Reason::new(words))
        };
        std::process::exit(i32::from(status))
    }

    /// Whether this thread is the one that answers.
    fn take_floor(&self) -> bool {
        !self.floor.swap(true, Ordering::AcqRel)
    }

    /// Also after a panic: what it guards is only ever replaced whole.
    fn aim(&self) -> MutexGuard<'_, Aim> {
        self.aim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another thread answers and ends the process.
fn await_the_end() -> ! {
    loop {
        thread::park();
    }
}

/// Why the process ends before there is a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Panic,
    Deadline,
    /// The host, or a person at it, gave the call up.
    Signal,
    Unwatched,
}

impl Cause {
    fn words(self) -> &'static str {
        match self {
            Self::Panic => "ccc-hook failed inside; please report it",
            Self::Deadline => "no decision before ccc-hook's own deadline; try the same call again",
            Self::Signal => "ccc-hook was told to stop before there was a decision",
            Self::Unwatched => "ccc-hook can no longer watch its deadline",
        }
    }
}

/// Waits for the deadline or a signal.
fn cause_of_end(mut wakes: UnixStream, shared: &Shared) -> Cause {
    loop {
        let left = shared.aim().deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Cause::Deadline;
        }
        match wait(&mut wakes, left) {
            Ok(Some(MOVED) | None) => {}
            Ok(Some(_)) => return Cause::Signal,
            Err(_) => return Cause::Unwatched,
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
