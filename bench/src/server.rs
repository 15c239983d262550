//! Servers under measurement: each in a home of its own on this disk, ended with the bench.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{builds::Builds, peer::Peer, sign::Signer, wire::Sample};

/// How long anything may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// The config without a limit of requests in a minute: what is measured is how many there can be.
fn with_any_rate(config: &str) -> String {
    const LIMITS: &str = "[limits]\n";
    let any_rate = format!("{LIMITS}requests_per_minute_max = 0\n");
    if config.contains(LIMITS) { config.replacen(LIMITS, &any_rate, 1) } else { format!("{config}\n{any_rate}") }
}

/// The secret of a user of the bench.
#[must_use]
pub fn secret(user: &str) -> String {
    format!("{user}-").chars().cycle().take(64).collect()
}

/// Who signs as this user.
#[must_use]
pub fn signer(user: &str) -> Signer {
    Signer::new(user, &secret(user))
}

/// A directory with secrets, where a server keeps its data. Gone with the bench.
#[derive(Debug)]
pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    /// On the disk that the build lies on: `/tmp` may be memory.
    ///
    /// # Panics
    /// When there is no room for it.
    #[must_use]
    pub fn new(builds: &Builds) -> Self {
        let dir = tempfile::Builder::new().prefix("home-").tempdir_in(&builds.kept).expect("a home");
        let home = Self { dir };
        let agents: Vec<String> = (1..=5).map(|n| format!("agent{n}")).collect();
        let names: Vec<&str> = std::iter::once("agent").chain(agents.iter().map(String::as_str)).collect();
        let may = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
        let plain = |name: &&str| format!(r#""{name}":{{"secret":"{}"}}"#, secret(name));
        let plain = names.iter().map(plain).collect::<Vec<_>>().join(",");
        let user = format!(r#""user":{{"secret":"{}","canApprove":[{may}]}}"#, secret("user"));
        home.write("secrets.json", &format!(r#"{{"users":{{{plain},{user}}}}}"#));
        // What agents read lies apart, as in their containers: the server watches its own directory for changes.
        fs::create_dir(home.path("agent")).expect("a directory");
        home.write("agent/agent.json", &format!(r#"{{"users":{{"agent":{{"secret":"{}"}}}}}}"#, secret("agent")));
        home.write("agent/agent.secret", &secret("agent"));
        home.with_config("")
    }

    /// The same with this in the server's config, and as many requests in a minute as there come.
    #[must_use]
    pub fn with_config(self, config: &str) -> Self {
        self.write("config.toml", &with_any_rate(config));
        self
    }

    /// A file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file that its owner alone can read.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect("private");
    }

    /// The bridge as a user starts it: durability on, audit on, `config.toml` as it lies here.
    #[must_use]
    pub fn bridge(&self, builds: &Builds, preload: Option<&Path>) -> Server {
        self.bridge_of(&builds.program("ccc-server"), preload)
    }

    /// The same by this `ccc-server`.
    #[must_use]
    pub fn bridge_of(&self, program: &Path, preload: Option<&Path>) -> Server {
        let mut command = self.bridge_command(program);
        preloaded(&mut command, preload);
        Server::start(command.stderr(Stdio::piped()).stdout(Stdio::null()), |child| {
            address(child.stderr.as_mut().expect("stderr"))
        })
    }

    fn bridge_command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["--port", "0", "--secrets"]).arg(self.path("secrets.json"));
        command.arg("--config").arg(self.path("config.toml")).arg("--data").arg(self.path("data"));
        command.arg("--socket").arg(self.path("sock")).stdin(Stdio::null());
        command.env_remove("CONDUIT_PORT").env_remove("CONDUIT_BIND").env_remove("CONDUIT_ROOT");
        command
    }

    /// Starts the bridge, waits for the first `GET /health` that it answers, and ends it; how long that took.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn time_to_health(&self, builds: &Builds) -> Duration {
        let _ = fs::remove_file(self.path("sock"));
        let mut command = self.bridge_command(&builds.program("ccc-server"));
        let begun = Instant::now();
        let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("a server");
        while !healthy(&self.path("sock")) {
            assert!(begun.elapsed() < PATIENCE, "the server does not start");
            std::thread::sleep(Duration::from_micros(200));
        }
        let took = begun.elapsed();
        end(&mut child);
        took
    }

    /// The floor: `fixed` or `store`.
    #[must_use]
    pub fn floor(&self, builds: &Builds, mode: &str, preload: Option<&Path>) -> Server {
        let mut command = Command::new(builds.program("floor-server"));
        command.arg(mode).arg(self.path("secrets.json")).arg(self.dir.path());
        preloaded(&mut command, preload);
        from_stdout(&mut command)
    }

    /// The floor that speaks the bridge's protocol and answers as in this sample.
    #[must_use]
    pub fn wire_floor(&self, builds: &Builds, sample: &Sample, preload: Option<&Path>) -> Server {
        let mut command = Command::new(builds.program("floor-server"));
        command.args(["wire".as_ref(), self.path("secrets.json").as_os_str(), self.dir.path().as_os_str()]);
        command.arg(sample.written(&self.path("sample")));
        preloaded(&mut command, preload);
        from_stdout(&mut command)
    }

    /// The Node server.
    #[must_use]
    pub fn peer(&self, peer: &Peer, preload: Option<&Path>) -> Server {
        let mut command = peer.node("server.mjs");
        command.arg(self.path("secrets.json")).arg(self.dir.path());
        preloaded(&mut command, preload);
        from_stdout(&mut command)
    }
}

fn preloaded(command: &mut Command, library: Option<&Path>) {
    if let Some(library) = library {
        command.env("LD_PRELOAD", library);
    }
}

fn from_stdout(command: &mut Command) -> Server {
    Server::start(command.stdin(Stdio::null()).stdout(Stdio::piped()), |child| {
        address(child.stdout.as_mut().expect("stdout"))
    })
}

fn healthy(socket: &Path) -> bool {
    use std::io::Write as _;
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// The address in the first line that tells one.
fn address(said: &mut impl Read) -> SocketAddr {
    // Byte by byte, so that what comes after is left to whoever reads on.
    let mut line = vec![];
    let mut byte = [0];
    loop {
        assert!(said.read(&mut byte).expect("a server that speaks") == 1, "the server ended before it listened");
        if byte[0] != b'\n' {
            line.push(byte[0]);
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(addr) = text.trim().strip_prefix("listening on http://") {
            return addr.parse().expect("an address");
        }
        eprintln!("  (server) {text}");
        line.clear();
    }
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(command: &mut Command, address: impl Fn(&mut Child) -> SocketAddr) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}: {command:?}"));
        let addr = address(&mut child);
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || tell(stderr));
        }
        Self { child, addr }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it listens, as clients write it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it takes connections.
    #[must_use]
    pub fn is_up(&self) -> bool {
        TcpStream::connect(self.addr).is_ok()
    }
}

/// What a server says after it listens is shown where it warns of something.
fn tell(stderr: ChildStderr) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if line.contains("WARN") || line.contains("ERROR") {
            eprintln!("  (server) {line}");
        }
    }
}

fn end(child: &mut Child) {
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let _ = child.wait();
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
