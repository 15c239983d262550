//! `--local`: from nothing to a working bridge with one command. Makes keys and configuration on first use, starts the server
//! that lies beside this program where none answers, and ends it with the console.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command as Process, Stdio},
    sync::{Arc, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use ccc_client::{Address, Bridge, CallError, DEFAULT_URL, Identity, read_secrets};
use ccc_keygen::{Pair, create, filter, write_private};
use ccc_protocol::{UserName, exit};

use crate::{cli::Stop, config};

/// Who decides, and who asks.
const PERSON: &str = "user";
const AGENT: &str = "agent";
/// A server that does not answer within this time does not start.
const START_SECONDS_MAX: u64 = 15;
const LOOK_AGAIN_MILLIS: u64 = 50;

/// A bridge that answers, and the server where it is ours.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) bridge: Arc<Bridge>,
    /// True on first use.
    pub(crate) is_new: bool,
    /// Ended when this is dropped.
    #[expect(dead_code, reason = "held for its Drop")]
    server: Option<Server>,
    /// What to start the agent's container with.
    pub(crate) paste: String,
    /// A line of this machine's shell that asks as the agent does.
    pub(crate) from_here: String,
}

/// Sets up what is missing, and starts a server where none answers.
pub(crate) fn start() -> Result<Local, Stop> {
    let workspace = workspace()?;
    let files = Files::in_dir(&config::dir().ok_or_else(|| Stop::usage("neither XDG_CONFIG_HOME nor HOME is set"))?);
    let is_new = !files.config.exists();
    files.make_missing()?;
    let url = env::var("CONDUIT_URL").ok().filter(|url| !url.is_empty()).unwrap_or_else(|| DEFAULT_URL.to_owned());
    let bridge = Arc::new(bridge(&files.secrets, &url)?);
    let server = if answers(&bridge)? { None } else { Some(Server::start(&files, &workspace, &bridge)?) };
    let paste = files.container_options(server.as_ref().map(|_| workspace.as_path()), bridge.address());
    let from_here = format!(
        "CONDUIT_URL={} CCC_SECRETS={} CCC_USER={AGENT} ccc-client '{{\"action\":\"list-actions\"}}'",
        bridge.address(),
        quoted(&files.agent)
    );
    Ok(Local { bridge, is_new, server, paste, from_here })
}

/// The current directory, which becomes `/workspace`: never a home or the root, whose files are not the agent's.
fn workspace() -> Result<PathBuf, Stop> {
    let refuse = |words: &str| {
        Stop::usage(format!("{words}; go to the directory that the agent may work in, and start again there"))
    };
    let here = env::current_dir()
        .and_then(fs::canonicalize)
        .map_err(|error| refuse(&format!("there is no current directory: {error}")))?;
    let home = env::var_os("HOME").and_then(|home| fs::canonicalize(home).ok());
    let holds_home = home.as_ref().is_some_and(|home| home.starts_with(&here));
    match (here.parent(), holds_home) {
        (None, _) => Err(refuse("`/` would be given to the agent")),
        (_, true) => Err(refuse("your home directory would be given to the agent")),
        (Some(_), false) => Ok(here),
    }
}

/// Where things lie under the configuration directory.
struct Files {
    dir: PathBuf,
    config: PathBuf,
    secrets: PathBuf,
    agent: PathBuf,
    socket: PathBuf,
}

