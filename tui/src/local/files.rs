//! Keys, configuration and socket under the configuration directory: made on first use, never touched after it.

use std::{
    env,
    fmt::Display,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Command as Process, Stdio},
};

use ccc_client::{
    local::{AGENT_SECRETS, SECRETS},
    read_secrets,
};
use ccc_keygen::{Pair, create, filter, write_private};
use ccc_protocol::{UserName, base_dir::BaseDir, exit};

use super::server;
use crate::cli::Stop;

/// Who decides, and who asks.
pub(super) const PERSON: &str = "user";
pub(super) const AGENT: &str = "agent";

/// Where the socket is made, under the configuration directory.
const SOCKET: &str = "run/ccc.sock";
/// A socket's path has 108 bytes in `sockaddr_un`, with its end.
const SOCKET_PATH_BYTES_MAX: usize = 108;

/// Where things lie under the configuration directory, and what the server says.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    pub(super) config: PathBuf,
    pub(super) secrets: PathBuf,
    pub(super) agent: PathBuf,
    pub(super) socket: PathBuf,
    /// In the data directory, which no volume may hold.
    pub(super) log: PathBuf,
}

impl Files {
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            config: dir.join("config.toml"),
            secrets: dir.join(SECRETS),
            agent: dir.join(AGENT_SECRETS),
            socket: dir.join(SOCKET),
            log: BaseDir::Data.ours(|name| env::var_os(name)).unwrap_or_else(|| dir.to_owned()).join("server.log"),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes directory, keys and configuration, each where it is not there; what is there is never touched.
    pub(super) fn make_missing(&self) -> Result<(), Stop> {
        make_dir(&self.dir).map_err(|error| cannot_be_made("the configuration directory", &error))?;
        if !self.secrets.exists() {
            self.make_keys()?;
        }
        if !self.agent.exists() {
            self.make_agents_keys()?;
        }
        if !self.config.exists() {
            self.make_config()?;
        }
        let data = self.log.parent().unwrap_or(&self.dir);
        make_dir(data).map_err(|error| cannot_be_made("the data directory", &error))?;
        make_dir(self.sockets()).map_err(|error| cannot_be_made("the socket's directory", &error))
    }

    fn make_keys(&self) -> Result<(), Stop> {
        let failed = |error: &dyn Display| cannot_be_made("the keys", error);
        let person: UserName = PERSON.parse().map_err(|error| failed(&error))?;
        let agent: UserName = AGENT.parse().map_err(|error| failed(&error))?;
        let rights = Pair { name: person.clone(), values: vec![agent.clone()] };
        let secrets = create(&[person, agent], &[rights], &[]).map_err(|error| failed(&error))?;
        write_private(&self.secrets, &secrets.to_file(), false).map_err(|error| failed(&error))
    }

    fn make_agents_keys(&self) -> Result<(), Stop> {
        let failed = |error: &dyn Display| cannot_be_made("the agent's keys", error);
        let secrets = read_secrets(&self.secrets).map_err(|error| Stop::usage(error.to_string()))?;
        let agent: UserName = AGENT.parse().map_err(|error| failed(&error))?;
        let filtered = filter(&secrets, &agent).map_err(|error| failed(&error))?;
        write_private(&self.agent, &filtered.to_file(), false).map_err(|error| failed(&error))
    }

    fn make_config(&self) -> Result<(), Stop> {
        let failed = |error: &dyn Display| cannot_be_made("the configuration", error);
        let config = self.first_config().map_err(|error| failed(&error))?;
        write_private(&self.config, &config, false).map_err(|error| failed(&error))
    }

    /// What the server offers for a start, with the socket where there can be one.
    fn first_config(&self) -> io::Result<String> {
        let told = Process::new(server::program()?).arg("--starter").stderr(Stdio::null()).output()?;
        let offered = String::from_utf8(told.stdout).map_err(io::Error::other)?;
        if !told.status.success() {
            return Err(io::Error::other(format!("`ccc-server --starter` ended with {}", told.status)));
        }
        let socket = format!("socket = \"{SOCKET}\"");
        let line = |line: &str| match line.strip_prefix("# socket = ") {
            Some(_) if self.can_have_a_socket() => socket.clone(),
            _ => line.to_owned(),
        };
        Ok(offered.lines().map(|text| line(text) + "\n").collect())
    }

    /// The directory of the socket.
    pub(super) fn sockets(&self) -> &Path {
        self.socket.parent().unwrap_or(&self.dir)
    }

    /// A container on Linux reaches a socket of its host's and not its loopback; elsewhere it is the other way round.
    pub(super) fn can_have_a_socket(&self) -> bool {
        cfg!(target_os = "linux") && self.socket.as_os_str().len() < SOCKET_PATH_BYTES_MAX
    }
}

/// With the directories above it; nobody but its owner looks into it.
fn make_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn cannot_be_made(what: &str, error: &dyn Display) -> Stop {
    Stop { words: format!("{what} cannot be made: {error}"), code: exit::FAILED }
}
