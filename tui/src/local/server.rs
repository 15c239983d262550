//! The server that lies beside this program, as our child: started, kept running, ended with us or let run on.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::{fs::OpenOptionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command as Process, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ccc_client::{Bridge, CallError, local::LocalBridge};
use ccc_protocol::exit;

use super::{files::Files, listen::Road, machine::Tell};
use crate::{cli::Stop, console::message::HereNews};

/// A server that does not answer within this time does not start.
const START_SECONDS_MAX: u64 = 15;
const LOOK_AGAIN_MILLIS: u64 = 50;
/// So often it is looked whether it is still there.
const WATCH_MILLIS: u64 = 250;
/// Between tries to start one that ended, doubled from the first to the last.
const RETRY_SECONDS: [u64; 5] = [1, 2, 4, 8, 15];
/// One that ran for so long begins with the first of these again.
const CALM_SECONDS: u64 = 60;
/// A log of more bytes is put aside, and the one before it forgotten.
const LOG_BYTES_MAX: u64 = 1024 * 1024;
/// As much of the log's end is looked through for the last thing that was said.
const LOG_TAIL_BYTES: u64 = 4096;

/// True where a server answers that knows these keys; an error where one answers that does not.
pub(super) fn answers(bridge: &Bridge) -> Result<bool, Stop> {
    match bridge.policies() {
        Ok(_) => Ok(true),
        Err(CallError::Unreachable { .. }) => Ok(false),
        Err(error) => Err(Stop {
            words: format!("something answers at {} that does not know these keys: {error}", bridge.address()),
            code: exit::UNREACHABLE,
        }),
    }
}

/// Where the server's program lies.
pub(super) fn program() -> io::Result<PathBuf> {
    beside_us("ccc-server")
}

/// Where a program of the house lies.
pub(super) fn beside_us(name: &str) -> io::Result<PathBuf> {
    let program = fs::canonicalize(env::current_exe()?)?.with_file_name(name);
    if program.is_file() { Ok(program) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// True where there is a process of this number.
pub(super) fn is_there(process: u32) -> bool {
    let asked = Process::new("kill").arg("-0").arg(process.to_string()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// With what the server is started, each time.
#[derive(Debug)]
pub(super) struct Start {
    program: PathBuf,
    args: Vec<OsString>,
    log: PathBuf,
    /// Where its address is left for other programs.
    dir: PathBuf,
    directory: PathBuf,
    bridge: Arc<Bridge>,
}

impl Start {
    pub(super) fn new(files: &Files, directory: &Path, road: &Road, bridge: Arc<Bridge>) -> Result<Self, Stop> {
        let program =
            program().map_err(|error| failed(format!("`ccc-server` is not found beside `ccc-queue`: {error}")))?;
        let mut volume = OsString::from("/workspace=");
        volume.push(directory);
        let mut args: Vec<OsString> = vec!["--config".into(), files.config.clone().into(), "--volume".into(), volume];
        args.extend(road.options.iter().cloned());
        let (log, dir) = (files.log.clone(), files.dir().to_owned());
        Ok(Self { program, args, log, dir, directory: directory.to_owned(), bridge })
    }

    /// In a process group of its own: a key that interrupts what runs in the terminal after us is not for it.
    fn spawn(&self) -> io::Result<Child> {
        let log = self.open_log()?;
        let mut process = Process::new(&self.program);
        process.args(&self.args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        let child = process.spawn()?;
        let left = LocalBridge {
            url: self.bridge.address().to_string(),
            directory: self.directory.clone(),
            process: child.id(),
        };
        // Without it other programs are told where the bridge is, as they always can be.
        let _ = left.leave_in(&self.dir);
        Ok(child)
    }

    fn open_log(&self) -> io::Result<File> {
        self.trim_log();
        OpenOptions::new().append(true).create(true).mode(0o600).open(&self.log)
    }

    /// What is appended to goes on: its words are copied, and the file is emptied.
    fn trim_log(&self) {
        if fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_BYTES_MAX)
            && fs::copy(&self.log, self.log.with_extension("log.1")).is_ok()
        {
            // Where it cannot be emptied it is tried again.
            let _ = OpenOptions::new().write(true).open(&self.log).and_then(|log| log.set_len(0));
        }
    }

    /// The last thing that the server said.
    fn last_words(&self) -> Option<String> {
        let mut log = File::open(&self.log).ok()?;
        let length = log.metadata().ok()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES))).ok()?;
        let mut tail = Vec::new();
        log.read_to_end(&mut tail).ok()?;
        let text = String::from_utf8_lossy(&tail).into_owned();
        text.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned)
    }

    /// Waits for the first answer; an error where it ended before or is silent for too long.
    fn until_it_answers(&self, has_ended: &mut dyn FnMut() -> bool) -> Result<(), Stop> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while Instant::now() < deadline {
            if answers(&self.bridge)? {
                return Ok(());
            }
            if has_ended() {
                let last = self.last_words().unwrap_or_else(|| "it said nothing".to_owned());
                return Err(failed(format!("the server ended at once: {last}")));
            }
            thread::sleep(Duration::from_millis(LOOK_AGAIN_MILLIS));
        }
        Err(failed(format!("the server did not answer within {START_SECONDS_MAX} s; it says: {}", self.log.display())))
    }
}

