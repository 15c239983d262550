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

    /// The bridge, spoken to with this secrets file: as the one who decides where it holds several users.
    fn bridge(&self, name: &str) -> ccc_client::Bridge {
        let secrets = ccc_client::read_secrets(&self.file(name)).unwrap();
        let user = (name == "secrets.json").then_some("user");
        ccc_client::Bridge::new(self.url().parse().unwrap(), ccc_client::Identity::choose(&secrets, user).unwrap())
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
    console.sees("● live").sees("nothing waits").sees("/project").sees(".config/ccc/config.toml").sees("server.log");
    console.press("c").sees("START THE AGENT'S CONTAINER WITH").sees("-e CCC_USER=agent").sees("ccc-client '{");
    console.press("w").sees("IMAGE").press("q").sees_no("START THE AGENT'S");
    let script = home.file("container-project.sh");
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(fs::read_to_string(&script).unwrap().contains("  -e CCC_USER=agent \\\n"));
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
    console.press("q").sees("request waits; the server ends with this console").press("q");
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
    console.press("q").sees("LEAVE").press("q");
    console.ended();
    let said = console.screen().replace('\n', "");
    assert!(said.contains("/run:/run/ccc") && said.contains("CONDUIT_URL=unix:///run/ccc/ccc.sock"), "{said}");
}

#[test]
fn what_is_there_is_never_touched() {
    let home = Home::new();
    let project = home.path().join("project");
    let first = home.open("a second `--local` finds what the first made", &project);
    first.sees("● live").press("q").sees("LEAVE").press("q");
    first.ended();
    let made = ["secrets.json", "agent-secrets.json", "config.toml"].map(|name| fs::read(home.file(name)).unwrap());
    let second = home.open("a second `--local` leaves what the first made as it was", &project);
    second.sees("● live").press("q").sees("LEAVE").press("q");
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

/// What a person types after a receipt: no option, no variable.
fn typed(home: &Home, name: &str, args: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(program(name));
    command.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").args(args);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_receipts_command_works_as_it_is_printed() {
    let home = Home::new();
    let console = home.open("a receipt's command needs no option", &home.path().join("project"));
    console.sees("● live");
    let (asked, said) = typed(&home, "ccc-client", &[r#"{"action":"open-terminal"}"#]);
    assert!(asked, "{said}");
    console.sees("open-terminal");
    let (listed, list) = typed(&home, "ccc-queue", &["list"]);
    assert!(listed && list.contains("open-terminal"), "{list}");
    let id = list.split_whitespace().next().unwrap().to_owned();
    let (shown, page) = typed(&home, "ccc-queue", &["show", &id]);
    assert!(shown && page.contains("open-terminal"), "{page}");
    console.press("q").sees("1 request waits").press("q");
    console.ended();
    let (found, said) = typed(&home, "ccc-queue", &["list"]);
    assert!(!found && !said.contains("--secrets"), "the keys are found, and nobody answers: {said}");
}

#[test]
fn a_server_that_was_let_run_on_answers_and_is_stopped_as_it_was_said() {
    let home = Home::new();
    let console = home.open("leaving can let the server run on", &home.path().join("project"));
    console.sees("● live").press("q").sees("LEAVE").press("l");
    assert_eq!(console.ended().exit_code(), 0);
    let said = console.screen().replace('\n', "");
    let process =
        said.split("stop it with: kill ").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
    assert!(typed(&home, "ccc-queue", &["list"]).0);
    // Another project's console says whose server it is, and offers its own directory.
    fs::create_dir(home.path().join("other")).unwrap();
    let other = home.open("a second project joins, and says so", &home.path().join("other"));
    other.sees("● live").sees("agents do not have it").sees("/project").sees(&format!("process {process}"));
    other.press("v").sees("GIVE AGENTS THIS DIRECTORY TOO").sees("◆").press("y").sees("takes it up by itself");
    let config = fs::read_to_string(home.file("config.toml")).unwrap();
    let line = format!("\"/other\" = \"{}\"", fs::canonicalize(home.path().join("other")).unwrap().display());
    assert!(config.contains(&line), "{config}");
    assert!(!fs::read_to_string(home.file("config.toml.before")).unwrap().contains("/other"));
    other.press("q");
    assert_eq!(other.ended().exit_code(), 0, "nothing of its own ends with it");
    assert!(typed(&home, "ccc-queue", &["list"]).0, "the server runs on");
    assert!(std::process::Command::new("kill").arg(process).status().unwrap().success());
    let gone = std::time::Instant::now() + ccc_tests::bridge::PATIENCE;
    while typed(&home, "ccc-queue", &["list"]).0 {
        assert!(std::time::Instant::now() < gone, "the server did not stop");
    }
}

#[test]
fn a_server_that_is_killed_is_started_again() {
    let home = Home::new();
    let console = home.open("a server that died comes back by itself", &home.path().join("project"));
    console.sees("● live");
    let left: serde_json::Value = serde_json::from_str(&fs::read_to_string(home.file("local.json")).unwrap()).unwrap();
    let process = left["process"].as_u64().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-KILL", &process]).status().unwrap().success());
    console.sees("SIGKILL").sees("the server was started again").sees("● live");
    assert!(typed(&home, "ccc-queue", &["list"]).0);
    console.press("q").sees("LEAVE").press("q");
    console.ended();
    assert!(!home.file("local.json").exists());
}

#[test]
fn a_mistake_in_the_config_is_a_line_until_it_is_mended() {
    let home = Home::new();
    let console = home.open("a config that is not taken is told where it is seen", &home.path().join("project"));
    console.sees("● live");
    let good = fs::read_to_string(home.file("config.toml")).unwrap();
    let line = good.lines().count() + 1;
    fs::write(home.file("config.toml"), format!("{good}polisy = 1\n")).unwrap();
    console.sees("config not taken").sees(&format!("config.toml: line {line}"));
    console.press("2").sees("reload-refused").sees("config not taken");
    let fault_for = |name: &str| home.bridge(name).queue(None).unwrap().config_fault;
    assert!(fault_for("secrets.json").is_some_and(|fault| fault.contains(&format!("line {line}"))));
    assert_eq!(fault_for("agent-secrets.json"), None, "an agent is not told of its owner's files");
    fs::write(home.file("config.toml"), good).unwrap();
    console.sees_no("config not taken").sees("reloaded");
    console.press("q").sees("LEAVE").press("q");
    console.ended();
}

#[test]
fn a_demo_waits_for_an_answer_and_is_withdrawn_with_the_console() {
    let home = Home::new();
    let console =
        home.open("two requests to try the console with, of which nothing comes", &home.path().join("project"));
    console.sees("● live").press("d").sees("two requests wait").sees("2 waiting");
    let ids: Vec<_> = home.bridge("secrets.json").queue(None).unwrap().tickets.iter().map(|one| one.id).collect();
    console.press("q").sees("2 requests wait").press("l");
    assert_eq!(console.ended().exit_code(), 0);
    let agent = home.bridge("agent-secrets.json");
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| agent.ticket(*id).unwrap().status == Status::Cancelled));
    let said = console.screen().replace('\n', "");
    let process =
        said.split("stop it with: kill ").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
    assert!(std::process::Command::new("kill").arg(process).status().unwrap().success());
}
