//! A real bridge for tests: the built `ccc-server` in a home of its own, spoken to over its socket, ended with the test.
//!
//! Five users: `agent` asks; `user` and `dba` may approve for it, the latter in the role `dba`; `other` asks too and
//! `lead` may approve for `other` alone.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use ccc_client::{Identity, Request, deadline_after};
use ccc_protocol::{TicketId, bodies::Ticket, secrets::Secrets};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::wire::{Ask, Peer, Reply};

/// How long anything may take that is waited for. Generous: it bounds a failure, not a success.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Everybody, with what the secrets file says about them.
const USERS: [(&str, &str); 5] = [
    ("agent", ""),
    ("other", ""),
    ("user", r#","canApprove":["agent"]"#),
    ("dba", r#","canApprove":["agent"],"roles":["dba"]"#),
    ("lead", r#","canApprove":["other"]"#),
];

/// A built program of this workspace.
///
/// # Panics
/// When it has not been built; the message says how to.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let dir = test.ancestors().find(|dir| dir.file_name().is_some_and(|name| name == "deps")).and_then(Path::parent);
    let path = dir.unwrap_or(&test).join(name);
    assert!(path.is_file(), "{name} is not built: run `cargo build --workspace --bins` first, for the same target directory");
    path
}

/// The secret of a test's user.
#[must_use]
pub fn secret(user: &str) -> String {
    format!("{user}-").chars().cycle().take(64).collect()
}

/// The secrets file that holds these users.
#[must_use]
pub fn secrets_of(users: &[&str]) -> String {
    let entry = |(name, rights): &(&str, &str)| format!(r#""{name}":{{"secret":"{}"{rights}}}"#, secret(name));
    let held: Vec<_> = USERS.iter().filter(|(name, _)| users.contains(name)).map(entry).collect();
    format!(r#"{{"users":{{{}}}}}"#, held.join(","))
}

/// Writes a file that only its owner can read, all at once.
pub fn write_private(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, path).unwrap();
}

/// Where a bridge will stand: a home with a secrets file, a volume at `/workspace`, and what the test adds.
pub struct Site {
    home: tempfile::TempDir,
    config: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    on_socket: bool,
    line: Option<String>,
    file_blocks_max: Option<u32>,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// A home without a config.
    #[must_use]
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("bridge-home-").tempdir().unwrap();
        fs::create_dir(home.path().join("workspace")).unwrap();
        let names: Vec<&str> = USERS.iter().map(|(name, _)| *name).collect();
        write_private(&home.path().join("secrets.json"), &secrets_of(&names));
        Self { home, config: String::new(), args: vec![], env: vec![], on_socket: false, line: None, file_blocks_max: None }
    }

    /// A home with nothing in it.
    #[must_use]
    pub fn of_a_new_user() -> Self {
        let site = Self::new();
        fs::remove_file(site.home().join("secrets.json")).unwrap();
        fs::remove_dir(site.workspace()).unwrap();
        site
    }

    /// Starts the server by a line of a shell that has this workspace's programs on its path, instead of by our own.
    #[must_use]
    pub fn start_by(mut self, line: &str) -> Bridge {
        self.line = Some(line.to_owned());
        self.launched()
    }

    /// A line of a shell in this home, with this workspace's programs on its path.
    #[must_use]
    pub fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        let programs = program("ccc-server").parent().unwrap().display().to_string();
        command.args(["-c", line]).env_clear().env("HOME", self.home()).current_dir(self.home());
        command.env("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin"));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The home directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The host's directory of the volume `/workspace`.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.home().join("workspace")
    }

    /// A `run` for the config that goes on until the test makes the file `name` in the home, or the home is gone.
    #[must_use]
    pub fn run_until(&self, name: &str) -> String {
        let home = self.home().display();
        format!(r#"["sh", "-c", "while [ -d '{home}' ] && [ ! -e '{home}/{name}' ]; do sleep 0.1; done"]"#)
    }

    /// With this config, beside the secrets, data and volume that every test has.
    #[must_use]
    pub fn config(mut self, toml: impl AsRef<str>) -> Self {
        self.config = toml.as_ref().to_owned();
        self
    }

    /// With these arguments more.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    /// With this in the server's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On a Unix socket, whose place stays the same over a restart, instead of a port.
    #[must_use]
    pub fn on_socket(mut self) -> Self {
        self.on_socket = true;
        self
    }

    /// On a disk on which no file grows beyond so many kibibytes: writing more is an error, as on a full disk.
    #[must_use]
    pub fn with_files_up_to(mut self, kibibytes: u32) -> Self {
        self.file_blocks_max = Some(kibibytes);
        self
    }

    /// The disk has room again, from the next start on.
    pub fn empty_the_disk(&mut self) {
        self.file_blocks_max = None;
    }

    /// Another line of a shell that starts the server, from the next start on.
    pub fn rewrite_line(&mut self, line: &str) {
        self.line = Some(line.to_owned());
    }

    /// Another config from the next start or reload on; [`Site::start`] has written the first.
    pub fn rewrite_config(&mut self, toml: impl AsRef<str>) {
        self.config = toml.as_ref().to_owned();
        let config = format!("secrets = \"secrets.json\"\ndata = \"data\"\n{}\n", self.config);
        write_private(&self.home().join("config.toml"), &config);
    }

    /// Starts it and waits until it listens.
    #[must_use]
    pub fn start(mut self) -> Bridge {
        self.rewrite_config(self.config.clone());
        self.launched()
    }

    fn launched(self) -> Bridge {
        let (child, said) = launch(&self);
        let mut bridge = Bridge { site: self, child, said, url: String::new() };
        bridge.find_url();
        bridge
    }

    fn command(&self) -> Command {
        if let Some(line) = &self.line {
            return self.shell(&format!("exec {line}"));
        }
        let server = program("ccc-server");
        let mut command = match self.file_blocks_max {
            None => Command::new(server),
            Some(kibibytes) => {
                let mut shell = Command::new("bash");
                let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
                shell.args(["-c", &script]).arg(server);
                shell
            }
        };
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(self.home());
        let listen: &[&str] = if self.on_socket { &["--bind", "", "--socket", "ccc.sock"] } else { &["--port", "0"] };
        command.args(["--config", "config.toml", "--volume", "/workspace=workspace"]).args(listen).args(&self.args);
        command
    }
}

/// What a server said on stderr so far, and news of more.
type Said = Arc<(Mutex<Vec<String>>, Condvar)>;

fn launch(site: &Site) -> (Child, Said) {
    let mut child = site.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = Said::default();
    let (stderr, heard) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&said));
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok).chain([ENDED.to_owned()]) {
            heard.0.lock().unwrap().push(line);
            heard.1.notify_all();
        }
    });
    (child, said)
}