fn failed(words: String) -> Stop {
    Stop { words, code: exit::UNREACHABLE }
}

/// The server as our child, kept running. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    watched: Arc<Watched>,
    watcher: Option<JoinHandle<()>>,
}

/// What the one who watches and the one who ends it share.
#[derive(Debug)]
struct Watched {
    start: Start,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    child: Child,
    /// Nobody is to start it again.
    is_over: bool,
}

impl Server {
    pub(super) fn start(start: Start) -> Result<Self, Stop> {
        let child =
            start.spawn().map_err(|error| failed(format!("`{}` does not start: {error}", start.program.display())))?;
        let state = Mutex::new(State { child, is_over: false });
        let server = Self { watched: Arc::new(Watched { start, state, changed: Condvar::new() }), watcher: None };
        let watched = &server.watched;
        watched.start.until_it_answers(&mut || watched.end_of_child().is_some())?;
        Ok(server)
    }

    /// Starts it again whenever it ends, and tells so.
    pub(super) fn keep(&mut self, tell: Tell) {
        let watched = Arc::clone(&self.watched);
        self.watcher = Some(thread::spawn(move || watched.keep(&tell)));
    }

    /// Lets it run on without us; its process.
    pub(super) fn let_run_on(mut self) -> u32 {
        let process = {
            let mut state = self.watched.lock();
            state.is_over = true;
            state.child.id()
        };
        self.end_watcher();
        process
    }

    fn end_watcher(&mut self) {
        self.watched.changed.notify_all();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        {
            let mut state = self.watched.lock();
            if state.is_over {
                return;
            }
            state.is_over = true;
        }
        self.end_watcher();
        let state = &mut *self.watched.lock();
        LocalBridge::take_away(&self.watched.start.dir, state.child.id());
        end(&mut state.child);
    }
}

/// SIGTERM lets it drain and sign its last checkpoint; `kill` speaks SIGKILL alone.
fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    let asked = Process::new("kill").arg("-TERM").arg(child.id().to_string()).stderr(Stdio::null()).status();
    let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    while asked.as_ref().is_ok_and(ExitStatus::success) && Instant::now() < deadline {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return;
        }
        thread::sleep(Duration::from_millis(LOOK_AGAIN_MILLIS));
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_of_child(&self) -> Option<ExitStatus> {
        self.lock().child.try_wait().ok().flatten()
    }

    /// For as long as it is to be kept.
    fn keep(&self, tell: &Tell) {
        let (mut failures, mut began) = (0, Instant::now());
        while let Some(status) = self.end_of_run() {
            if began.elapsed() > Duration::from_secs(CALM_SECONDS) {
                failures = 0;
            }
            let again_seconds = RETRY_SECONDS.get(failures).or(RETRY_SECONDS.last()).copied().unwrap_or(1);
            failures += 1;
            tell(HereNews::ServerEnded { how: self.how(status), again_seconds });
            if self.is_over_within(Duration::from_secs(again_seconds)) {
                return;
            }
            began = Instant::now();
            self.start_again(tell);
        }
    }

    /// How it ended, once it has; none where nobody is to start it again.
    fn end_of_run(&self) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self.end_of_child() {
                return (!self.lock().is_over).then_some(status);
            }
            self.start.trim_log();
            if self.is_over_within(Duration::from_millis(WATCH_MILLIS)) {
                return None;
            }
        }
    }

    fn is_over_within(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.is_over);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    /// What does not start ends at once, and is told as that.
    fn start_again(&self, tell: &Tell) {
        {
            let mut state = self.lock();
            if state.is_over {
                return;
            }
            match self.start.spawn() {
                Ok(child) => state.child = child,
                Err(_) => return,
            }
        }
        if self.start.until_it_answers(&mut || self.end_of_child().is_some() || self.lock().is_over).is_ok() {
            tell(HereNews::ServerBack);
        }
    }

    /// The system's word, and the last of its own where it ended by itself.
    fn how(&self, status: ExitStatus) -> String {
        let last = status.code().and_then(|_| self.start.last_words());
        last.map_or_else(|| status.to_string(), |last| format!("{status}: {last}"))
    }
}
