//! The server that lies beside this program, as our child.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command as Process, ExitStatus, Stdio},
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use ccc_client::{Address, Bridge, CallError};
use ccc_protocol::exit;

use crate::cli::Stop;

/// A server that does not answer within this time does not start.
const START_SECONDS_MAX: u64 = 15;
const LOOK_AGAIN_MILLIS: u64 = 50;

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
    let program = fs::canonicalize(env::current_exe()?)?.with_file_name("ccc-server");
    if program.is_file() { Ok(program) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// The server as our child. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

impl Server {
    pub(super) fn start(config: &Path, workspace: &Path, bridge: &Bridge) -> Result<Self, Stop> {
        let failed = |words: String| Stop { words, code: exit::UNREACHABLE };
        let program =
            program().map_err(|error| failed(format!("`ccc-server` is not found beside `ccc-queue`: {error}")))?;
        let mut volume = OsString::from("/workspace=");
        volume.push(workspace);
        let mut process = Process::new(&program);
        process.arg("--config").arg(config).arg("--volume").arg(volume);
        match bridge.address() {
            Address::Tcp { port, .. } => process.arg("--port").arg(port.to_string()),
            Address::Unix(path) => process.arg("--bind").arg("").arg("--socket").arg(path),
        };
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child =
            process.spawn().map_err(|error| failed(format!("`{}` does not start: {error}", program.display())))?;
        Self { child }.until_it_answers(bridge)
    }

    /// Waits for the first answer; where the server ends before, says what it said last.
    fn until_it_answers(mut self, bridge: &Bridge) -> Result<Self, Stop> {
        let (lines, said) = channel();
        if let Some(stderr) = self.child.stderr.take() {
            thread::spawn(move || {
                BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| drop(lines.send(line)));
            });
        }
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while Instant::now() < deadline {
            if answers(bridge)? {
                return Ok(self);
            }
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                let last = said.iter().last().unwrap_or_else(|| "it said nothing".to_owned());
                return Err(Stop { words: format!("the server ended at once: {last}"), code: exit::UNREACHABLE });
            }
            thread::sleep(Duration::from_millis(LOOK_AGAIN_MILLIS));
        }
        Err(Stop { words: format!("the server did not answer within {START_SECONDS_MAX} s"), code: exit::UNREACHABLE })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM lets it drain and sign its last checkpoint; `kill` speaks SIGKILL alone.
        let asked = Process::new("kill").arg("-TERM").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while asked.as_ref().is_ok_and(ExitStatus::success) && Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(LOOK_AGAIN_MILLIS));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