impl Files {
    fn in_dir(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            config: dir.join("config.toml"),
            secrets: dir.join("secrets.json"),
            agent: dir.join("agent-secrets.json"),
            socket: dir.join(SOCKET),
        }
    }

    /// Makes directory, keys and configuration, each where it is not there; what is there is never touched.
    fn make_missing(&self) -> Result<(), Stop> {
        let failed = |what: &str, error: &dyn std::fmt::Display| Stop {
            words: format!("{what} cannot be made: {error}"),
            code: exit::FAILED,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(|error| failed("the configuration directory", &error))?;
        if !self.secrets.exists() {
            let person: UserName = PERSON.parse().map_err(|error| failed("the keys", &error))?;
            let agent: UserName = AGENT.parse().map_err(|error| failed("the keys", &error))?;
            let rights = Pair { name: person.clone(), values: vec![agent.clone()] };
            let secrets = create(&[person, agent], &[rights], &[]).map_err(|error| failed("the keys", &error))?;
            write_private(&self.secrets, &secrets.to_file(), false).map_err(|error| failed("the keys", &error))?;
        }
        if !self.agent.exists() {
            let secrets = read_secrets(&self.secrets).map_err(|error| Stop::usage(error.to_string()))?;
            let agent: UserName = AGENT.parse().map_err(|error| failed("the agent's keys", &error))?;
            let filtered = filter(&secrets, &agent).map_err(|error| failed("the agent's keys", &error))?;
            write_private(&self.agent, &filtered.to_file(), false)
                .map_err(|error| failed("the agent's keys", &error))?;
        }
        if !self.config.exists() {
            let config = self.first_config().map_err(|error| failed("the configuration", &error))?;
            write_private(&self.config, &config, false).map_err(|error| failed("the configuration", &error))?;
        }
        let sockets = self.socket.parent().unwrap_or(&self.dir);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(sockets)
            .map_err(|error| failed("the socket's directory", &error))
    }

    /// What the server offers for a start, with the socket where there can be one.
    fn first_config(&self) -> std::io::Result<String> {
        let told = Process::new(beside_us()?).arg("--starter").stderr(Stdio::null()).output()?;
        let offered = String::from_utf8(told.stdout).map_err(std::io::Error::other)?;
        if !told.status.success() {
            return Err(std::io::Error::other(format!("`ccc-server --starter` ended with {}", told.status)));
        }
        let socket = format!("socket = \"{SOCKET}\"");
        let line = |line: &str| match line.strip_prefix("# socket = ") {
            Some(_) if self.can_have_a_socket() => socket.clone(),
            _ => line.to_owned(),
        };
        Ok(offered.lines().map(|text| line(text) + "\n").collect())
    }

    /// A container on Linux reaches a socket of its host's and not its loopback; elsewhere it is the other way round.
    fn can_have_a_socket(&self) -> bool {
        cfg!(target_os = "linux") && self.socket.as_os_str().len() < SOCKET_PATH_BYTES_MAX
    }

    /// Options of `docker run` with which an agent in the container reaches this bridge. A server that was running already has
    /// another directory than this one for `/workspace`, which is not known here.
    fn container_options(&self, workspace: Option<&Path>, address: &Address) -> String {
        let mount = |host: &Path, container: &str| format!("-v {}:{container}", quoted(host));
        let sockets = self.socket.parent().unwrap_or(&self.dir);
        let (road, url) = match address {
            Address::Tcp { .. } if self.can_have_a_socket() && self.socket.exists() => {
                (mount(sockets, "/run/ccc"), "unix:///run/ccc/ccc.sock".to_owned())
            }
            Address::Tcp { port, .. } => (String::new(), format!("http://host.docker.internal:{port}")),
            Address::Unix(path) => (mount(path, "/run/ccc.sock"), "unix:///run/ccc.sock".to_owned()),
        };
        let options = [
            workspace.map_or_else(|| THE_SERVERS.to_owned(), |workspace| mount(workspace, "/workspace")),
            road,
            mount(&self.agent, "/etc/ccc/agent.json:ro"),
            format!("-e CONDUIT_URL={url} -e CCC_SECRETS=/etc/ccc/agent.json -e CCC_USER={AGENT}"),
        ];
        options.into_iter().filter(|option| !option.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

const THE_SERVERS: &str = "-v DIRECTORY_THAT_THE_RUNNING_SERVER_WAS_STARTED_IN:/workspace";

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@');
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Where the socket is made, under the configuration directory.
const SOCKET: &str = "run/ccc.sock";
/// A socket's path has 108 bytes in `sockaddr_un`, with its end.
const SOCKET_PATH_BYTES_MAX: usize = 108;

fn bridge(secrets: &Path, url: &str) -> Result<Bridge, Stop> {
    let address: Address = url.parse().map_err(|error: ccc_client::AddressError| Stop::usage(error.to_string()))?;
    let secrets = read_secrets(secrets).map_err(|error| Stop::usage(error.to_string()))?;
    let identity = Identity::choose(&secrets, Some(PERSON)).map_err(|error| Stop::usage(error.to_string()))?;
    Ok(Bridge::new(address, identity))
}

/// True where a server answers that knows these keys; an error where one answers that does not.
fn answers(bridge: &Bridge) -> Result<bool, Stop> {
    match bridge.policies() {
        Ok(_) => Ok(true),
        Err(CallError::Unreachable { .. }) => Ok(false),
        Err(error) => Err(Stop {
            words: format!("something answers at {} that does not know these keys: {error}", bridge.address()),
            code: exit::UNREACHABLE,
        }),
    }
}

/// The server as our child. It ends when this is dropped.
#[derive(Debug)]
struct Server {
    child: Child,
}

impl Server {
    fn start(files: &Files, workspace: &Path, bridge: &Bridge) -> Result<Self, Stop> {
        let failed = |words: String| Stop { words, code: exit::UNREACHABLE };
        let program =
            beside_us().map_err(|error| failed(format!("`ccc-server` is not found beside `ccc-queue`: {error}")))?;
        let mut volume = std::ffi::OsString::from("/workspace=");
        volume.push(workspace);
        let mut process = Process::new(&program);
        process.arg("--config").arg(&files.config).arg("--volume").arg(volume);
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
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success) && Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(LOOK_AGAIN_MILLIS));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside_us() -> std::io::Result<PathBuf> {
    let program = fs::canonicalize(env::current_exe()?)?.with_file_name("ccc-server");
    if program.is_file() { Ok(program) } else { Err(std::io::ErrorKind::NotFound.into()) }
}