/// Stands behind a server's last line.
const ENDED: &str = "(ended)";

/// A running bridge. Dropping it ends the server, and nothing else.
pub struct Bridge {
    site: Site,
    child: Child,
    said: Said,
    url: String,
}

impl Bridge {
    /// A bridge with built-in actions alone.
    #[must_use]
    pub fn start() -> Self {
        Site::new().start()
    }

    /// A bridge with this config.
    #[must_use]
    pub fn with_config(toml: impl AsRef<str>) -> Self {
        Site::new().config(toml).start()
    }

    /// Where it stands.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Where it listens, as clients write it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends the server as its owner would, and waits for it.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }

    /// Sends the server a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Starts the server again on the same data, after it was ended.
    pub fn start_again(&mut self) {
        (self.child, self.said) = launch(&self.site);
        self.find_url();
    }

    /// The same, with other files.
    pub fn start_again_with(&mut self, change: impl FnOnce(&mut Site)) {
        change(&mut self.site);
        self.start_again();
    }

    fn find_url(&mut self) {
        let line = self.hear("listening on ");
        self.url = line.trim().strip_prefix("listening on ").expect("the url alone").to_owned();
    }

    /// The first line on stderr that holds this text, waited for.
    ///
    /// # Panics
    /// When the server ends without having said it.
    #[must_use]
    pub fn hear(&self, text: &str) -> String {
        let begun = Instant::now();
        let mut lines = self.said.0.lock().unwrap();
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(lines.last().is_none_or(|line| line != ENDED), "the server ended without `{text}`: {lines:#?}");
            assert!(begun.elapsed() < PATIENCE, "no `{text}` in {lines:#?}");
            lines = self.said.1.wait_timeout(lines, Duration::from_secs(1)).unwrap().0;
        }
    }

    /// Everything the server said so far.
    #[must_use]
    pub fn heard(&self) -> String {
        self.said.0.lock().unwrap().join("\n")
    }

    /// Our own client, speaking as this user.
    #[must_use]
    pub fn client(&self, user: &str) -> ccc_client::Bridge {
        client_at(&self.url, user)
    }

    /// A connection to write bytes to.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::connect(&self.url)
    }

    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// When the answer is not signed for this request, or tells an agent where things lie on the host.
    pub fn send(&self, ask: &Ask) -> Reply {
        let reply = self.peer().send(ask.bytes()).reply();
        if let Err(refusal) = ask.verify(&reply) {
            panic!("{} {} as {}: {refusal}: {} {}", ask.method, ask.target, ask.user, reply.status, reply.text());
        }
        if matches!(ask.user.as_str(), "agent" | "other") {
            self.tells_no_host_path(&reply.text());
        }
        reply
    }

    /// Reads something as this user.
    pub fn get(&self, user: &str, target: &str) -> Reply {
        self.send(&Ask::get(target).of(user))
    }

    /// Asks for a change as this user.
    pub fn post(&self, user: &str, target: &str, body: &Value) -> Reply {
        self.send(&Ask::post(target, &body.to_string()).of(user))
    }

    /// Submits an action.
    pub fn submit(&self, user: &str, action: &Value) -> Reply {
        self.post(user, "/action", action)
    }

    /// Submits an action that becomes a ticket, and waits until that has ended.
    pub fn run(&self, user: &str, action: &Value) -> Ticket {
        let ticket = self.submit(user, action).ticket();
        self.end_of(user, ticket.id)
    }

    /// Waits until a ticket has ended.
    pub fn end_of(&self, user: &str, id: TicketId) -> Ticket {
        let ended = self.client(user).wait_for(id, Instant::now() + PATIENCE).unwrap().ticket().unwrap();
        assert!(ended.status.has_ended(), "{ended:?}");
        self.tells_no_host_path(&serde_json::to_string(&ended).unwrap());
        ended
    }

    /// The ticket as it stands.
    pub fn look(&self, user: &str, id: TicketId) -> Ticket {
        self.get(user, &format!("/queue/{id}")).ticket()
    }

    /// A person's yes to a ticket as it was shown.
    pub fn approve(&self, by: &str, ticket: &Ticket) -> Reply {
        self.post(by, &format!("/queue/{}/approve", ticket.id), &json!({ "digest": ticket.digest }))
    }

    /// The number of the newest audit entry: what changes nothing leaves it as it is.
    #[must_use]
    pub fn seq(&self) -> u64 {
        let request = Request::get("/queue?limit=1", deadline_after(None));
        self.client("dba").call(&request).unwrap().read::<Value>().unwrap()["seq"].as_u64().unwrap()
    }

    /// Asks until there is an answer, for what no event tells of.
    ///
    /// # Panics
    /// When there is none in time.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "it never came to this: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// No answer to an agent says where things lie on the host.
    pub fn tells_no_host_path(&self, text: &str) {
        let home = self.site.home().to_string_lossy();
        assert!(!text.contains(home.as_ref()), "an agent was told a host path: {text}");
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.heard());
        }
    }
}

/// Our own client at this place, speaking as this user of the tests.
#[must_use]
pub fn client_at(url: &str, user: &str) -> ccc_client::Bridge {
    let names: Vec<&str> = USERS.iter().map(|(name, _)| *name).collect();
    let secrets = Secrets::parse(secrets_of(&names).as_bytes()).unwrap();
    ccc_client::Bridge::new(url.parse().unwrap(), Identity::choose(&secrets, Some(user)).unwrap())
}
