//! Stories of `ccc-queue --local`: from an empty home to a working bridge with one command.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use ccc_protocol::bodies::Status;
use ccc_tests::{bridge::program, story::Console};
use portable_pty::CommandBuilder;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::Builder::new().prefix("local-home-").tempdir().unwrap());
        fs::create_dir(home.path().join("project")).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn url(&self) -> String {
        format!("unix://{}/ccc.sock", self.path().display())
    }

    /// A command in this home, in this directory.
    fn command(&self, name: &str, args: &[&str], dir: &Path) -> CommandBuilder {
        let mut command = CommandBuilder::new(program(name));
        command.env_clear();
        for (key, value) in
            [("HOME", self.path().to_str().unwrap()), ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("TERM", "xterm")]
        {
            command.env(key, value);
        }
        command.env("CONDUIT_URL", self.url());
        command.args(args);
        command.cwd(dir);
        command
    }

    fn open(&self, promise: &'static str, dir: &Path) -> Console {
        Console::spawn(promise, self.command("ccc-queue", &["--local"], dir), (140, 30))
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.path().join(".config/ccc").join(name)
    }
}

#[test]
fn one_command_sets_up_serves_and_decides() {
    let home = Home::new();
    let console =
        home.open("`--local` needs nothing before it: keys, config, server and console", &home.path().join("project"));
    console.sees("● live").sees("START THE AGENT'S CONTAINER WITH").sees("-e CCC_USER=agent").sees("ccc-client '{");
    console.press("q").sees_no("START THE AGENT'S");
    console.types(":container").press("enter").sees("START THE AGENT'S").press("q").sees_no("START THE AGENT'S");
    for name in ["secrets.json", "agent-secrets.json", "config.toml"] {
        assert_eq!(fs::metadata(home.file(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let config = fs::read_to_string(home.file("config.toml")).unwrap();
    assert!(config.contains("\nsocket = \"run/ccc.sock\"\n") || !cfg!(target_os = "linux"), "{config}");
    let agent = ccc_client::read_secrets(&home.file("agent-secrets.json")).unwrap();
    let identity = ccc_client::Identity::choose(&agent, None).unwrap();
    assert_eq!(identity.user.as_str(), "agent");
    let client = ccc_client::Bridge::new(home.url().parse().unwrap(), identity);
    // What a coding agent does all day passes by the starter rules; what they know nothing of waits.
    let call = |tool: &str, input: &str| {
        let cwd = home.path().join("project");
        let text = format!(
            r#"{{"action":"use-tool","host":"claude","tool":"{tool}","native":"{tool}","input":{input},"cwd":"{}","session":"s","agent":""}}"#,
            cwd.display()
        );
        client.submit(text.as_bytes(), None).unwrap().ticket().unwrap().status
    };
    assert_eq!(call("Read", r#"{"file_path":"src/main.rs"}"#), Status::Released);
    let ticket = client.submit(br#"{"action":"open-terminal"}"#, None).unwrap();
    console.sees("open-terminal").ready();
    console.press("n").sees("◆ DENY");
    console.press("enter");
    let id = ticket.ticket().unwrap().id;
    let ended = client.wait_for(id, std::time::Instant::now() + ccc_tests::bridge::PATIENCE).unwrap().ticket().unwrap();
    assert_eq!(ended.status, Status::Denied);
    assert_eq!(call("Bash", r#"{"command":"cargo publish"}"#), Status::Queued);
    console.press("q");
    assert_eq!(console.ended().exit_code(), 0);
    let said = console.screen().replace('\n', "");
    for part in [
        "/project:/workspace", "/ccc.sock:/run/ccc.sock", "CONDUIT_URL=unix:///run/ccc.sock", "ccc-client '{\"action\"",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(client.actions().is_err(), "the server ended with the console");
}

/// A container on Linux does not reach its host's loopback.
#[test]
#[cfg(target_os = "linux")]
fn beside_loopback_there_is_a_socket_for_containers() {
    let home = Home::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = home.command("ccc-queue", &["--local"], &home.path().join("project"));
    command.env("CONDUIT_URL", format!("http://127.0.0.1:{port}"));
    let console = Console::spawn("a container reaches what `--local` started", command, (140, 30));
    console.sees("● live");
    let agent = ccc_client::read_secrets(&home.file("agent-secrets.json")).unwrap();
    let identity = ccc_client::Identity::choose(&agent, None).unwrap();
    let socket = format!("unix://{}", home.file("run/ccc.sock").display());
    assert!(ccc_client::Bridge::new(socket.parse().unwrap(), identity).actions().is_ok());
    console.sees("START THE AGENT'S").press("q").sees_no("START THE AGENT'S").press("q");
    console.ended();
    let said = console.screen().replace('\n', "");
    assert!(said.contains("/run:/run/ccc") && said.contains("CONDUIT_URL=unix:///run/ccc/ccc.sock"), "{said}");
}

#[test]
fn what_is_there_is_never_touched() {
    let home = Home::new();
    let project = home.path().join("project");
    let first = home.open("a second `--local` finds what the first made", &project);
    first.sees("● live").press("q").sees_no("START THE AGENT'S").press("q");
    first.ended();
    let made = ["secrets.json", "agent-secrets.json", "config.toml"].map(|name| fs::read(home.file(name)).unwrap());
    let second = home.open("a second `--local` leaves what the first made as it was", &project);
    second.sees("● live").sees(":container").press("q");
    second.ended();
    assert_eq!(
        ["secrets.json", "agent-secrets.json", "config.toml"].map(|name| fs::read(home.file(name)).unwrap()),
        made
    );
}

#[test]
fn a_home_directory_is_never_given_away() {
    let home = Home::new();
    for dir in [home.path(), Path::new("/")] {
        let console = home.open("the home directory and the root are never given to an agent", dir);
        assert_eq!(console.ended().exit_code(), 2);
        assert!(console.screen().contains("would be given to the agent"), "{}", console.screen());
    }
    assert!(!home.file("secrets.json").exists());
}
