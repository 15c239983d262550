//! Where a bridge will stand: a home of its own with secrets, config and a volume, and the command that starts the server.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::bridge::Bridge;

/// Everybody, with what the secrets file says about them.
pub(crate) const USERS: [(&str, &str); 5] = [
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
    let path = dir.or(test.parent()).unwrap_or(&test).join(name);
    assert!(
        path.is_file(),
        "{name} is not built: run `cargo build --workspace --bins` first, for the same target directory"
    );
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
    address_kibibytes_max: Option<u32>,
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
        Self {
            home,
            config: String::new(),
            args: vec![],
            env: vec![],
            on_socket: false,
            line: None,
            file_blocks_max: None,
            address_kibibytes_max: None,
        }
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
        Bridge::at(self)
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

    /// With so many kibibytes of addresses for the server: what needs more is refused it by the system.
    #[must_use]
    pub fn with_addresses_up_to(mut self, kibibytes: u32) -> Self {
        self.address_kibibytes_max = Some(kibibytes);
        self
    }

    /// The disk has room again, from the next start on.
    pub fn empty_the_disk(&mut self) {
        self.file_blocks_max = None;
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
        Bridge::at(self)
    }

    pub(crate) fn command(&self) -> Command {
        if let Some(line) = &self.line {
            return self.shell(&format!("exec {line}"));
        }
        let server = program("ccc-server");
        let files = self.file_blocks_max.map(|kibibytes| format!("trap '' XFSZ; ulimit -f {kibibytes}; "));
        let addresses = self.address_kibibytes_max.map(|kibibytes| format!("ulimit -v {kibibytes}; "));
        let limits: String = files.into_iter().chain(addresses).collect();
        let mut command = if limits.is_empty() {
            Command::new(server)
        } else {
            let mut shell = Command::new("bash");
            shell.args(["-c", &format!("{limits}exec \"$0\" \"$@\"")]).arg(server);
            shell
        };
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(self.home());
        let listen: &[&str] = if self.on_socket { &["--bind", "", "--socket", "ccc.sock"] } else { &["--port", "0"] };
        command.args(["--config", "config.toml", "--volume", "/workspace=workspace"]).args(listen).args(&self.args);
        command
    }
}
